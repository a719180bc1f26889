"""Compare forecasts with what happened, bin by bin: the reliability curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

Z95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases with forecasts from ``lowest`` to ``highest``; ``low`` to ``high`` is the 95 % interval of ``observed``."""

    lowest: float
    highest: float
    mean_forecast: float
    observed: float
    low: float
    high: float
    cases: int
    people: int
    events: int


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return the 95 % interval of a share seen in ``size`` trials (Wilson 1927, JASA 22:209)."""
    if size <= 0:
        return 0.0, 1.0
    centre = share + Z95**2 / (2 * size)
    half = Z95 * np.sqrt(share * (1 - share) / size + (Z95 / (2 * size)) ** 2)
    scale = 1 + Z95**2 / size
    low, high = float((centre - half) / scale), float((centre + half) / scale)
    return min(share, max(0.0, low)), max(share, min(1.0, high))  # at 0 and 1 rounding must not push the share out


def reliability(y: Bools, p: Floats, people: Ints | None = None, bins: int = 10) -> tuple[Bin, ...]:
    """Cut the cases into at most ``bins`` bins of about equal count and compare forecast and outcome in each.

    Equal forecasts are never parted, so few distinct forecasts give few bins.

    Parameters
    ----------
    y : (n,) whether the outcome happened.
    p : (n,) forecasts in [0, 1].
    people : (n,) number of the person behind each row. Wilson intervals then count n² / sum of (cases a person)² in
        place of n: as if one person's cases were copies of each other, the cautious end (Kish 1965, Survey Sampling).
    bins : how many bins to aim at.
    """
    forecasts = np.asarray(p, dtype=np.float64)
    outcomes = np.asarray(y, dtype=bool)
    who = np.arange(len(forecasts)) if people is None else people
    label = _bin_of_each(forecasts, bins)
    return tuple(_bin(forecasts[rows], outcomes[rows], who[rows]) for rows in (label == b for b in np.unique(label)))


def _bin_of_each(p: Floats, bins: int) -> Ints:
    """Number the bin of each case: where the middle of its run of equal forecasts lies among the ranks."""
    _, run, size = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    result: Ints = np.floor(middle / max(1, len(p)) * bins).astype(np.int64)[run]
    return result


def _bin(p: Floats, y: Bools, people: Ints) -> Bin:
    repeats = np.unique(people, return_counts=True)[1]
    observed = float(y.mean())
    low, high = wilson(observed, len(y) ** 2 / float((repeats**2).sum()))
    return Bin(
        lowest=float(p.min()),
        highest=float(p.max()),
        mean_forecast=float(p.mean()),
        observed=observed,
        low=low,
        high=high,
        cases=len(y),
        people=len(repeats),
        events=int(y.sum()),
    )
