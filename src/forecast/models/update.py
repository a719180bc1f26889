"""Update the calibration of a model that is in use, on newer cases, before anything is fitted anew.

Three grades, from least to most: nothing; the intercept alone (the outcome became more or less common); intercept and
slope (it also spreads differently). Which one is needed a closed test says (Vergouwe et al. 2017): each smaller grade
is given up only where the cases refute it. Rows of one person are not independent, so the tests are Wald tests with
the variance summed by person ("sandwich"), which hold with censoring weights too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.calibration import Calibration, newton, sigmoid
from forecast.problems import Problem

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

GRADES = ("nothing", "intercept", "intercept and slope")
FEWEST = 20
"""Outcomes, and cases without one, from which a level is updated."""
DOUBT = 0.05
"""Chance of giving up a grade that is good enough."""


@dataclass(frozen=True, slots=True)
class LevelUpdate:
    """What became of one level.

    ``intercept``: what is added to the calibrated log-odds; ``slope``: what they are multiplied by first. The standard
    errors are by person. ``refuted``: for each grade below the last the p-value against it.
    """

    grade: str
    intercept: float
    intercept_error: float
    slope: float
    slope_error: float
    refuted: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Update:
    """The calibration after the update, and what was done at each level."""

    calibration: Calibration
    levels: tuple[LevelUpdate, ...]


def updated(
    calibration: Calibration,
    margins: Floats,
    happened: Bools,
    *,
    persons: Sequence[object] | None = None,
    weights: Floats | None = None,
    grade: str = "intercept",
) -> Update:
    """Return ``calibration`` re-estimated on (n, K-1) margins of newer cases.

    ``grade``: one of :data:`GRADES`, or "tested" to let the closed test choose for each level. ``persons``: (n,) whose
    case it is; without it each row counts as a person. ``weights``: (n, K-1), what each case counts for.

    Raises ``update-rare`` for a level with fewer than 20 cases that count on either side.
    """
    counts = np.ones(margins.shape) if weights is None else weights
    groups = np.unique(np.asarray(persons if persons is not None else np.arange(len(margins))), return_inverse=True)[1]
    offsets = calibration.uncapped(margins)
    levels = []
    for k in range(margins.shape[1]):
        kept = counts[:, k] > 0
        _check_enough(happened[kept, k], k)
        levels.append(_level(offsets[kept, k], happened[kept, k], counts[kept, k], groups[kept], grade))
    a = tuple(old * new.slope for old, new in zip(calibration.a, levels, strict=True))
    b = tuple(old * new.slope + new.intercept for old, new in zip(calibration.b, levels, strict=True))
    return Update(Calibration(a, b), tuple(levels))


def _level(offset: Floats, happened: Bools, weights: Floats, groups: Ints, grade: str) -> LevelUpdate:
    target = happened.astype(np.float64)
    shift = _shift(offset, target, weights)
    shift_error = math.sqrt(_variance(np.ones((len(offset), 1)), offset + shift, target, weights, groups)[0, 0])
    flat = float(np.ptp(offset)) < 1e-9  # a level that is the same for everybody has no slope to find
    if flat:
        refuted = (_beyond((shift / shift_error) ** 2, 1), 1.0)
        slope, start, errors = 1.0, shift, (shift_error, 0.0)
    else:
        slope, start, variance = _line(offset, target, weights, groups)
        errors = (math.sqrt(variance[1, 1]), math.sqrt(variance[0, 0]))
        both = np.array([slope - 1, start])
        refuted = (_beyond(float(both @ np.linalg.solve(variance, both)), 2), _beyond(both[0] ** 2 / variance[0, 0], 1))
    chosen = _tested(refuted) if grade == "tested" else grade
    if chosen == GRADES[2] and slope <= 0:
        chosen = GRADES[1]  # a slope that turns the ranking round is a case for a new fit, not for an update
    if chosen == GRADES[0]:
        return LevelUpdate(chosen, 0.0, 0.0, 1.0, 0.0, refuted)
    if chosen == GRADES[1]:
        return LevelUpdate(chosen, shift, shift_error, 1.0, 0.0, refuted)
    return LevelUpdate(chosen, start, errors[0], slope, errors[1], refuted)


def _tested(refuted: tuple[float, float]) -> str:
    """Return the smallest grade that is not refuted; one is looked at only if the one before it is."""
    return next((grade for grade, p in zip(GRADES, refuted, strict=False) if p >= DOUBT), GRADES[2])


def _shift(offset: Floats, target: Floats, weights: Floats) -> float:
    """Return what must be added to log-odds so that as many outcomes are forecast as there were."""
    shift = 0.0
    for _ in range(100):
        p = sigmoid(offset + shift)
        slope = float((weights * p * (1 - p)).sum())
        step = float(np.clip((weights * (target - p)).sum() / max(slope, 1e-300), -2.0, 2.0))
        shift += step
        if abs(step) < 1e-12:
            break
    return shift


def _line(offset: Floats, target: Floats, weights: Floats, groups: Ints) -> tuple[float, float, Floats]:
    """Return slope, intercept and their (2, 2) covariance for outcomes on log-odds."""
    middle, spread = float(offset.mean()), float(offset.std())
    scaled, start = newton((offset - middle) / spread, target, weights)
    slope = scaled / spread
    start -= slope * middle
    x = np.column_stack([offset, np.ones_like(offset)])
    return slope, start, _variance(x, start + slope * offset, target, weights, groups)


def _variance(x: Floats, log_odds: Floats, target: Floats, weights: Floats, groups: Ints) -> Floats:
    """Return the covariance of a logistic fit with scores summed by person (Liang and Zeger 1986)."""
    p = sigmoid(log_odds)
    bread = np.linalg.inv((x * (weights * p * (1 - p))[:, None]).T @ x)
    scores = np.zeros((int(groups.max()) + 1, x.shape[1]))
    np.add.at(scores, groups, x * (weights * (target - p))[:, None])
    made: Floats = bread @ (scores.T @ scores) @ bread
    return made


def _beyond(statistic: float, freedom: int) -> float:
    """Return the chance that a chi-square of 1 or 2 degrees of freedom is larger."""
    return math.exp(-statistic / 2) if freedom == 2 else math.erfc(math.sqrt(statistic / 2))


def _check_enough(happened: Bools, level: int) -> None:
    fewer = int(min(happened.sum(), len(happened) - happened.sum()))
    if fewer < FEWEST:
        raise Problem("update-rare", level=level + 1, count=fewer, total=len(happened), needed=FEWEST)
