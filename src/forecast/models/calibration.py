"""Calibrate in log-odds: p = 1 / (1 + exp(-(a·z + b))), so that contributions still add up.

Platt 1999; the scale is kept in log-odds rather than isotonic for the sake of exact explanations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slope ``a`` and intercept ``b`` for each level reached."""

    a: tuple[float, ...]
    b: tuple[float, ...]

    def log_odds(self, margins: Floats) -> Floats:
        """Return calibrated log-odds of (n, K-1) margins, each level lowered to the one before where it is higher."""
        return np.minimum.accumulate(self.uncapped(margins), axis=1)

    def uncapped(self, margins: Floats) -> Floats:
        """Return calibrated log-odds of (n, K-1) margins before any level is lowered to the one before it."""
        calibrated: Floats = margins * np.array(self.a) + np.array(self.b)
        return calibrated


def sigmoid(log_odds: Floats) -> Floats:
    """Return probabilities of log-odds, without overflow at either end."""
    positive = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, positive) / (1.0 + positive)


def fit_calibration(margins: Floats, happened: Bools, weights: Floats | None = None) -> Calibration:
    """Fit slope and intercept for each level on (n, K-1) margins of cases that the model was not fitted on.

    A level whose margins hardly vary, or whose slope comes out at or below zero (the margins say nothing about
    the outcome), gets slope 0 and the base rate: no fact moves its forecast. ``weights``: (n, K-1), what each case
    counts for at each level.
    """
    counts = np.ones(margins.shape) if weights is None else weights
    pairs = [_fit_level(margins[:, k], happened[:, k], counts[:, k]) for k in range(margins.shape[1])]
    return Calibration(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def identity(levels: int) -> Calibration:
    """Return the calibration that changes nothing."""
    return Calibration((1.0,) * levels, (0.0,) * levels)


def _fit_level(z: Floats, happened: Bools, weights: Floats) -> tuple[float, float]:
    z, happened, weights = z[weights > 0], happened[weights > 0], weights[weights > 0]
    ones, n = float(weights[happened].sum()), float(weights.sum())
    spread = float(np.std(z))
    if spread > 1e-9:
        middle = float(np.mean(z))
        # Platt's targets instead of 1 and 0 keep the fit finite.
        target = np.where(happened, (ones + 1) / (ones + 2), 1 / (n - ones + 2))
        a, b = newton((z - middle) / spread, target, weights)
        if a > 0:
            return a / spread, b - a / spread * middle
    return 0.0, _logit(min(max(ones, 1.0), n - 1.0) / n)


def newton(z: Floats, target: Floats, weights: Floats, steps: int = 100) -> tuple[float, float]:
    """Maximise the likelihood of ``target`` over slope and intercept; a step that would lower it is halved."""
    x = np.column_stack([z, np.ones_like(z)])
    beta = np.array([0.0, _logit(float(np.average(target, weights=weights)))])
    best = _loss(x @ beta, target, weights)
    for _ in range(steps):
        p = sigmoid(x @ beta)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (weights * (target - p)))
        while (loss := _loss(x @ (beta + step), target, weights)) > best and np.abs(step).max() > 1e-12:
            step = step / 2
        beta, best = beta + step, loss
        if np.abs(step).max() < 1e-12:
            break
    return float(beta[0]), float(beta[1])


def _loss(log_odds: Floats, target: Floats, weights: Floats) -> float:
    return float((weights * (np.logaddexp(0.0, log_odds) - target * log_odds)).sum())


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))
