"""Keep account of refused rows: one entry a row, with the first problem and the codes of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.problems import CATALOGUE, Problem

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast.cases import Bools, Ints

LONGEST = 40
REFUSED_COLUMNS = ("row", "case_id", "code", "column", "sentence", "also")


@dataclass
class RowProblems:
    """The problems of one piece of a file, row by row (positions within the piece)."""

    size: int
    found: dict[int, list[Problem]] = field(default_factory=dict)

    def add(self, where: Bools | npt.NDArray[np.int64], code: str, **facts: Any) -> None:
        """Note the problem ``code`` for the rows under a mask or at positions."""
        positions = np.flatnonzero(where) if where.dtype == bool else where
        if len(positions):
            self.add_problem(positions, Problem(code, **facts))

    def add_problem(self, where: Bools | npt.NDArray[np.int64], problem: Problem) -> None:
        """Note a problem for the rows under a mask or at positions."""
        positions = np.flatnonzero(where) if where.dtype == bool else where
        for position in positions.tolist():
            self.found.setdefault(position, []).append(problem)

    def add_codes(self, codes: npt.NDArray[np.object_] | None, texts: pa.ChunkedArray, **facts: Any) -> None:
        """Note for each row the code that stands in ``codes`` (an empty text: none), with the text that was found."""
        if codes is None:
            return
        bad = np.flatnonzero(codes != "")
        found = texts.take(pa.array(bad)).to_pylist()
        for position, text in zip(bad.tolist(), found, strict=True):
            problem = Problem(codes[position], found=_quoted(text), **facts)
            self.found.setdefault(position, []).append(problem)

    @property
    def good(self) -> Bools:
        """Return which rows have no problem."""
        mask = np.ones(self.size, dtype=bool)
        mask[list(self.found)] = False
        return mask

    def frame(self, rows: Ints, case_ids: Sequence[str | None]) -> pd.DataFrame:
        """Return the refused rows as a frame with `REFUSED_COLUMNS`, in file order."""
        return refused_frame(
            (int(rows[i]), case_ids[i], problems) for i, problems in sorted(self.found.items()) if problems
        )


def _quoted(text: str | float | None) -> str:
    """Return what was found, short enough for a message."""
    if isinstance(text, float):
        text = f"{text:.15g}"
    return "nothing" if text is None else repr(text if len(text) <= LONGEST else text[:LONGEST] + "...")


def refused_frame(entries: Iterable[tuple[int, str | None, list[Problem]]]) -> pd.DataFrame:
    """Return a frame with `REFUSED_COLUMNS` from (row number, case id, problems)."""
    columns: dict[str, list[Any]] = {name: [] for name in REFUSED_COLUMNS}
    for row, case_id, problems in entries:
        first = problems[0]
        values = (
            row,
            case_id,
            first.code,
            str(first.facts.get("column", "")),
            first.sentence,
            ", ".join(dict.fromkeys(p.code for p in problems[1:])),
        )
        for name, value in zip(REFUSED_COLUMNS, values, strict=True):
            columns[name].append(value)
    # Types are said beforehand: pandas would guess texts from the values, and turn a missing id into NaN.
    return pd.DataFrame({n: pd.Series(v, dtype="int64" if n == "row" else "object") for n, v in columns.items()})


def summarise(refused: pd.DataFrame, path: object) -> list[Problem]:
    """Return one problem for each code and column, with its count and a few rows as examples."""
    problems = []
    for (code, column), rows in refused.groupby(["code", "column"], sort=True):
        few = zip(rows["row"][:3], rows["case_id"][:3], strict=True)
        sample = ", ".join(f"row {row}" + ("" if case_id is None else f" (id {case_id})") for row, case_id in few)
        meaning = rows["sentence"].iloc[0] or CATALOGUE[str(code)].sentence
        problems.append(
            Problem("rows-refused", path=path, count=len(rows), meaning=meaning, column=column, examples=sample)
        )
    return problems
