"""Put together all that is said of one case: its explained forecast, what it was made from, what would change its band.

Written as a sheet, as a picture and as data, all of them or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.explanations.distance import Step, Trial, distances, otherwise
from forecast.explanations.drawing import Drawing
from forecast.explanations.picture import picture
from forecast.explanations.texts import texts_of
from forecast.files import refuse_existing, to_json, whole_files
from forecast.problems import Problem
from forecast.scoring.corrections import Corrected, corrected, moved
from forecast.scoring.explained import told_levels
from forecast.scoring.leave_one_out import which_records_matter
from forecast.scoring.one import accepted_person, explain_case, ready, score_one
from forecast.scoring.record_corrections import with_change, without_record
from forecast.scoring.sheet import make_sheet
from forecast.scoring.used import Used, used_records, used_table

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.explained import Explained
    from forecast.settings import Settings

FORMAT = 1
SUFFIXES = {"sheet": (".html", ".pdf"), "picture": (".svg", ".png"), "json": (".json",)}
"""The outputs of a case, and the endings that their names may have."""


@dataclass(frozen=True)
class WholeCase:
    """All that is said of one case. ``corrected``: the correction of which ``explained`` is the case after it.

    ``trial``: which facts or records would change the band.
    """

    bundle: ModelBundle
    settings: Settings
    explained: Explained
    used: Used
    trial: Trial
    corrected: Corrected | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """How far the forecast is from other bands."""
        probability = list(self.explained.probability.values())
        return distances(self.bundle.forecaster.cutoffs, probability, self.bundle.scale)

    def drawing(self) -> Drawing:
        """Return the picture of the case; of one after a correction it says which."""
        texts = texts_of(self.settings)
        levels = list(zip(self.bundle.scale.words, told_levels(self.bundle, self.explained), strict=True))
        note = "" if self.corrected is None else self.corrected.title(texts)
        return picture(self.explained.case_id, levels, texts, note=note)

    def data(self) -> dict[str, Any]:
        """Return everything as plain data, with a number of its format."""
        found: dict[str, Any] = {"format": FORMAT, **_plain(self.explained)}
        found["band_signed"] = self.bundle.forecaster.cutoffs.signed
        found["used"] = asdict(self.used)
        found["distance"] = [asdict(step) for step in self.steps]
        found["would_change"] = asdict(self.trial)
        found["correction"] = None if self.corrected is None else self._difference(self.corrected)
        return found

    def _difference(self, correction: Corrected) -> dict[str, Any]:
        texts, levels = texts_of(self.settings), self.bundle.scale.reached
        parts = {}
        for k, level in enumerate(levels):
            rows, rest = moved(self.bundle, correction, k, texts)
            parts[level] = {"moved": [asdict(row) for row in rows], "rest": rest}
        return {"what": list(correction.what), "before": _plain(correction.before), "moved": parts}


def case_of_table(
    bundle: ModelBundle, path: Path, case_id: str, settings: Settings, changes: Mapping[str, str] | None = None
) -> WholeCase:
    """Return all that is said of a row of a table, after ``changes`` (column -> text) where there are any."""
    change = corrected(bundle, path, case_id, changes, settings) if changes else None
    found = change.after if change else explain_case(bundle, path, case_id, settings)
    features = [bundle.description.feature(name) for name in bundle.forecaster.model.features]
    assert found.frame is not None  # one.py always gives it
    trial = otherwise(bundle.forecaster, features, found.frame, bundle.scale, texts=texts_of(settings))
    return WholeCase(bundle, settings, found, used_table(found, path.name), trial, change)


def case_of_records(
    bundle: ModelBundle,
    folder: Path,
    custody_id: str,
    settings: Settings,
    *,
    without: str | None = None,
    change: tuple[str, str, str, str] | None = None,
    quarantine: Path | None = None,
    mapping: Path | None = None,
) -> WholeCase:
    """Return all that is said of a custody event in a folder of accepted records.

    ``without``: the id of a record to leave out. ``change``: (table, id, column, text) to put right. What it was made
    from is counted as it stands on record, whatever the correction. For ``quarantine``, ``mapping`` and what is raised
    see :func:`accepted_person`.
    """
    model = ready(bundle, settings)
    records = accepted_person(folder, custody_id, quarantine, mapping)
    done = None
    if without is not None:
        done = without_record(model, records, custody_id, without)
    elif change is not None:
        done = with_change(model, records, custody_id, change[:2], change[2:])
    found = done.after if done else score_one(records, model, custody_id=custody_id)
    used = used_records(found, records, model.scorer.reads)
    after = records if done is None or done.records is None else done.records
    trial = which_records_matter(model, after, custody_id)
    return WholeCase(bundle, settings, found, used, trial, done)


def check_outputs(outputs: Mapping[str, Path], source: Path, *, overwrite: bool = False) -> None:
    """Raise before any work what forbids an output: its ending, its existence, or that it is the input."""
    for name, path in outputs.items():
        wanted = SUFFIXES[name]
        if path.suffix.lower() not in wanted:
            raise Problem("explain-output-format", path=path, option=f"--{name}", wanted=" or ".join(wanted))
        if path.exists() and source.exists() and path.samefile(source):
            raise Problem("output-is-input", path=path)
        refuse_existing(path, overwrite)


def write_outputs(case: WholeCase, outputs: Mapping[str, Path]) -> None:
    """Write the outputs asked for (see :data:`SUFFIXES`), all of them or none."""
    if not outputs:
        return
    with whole_files(*outputs.values()) as temporary:
        for (name, path), part in zip(outputs.items(), temporary, strict=True):
            _write(case, name, path.suffix.lower(), part)


def _write(case: WholeCase, name: str, suffix: str, part: Path) -> None:
    if name == "json":
        part.write_text(to_json(case.data(), sort_keys=False), encoding="utf-8", newline="\n")
    elif suffix == ".svg":
        part.write_text(case.drawing().svg(), encoding="utf-8", newline="\n")
    elif suffix == ".png":
        case.drawing().write_png(part)
    else:
        _write_sheet(case, suffix, part)


def _write_sheet(case: WholeCase, suffix: str, part: Path) -> None:
    from forecast.scoring.sheet_html import sheet_html
    from forecast.scoring.sheet_pdf import sheet_pdf

    texts = texts_of(case.settings)
    sheet = make_sheet(
        case.bundle, case.explained, case.settings, used=case.used, trial=case.trial, corrected=case.corrected
    )
    if suffix == ".pdf":
        part.write_bytes(sheet_pdf(sheet, texts))
    else:
        part.write_text(sheet_html(sheet, texts), encoding="utf-8", newline="\n")


def _plain(explained: Explained) -> dict[str, Any]:
    """Return an explained case as plain data."""
    return {
        "case_id": explained.case_id,
        "as_of": None if explained.as_of is None else explained.as_of.isoformat(),
        "model_id": explained.model_id,
        "band": explained.band,
        "probability": explained.probability,
        "interval": {level: list(ends) for level, ends in explained.interval.items()},
        "reasons": {level: asdict(reasons) for level, reasons in explained.reasons.items()},
        "not_seen": explained.note,
        "outcomes": explained.outcomes,
        "outside": explained.outside,
        "own": list(explained.own),
    }
