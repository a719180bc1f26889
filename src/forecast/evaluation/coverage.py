"""Hold intervals and sets of outcomes against what happened later: do they cover what they promise to?

Interval: cases are put in order of their forecast and cut into bins of at least 400. In a bin the share that had the
outcome may differ from the mean forecast for two reasons, the interval's own error and the chance of counting; they
are independent, so their squares add: the share is covered if it lies within ``mean forecast ± sqrt(h² + (1.96 s)²)``,
h the bin's mean distance from forecast to that end of the interval, s the standard error of the share. (Adding h and
1.96 s themselves would cover more than 95 % whatever the interval.) People come more than once in a bin, so s takes
people as units (Liang and Zeger 1986, Biometrika 73:13).

A year of a force has some forty bins, and each is a yes or a no. To lose less by where the cuts fall, they are moved
ten times by a tenth of a bin; the figure's own interval still counts only the bins that do not overlap (Wilson 1927).
Resampling the tested people would add the chance of counting a second time, so it is not done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.bootstrap import Estimate, person_codes
from forecast.evaluation.calibration import Z95, wilson
from forecast.models.outcome_sets import outcome_of

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Forecasts, Ints, OutcomeScale
    from forecast.models.outcome_sets import OutcomeSets

CASES_A_BIN = 400
SHIFTS = 10
FEW_BINS = 10
TOO_FEW = "too few cases for bins of 400"
FEWEST_OF_OUTCOME = 20
TOO_FEW_OF_OUTCOME = "too few to judge"


@dataclass(frozen=True, slots=True)
class CoverageBin:
    """One bin of at least 400 cases: mean forecast, share observed, mean ends of the interval, and those widened."""

    cases: int
    forecast: float
    observed: float
    low: float
    high: float
    widened_low: float
    widened_high: float

    @property
    def covered(self) -> bool:
        """Whether the share observed lies within the widened interval."""
        return self.widened_low <= self.observed <= self.widened_high


@dataclass(frozen=True, slots=True)
class IntervalCoverage:
    """Coverage of one level: ``bins`` do not overlap, ``share`` is over all moved bins. ``width``: mean, as a share."""

    bins: tuple[CoverageBin, ...]
    share: Estimate
    width: float


@dataclass(frozen=True, slots=True)
class SetCoverage:
    """Sets of outcomes: how often the outcome was in its set, by outcome, and how many sets held every outcome."""

    by_outcome: Mapping[str, Estimate]
    cases: Mapping[str, int]
    vacuous: float
    size: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """What later cases say of interval, sets and mark; ``promised``: the share that the sets were made for."""

    intervals: Mapping[str, IntervalCoverage]
    sets: SetCoverage
    promised: float
    over_time: Mapping[str, SetCoverage]
    outside: float

    @property
    def together(self) -> Estimate:
        """Coverage of the interval over all levels, with as many bins as one level has: they share their people."""
        shares = [one.share.value for one in self.intervals.values() if one.share.value is not None]
        bins = min((len(one.bins) for one in self.intervals.values()), default=0)
        return _of_bins(float(np.mean(shares)), bins) if shares else Estimate(None, None, None, TOO_FEW)


def coverage(
    made: Forecasts, happened: Bools, persons: Any, *, scale: OutcomeScale, sets: OutcomeSets, as_of: pd.Series | None
) -> Coverage:
    """Return how well the limits of n forecasts held.

    Parameters
    ----------
    made : with ``low``, ``high``, ``outcomes`` and ``outside``. happened : (n, K-1). persons : (n,) names.
    sets : what ``made.outcomes`` came from. as_of : (n,) moments, for the quarters; ``None`` where there are none.
    """
    if made.low is None or made.high is None or made.outcomes is None or made.outside is None:
        raise ValueError("these forecasts carry no limits")  # a fault of the caller, not of a user
    people = person_codes(persons)
    intervals = {
        level: interval_coverage(happened[:, k], made.probability[:, k], made.low[:, k], made.high[:, k], people=people)
        for k, level in enumerate(scale.reached)
    }
    outcome = outcome_of(happened)
    over_time = {}
    for quarter in sorted(set(quarters := _quarters(as_of, len(outcome)))) if as_of is not None else ():
        rows = quarters == quarter
        over_time[str(quarter)] = set_coverage(made.outcomes[rows], outcome[rows], people[rows], scale.levels)
    overall = set_coverage(made.outcomes, outcome, people, scale.levels)
    return Coverage(intervals, overall, sets.share, over_time, float(made.outside.mean()) if len(outcome) else 0.0)


def interval_coverage(
    happened: Bools, forecast: Floats, low: Floats, high: Floats, *, people: Ints, size: int = CASES_A_BIN
) -> IntervalCoverage:
    """Return the coverage of one level; all arguments (n,), ``people`` as numbers."""
    order = np.argsort(forecast, kind="stable")
    count = len(order) // size

    def one(rows: Ints) -> CoverageBin:
        return _bin(happened[rows], forecast[rows], low[rows], high[rows], people[rows])

    bins = tuple(one(rows) for rows in np.array_split(order, count)) if count else ()
    moved = [
        one(order[start : start + size])
        for shift in range(SHIFTS)
        for start in range(shift * size // SHIFTS, len(order) - size + 1, size)
    ]
    share = (
        _of_bins(float(np.mean([b.covered for b in moved])), count) if count else Estimate(None, None, None, TOO_FEW)
    )
    return IntervalCoverage(bins, share, float((high - low).mean()) if len(order) else 0.0)


def _of_bins(share: float, bins: int) -> Estimate:
    low, high = wilson(share, bins)
    return Estimate(share, low, high, f"{bins} bins are few" if bins < FEW_BINS else "")


def _bin(happened: Bools, forecast: Floats, low: Floats, high: Floats, people: Ints) -> CoverageBin:
    mean, below, above = float(forecast.mean()), float(low.mean()), float(high.mean())
    noise = Z95 * standard_error(happened, forecast, people)
    return CoverageBin(
        len(forecast),
        mean,
        float(happened.mean()),
        below,
        above,
        mean - float(np.hypot(mean - below, noise)),
        mean + float(np.hypot(above - mean, noise)),
    )


def standard_error(happened: Bools, forecast: Floats, people: Ints) -> float:
    """Return the standard error of the share observed in a bin, with people as units, at least the binomial one."""
    count = len(forecast)
    by_person = np.bincount(np.unique(people, return_inverse=True)[1], happened - forecast)
    binomial = float((forecast * (1 - forecast)).sum())
    return float(np.sqrt(max(float(np.square(by_person).sum()), binomial))) / count


def set_coverage(held: Bools, outcome: Ints, people: Ints, levels: Sequence[str]) -> SetCoverage:
    """Return how often the outcome (n,) of a case was in its set (n, K), by outcome.

    Intervals: Wilson, for as many cases as there would be were each person's cases copies of each other (Kish 1965).
    """
    by_outcome, cases = {}, {}
    for k, level in enumerate(levels):
        rows = np.flatnonzero(outcome == k)
        cases[level] = len(rows)
        by_outcome[level] = Estimate(None, None, None, TOO_FEW_OF_OUTCOME)
        if len(rows) >= FEWEST_OF_OUTCOME:
            share = float(held[rows, k].mean())
            repeats = np.unique(people[rows], return_counts=True)[1]
            by_outcome[level] = Estimate(share, *wilson(share, len(rows) ** 2 / float(np.square(repeats).sum())))
    several = len(held) > 0
    vacuous = float(held.all(axis=1).mean()) if several else 0.0
    return SetCoverage(by_outcome, cases, vacuous, float(held.sum(axis=1).mean()) if several else 0.0)


def _quarters(as_of: pd.Series | None, count: int) -> Any:
    if as_of is None:
        return np.full(count, "")
    return (as_of.dt.year.astype(str) + " Q" + as_of.dt.quarter.astype(str)).to_numpy(dtype=object)
