"""Score the forecast moments of records: features, forecasts and reasons of some people at a time.

What comes out is what `forecast features build` and scoring its table would give, bit for bit, whatever pieces the
people come in: each person's rows hang on that person's records alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.cases import AS_OF, PERSON_ID
from forecast.explanations.texts import texts_of
from forecast.features.catalogue import SETS, whole_set
from forecast.features.compute import CUSTODY_ID, Prepared, compute, prepare
from forecast.features.spec import JOIN
from forecast.problems import Problem, first_of
from forecast.records.ages import whole_years
from forecast.records.arrange import Arranged, arrange
from forecast.records.moments import Moments, moments
from forecast.records.schema import TEXT, TIME
from forecast.records.taxonomy import load_taxonomy
from forecast.scoring.frames import FrameReader
from forecast.scoring.scorer import Scorer, notes_of, refused_unknown, unknown_category
from forecast.tables.origin import other_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from forecast.cases import Bools
    from forecast.models.bundle import ModelBundle
    from forecast.records.records import Records
    from forecast.settings import Settings
    from forecast.tables.rows import RowProblems

    Texts = NDArray[np.object_]

NOT_SCORED = "not_scored"
BORN_ON = "born_on"
KEYS = (
    pa.field(CUSTODY_ID, TEXT),
    pa.field(PERSON_ID, TEXT),
    pa.field(AS_OF, TIME),
    pa.field(NOT_SCORED, pa.string()),
)


@dataclass(frozen=True)
class Readied:
    """Moments made ready to score.

    ``why``: for each moment "CODE: sentence" if it gets no forecast, else None; the rest holds a row for each of the
    others. ``notes``: see `Scorer.cases`.
    """

    why: Texts
    frame: pd.DataFrame
    recorded: pd.DataFrame | None
    notes: list[str]


@dataclass(frozen=True)
class RecordScorer:
    """A bundle made ready to score records; make it once, and use it for many pieces and in several threads."""

    scorer: Scorer
    prepared: Prepared
    reader: FrameReader

    @classmethod
    def open(cls, bundle: ModelBundle, settings: Settings, *, reasons: bool = True) -> RecordScorer:
        """Make a bundle ready.

        Raise ``score-not-records`` where its features are not all of the catalogue, so that no records have them, and
        ``model-other-catalogue`` where the catalogue here computes them in another way than where it was fitted.
        """
        reader = FrameReader(bundle.description, bundle.forecaster.model.features)
        prepared = prepare_for(bundle, reader.columns)
        return cls(Scorer.open(bundle, settings, reasons=reasons), prepared, reader)

    @property
    def bundle(self) -> ModelBundle:
        """The bundle."""
        return self.scorer.bundle

    @property
    def reads(self) -> frozenset[str]:
        """What the features read, as table.column: for `records.pieces.iter_pieces`."""
        return frozenset(name for f in self.prepared.feature_set.features for name in f.reads)

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of :meth:`score`: keys, why there is no forecast (null where there is one), forecast, reasons."""
        return pa.schema([*KEYS, *self.scorer.scores])

    def score(
        self,
        records: Records,
        *,
        since: int | None = None,
        before: int | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Return a row for each forecast moment of some people with ``since <= as_of < before``.

        Times are microseconds since 1970, UTC. ``refused``: person -> "CODE: sentence", why those people get no
        forecast although they have records. Rows are in the order of person, moment and custody id.
        """
        arranged = arrange(records)
        asked = within(moments(arranged), since, before)
        found = self.readied(arranged, asked, refused or {})
        return self._table(arranged, asked, found.why, self.scorer.columns(found.frame, found.notes, found.recorded))

    def readied(self, arranged: Arranged, asked: Moments, refused: Mapping[str, str] | None = None) -> Readied:
        """Return the features of those moments that can be scored, and why the others cannot."""
        why = self._why_not(arranged, asked, refused or {})
        able = _empty(why)
        matrix = compute(arranged, asked.take(able), self.prepared)
        frame, problems = self.reader.frame(matrix)
        unknown = self.bundle.forecaster.model.unknown(frame)
        for name, mask in refused_unknown(self.bundle, unknown).items():
            problems.add_problem(mask, unknown_category(self.bundle, name))
        good, recorded = problems.good, self.reader.recorded(matrix)
        why[able] = reasons_why(problems)
        if not good.all():
            frame, unknown = _cut(frame, good), {name: mask[good] for name, mask in unknown.items()}
            recorded = None if recorded is None else _cut(recorded, good)
        return Readied(why, frame, recorded, notes_of(self.bundle, unknown, len(frame), texts_of(self.scorer.settings)))

    def _why_not(self, arranged: Arranged, asked: Moments, refused: Mapping[str, str]) -> Texts:
        """Return for each moment why it gets no forecast before any feature is looked at, None where it may."""
        why: Texts = np.full(len(asked), None, dtype=object)
        ages = whole_years(arranged, asked.person, asked.as_of)
        least = self.bundle.description.head.minimum_age
        why[ages < least] = said(Problem("row-under-18", age=least, column=BORN_ON))
        why[np.isnan(ages)] = said(Problem("row-age-missing", age=least, column=BORN_ON))
        if refused:
            people = pa.array(list(refused), TEXT)
            places = pc.index_in(arranged.records.persons[PERSON_ID], value_set=people).to_numpy(zero_copy_only=False)
            found = places[asked.person]
            texts = np.array([*refused.values()], dtype=object)
            known = ~np.isnan(found.astype(np.float64))
            why[known] = texts[found[known].astype(np.int64)]
        return why

    def _table(self, arranged: Arranged, asked: Moments, why: Texts, columns: list[pa.Array]) -> pa.Table:
        """Put keys and forecasts together; rows without a forecast are empty there."""
        scored = _empty(why)
        if not scored.all():
            place = pa.array(np.cumsum(scored) - 1, mask=~scored)
            columns = [column.take(place) for column in columns]
        events, persons = arranged.records.custody_events, arranged.records.persons
        keys: list[Any] = [
            _plain(events[CUSTODY_ID].take(pa.array(asked.event_row))),
            _plain(persons[PERSON_ID].take(pa.array(asked.person))),
            pa.array(asked.as_of).cast(pa.timestamp("us")).cast(TIME),
            pa.array(why, pa.string()),
        ]
        return pa.Table.from_arrays([*keys, *columns], schema=self.schema)


def _empty(texts: Texts) -> Bools:
    found: Bools = pa.array(texts, pa.string()).is_null().to_numpy(zero_copy_only=False)
    return found


def _cut(frame: pd.DataFrame, keep: Bools) -> pd.DataFrame:
    return frame.loc[keep].reset_index(drop=True)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(TEXT) if pa.types.is_dictionary(column.type) else column


def within(every: Moments, since: int | None, before: int | None) -> Moments:
    """Return the moments with ``since <= as_of < before``; microseconds since 1970, UTC."""
    keep = np.ones(len(every), dtype=bool)
    if since is not None:
        keep &= every.as_of >= since
    if before is not None:
        keep &= every.as_of < before
    return every if keep.all() else every.take(keep)


def said(problem: Problem) -> str:
    """Return a problem as "CODE: sentence"."""
    return f"{problem.code}: {problem.sentence}"


def reasons_why(problems: RowProblems) -> Texts:
    """Return for each row its first problem as a text, None for good rows."""
    why: Texts = np.full(problems.size, None, dtype=object)
    for row, found in problems.found.items():
        why[row] = said(found[0])
    return why


def prepare_for(bundle: ModelBundle, columns: tuple[str, ...]) -> Prepared:
    """Compile the features of the catalogue that a bundle needs; see :meth:`RecordScorer.open` for what is raised."""
    made = bundle.manifest.get("data", {}).get("made", {})
    name = str(made.get("features", ""))
    known = bool(name) and all(part.strip() in SETS for part in name.split(JOIN))
    whole = whole_set(name) if known else None
    lacking = [column for column in columns if whole is None or column not in whole.names]
    if whole is None or lacking:
        raise Problem("score-not-records", path=bundle.folder, names=first_of(lacking))
    taxonomy = load_taxonomy()
    features = whole.only(columns)
    here = {"catalogue": features.digests(taxonomy.version), "taxonomy": taxonomy.version}
    if (problem := other_catalogue(made, here, "these records", columns)) is not None:
        raise problem
    return prepare(features, taxonomy)
