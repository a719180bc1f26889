"""Say from which threshold a forecast is of use: decision curves, and precision against recall.

Net benefit at a threshold t is the share of true positives less that of false positives times t/(1 - t): what flagging
by the forecast gains over flagging nobody, where one outcome missed counts as (1 - t)/t false alarms (Vickers and
Elkin 2006, Medical Decision Making 26:565). It is measured against flagging everybody and flagging nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation import kernels, metrics
from forecast.evaluation.bootstrap import Estimate, Probe, estimate, interval, replicate, resampled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Bools, Floats, Ints
    from forecast.progress import Progress

THRESHOLDS = tuple(round(0.05 + 0.01 * i, 2) for i in range(91))
POINTS = 150
DECIMALS = 5


@dataclass(frozen=True, slots=True)
class DecisionCurves:
    """Net benefit at each of ``thresholds``: of every model, of flagging everybody (``everyone``); of nobody it is 0.

    ``low`` to ``high``: 95 % interval of the chosen model's. ``useful``: the thresholds at which the chosen model's net
    benefit is above that of everybody and of nobody, by the 95 % intervals of the paired differences.
    """

    chosen: str
    thresholds: tuple[float, ...]
    models: Mapping[str, tuple[float, ...]]
    low: tuple[float, ...]
    high: tuple[float, ...]
    everyone: tuple[float, ...]
    useful: tuple[float, ...]
    replicates: int


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Precision by recall: ``curves`` of (recall, precision) by model, and each one's average precision."""

    base_rate: float
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    average_precision: Mapping[str, Estimate]
    replicates: int


def net_benefit(weights: Floats, bins: Ints, y: Floats, thresholds: Floats) -> tuple[Floats, Floats]:
    """Return net benefit of a forecast and of flagging everybody, (T, b) each.

    ``bins``: (n,) how many of the rising ``thresholds`` (T,) lie at or below each forecast.
    """
    positive, negative = np.zeros((2, len(weights), len(thresholds) + 1))
    kernels.kernel(kernels.sums_by_bin)(weights, bins, y, positive, negative)
    hits, alarms = (np.cumsum(part[:, ::-1], axis=1)[:, ::-1] for part in (positive, negative))
    total = hits[:, :1] + alarms[:, :1]
    price = thresholds / (1 - thresholds)
    ours = (hits[:, 1:] - price * alarms[:, 1:]) / total
    return ours.T, ((hits[:, :1] - price * alarms[:, :1]) / total).T


def decision_curves(
    models: Mapping[str, Floats],
    y: Bools,
    people: Ints,
    chosen: str,
    *,
    replicates: int,
    seed: int,
    progress: Progress,
    thresholds: Sequence[float] = THRESHOLDS,
) -> DecisionCurves:
    """Measure net benefit of forecasts (n,) of outcomes y (n,), by model, with intervals of the chosen one's."""
    at = np.asarray(thresholds)
    happened = y.astype(np.float64)
    bins = {name: np.searchsorted(at, p, side="right") for name, p in models.items()}
    points = {name: net_benefit(np.ones((1, len(y))), b, happened, at) for name, b in bins.items()}

    def measure(weights: Floats) -> dict[str, Floats]:
        ours, everyone = net_benefit(weights, bins[chosen], happened, at)
        return {"ours": ours, "gain": ours - np.maximum(everyone, 0)}

    found = resampled({"": measure}, people, replicates=replicates, seed=seed, progress=progress)[""]
    bands = [interval(row[1:]) or (float("nan"), float("nan")) for row in found["ours"]]
    gains = [interval(row[1:]) for row in found["gain"]]
    return DecisionCurves(
        chosen=chosen,
        thresholds=tuple(float(t) for t in at),
        models={name: _rounded(ours[:, 0]) for name, (ours, _) in points.items()},
        low=_rounded([low for low, _ in bands]),
        high=_rounded([high for _, high in bands]),
        everyone=_rounded(points[chosen][1][:, 0]),
        useful=tuple(float(t) for t, gain in zip(at, gains, strict=True) if gain is not None and gain[0] > 0),
        replicates=replicates,
    )


def _rounded(values: Floats | Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(value), DECIMALS) for value in values)


def stretches(values: Sequence[float], every: Sequence[float]) -> list[tuple[float, float]]:
    """Return the unbroken stretches, (first, last), of ``values`` among the rising ``every``."""
    found: list[tuple[float, float]] = []
    places = [i for i, value in enumerate(every) if value in set(values)]
    for i in places:
        if found and i and found[-1][1] == every[i - 1]:
            found[-1] = (found[-1][0], every[i])
        else:
            found.append((every[i], every[i]))
    return found


def average_precision(t: metrics.Tallies) -> Floats:
    """Return the sum over distinct scores of precision times the rise of recall, (b,); ties are one step."""
    hits = np.cumsum(t.positive[:, ::-1], axis=1)
    flagged = hits + np.cumsum(t.negative[:, ::-1], axis=1)
    precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
    return metrics.ratio(np.einsum("bg,bg->b", precision, t.positive[:, ::-1]), t.events)


def precision_recall(
    models: Mapping[str, Floats], y: Bools, people: Ints, *, replicates: int, seed: int, progress: Progress
) -> PrecisionRecall:
    """Measure precision against recall of forecasts (n,) of outcomes y (n,), by model."""
    probes = {
        name: Probe(metrics.presort(y, p), {"average_precision": average_precision}) for name, p in models.items()
    }
    found = replicate(probes, people, replicates=replicates, seed=seed, progress=progress)
    return PrecisionRecall(
        base_rate=float(y.mean()) if len(y) else float("nan"),
        curves={name: recall_precision(y, p) for name, p in models.items()},
        average_precision={name: estimate(one["average_precision"]) for name, one in found.items()},
        replicates=replicates,
    )


def recall_precision(y: Bools, p: Floats) -> tuple[tuple[float, float], ...]:
    """Return at most 150 points (recall, precision), evenly by recall; empty when nobody has the outcome."""
    t = metrics.tally(metrics.presort(y, p), np.ones(len(p)))
    if not len(p) or t.events[0] == 0:
        return ()
    hits, alarms = np.cumsum(t.positive[0, ::-1]), np.cumsum(t.negative[0, ::-1])
    recall, precision = hits / t.events[0], hits / (hits + alarms)
    kept = np.unique(np.searchsorted(recall, np.linspace(0, 1, POINTS)).clip(0, len(recall) - 1))
    return tuple((round(float(recall[i]), 4), round(float(precision[i]), 4)) for i in kept)
