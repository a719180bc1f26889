"""Draw calibration as a smooth curve, and say in one figure how far forecasts are from it: the calibration indices.

ICI is the mean distance of the forecast from the smooth curve over the cases, E50 and E90 the distance that 50 and 90
in 100 cases keep within, Emax the largest (Austin and Steyerberg 2019, Statistics in Medicine 38:4051). That paper
smooths by loess and names restricted cubic splines in a logistic fit as the other way; these are taken here, for they
can be fitted hundreds of times: five knots on the log-odds of the forecast, at the percentiles that Harrell gives
(Regression Modeling Strategies, 2015, table 2.3), a straight line where too few forecasts differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.bootstrap import Estimate, estimate, interval, resampled
from forecast.evaluation.metrics import CLIP
from forecast.evaluation.ranked import Ranked
from forecast.evaluation.recalibration import logistic_coefficients, overlap
from forecast.models.splines import curve, knots_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast.cases import Bools, Floats, Ints
    from forecast.progress import Progress

INDICES = ("ici", "e50", "e90", "emax")
DIGITS = 3
"""Decimals of the log-odds of a knot: nearer ones would be as good as one."""

FEWEST = 6
"""Distinct forecasts below which the curve is a straight line in log-odds."""

GRID = 61
TAIL = 0.01
"""Share of the cases beyond either end of the curve that is drawn: there is little to fit it to."""


@dataclass(frozen=True, slots=True)
class SmoothCalibration:
    """The smooth curve of what followed by forecast, with its 95 % band, and ``indices`` by name."""

    forecast: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    indices: Mapping[str, Estimate]
    replicates: int


def spline_design(log_odds: Floats, knots: tuple[float, ...]) -> Floats:
    """Return the columns 1, x and the bends of the restricted cubic spline of x (G,) with k knots: (G, max(2, k))."""
    bends = [curve(log_odds, knots, knot) for knot in knots[:-2]]
    return np.column_stack([np.ones(len(log_odds)), log_odds, *bends])


class Smoother:
    """Fit the curve of one forecast, p (n,) and y (n,), to many sets of weights (b, n)."""

    def __init__(self, p: Floats, y: Bools) -> None:
        self.ranked = Ranked(p, y)
        clipped = np.clip(p, CLIP, 1 - CLIP)
        log_odds = np.log(clipped) - np.log1p(-clipped)
        rounded = np.round(log_odds, DIGITS)
        self.knots = knots_of(rounded) if len(np.unique(rounded)) >= FEWEST else ()
        low, high = np.quantile(p, [TAIL, 1 - TAIL]) if len(p) else (0.5, 0.5)
        grid = np.unique(np.linspace(low, high, GRID).clip(CLIP, 1 - CLIP))
        self.grid = np.log(grid) - np.log1p(-grid)

    def coefficients(self, log_odds: Floats, positive: Floats, negative: Floats) -> Floats:
        """Return (b, k) coefficients; NaN where the classes do not overlap or the fit does not arrive."""
        design = spline_design(log_odds, self.knots)
        found = np.full((len(positive), design.shape[1]), np.nan)
        usable = overlap(positive > 0, negative > 0)
        start = np.zeros(design.shape[1])
        start[1] = 1.0
        flat = np.zeros(len(log_odds))
        found[usable] = logistic_coefficients(design, flat, positive[usable], negative[usable], start)
        return found

    def measure(self, weights: Floats) -> dict[str, Floats]:
        """Return the curve on the grid, (GRID, b), and each of :data:`INDICES`, (b,)."""
        log_odds, positive, negative = self.ranked.tallies(weights)
        found = self.coefficients(log_odds, positive, negative)
        smooth = _share(found @ spline_design(log_odds, self.knots).T)
        distance = np.abs(smooth - _share(log_odds))
        return {"curve": _share(found @ spline_design(self.grid, self.knots).T).T} | _indices(
            distance, positive + negative
        )


def smooth_calibration(
    p: Floats, y: Bools, people: Ints, *, replicates: int, seed: int, progress: Progress
) -> SmoothCalibration:
    """Fit the smooth curve of forecasts p (n,) to outcomes y (n,), with intervals over people (n,)."""
    smoother = Smoother(p, y)
    found = resampled({"": smoother.measure}, people, replicates=replicates, seed=seed, progress=progress)[""]
    return calibration_of(smoother, found, replicates)


def calibration_of(smoother: Smoother, found: Mapping[str, Floats], replicates: int) -> SmoothCalibration:
    """Turn what :meth:`Smoother.measure` gave, the point first, into a curve with its band and indices."""
    bands = [interval(row[1:]) or (float("nan"), float("nan")) for row in found["curve"]]
    return SmoothCalibration(
        forecast=_rounded(_share(smoother.grid)),
        observed=_rounded(found["curve"][:, 0]),
        low=_rounded([low for low, _ in bands]),
        high=_rounded([high for _, high in bands]),
        indices={name: estimate(found[name]) for name in INDICES},
        replicates=replicates,
    )


def _indices(distance: Floats, weight: Floats) -> dict[str, Floats]:
    """Return the weighted mean, median, 90 % point and largest of the distances, (b, G) both, of cases with weight."""
    total = weight.sum(axis=1)
    order = np.argsort(distance, axis=1)
    ranked = np.take_along_axis(distance, order, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    rows = np.arange(len(distance))

    def quantile(share: float) -> Floats:
        place = (reached < share * total[:, None]).sum(axis=1)
        value: Floats = ranked[rows, np.minimum(place, ranked.shape[1] - 1)]
        return value

    largest = np.where(weight > 0, distance, -np.inf).max(axis=1)
    mean = (distance * weight).sum(axis=1) / total
    return {"ici": mean, "e50": quantile(0.5), "e90": quantile(0.9), "emax": np.where(np.isnan(mean), mean, largest)}


def _share(log_odds: Floats) -> Floats:
    result: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    return result


def _rounded(values: Floats | list[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
