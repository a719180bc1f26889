"""Turn a column of texts into the values of a feature, and say which rows cannot be read and why.

Distinct texts are parsed once each, so a column costs one look-up a row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import datetime

    import numpy.typing as npt

    from forecast.cases import Floats
    from forecast.tables.description import Feature

_N = r"([0-9]+(?:\.[0-9]+)?)"
_BETWEEN = re.compile(rf"{_N}\s*(?:-|–|to)\s*{_N}")
_FROM = re.compile(rf"{_N}\s*(?:\+|or (?:more|older|over|above))", re.IGNORECASE)
_BELOW = re.compile(rf"(?:less than|under|below|<)\s*{_N}(?:\s*years?)?", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ].*)?", re.DOTALL)


class Unreadable(ValueError):
    """A text that does not fit; ``code`` names the row problem."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(slots=True)
class Converted:
    """Values of a column and, where rows could not be read, the code of the problem (else an empty text)."""

    values: npt.NDArray[Any]
    problem: npt.NDArray[np.object_] | None


def number(text: str) -> float:
    """Read a plain decimal number; anything else, infinities included, is not a number."""
    if not _PLAIN.fullmatch(text):
        raise Unreadable("row-not-a-number")
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable("row-not-a-number")
    return value


def top_coded(text: str) -> float:
    """Read a number whose largest values are given as `10 or more` or `10+`: 10."""
    found = _FROM.fullmatch(text)
    return number(found[1] if found else text)


def band(text: str) -> float:
    """Read a band: `43-47` as its middle, `48 or older` as 48, `under 18` as the half of 18, a number as itself."""
    if found := _BETWEEN.fullmatch(text):
        return number(found[1]) / 2 + number(found[2]) / 2
    if found := _BELOW.fullmatch(text):
        return number(found[1]) / 2
    return top_coded(text)


def youngest(text: str) -> float:
    """Read an age or a band of ages as the youngest that it allows: `16-22` as 16, `under 25` as 0."""
    if found := _BETWEEN.fullmatch(text):
        return number(found[1])
    return 0.0 if _BELOW.fullmatch(text) else top_coded(text)


def parser(feature: Feature) -> Callable[[str], float]:
    """Return the function that reads one text of a numeric feature."""
    if feature.kind == "flag":
        known = dict.fromkeys(feature.true, 1.0) | dict.fromkeys(feature.false, 0.0)
        return _from_words(known)
    if feature.kind == "ordered":
        return _from_words({level: float(i) for i, level in enumerate(feature.levels)})
    read = {"number": number, "top-coded": top_coded, "band": band}[feature.kind]
    return _in_range(read, feature.low, feature.high)


def _from_words(known: dict[str, float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        if text not in known:
            raise Unreadable("row-unknown-category")
        return known[text]

    return read


def _in_range(read: Callable[[str], float], low: float | None, high: float | None) -> Callable[[str], float]:
    def ranged(text: str) -> float:
        value = read(text)
        if (low is not None and value < low) or (high is not None and value > high):
            raise Unreadable("row-out-of-range")
        return value

    return ranged


def numbers(column: pa.ChunkedArray, read: Callable[[str], float]) -> Converted:
    """Return float64 values (null = NaN) of a text column, each distinct text read once by ``read``.

    A column of numbers is taken as it is.
    """
    if not pa.types.is_string(column.type):
        return _plain(column)
    coded = column.combine_chunks().dictionary_encode()
    table = np.full(len(coded.dictionary) + 1, np.nan)
    codes = np.full(len(coded.dictionary) + 1, "", dtype=object)
    for i, text in enumerate(coded.dictionary.to_pylist()):
        try:
            table[i] = read(text)
        except Unreadable as error:
            codes[i] = error.code
    at = _positions(coded)
    return Converted(table[at], codes[at] if codes.any() else None)


def _plain(column: pa.ChunkedArray, low: float | None = None, high: float | None = None) -> Converted:
    """Return the values of a column of numbers, and the codes of those that are infinite or out of range."""
    values = column.combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
    codes = np.full(len(values), "", dtype=object)
    below = np.zeros(len(values), bool) if low is None else values < low
    codes[below | (np.zeros(len(values), bool) if high is None else values > high)] = "row-out-of-range"
    codes[np.isinf(values)] = "row-not-a-number"
    return Converted(values, codes if codes.any() else None)


def categories(column: pa.ChunkedArray, feature: Feature) -> Converted:
    """Return texts (null = None); a value outside declared levels is a problem, or becomes "other"."""
    coded = column.combine_chunks().dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    codes = np.full(len(words), "", dtype=object)
    if feature.levels:
        unknown = np.array([word is not None and word not in feature.levels for word in words])
        codes[unknown] = "row-unknown-category" if feature.refuses_unknown else ""
        words[unknown] = "other"
    at = _positions(coded)
    return Converted(words[at], codes[at] if codes.any() else None)


def convert(column: pa.ChunkedArray, feature: Feature) -> Converted:
    """Return the values of one feature from its column of texts."""
    if not pa.types.is_string(column.type):
        converted = _plain(column, feature.low, feature.high)
    else:
        converted = numbers(column, parser(feature)) if feature.numeric else categories(column, feature)
    if feature.required and column.null_count:
        missing = np.asarray(column.is_null().combine_chunks().to_numpy(zero_copy_only=False))
        problem = converted.problem if converted.problem is not None else np.full(len(missing), "", dtype=object)
        problem[missing] = "row-value-missing"
        converted = Converted(converted.values, problem)
    return converted


def truth(column: pa.ChunkedArray, true: tuple[str, ...], false: tuple[str, ...]) -> Converted:
    """Return 1.0, 0.0 or NaN (missing) of an outcome or flag column."""
    return numbers(column, _from_words(dict.fromkeys(true, 1.0) | dict.fromkeys(false, 0.0)))


def dates(column: pa.ChunkedArray) -> Converted:
    """Return days since 1970-01-01 as float64 (NaN = missing) of texts that begin with YYYY-MM-DD (see :func:`day`)."""
    return numbers(column, day)


def with_clock(column: pa.ChunkedArray) -> bool:
    """Say whether any of the texts holds more than a day."""
    return pa.types.is_string(column.type) and bool(
        pc.any(pc.greater(pc.utf8_length(column), len("2014-12-31"))).as_py()
    )


def day(text: str) -> float:
    """Read YYYY-MM-DD, alone or before a time of day, as days since 1970-01-01."""
    import datetime

    found = _DAY.fullmatch(text)
    try:
        return float(datetime.date.fromisoformat(found[1] if found else "").toordinal() - _EPOCH)
    except ValueError as error:
        raise Unreadable("row-not-a-date") from error


_EPOCH = 719_163  # date(1970, 1, 1).toordinal()


def day_number(day: datetime.date) -> int:
    """Return a date as days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def months_later(days: Floats, months: int) -> Floats:
    """Return each day plus calendar months; a day that the month does not have becomes its last day."""
    whole = np.where(np.isnan(days), 0, days).astype("datetime64[D]")
    month = whole.astype("datetime64[M]")
    in_month = (whole - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.timedelta64(months, "M")
    last = ((target + np.timedelta64(1, "M")).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(
        np.int64
    ) - 1
    later = (target.astype("datetime64[D]") + np.minimum(in_month, last)).astype(np.float64)
    shifted: Floats = np.where(np.isnan(days), np.nan, later)
    return shifted


def texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return a text column as objects, null as None."""
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), dtype=object)


def _positions(coded: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """Return dictionary positions, with null at the last place."""
    filled = pc.fill_null(coded.indices, len(coded.dictionary))
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def cut(values: Floats, cuts: tuple[float, ...]) -> pd.Categorical:
    """Return the group of each value, in order: `under 25`, `25-34`, `35 and over`; NaN has none.

    Whole cuts that begin at 1 are of counts: the first group is `0`.
    """
    edges = np.asarray(cuts, dtype=np.float64)
    whole = all(edge == int(edge) for edge in cuts)
    between = [_whole_group(a, b - 1) if whole else f"{a:g} to under {b:g}" for a, b in pairwise(cuts)]
    first = "0" if whole and cuts[0] == 1 else f"under {cuts[0]:g}"
    labels = [first, *between, f"{cuts[-1]:g} and over"]
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    dtype = pd.CategoricalDtype(labels, ordered=True)
    return pd.Categorical.from_codes(codes.astype(np.int64), dtype=dtype)


def _whole_group(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def lenient(text: str) -> float:
    """Read a number or band where an unreadable text may count as missing (audit groups, benchmarks)."""
    try:
        return band(text)
    except Unreadable:
        return float("nan")
