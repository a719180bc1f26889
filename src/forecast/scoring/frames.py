"""Turn computed features into the frame that reading their table would give, without writing a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.tables import convert
from forecast.tables.rows import RowProblems
from forecast.tables.source import Source

if TYPE_CHECKING:
    from forecast.cases import Floats
    from forecast.tables.description import Description, Feature


@dataclass(frozen=True)
class FrameReader:
    """Reads features of the catalogue as a description says that their table is read; safe to share by threads."""

    description: Description
    names: tuple[str, ...]
    """The features to read; each has to be one of the description."""

    @cached_property
    def _features(self) -> tuple[Feature, ...]:
        """Return the features that are read, with the parts of sums."""
        d = self.description
        parts = {part for name in self.names for part in (name, *d.feature(name).sum_of)}
        return tuple(f for f in d.features if f.name in parts)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that a matrix has to have."""
        return tuple(dict.fromkeys(f.source for f in self._features if not f.sum_of))

    def columns_of(self, feature: str) -> tuple[str, ...]:
        """Return the columns that a feature is read from: several for a sum."""
        d = self.description
        return tuple(d.feature(part).source for part in d.feature(feature).sum_of or (feature,))

    @cached_property
    def _source(self) -> Source:
        d = self.description
        return Source(Path("features"), self.columns, missing=d.head.missing, as_numbers=d.plain_numbers())

    @cached_property
    def _direct(self) -> dict[str, Floats | None]:
        """Return the features whose arrays may be taken as they are; of a flag, what 0 and 1 are read as."""
        texts = set(self.description.head.missing)
        if "nan" not in texts or any(_is_number(text) for text in texts):
            return {}
        found: dict[str, Floats | None] = {}
        for f in self._features:
            if f.required or f.sum_of:
                continue
            if f.kind == "number":
                found[f.name] = None
            elif f.kind == "flag" and "0" in f.true + f.false and "1" in f.true + f.false:
                read = convert.parser(f)
                found[f.name] = np.array([read("0"), read("1")])
        return found

    def frame(self, matrix: pa.Table) -> tuple[pd.DataFrame, RowProblems]:
        """Return the features of n rows, and for which of them the table's reader would have refused the row."""
        problems = RowProblems(len(matrix))
        numeric = self._numeric
        made = np.empty((len(numeric), len(matrix)))
        read = [j for j, f in enumerate(numeric) if not f.sum_of and not self._taken(matrix, f, made[j])]
        if len(matrix):
            read += self._out_of_range(made, set(read))
        for j in sorted(read):
            made[j] = self._read(matrix[numeric[j].source], numeric[j], problems)
        place = {f.name: j for j, f in enumerate(numeric)}
        for j, f in enumerate(numeric):
            if f.sum_of:
                made[j] = np.sum([made[place[part]] for part in f.sum_of], axis=0)
        frame = pd.DataFrame(made.T, columns=self._names, copy=False)
        for f in self._features:
            if not f.numeric:
                frame[f.name] = pd.Series(self._read(matrix[f.source], f, problems), dtype="object")
        return frame, problems

    def recorded(self, matrix: pa.Table) -> pd.DataFrame | None:
        """Return the texts of features whose number is not what stands in the table; None where there are none."""
        quoted = [f for f in self._features if f.kind in ("band", "top-coded") and not f.sum_of]
        if not quoted:
            return None
        texts = {f.name: convert.texts(self._as_read(matrix[f.source], f)) for f in quoted}
        return pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in texts.items()})

    @cached_property
    def _numeric(self) -> tuple[Feature, ...]:
        return tuple(f for f in self._features if f.numeric)

    @cached_property
    def _names(self) -> pd.Index:
        return pd.Index([f.name for f in self._numeric])

    @cached_property
    def _ranges(self) -> Floats:
        """The declared ranges, (2, numbers); those of sums, which are made of numbers in range, are open."""
        low = [-np.inf if f.low is None or f.sum_of else f.low for f in self._numeric]
        high = [np.inf if f.high is None or f.sum_of else f.high for f in self._numeric]
        return np.array([low, high])

    def _taken(self, matrix: pa.Table, feature: Feature, into: Floats) -> bool:
        """Take the numbers of a feature as they are; say no where the table's reader might say anything else."""
        column, known = matrix[feature.source], self._direct.get(feature.name, _NOT_DIRECT)
        whole = pa.types.is_integer(column.type)
        if known is _NOT_DIRECT or column.null_count or not (whole or feature.source in self._source.as_numbers):
            return False
        values = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).to_numpy()
        if known is None:
            into[:] = values
            return True
        if not whole or (values & ~1).any():
            return False
        into[:] = known[values]
        return True

    def _out_of_range(self, made: Floats, but: set[int]) -> list[int]:
        """Return the numbers of which any is infinite or out of range; NaN is neither."""
        least, most = np.fmin.reduce(made, axis=1), np.fmax.reduce(made, axis=1)
        low, high = self._ranges
        bad = (least < low) | (most > high) | np.isinf(least) | np.isinf(most)
        sums = {j for j, f in enumerate(self._numeric) if f.sum_of}
        return [j for j in np.flatnonzero(bad).tolist() if j not in but | sums]

    def _read(self, column: pa.ChunkedArray, feature: Feature, problems: RowProblems) -> Any:
        """Return the values of a feature as the table's reader gives them, and note what it would refuse."""
        texts = self._as_read(column, feature)
        converted = convert.convert(texts, feature)
        low, high = ("any" if edge is None else edge for edge in (feature.low, feature.high))
        problems.add_codes(converted.problem, texts, column=feature.source, low=low, high=high)
        return converted.values

    def _as_read(self, column: pa.ChunkedArray, feature: Feature) -> pa.ChunkedArray:
        return self._source.as_read(pa.table([column], names=[feature.source]))[0]


_NOT_DIRECT: Any = object()


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
