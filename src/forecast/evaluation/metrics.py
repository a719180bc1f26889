"""Measure forecasts under many sets of weights at once.

A score is sorted once (:func:`presort`). Each set of weights is then added up to the weight of people with and
without the outcome at each distinct score (:func:`tally`); every metric is a function of these sums, so that ties
are exact, and a scale with ten values costs ten columns however many cases there are.

Shapes: n cases, B sets of weights, G distinct scores. A metric that has no value (one class only, no weight) is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.recalibration import calibration_intercept, calibration_slope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forecast.cases import Bools, Floats, Ints

CLIP = 1e-15
"""Forecasts nearer to 0 or 1 than this count as this near in the log-loss and in log-odds."""


@dataclass(frozen=True)
class Presorted:
    """A score in rising order. ``order``: (m,) columns of the weights; ``positive``: (m,) outcome in that order;
    ``starts``: (G,) first position of each distinct score; ``values``: (G,) distinct scores.
    """

    order: Ints
    positive: Floats
    starts: Ints
    values: Floats

    @cached_property
    def terms(self) -> Terms:
        """What metrics ask of each distinct score, worked out once for all sets of weights."""
        clipped = np.clip(self.values, CLIP, 1 - CLIP)
        with_outcome, without = np.log(clipped), np.log1p(-clipped)
        return Terms((1 - self.values) ** 2, self.values**2, with_outcome, without, with_outcome - without)


@dataclass(frozen=True, slots=True)
class Terms:
    """Squared distance and logarithm of each distinct score, (G,), with the outcome and without, and its log-odds."""

    square_with: Floats
    square_without: Floats
    log_with: Floats
    log_without: Floats
    log_odds: Floats


@dataclass(frozen=True)
class Tallies:
    """Weight at each distinct score: ``positive`` and ``negative`` are (b, G), those of ``ranked`` (G,)."""

    ranked: Presorted
    positive: Floats
    negative: Floats

    @cached_property
    def events(self) -> Floats:
        """Weight of the cases with the outcome, (b,)."""
        return self.positive.sum(axis=1)  # type: ignore[no-any-return]

    @cached_property
    def non_events(self) -> Floats:
        """Weight of the cases without the outcome, (b,)."""
        return self.negative.sum(axis=1)  # type: ignore[no-any-return]

    @cached_property
    def total(self) -> Floats:
        """Weight of all cases, (b,)."""
        return self.events + self.non_events

    @property
    def values(self) -> Floats:
        """The distinct scores, (G,)."""
        return self.ranked.values

    @property
    def terms(self) -> Terms:
        """What metrics ask of them."""
        return self.ranked.terms


def presort(y: Bools, p: Floats, rows: Ints | None = None) -> Presorted:
    """Sort the scores ``p`` (n,) with their outcomes ``y`` (n,), of all cases or of those at the positions ``rows``."""
    columns = np.arange(len(p)) if rows is None else np.asarray(rows)
    order = columns[np.argsort(np.asarray(p)[columns], kind="stable")]
    ranked = np.asarray(p, dtype=np.float64)[order]
    if np.isnan(ranked).any():
        raise ValueError("a score to be measured is NaN; choose the rows where it is present")
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]][: len(ranked)])
    return Presorted(order, np.asarray(y, dtype=bool)[order].astype(np.float64), starts, ranked[starts])


def tally(ranked: Presorted, weights: Floats) -> Tallies:
    """Add up weights, (b, n) or (n,) in the order of the cases, by outcome and distinct score."""
    every = np.take(np.atleast_2d(np.asarray(weights, dtype=np.float64)), ranked.order, axis=1)
    positive = every * ranked.positive
    if len(ranked.starts) < len(ranked.order):
        every, positive = (np.add.reduceat(part, ranked.starts, axis=1) for part in (every, positive))
    return Tallies(ranked, positive, every - positive)


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with NaN where the divisor is not above zero."""
    result: Floats = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=result, where=np.asarray(below) > 0)
    return result


def auc(t: Tallies) -> Floats:
    """Return the area under the ROC curve, (b,): the share of pairs ranked rightly, a tie counting half.

    This is the Mann-Whitney statistic with midranks (Hanley and McNeil 1982, Radiology 143:29), weighted.
    """
    below = np.cumsum(t.negative, axis=1)
    below -= 0.5 * t.negative
    return ratio(np.einsum("bg,bg->b", below, t.positive), t.events * t.non_events)


def brier(t: Tallies) -> Floats:
    """Return the mean squared distance of forecast and outcome, (b,) (Brier 1950, Monthly Weather Review 78:1)."""
    return ratio(t.positive @ t.terms.square_with + t.negative @ t.terms.square_without, t.total)


def base_rate(t: Tallies) -> Floats:
    """Return the weighted share with the outcome, (b,)."""
    return ratio(t.events, t.total)


def mean_forecast(t: Tallies) -> Floats:
    """Return the weighted mean of the forecast, (b,)."""
    return ratio((t.positive + t.negative) @ t.values, t.total)


def observed_minus_forecast(t: Tallies) -> Floats:
    """Return base rate less mean forecast, (b,): calibration-in-the-large as a probability."""
    return base_rate(t) - mean_forecast(t)


def brier_skill(t: Tallies) -> Floats:
    """Return 1 - Brier / Brier of forecasting the base rate of the same data for everyone, (b,).

    The reference is r(1 - r) (Murphy 1973, Journal of Applied Meteorology 12:595).
    """
    rate = base_rate(t)
    return 1 - ratio(brier(t), rate * (1 - rate))


def log_loss(t: Tallies) -> Floats:
    """Return the mean negative log-likelihood, (b,), natural logarithm, forecasts clipped to [1e-15, 1 - 1e-15]."""
    return ratio(-(t.positive @ t.terms.log_with + t.negative @ t.terms.log_without), t.total)


def expected_observed(t: Tallies) -> Floats:
    """Return expected over observed events, (b,); 1 is right, above 1 the forecast is too high on average."""
    return ratio((t.positive + t.negative) @ t.values, t.events)


def intercept(t: Tallies) -> Floats:
    """Return calibration-in-the-large on the log-odds scale, (b,); see :func:`calibration_intercept`."""
    return calibration_intercept(t.terms.log_odds, t.positive, t.negative)


def slope(t: Tallies) -> Floats:
    """Return the calibration slope, (b,); see :func:`calibration_slope`."""
    return calibration_slope(t.terms.log_odds, t.positive, t.negative)


METRICS: Mapping[str, Callable[[Tallies], Floats]] = {
    "auc": auc,
    "brier": brier,
    "brier_skill": brier_skill,
    "log_loss": log_loss,
    "calibration_intercept": intercept,
    "calibration_slope": slope,
    "expected_observed": expected_observed,
}
"""The metrics of a forecast, by the name under which results carry them."""


def confusion(t: Tallies, cutoff: float) -> Floats:
    """Return the weights of true positives, false positives, false negatives and true negatives, (4, b).

    A case is flagged when its score is at or above ``cutoff``.
    """
    first = int(np.searchsorted(t.values, cutoff, side="left"))
    hits, false_alarms = t.positive[:, first:].sum(axis=1), t.negative[:, first:].sum(axis=1)
    return np.stack([hits, false_alarms, t.events - hits, t.non_events - false_alarms])


def confusion_parts(counts: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return for each rate of (4, b) counts of :func:`confusion` what stands above and below the line, (b,) each.

    Names as in Altman and Bland 1994 (BMJ 308:1552 and 309:102): ``recall`` is sensitivity, ``precision`` the positive
    predictive value; ``false_omission_rate`` is the share with the outcome among those not flagged.
    """
    tp, fp, fn, tn = counts
    everyone = tp + fp + fn + tn
    return {
        "accuracy": (tp + tn, everyone),
        "recall": (tp, tp + fn),
        "false_positive_rate": (fp, fp + tn),
        "false_negative_rate": (fn, tp + fn),
        "precision": (tp, tp + fp),
        "false_omission_rate": (fn, fn + tn),
        "flagged": (tp + fp, everyone),
    }
