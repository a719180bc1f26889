"""Put a fact of one case right and forecast again: both forecasts stay, and what differs is said.

Nothing on record is changed here, and nothing is overwritten: a correction is a question ("and if this were so?") with
the answer beside the forecast as it was. This module holds what came of a correction, and corrects a row of a table;
`record_corrections` corrects records.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.explanations import wording
from forecast.explanations.points import to_points, whole
from forecast.explanations.reasons import TELLING
from forecast.explanations.texts import texts_of
from forecast.explanations.told import shown_in_100
from forecast.problems import Problem, nearest
from forecast.scoring.one import explain_case
from forecast.tables.source import open_source

if TYPE_CHECKING:
    from forecast.cases import Floats
    from forecast.explanations.texts import Texts
    from forecast.models.bundle import ModelBundle
    from forecast.records.records import Records
    from forecast.scoring.one import Explained
    from forecast.settings import Settings
    from forecast.tables.description import Description, Feature

MOST_MOVED = 6


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction: what was put right, as phrases, and the explained forecast before and after it.

    ``records``: the person's records after it, where it was records that were corrected.
    """

    what: tuple[str, ...]
    before: Explained
    after: Explained
    records: Records | None = field(default=None, compare=False, repr=False)

    def title(self, texts: Texts) -> str:
        """Return what marks every output that shows the case after it."""
        return texts.say("correction.title", what="; ".join(self.what))


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature whose part in the forecast differs: the fact before and after, and the difference in whole points."""

    feature: str
    before: str
    after: str
    points: int


def moved(bundle: ModelBundle, correction: Corrected, level: int, texts: Texts) -> tuple[tuple[Moved, ...], int]:
    """Return the facts whose part in a level's forecast differs most, largest first, and the rest in whole points.

    Together they add up to the difference of the two figures as they are shown. The starting point is the same.
    """
    before, after = correction.before, correction.after
    change = _points(bundle, after, level) - _points(bundle, before, level)
    order = np.argsort(-np.abs(np.round(change, 1)), kind="stable")[:MOST_MOVED]
    chosen = [int(j) for j in order if abs(change[j]) >= TELLING]
    name = bundle.scale.reached[level]
    total = shown_in_100(after.probability[name]) - shown_in_100(before.probability[name])
    parts = np.array([*change[chosen], total - change[chosen].sum()])
    numbers = whole(parts, total).tolist()
    features = [bundle.description.feature(n) for n in bundle.forecaster.model.features]
    rows = [
        Moved(features[j].name, _fact(features[j], before, texts), _fact(features[j], after, texts), number)
        for j, number in zip(chosen, numbers[:-1], strict=True)
    ]
    return tuple(rows), numbers[-1]


def _points(bundle: ModelBundle, explained: Explained, level: int) -> Floats:
    """Return each feature's people in 100, (F,)."""
    assert explained.frame is not None  # one.py always gives it
    found: Floats = to_points(bundle.forecaster.contributions(explained.frame, level)).values[0]
    return found


def _fact(feature: Feature, explained: Explained, texts: Texts) -> str:
    frame, recorded = explained.frame, explained.recorded
    assert frame is not None
    text = recorded[feature.name].iloc[0] if recorded is not None and feature.name in recorded.columns else None
    return wording.fact(feature, frame[feature.name].tolist()[0], text, texts=texts)


def corrected(
    bundle: ModelBundle, path: Path, case_id: str, changes: Mapping[str, str], settings: Settings
) -> Corrected:
    """Return the forecast of a row of a table as it is, and with some of its columns put to other texts.

    The row with its changes goes the same way in as any row, so whatever would refuse a row refuses a change.

    Raises
    ------
    Problem : what :func:`explain_case` raises, ``correction-column`` for a column that is no fact of the model,
        ``correction-refused`` for a change for which the row would be refused.
    """
    known = _facts(bundle.description)
    for column in changes:
        if column not in known:
            raise Problem("correction-column", column=column, where=path, hint=nearest(column, known))
    before, texts = explain_case(bundle, path, case_id, settings), texts_of(settings)
    row = _row(bundle.description, path, case_id, settings.chunk_rows)
    what = [
        texts.say(
            "correction.set",
            fact=_called(bundle.description, column, texts),
            before=row[column].as_py() or texts["correction.empty"],
            after=text or texts["correction.empty"],
        )
        for column, text in changes.items()
    ]
    for column, text in changes.items():
        row[column] = pa.scalar(text, pa.string())
    return Corrected(tuple(what), before, _again(bundle, row, path.stem, case_id, settings))


def _facts(description: Description) -> list[str]:
    """Return the columns that hold facts: those of features, and that of the age where it is no feature."""
    columns = [f.source for f in description.features if not f.sum_of]
    age = description.keys.age
    return columns + [age] * (bool(age) and age not in {f.name for f in description.features})


def _called(description: Description, column: str, texts: Texts) -> str:
    """Return what people call the fact in a column."""
    feature = next((f for f in description.features if f.source == column and not f.sum_of), None)
    return texts["phrases.age.name"] if feature is None else wording.named(feature, texts=texts)


def _row(description: Description, path: Path, case_id: str, rows: int) -> dict[str, pa.Scalar]:
    """Return a row as texts: its keys, facts and what conditions look at; never an outcome."""
    source = open_source(path, delimiter=description.head.delimiter, missing=description.head.missing)
    keys = description.keys
    wanted = [keys.case, keys.person, keys.as_of, *_facts(description), *(c.column for c in description.cohort)]
    columns = [name for name in dict.fromkeys(wanted) if name in source.columns]
    for piece in source.pieces(columns, rows):
        found = piece.table.filter(pc.equal(piece.table[keys.case], case_id))
        if len(found):
            return {name: found[name][0] for name in columns}
    raise Problem("case-unknown", path=path, key=keys.case, id=case_id)


def _again(bundle: ModelBundle, row: Mapping[str, pa.Scalar], name: str, case_id: str, settings: Settings) -> Explained:
    """Forecast a row from a file of its own."""
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="forecast-corrected-") as folder:
        path = Path(folder) / f"{name}.parquet"
        pq.write_table(
            pa.table({column: pa.array([value.as_py()], pa.string()) for column, value in row.items()}), path
        )
        try:
            return explain_case(bundle, path, case_id, settings)
        except Problem as problem:
            if problem.code != "case-refused":
                raise
            facts = problem.facts
            raise Problem("correction-refused", refusal=facts["row_code"], sentence=facts["sentence"]) from problem
