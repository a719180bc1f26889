"""Put a 95 % interval about the forecast of a group: how far the mean outcome of such people may lie from it.

The interval is about the group, never about a person: what is uncertain is how many of a few hundred people with a
record like this have the outcome, not which of them. Three errors of that mean add up, each by score and in log-odds:

* the choice of people that the model was fitted on: a delete-a-group jackknife over the models of the person folds;
* the choice of people that the calibration was fitted on: person-cluster bootstraps of slope and intercept;
* the shape: how far people that the fits had not seen lie off the calibration's straight line at that score.

It does not cover what changes between training and use; coverage on later data tells (`evaluation/coverage.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.calibration import sigmoid
from forecast.models.refits import bootstrap_lines, person_numbers, resampled_rows

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints
    from forecast.models.calibration import Calibration

Z95 = 1.959963984540054
REPLICATES = 200
MOST_GROUPS = 45
CASES_A_GROUP, REFERENCE_A_GROUP = 400, 80
"""Cases that a mean is taken over: training cases, and the fewer cases at which the fold models are compared."""
SMOOTHING, SHAPE_SMOOTHING = 2.0, 3.0
"""Standard deviation, in groups, of the weights with which neighbouring groups are averaged."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Standard errors of one level in calibrated log-odds, piecewise linear over ``knots`` (J,) of the score.

    ``models``, ``calibration`` and ``shape`` add up as squares. ``record`` is how far the figure of a single record
    moves when other people are drawn; in a group most of it averages out, so it is told but is no part of the interval.
    """

    knots: tuple[float, ...]
    models: tuple[float, ...]
    calibration: tuple[float, ...]
    shape: tuple[float, ...]
    record: tuple[float, ...]

    @property
    def half_widths(self) -> Floats:
        """Half the width of the 95 % interval at each knot, in log-odds."""
        half: Floats = Z95 * np.sqrt(np.square([self.models, self.calibration, self.shape]).sum(axis=0))
        return half


@dataclass(frozen=True, slots=True)
class Intervals:
    """The half-widths of each level reached."""

    curves: tuple[Curve, ...]

    def bounds(self, log_odds: Floats) -> tuple[Floats, Floats]:
        """Return the ends, two (n, K-1) of probabilities, about (n, K-1) calibrated log-odds as they are shown.

        They always contain the forecast, and no end of a level lies above that of the level before it.
        """
        half = np.column_stack(
            [np.interp(z, c.knots, c.half_widths) for z, c in zip(log_odds.T, self.curves, strict=True)]
        )
        point = sigmoid(log_odds)
        low = np.minimum(np.minimum.accumulate(sigmoid(log_odds - half), axis=1), point)
        high = np.maximum(np.minimum.accumulate(sigmoid(log_odds + half), axis=1), point)
        if not ((low <= point) & (point <= high)).all():
            raise ArithmeticError("an interval does not contain its forecast")
        return low, high

    def to_json(self) -> list[dict[str, Any]]:
        """Return the curves as plain data."""
        return [{name: list(values) for name, values in dataclasses.asdict(c).items()} for c in self.curves]

    @classmethod
    def from_json(cls, content: Sequence[Mapping[str, Sequence[float]]]) -> Intervals:
        """Build intervals from plain data."""
        return cls(tuple(Curve(**{name: tuple(values) for name, values in c.items()}) for c in content))


def fit_intervals(
    *,
    fold_log_odds: Floats | None,
    margins: Floats,
    happened: Bools,
    persons: Any,
    calibration: Calibration,
    replicates: int = REPLICATES,
    seed: int,
) -> Intervals:
    """Return the intervals of a model from its out-of-fold fits.

    Parameters
    ----------
    fold_log_odds : (F, m, K-1) margins that each person-fold model gives to the same m cases; ``None`` for what is
        not fitted in folds (a published scale), which then has the calibration's errors only.
    margins : (n, K-1) out-of-fold margins, on which ``calibration`` was fitted.
    happened : (n, K-1). persons : (n,) names of the people.
    replicates : bootstraps of the calibration. seed : of numpy's default generator.
    """
    people, scores = person_numbers(persons), calibration.uncapped(margins)
    curves = []
    for k in range(margins.shape[1]):
        folds = None if fold_log_odds is None else calibration.a[k] * fold_log_odds[:, :, k] + calibration.b[k]
        lines = bootstrap_lines(scores[:, k], happened[:, k], people, replicates=replicates, seed=seed)
        curves.append(_curve(scores[:, k], happened[:, k], people, folds, lines))
    return Intervals(tuple(curves))


def _curve(score: Floats, happened: Bools, people: Ints, folds: Floats | None, lines: Floats) -> Curve:
    """Put the errors of one level together; ``folds`` (F, m) in calibrated log-odds, ``lines`` (B, 2)."""
    groups = _groups(score, CASES_A_GROUP)
    middles = np.array([score[rows].mean() for rows in groups])
    off = np.array([_off_the_line(score[rows], happened[rows], people[rows]) for rows in groups])
    knots = np.unique(np.round(np.concatenate([[score.min()], middles, [score.max()]]), 6))
    of_line = (lines[:, :1] + lines[:, 1:] * knots).std(axis=0, ddof=1)
    together, alone = (np.zeros(len(knots)),) * 2 if folds is None else _jackknife(folds, knots)
    shape = np.sqrt(_at(knots, middles, _shape(off)))
    return Curve(*(_plain(part) for part in (knots, together, of_line, shape, alone)))


def _plain(values: Floats) -> tuple[float, ...]:
    """Round, so that the last digits of sums, which may differ with the number of threads, change nothing."""
    return tuple(np.round(values, 6).tolist())


def _groups(score: Floats, size: int) -> list[Ints]:
    """Return the rows of cases of like score, lowest first: as many groups of ``size`` as there are, at most 45."""
    order = np.argsort(score, kind="stable")
    return np.array_split(order, min(MOST_GROUPS, max(1, len(order) // size)))


def _jackknife(folds: Floats, knots: Floats) -> tuple[Floats, Floats]:
    """Return at the knots the standard errors of a group's mean and of a single record, from (F, m) fold models.

    Delete-a-group jackknife: (F - 1)/F times the sum of squared deviations from the mean of the F models (Kott 2001,
    Journal of Official Statistics 17:521); in expectation it is not too small (Efron and Stein 1981, Annals of
    Statistics 9:586). For a group the deviations are averaged over its cases before they are squared.
    """
    count, middle = len(folds), folds.mean(axis=0)
    off = (folds - middle) * np.sqrt((count - 1) / count)
    groups = _groups(middle, REFERENCE_A_GROUP)
    middles = np.array([middle[rows].mean() for rows in groups])
    together = np.array([np.square(off[:, rows].mean(axis=1)).sum() for rows in groups])
    alone = np.array([np.square(off[:, rows]).sum(axis=0).mean() for rows in groups])
    one, other = (np.sqrt(_at(knots, middles, _smooth(each))) for each in (together, alone))
    return one, other


def _off_the_line(score: Floats, happened: Bools, people: Ints) -> float:
    """Return the square of a group's mean distance from the line in log-odds, less what chance alone gives.

    To first order: residuals over p(1 - p), which for large distances comes out a little small.
    Chance: the variance of the mean with people as units (Liang and Zeger 1986, Biometrika 73:13).
    """
    p = sigmoid(score)
    information = float((p * (1 - p)).sum())
    by_person = np.bincount(people, happened - p)
    return (float(by_person.sum()) ** 2 - float(np.square(by_person).sum())) / information**2


def _shape(off: Floats) -> Floats:
    """Return the squared distances from the line (G,) as they are used, from noisy ones that may be below zero.

    They are averaged over more neighbours than the other errors, for each is the difference of two like figures, and
    once more after what is below zero was cut off. Else they would say that the line is exactly right at one score
    and off a little further on, which a few hundred cases cannot tell.
    """
    return _smooth(np.maximum(_smooth(off, SHAPE_SMOOTHING), 0), SHAPE_SMOOTHING)


def _smooth(values: Floats, spread: float = SMOOTHING) -> Floats:
    """Average each group with its neighbours, the nearer the more."""
    place = np.arange(len(values))
    weights = np.exp(-0.5 * np.square((place[:, None] - place) / spread))
    smoothed: Floats = weights @ values / weights.sum(axis=1)
    return smoothed


def _at(knots: Floats, middles: Floats, values: Floats) -> Floats:
    first = np.unique(middles, return_index=True)[1]  # groups of one score (many equal forecasts) share a place
    return np.interp(knots, middles[first], values[first])


def full_intervals(
    default: Intervals,
    refit: Callable[[Ints], Floats],
    persons: Any,
    *,
    replicates: int = REPLICATES,
    seed: int,
) -> Intervals:
    """Return intervals whose first two errors come from fitting model and calibration anew, for the report.

    ``refit`` gets the rows of a resample of people (a person drawn twice has each row twice) and returns calibrated
    log-odds (m, K-1) of the same m cases each time. The shape is kept from ``default``.
    """
    people = person_numbers(persons)
    made = np.stack([refit(rows) for rows in resampled_rows(people, replicates, seed)])
    curves = []
    for k, curve in enumerate(default.curves):
        # the variance over B resamples is 1/(B - 1) of the squares that the jackknife adds up, times (B - 1)/B
        together, alone = (part * np.sqrt(replicates) / (replicates - 1) for part in _jackknife(
            made[:, :, k], np.array(curve.knots)))  # fmt: skip
        nothing = (0.0,) * len(curve.knots)
        curves.append(Curve(curve.knots, _plain(together), nothing, curve.shape, _plain(alone)))
    return Intervals(tuple(curves))
