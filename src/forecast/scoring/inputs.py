"""Tell what is to be scored: a table of cases, accepted records, or what has to be copied or checked first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from forecast.files import refuse_existing, sha256, to_json, whole_folder
from forecast.problems import Problem
from forecast.records.check import check_records
from forecast.records.places import Place, is_url, parse_place, place_digest, shown
from forecast.records.result import CHECK_FILE
from forecast.records.source import open_records
from forecast.scoring.delta import open_previous
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.of_records import RecordsJob
from forecast.scoring.of_tables import TableJob
from forecast.scoring.parts import write_text
from forecast.scoring.refusals import Refusals, find_quarantine, is_quarantine, read_refusals
from forecast.scoring.work import Work, digest

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.progress import Progress
    from forecast.scoring.asked import Asked
    from forecast.settings import Settings

DATABASES = (".duckdb", ".ddb", ".db")
READY = "ready.json"


class Input(Protocol):
    """What is to be scored."""

    @property
    def passing(self) -> bool:
        """Whether it may be another one the next time it is read, as in a database."""

    @property
    def checked(self) -> bool:
        """Whether it is checked first, so that there is a quarantine to keep."""

    def plan(self) -> dict[str, Any]:
        """Return what the input is, with the hashes of its content."""

    def files(self) -> list[Path]:
        """Return the files that are read."""

    def job(self, work: Work, progress: Progress) -> TableJob | RecordsJob:
        """Return the job, after copying and checking what has to be."""


def holds_cases(path: Path | str) -> bool:
    """Say whether what is to be scored is a table of cases, rather than records."""
    if isinstance(path, str) and is_url(path):
        return bool(parse_place(path).table)
    return not Path(path).is_dir() and Path(path).suffix.lower() not in DATABASES


def open_input(bundle: ModelBundle, path: Path | str, settings: Settings, asked: Asked) -> Input:
    """Return the input; raise what can be said before anything is copied, checked or written."""
    if isinstance(path, str) and is_url(path):
        place = parse_place(path)
        if holds_cases(path):
            asked.check_table(shown(place.url, place.table))
            return Copied(bundle, place, settings, asked)
        return Unchecked(bundle, path, settings, asked)
    if holds_cases(path):
        path = Path(path)
        asked.check_table(str(path))
        return Ready(TableJob(bundle, path, settings, reasons=asked.reasons))
    path = Path(path)
    if not (path / CHECK_FILE).is_file():
        return Unchecked(bundle, path, settings, asked)
    if is_quarantine(path):
        raise Problem("records-not-canonical", path=path, detail="it is the quarantine of a check")
    quarantine = find_quarantine(path, asked.quarantine)
    scorer = RecordScorer.open(bundle, settings, reasons=asked.reasons)
    return Ready(records_job(path, scorer, read_refusals(quarantine, path, asked.mapping), asked))


def records_job(folder: Path, scorer: RecordScorer, refusals: Refusals, asked: Asked, name: str = "") -> RecordsJob:
    """Return the job of accepted records."""
    levels, events = scorer.bundle.scale.reached, scorer.scorer.settings.score_events
    previous = None if asked.since_run is None else open_previous(asked.since_run, levels)
    return RecordsJob(folder, scorer, refusals, asked.period, previous, events, name)


@dataclass(frozen=True)
class Ready:
    """A table or accepted records in files: scored as they are."""

    made: TableJob | RecordsJob
    passing: bool = False
    checked: bool = False

    def plan(self) -> dict[str, Any]:
        """Return the hashes of the files, and what quarantine says."""
        if isinstance(self.made, TableJob):
            return self.made.source
        found = self.made.refusals
        events = [[event.person_id, event.custody_id] for event in found.events]
        return self.made.source | {"quarantine": digest({"people": found.people, "events": events})}

    def files(self) -> list[Path]:
        """Return the file of the table, or those in the folder of records."""
        return [self.made.path] if isinstance(self.made, TableJob) else sorted(self.made.folder.iterdir())

    def job(self, work: Work, progress: Progress) -> TableJob | RecordsJob:
        """Return the job as it is."""
        return self.made


@dataclass(frozen=True)
class Copied:
    """A table of cases in a database: copied first, so that a resumed run scores the same rows."""

    bundle: ModelBundle
    place: Place
    settings: Settings
    asked: Asked
    passing: bool = True
    checked: bool = False

    def plan(self) -> dict[str, Any]:
        """Return the place."""
        return {"database": str(self.place), "sha256": place_digest(self.place)}

    def files(self) -> list[Path]:
        """Return nothing: what is read is our own copy."""
        return []

    def job(self, work: Work, progress: Progress) -> TableJob:
        """Copy the table, unless that was done before, and return the job."""
        from forecast.records.databases import fetch_table

        copy = work.input / "cases.parquet"
        if not _is_ready(work.input, copy):
            shutil.rmtree(work.input, ignore_errors=True)
            work.input.mkdir()
            fetch_table(self.place.url, self.place.table, copy, progress=progress)
            _mark_ready(work.input, copy)
        return TableJob(self.bundle, copy, self.settings, reasons=self.asked.reasons, name=str(self.place))


class Unchecked:
    """Records as a force hands them over, in files or in a database: checked first."""

    checked = True

    def __init__(self, bundle: ModelBundle, path: Path | str, settings: Settings, asked: Asked) -> None:
        if asked.quarantine is not None:
            raise Problem("score-choose", first="--quarantine", second="records that are not checked yet")
        self.path, self.settings, self.asked = path, settings, asked
        self.scorer = RecordScorer.open(bundle, settings, reasons=asked.reasons)
        if asked.since_run is not None:
            open_previous(asked.since_run, bundle.scale.reached)
        self.passing = isinstance(path, str)
        self._files = None if isinstance(path, str) else _raw_files(path, asked.mapping)

    @property
    def name(self) -> str:
        """What people call them."""
        return shown(self.path) if isinstance(self.path, str) else self.path.name

    def plan(self) -> dict[str, Any]:
        """Return the hashes of the files, or the address of the database and its hash."""
        if isinstance(self.path, str):
            mapping = self.asked.mapping
            place = place_digest(parse_place(self.path))
            return {"database": self.name, "sha256": place, "mapping": sha256(mapping) if mapping else None}
        path = self.path
        return {"raw": path.name, "sha256": {_name(file, path): sha256(file) for file in self.files()}}

    def files(self) -> list[Path]:
        """Return the files that a check reads."""
        return self._files or []

    def job(self, work: Work, progress: Progress) -> RecordsJob:
        """Check the records, unless that was done before, and return the job of those that are accepted.

        A check that fails leaves its quarantine beside the output.
        """
        records, quarantine = work.input / "records", work.input / "quarantine"
        if not _is_ready(work.input, records / CHECK_FILE):
            shutil.rmtree(work.input, ignore_errors=True)
            result = check_records(self.path, self.asked.mapping, out=records, quarantine=quarantine,
                                   settings=self.settings, progress=progress)  # fmt: skip
            if result.problems:
                self.keep(work)
            result.raise_problems()
            _mark_ready(work.input, records / CHECK_FILE)
        mapping = self.asked.mapping
        if mapping is None and isinstance(self.path, Path):
            mapping = open_records(self.path).mapping.path
        return records_job(records, self.scorer, read_refusals(quarantine, records, mapping), self.asked, self.name)

    def keep(self, work: Work) -> None:
        """Keep the quarantine beside the output."""
        with whole_folder(quarantine_of(work.out)) as folder:
            shutil.copytree(work.input / "quarantine", folder, dirs_exist_ok=True)


def quarantine_of(out: Path) -> Path:
    """Return where the quarantine of records that were checked for an output is kept."""
    return out.with_name(f"{out.stem}.quarantine")


def refuse_quarantine(folder: Path, *, replace: bool) -> None:
    """Raise if a quarantine may not take the name ``folder``: it holds something else, or one that may not go."""
    if folder.exists() and not is_quarantine(folder):
        raise Problem("score-quarantine-taken", path=folder)
    refuse_existing(folder, replace)


def _raw_files(path: Path, mapping: Path | None) -> list[Path]:
    """Return the files that a check of raw records would read."""
    source = open_records(path, mapping)
    places = [Path(raw.label) for raw in source.tables.values()] if path.is_dir() else [path]
    found = [file for place in places for file in (_within(place) if place.is_dir() else [place])]
    return found + ([source.mapping.path] if source.mapping.path else [])


def _is_ready(folder: Path, made: Path) -> bool:
    try:
        mark = json.loads((folder / READY).read_text("utf-8"))
        return bool(mark["sha256"] == sha256(made))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _mark_ready(folder: Path, made: Path) -> None:
    write_text(folder / READY, to_json({"sha256": sha256(made)}))


def _within(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file())


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) and file != folder else file.name


def states(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Return size and time of change of files, to see afterwards whether anybody wrote to them."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file()}
