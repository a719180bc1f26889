"""Keep what a run has done in a folder beside its output, so that a run that was ended can go on where it was.

`.NAME.work/` holds `plan.json` (what the run is), `input/` (what was fetched or checked for it), `parts/` (the finished
parts, each with a JSON of its counts and hashes) and the lock. It is removed when the run is complete.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.files import sha256, to_json
from forecast.problems import Problem, first_of
from forecast.scoring.lock import LOCK
from forecast.scoring.parts import write_part, write_text

PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part: its files by name ("scores", "refused") and what it counted."""

    files: dict[str, Path]
    counts: dict[str, Any]


@dataclass(frozen=True)
class Work:
    """The work folder of the output ``out``; its lock is to be held by who uses it."""

    out: Path

    @property
    def folder(self) -> Path:
        """The folder itself."""
        return self.out.absolute().with_name(f".{self.out.name}.work")

    @property
    def input(self) -> Path:
        """The folder of what was fetched or checked for the run."""
        return self.folder / "input"

    @property
    def parts(self) -> Path:
        """The folder of the finished parts."""
        return self.folder / "parts"

    @property
    def final(self) -> Path:
        """The folder in which the final files are made, before they take their names."""
        return self.folder / "final"

    def begun(self) -> bool:
        """Say whether an ended run left anything here that is worth going on with."""
        return (self.folder / PLAN).is_file() and (any(self.parts.glob("*.json")) or self.input.is_dir())

    def begin(self, plan: Mapping[str, Any], *, resume: bool, restart: bool) -> None:
        """Take up the folder for the run that ``plan`` describes.

        Raise ``score-unfinished`` if an ended run left its work and neither ``resume`` nor ``restart`` is said, and
        ``score-other-run`` if ``resume`` is said of another run than this one.
        """
        if self.begun() and not restart:
            if not resume:
                raise Problem("score-unfinished", path=self.out, work=self.folder)
            self._compare(plan)
        else:
            self.clear()
        for folder in (self.folder, self.parts):
            _make(folder)
        write_text(self.folder / PLAN, to_json(plan))

    def _compare(self, plan: Mapping[str, Any]) -> None:
        path = self.folder / PLAN
        try:
            there = json.loads(path.read_text("utf-8"))
            other = sorted(differences(there, json.loads(to_json(plan))))
        except (OSError, ValueError, AttributeError) as error:
            raise Problem("score-other-run", path=self.out, work=self.folder, what="its plan cannot be read") from error
        if other:
            raise Problem("score-other-run", path=self.out, work=self.folder, what=first_of(other))

    def clear(self) -> None:
        """Remove everything but the lock, the plan last: without a plan nobody looks at the rest."""
        try:
            for path in sorted(self.folder.iterdir(), key=lambda path: path.name == PLAN):
                if path.name == LOCK:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def remove(self) -> None:
        """Remove the folder, its lock last, so that nobody works in it before; what cannot be removed does no harm.

        Whoever calls this holds the lock, and touches nothing afterwards: another run may be the next to hold it.
        """
        with suppress(Problem):
            self.clear()
        with suppress(OSError):
            (self.folder / LOCK).unlink()
            self.folder.rmdir()  # fails where another run has begun: then it is theirs

    def find(self, index: int) -> Part | None:
        """Return a finished part; None if it is not there, half-written or damaged: then it is made again."""
        try:
            said = json.loads((self.parts / f"{index:06d}.json").read_text("utf-8"))
            files = {name: self._file(index, name) for name in said["files"]}
            whole = all(sha256(files[name]) == digest for name, digest in said["files"].items())
            return Part(files, dict(said["counts"])) if whole else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, index: int, tables: Mapping[str, pa.Table], counts: Mapping[str, Any]) -> Part:
        """Write a part: its tables, then the JSON that says that they are whole."""
        files = {name: self._file(index, name) for name in tables}
        for name, table in tables.items():
            write_part(files[name], table)
        said = {"counts": counts, "files": {name: sha256(path) for name, path in files.items()}}
        write_text(self.parts / f"{index:06d}.json", to_json(said))
        return Part(files, dict(counts))

    def _file(self, index: int, name: str) -> Path:
        return self.parts / f"{index:06d}.{name}.parquet"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> Problem:
    return Problem("file-unwritable", path=folder, detail=error.strerror or str(error))


def digest(plan: Mapping[str, Any]) -> str:
    """Return the hash that names a run: the same plan, however it is cut into parts, gives the same bytes."""
    deciding = {name: value for name, value in plan.items() if name != "parts"}
    return hashlib.sha256(to_json(deciding).encode()).hexdigest()


def differences(one: Any, other: Any, path: str = "") -> Iterable[str]:
    """Yield the names of what differs between two plain values, as `settings.chunk_rows`."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif one != other:
        yield path


def put(pairs: Iterable[tuple[Path, Path]]) -> None:
    """Give finished files their final names; a final file whose new one is not there belonged to an older run."""
    for source, path in pairs:
        try:
            if source.exists():
                source.replace(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise Problem("score-no-room", path=path, detail=error.strerror or str(error)) from error
