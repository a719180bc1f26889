"""Look for columns, and blocks in time, whose relation with the outcome is too good to be known beforehand.

Three signs, each with a plain rule: a single column ranks outcomes better than `suspicious_auc`; a value, a range or
the missing rows of a column have nearly all or nearly none of the outcomes; a run of months has.
A sign is a question to the person who knows the data, not a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.tables import convert

if TYPE_CHECKING:
    import pyarrow as pa

    from forecast.cases import Bools, Floats, Ints
    from forecast.settings import Settings

BINS = 20
MOST_VALUES = 60
NEARLY = 0.03
"""A share of outcomes within this much of 0 or 1 is "nearly none" or "nearly all"."""
CHANCE = 1e-6
"""How unlikely such a share must be under the overall rate."""
MISSING_GAP = 0.15
"""How far the rate among rows without a value may lie from the others' before it is worth a question."""


RANKS, PURE, EMPTY = "ranks", "pure", "empty"
SIGNS = {
    RANKS: "each ranks the outcome by itself too well",
    PURE: "a value or range has nearly all or nearly none of the outcomes",
    EMPTY: "where it is empty the outcome is much rarer or commoner",
}
"""The kinds of sign, and what is said of several columns with the same one."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One sign: the column, what was seen, how many cases it concerns, and which of :data:`SIGNS` it is."""

    column: str
    seen: str
    cases: int
    sign: str


def examine(name: str, column: pa.ChunkedArray, happened: Bools, settings: Settings) -> list[Suspicion]:
    """Return the signs that one column shows against one outcome, (n,) bool."""
    grouped = _grouped(column)
    return [
        *_ranks_too_well(name, grouped, happened, settings),
        *_nearly_pure(name, grouped, happened, settings),
        *_missing_tells(name, grouped, happened, settings),
    ]


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Rows by value or range: ``codes`` (n,) with -1 for missing, and a label a group; ``ordered`` where adjacent."""

    codes: Ints
    labels: list[str]
    ordered: bool


def _grouped(column: pa.ChunkedArray) -> _Grouped:
    """Cut numbers into 20 ranges and dates into months; keep the values of anything else."""
    texts = pd.Series(convert.texts(column), dtype="object")
    present = texts.notna().sum()
    days = convert.numbers(column, _date_or_nan).values
    if present and np.isfinite(days).sum() >= 0.95 * present:
        return _months(days)
    numbers = convert.numbers(column, convert.lenient).values
    if present and np.isfinite(numbers).sum() >= 0.95 * present:
        return _ranges(numbers)
    codes, values = pd.factorize(texts)
    common = pd.Series(codes[codes >= 0]).value_counts()
    if len(common) <= MOST_VALUES:
        return _Grouped(codes.astype(np.int64), [f"'{v}'" for v in values], False)
    kept = {int(code): i for i, code in enumerate(sorted(common.index[:MOST_VALUES]))}
    lookup = np.array([kept.get(i, len(kept)) for i in range(len(values))] + [-1])
    labels = [f"'{values[code]}'" for code in kept] + ["the rarer values"]
    return _Grouped(lookup[codes].astype(np.int64), labels, False)


def _date_or_nan(text: str) -> float:
    if len(text) < 10 or text[4] != "-":
        return math.nan
    try:
        return convert.day(text)
    except convert.Unreadable:
        return math.nan


def _months(days: Floats) -> _Grouped:
    known = np.isfinite(days)
    months = np.where(known, days, 0).astype("datetime64[D]").astype("datetime64[M]")
    values, codes = np.unique(months[known], return_inverse=True)
    spread = np.full(len(days), -1, dtype=np.int64)
    spread[known] = codes
    return _Grouped(spread, [str(month) for month in values], True)


def _ranges(numbers: Floats) -> _Grouped:
    known = np.isfinite(numbers)
    inner = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = np.where(known, np.searchsorted(inner, np.where(known, numbers, 0.0), side="left"), -1).astype(np.int64)
    values = pd.Series(numbers[known]).groupby(codes[known]).agg(["min", "max"])
    labels = ["" for _ in range(len(inner) + 1)]
    for code, (low, high) in zip(values.index, values.to_numpy(), strict=True):
        labels[int(code)] = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return _Grouped(codes, labels, True)


def _ranks_too_well(name: str, grouped: _Grouped, happened: Bools, settings: Settings) -> Iterator[Suspicion]:
    """Rank cases by the outcome rate of their group, taken from the other half of the cases."""
    half = np.arange(len(happened)) % 2 == 0
    scores = np.empty(len(happened))
    for inside in (half, ~half):
        rates = _rates(grouped, happened, ~inside)
        scores[inside] = rates[grouped.codes[inside]]
    auc = _auc(scores, happened)
    if auc > settings.suspicious_auc:
        yield Suspicion(name, f"ranks the outcome by itself with AUC {auc:.2f}", len(happened), RANKS)


def _rates(grouped: _Grouped, happened: Bools, rows: Bools) -> Floats:
    """Return smoothed outcome rates a group, the missing rows' rate last (so that code -1 finds it)."""
    size = len(grouped.labels) + 1
    codes = grouped.codes[rows] % size
    count = np.bincount(codes, minlength=size)
    events = np.bincount(codes, happened[rows], minlength=size)
    rates: Floats = (events + 5 * happened[rows].mean()) / (count + 5)
    return rates


def _auc(scores: Floats, happened: Bools) -> float:
    ranks = pd.Series(scores).rank().to_numpy()
    ones = int(happened.sum())
    zeros = len(happened) - ones
    return float((ranks[happened].sum() - ones * (ones + 1) / 2) / max(ones * zeros, 1))


def _nearly_pure(name: str, grouped: _Grouped, happened: Bools, settings: Settings) -> Iterator[Suspicion]:
    """Find groups, or runs of adjacent groups, with nearly all or nearly none of the outcomes."""
    overall = float(happened.mean())
    known = grouped.codes >= 0
    size = len(grouped.labels)
    count = np.bincount(grouped.codes[known], minlength=size)
    events = np.bincount(grouped.codes[known], happened[known], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = events / count
    for word, pure in (("all", rate >= 1 - NEARLY), ("none", rate <= min(NEARLY, overall / 10))):
        for first, last in _runs(pure & (count > 0), grouped.ordered):
            n, k = int(count[first : last + 1].sum()), int(events[first : last + 1].sum())
            if n >= settings.suspicious_cases and n < len(happened) and _unlikely(n, k, overall, word):
                where = (
                    grouped.labels[first] if first == last else f"{grouped.labels[first]} ... {grouped.labels[last]}"
                )
                yield Suspicion(name, f"{where}: {k} of {n} cases have the outcome ({overall:.0%} overall)", n, PURE)


def _runs(pure: Bools, ordered: bool) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of each run of adjacent pure groups; unordered groups stand alone."""
    places = np.flatnonzero(pure)
    if not ordered:
        yield from ((int(i), int(i)) for i in places)
        return
    for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])


def _unlikely(n: int, k: int, overall: float, word: str) -> bool:
    """Return whether so pure a group has a chance below `CHANCE` (Chernoff bound of the binomial tail)."""
    share = min(max(k / n, 1e-12), 1 - 1e-12)
    if (word == "all") != (share > overall):
        return False
    divergence = share * math.log(share / overall) + (1 - share) * math.log((1 - share) / (1 - overall))
    return -n * divergence < math.log(CHANCE)


def _missing_tells(name: str, grouped: _Grouped, happened: Bools, settings: Settings) -> Iterator[Suspicion]:
    missing = grouped.codes < 0
    n = int(missing.sum())
    if n < settings.suspicious_cases or n > len(happened) - settings.suspicious_cases:
        return
    without, among = float(happened[missing].mean()), float(happened[~missing].mean())
    spread = math.sqrt(among * (1 - among) / n + 1e-12)
    if abs(without - among) > max(MISSING_GAP, 5 * spread):
        seen = f"where it is empty {without:.0%} of {n} cases have the outcome, else {among:.0%}"
        yield Suspicion(name, seen, n, EMPTY)
