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


def fit_calibration(margins: Floats, happened: Bools) -> Calibration:
    """Fit slope and intercept for each level on (n, K-1) margins of cases that the model was not fitted on.

    A level whose margins hardly vary, or whose slope comes out at or below zero (the margins say nothing about
    the outcome), keeps slope 1 and gets an intercept alone.
    """
    pairs = [_fit_level(margins[:, k], happened[:, k]) for k in range(margins.shape[1])]
    return Calibration(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def identity(levels: int) -> Calibration:
    """Return the calibration that changes nothing."""
    return Calibration((1.0,) * levels, (0.0,) * levels)


def _fit_level(z: Floats, happened: Bools) -> tuple[float, float]:
    y = happened.astype(np.float64)
    if np.std(z) > 1e-9:
        a, b = _newton(z, y)
        if a > 0:
            return a, b
    return 1.0, _intercept(z, y)


def _newton(z: Floats, y: Floats, steps: int = 50) -> tuple[float, float]:
    """Maximise the likelihood with Platt's targets, (n1 + 1)/(n1 + 2) and 1/(n0 + 2), which keep it finite."""
    ones = y.sum()
    target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (len(y) - ones + 2))
    x = np.column_stack([z, np.ones_like(z)])
    beta = np.array([1.0, 0.0])
    for _ in range(steps):
        p = sigmoid(x @ beta)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-12 * np.eye(2), x.T @ (target - p))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    return float(beta[0]), float(beta[1])


def _intercept(z: Floats, y: Floats, steps: int = 50) -> float:
    b = 0.0
    for _ in range(steps):
        p = sigmoid(z + b)
        step = float((y - p).sum() / max((p * (1 - p)).sum(), 1e-12))
        b += step
        if abs(step) < 1e-12:
            break
    return b
