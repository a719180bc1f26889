"""Fit many small logistic regressions by Newton's method in machine code: compiled when first called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features.compiled import compiled

if TYPE_CHECKING:
    from forecast.cases import Floats


@compiled
def logistic(
    design: Floats,
    offset: Floats,
    positive: Floats,
    negative: Floats,
    coefficients: Floats,
    steps: int,
    tolerance: float,
    extreme: float,
) -> None:
    """Fit ``coefficients`` (b, k), given as a start, by damped Newton steps; NaN for a row that does not arrive.

    Shapes as in :func:`forecast.evaluation.recalibration.logistic_coefficients`.
    """
    k = design.shape[1]
    gradient, hessian, step = np.empty(k), np.empty((k, k)), np.empty(k)
    for b in range(len(positive)):
        arrived = False
        for _ in range(steps):
            _slopes(design, offset, positive[b], negative[b], coefficients[b], extreme, gradient, hessian)
            _solve(hessian, gradient, step)
            change = _largest_change(design, step)
            if change == np.inf:
                break
            for i in range(k):
                coefficients[b, i] += step[i] * (np.log1p(change) / change if change > 0.0 else 1.0)
            if change < tolerance:
                arrived = True
                break
        if not arrived:
            coefficients[b, :] = np.nan


@compiled
def _slopes(
    design: Floats,
    offset: Floats,
    positive: Floats,
    negative: Floats,
    coefficients: Floats,
    extreme: float,
    gradient: Floats,
    hessian: Floats,
) -> None:
    """Write the gradient and the lower half of the Hessian of the log-likelihood."""
    rows, k = design.shape
    gradient[:] = 0.0
    hessian[:, :] = 0.0
    for g in range(rows):
        weight = positive[g] + negative[g]
        if weight == 0.0:
            continue
        odds = offset[g]
        for i in range(k):
            odds += design[g, i] * coefficients[i]
        odds = np.exp(-min(max(odds, -extreme), extreme))
        chance = 1.0 / (1.0 + odds)
        against = odds * chance  # 1 - chance, but exact where the chance is nearly one
        pull = positive[g] * against - negative[g] * chance
        spread = chance * against * weight
        for i in range(k):
            gradient[i] += pull * design[g, i]
            for j in range(i + 1):
                hessian[i, j] += spread * design[g, i] * design[g, j]


@compiled
def _solve(hessian: Floats, gradient: Floats, step: Floats) -> None:
    """Solve for the step by Cholesky in place.

    A trace of ridge keeps a flat spot solvable: it bends the path, not where it arrives.
    """
    k = len(step)
    trace = 0.0
    for i in range(k):
        trace += hessian[i, i]
    for i in range(k):
        hessian[i, i] += 1e-12 * trace + 1e-300
        for j in range(i + 1):
            rest = hessian[i, j]
            for m in range(j):
                rest -= hessian[i, m] * hessian[j, m]
            hessian[i, j] = np.sqrt(rest) if i == j else rest / hessian[j, j]
    for i in range(k):
        rest = gradient[i]
        for m in range(i):
            rest -= hessian[i, m] * step[m]
        step[i] = rest / hessian[i, i]
    for i in range(k - 1, -1, -1):
        rest = step[i]
        for m in range(i + 1, k):
            rest -= hessian[m, i] * step[m]
        step[i] = rest / hessian[i, i]


@compiled
def _largest_change(design: Floats, step: Floats) -> float:
    """Return by how much the step moves the log-odds of a row at most; infinity where it is no number."""
    change = 0.0
    for g in range(len(design)):
        moved = 0.0
        for i in range(len(step)):
            moved += design[g, i] * step[i]
        change = max(change, abs(moved)) if moved == moved else np.inf
    return change
