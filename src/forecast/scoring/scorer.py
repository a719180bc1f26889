"""Score cases as Arrow tables: probabilities, bands, limits and reasons, the same bits however the cases are cut.

Every row's result hangs on that row alone; there is no statistic over the rows of a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.cases import CASE_ID
from forecast.explanations import wording
from forecast.explanations.bulk import REASON, BulkReasoner, spread
from forecast.explanations.limits import set_names
from forecast.explanations.texts import texts_of
from forecast.models.forest import Forest
from forecast.problems import Problem
from forecast.tables.reader import Chunk
from forecast.tables.rows import refused_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Bools, Cases, Forecasts
    from forecast.explanations.texts import Texts
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings


@dataclass(frozen=True)
class Scorer:
    """A bundle made ready to score; make it once, and use it for many pieces and in several threads."""

    bundle: ModelBundle
    settings: Settings
    reasons: bool
    key_type: pa.DataType

    @classmethod
    def open(
        cls, bundle: ModelBundle, settings: Settings, *, reasons: bool = True, key_type: pa.DataType | None = None
    ) -> Scorer:
        """Make a bundle ready; ``key_type`` is that of the case's key in what comes out, text by default."""
        return cls(bundle, settings, reasons, pa.string() if key_type is None else key_type)

    @property
    def key(self) -> str:
        """The name of the column with the case's key."""
        return self.bundle.description.keys.case

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of :meth:`cases`."""
        return pa.schema([pa.field(self.key, self.key_type), *self.scores])

    @cached_property
    def scores(self) -> tuple[pa.Field, ...]:
        """The columns of :meth:`cases` without the key."""
        levels = self.bundle.scale.reached
        fields = [(f"p_{level}", pa.float64()) for level in levels]
        fields += [("band", pa.string()), ("model_id", pa.string()), ("note", pa.string())]
        if self.bundle.forecaster.uncertainty is not None:
            fields += [(f"{end}_{level}", pa.float64()) for level in levels for end in ("low", "high")]
            fields += [("outcome_set", pa.string()), ("outside", pa.bool_())]
        if isinstance(self.bundle.forecaster.model, Forest):
            fields += [(f"votes_{band}", pa.int32()) for band in self.bundle.scale.bands]
        if self.reasons:
            for level in levels:
                fields += [(f"start_{level}", pa.float64()), (f"reasons_{level}", pa.list_(REASON))]
                fields += [(f"remainder_{level}", pa.float64())]
        return tuple(pa.field(name, kind) for name, kind in fields)

    def cases(self, cases: Cases, notes: Sequence[str]) -> pa.Table:
        """Return a row a case, in their order; ``notes``: a text each, empty where there is nothing to note."""
        ids = pa.array(cases.keys[CASE_ID].tolist(), pa.string()).cast(self.key_type)
        columns = self.columns(cases.features, notes, cases.recorded)
        return pa.Table.from_arrays([ids, *columns], schema=self.schema)

    def columns(
        self, frame: pd.DataFrame, notes: Sequence[str], recorded: pd.DataFrame | None = None
    ) -> list[pa.Array]:
        """Return the arrays of :attr:`scores` for a features frame."""
        bundle, scale = self.bundle, self.bundle.scale
        made, contributions = (
            bundle.forecaster.explained(frame) if self.reasons else (bundle.forecaster.forecast(frame), ())
        )
        found: dict[str, Any] = {f"p_{level}": made.probability[:, k] for k, level in enumerate(scale.reached)}
        found["band"] = spread(pa.array(scale.bands), made.band)
        found["model_id"] = pa.repeat(bundle.model_id, len(frame))
        found["note"] = pa.array(notes, pa.string())
        found |= self._limits(made)
        if isinstance(bundle.forecaster.model, Forest):
            votes = bundle.forecaster.model.votes(frame)
            found |= {f"votes_{band}": votes[:, k].astype(np.int32) for k, band in enumerate(scale.bands)}
        for level, one in zip(scale.reached, contributions, strict=self.reasons):
            start, reasons, remainder = self._reasoner.arrays(frame, one, recorded)
            found |= {f"start_{level}": start, f"reasons_{level}": reasons, f"remainder_{level}": remainder}
        return [_array(found[field.name], field.type) for field in self.scores]

    @cached_property
    def _reasoner(self) -> BulkReasoner:
        names = self.bundle.forecaster.model.features
        return BulkReasoner(tuple(self.bundle.description.feature(name) for name in names), self.settings)

    def _limits(self, made: Forecasts) -> dict[str, Any]:
        """Return the columns of interval, set of outcomes and mark, where the bundle knows them."""
        if made.low is None or made.high is None or made.outcomes is None or made.outside is None:
            return {}
        scale = self.bundle.scale
        columns: dict[str, Any] = {}
        for k, level in enumerate(scale.reached):
            columns |= {f"low_{level}": made.low[:, k], f"high_{level}": made.high[:, k]}
        combination = made.outcomes @ (2 ** np.arange(len(scale.levels)))
        names = pa.array([set_names(bits, scale.levels) for bits in _bits(len(scale.levels))])
        return columns | {"outcome_set": spread(names, combination), "outside": made.outside}


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(np.ascontiguousarray(values), kind)


def _bits(count: int) -> Bools:
    """Return every combination of so many marks, (2 ** count, count); the row is the number in binary."""
    combinations: Bools = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
    return combinations


def refuse_unknown(bundle: ModelBundle, chunk: Chunk, settings: Settings) -> tuple[Chunk, list[str]]:
    """Refuse rows whose category training never saw, where the description says so; return a note for each other row.

    The note of a row without such a category is an empty text.
    """
    unknown = bundle.forecaster.model.unknown(chunk.cases.features)
    closed = refused_unknown(bundle, unknown)
    if closed:
        bad = np.logical_or.reduce(list(closed.values()))
        refused = pd.concat([chunk.refused, _unknown(bundle, chunk, closed)], ignore_index=True)
        refused = refused.sort_values("row", kind="stable", ignore_index=True)
        chunk = Chunk(chunk.cases.take(~bad), chunk.rows[~bad], refused, chunk.read)
        unknown = {n: mask[~bad] for n, mask in unknown.items()}
    return chunk, notes_of(bundle, unknown, len(chunk.cases), texts_of(settings))


def refused_unknown(bundle: ModelBundle, unknown: dict[str, Bools]) -> dict[str, Bools]:
    """Return the features of ``unknown`` (see `Model.unknown`) for which rows are to be refused, with those rows."""
    return {n: mask for n, mask in unknown.items() if mask.any() and bundle.description.feature(n).refuses_category}


def unknown_category(bundle: ModelBundle, feature: str) -> Problem:
    """Return the problem of a row whose category training never saw."""
    column = bundle.description.feature(feature).source
    return Problem("row-unknown-category", column=column, found="a value not seen in training")


def notes_of(bundle: ModelBundle, unknown: dict[str, Bools], size: int, texts: Texts) -> list[str]:
    """Return a note for each of ``size`` rows about categories that training never saw; empty texts for most."""
    notes = [""] * size
    for name, mask in unknown.items():
        if mask.any():
            said = texts.say("notes.not_seen", phrase=wording.named(bundle.description.feature(name), texts=texts))
            for i in np.flatnonzero(mask).tolist():
                notes[i] += f"{'; ' if notes[i] else ''}{said}"
    return notes


def _unknown(bundle: ModelBundle, chunk: Chunk, closed: dict[str, Bools]) -> pd.DataFrame:
    """Return the refused rows that hold a category unknown to training."""
    ids = chunk.cases.keys[CASE_ID]
    rows = np.flatnonzero(np.logical_or.reduce(list(closed.values()))).tolist()
    return refused_frame(
        (int(chunk.rows[i]), ids.iloc[i], [unknown_category(bundle, n) for n, mask in closed.items() if mask[i]])
        for i in rows
    )
