"""Resample people, never rows: what refitting on other people would have given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.calibration import sigmoid

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

PLACES = 512
"""Places on the axis of the score at which cases are joined; the likelihood is smooth, so it moves hardly anything."""
STEPS = 50
ARRIVED = 1e-9


def person_numbers(persons: Any) -> Ints:
    """Number the people behind (n,) rows from 0; a row without a name is a person of its own."""
    import pandas as pd

    codes = pd.factorize(np.asarray(persons, dtype=object), use_na_sentinel=True)[0].astype(np.int64)
    lost = codes < 0
    codes[lost] = codes.max(initial=-1) + 1 + np.arange(lost.sum())
    return codes


def person_counts(people: Ints, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield for each resample how often each row counts, (n,): as often as its person was drawn."""
    generator = np.random.default_rng(seed)
    size = int(people.max(initial=-1)) + 1
    for _ in range(replicates):
        yield np.bincount(generator.integers(0, size, size=size), minlength=size)[people].astype(np.float64)


def resampled_rows(people: Ints, replicates: int, seed: int) -> Iterator[Ints]:
    """Yield for each resample its rows; those of a person drawn twice stand there twice."""
    for counts in person_counts(people, replicates, seed):
        yield np.repeat(np.arange(len(people)), counts.astype(np.int64))


def bootstrap_lines(score: Floats, happened: Bools, people: Ints, *, replicates: int, seed: int) -> Floats:
    """Return intercept and slope, (B, 2), of the outcome on the calibrated score for each resample of people.

    The cluster bootstrap of Field and Welsh 2007 (Journal of the Royal Statistical Society B 69:369). Where the score
    does not vary, the slope is 0 and the intercept stands for the whole log-odds.
    """
    places, at = _places(score)
    weights = np.zeros((2, replicates, len(places)))
    for i, counts in enumerate(person_counts(people, replicates, seed)):
        for outcome in (0, 1):
            weights[outcome, i] = np.bincount(at, counts * (happened == outcome), minlength=len(places))
    if len(places) == 1:
        without, having = weights[:, :, 0] + 0.5
        return np.column_stack([np.log(having / without), np.zeros(replicates)])
    return _fitted(places, weights[1], weights[0])


def _places(score: Floats) -> tuple[Floats, Ints]:
    """Join scores at their means in at most 512 even steps; return the places (J,) and the place of each case."""
    if np.ptp(score) < 1e-9:
        return score[:1], np.zeros(len(score), dtype=np.int64)
    step = np.floor((score - score.min()) / np.ptp(score) * (PLACES - 1e-6)).astype(np.int64)
    _, at = np.unique(step, return_inverse=True)
    return np.bincount(at, score) / np.bincount(at), at


def _fitted(score: Floats, having: Floats, without: Floats) -> Floats:
    """Maximise B likelihoods at once by Newton's method; ``having`` and ``without``: (B, J) weights at the places.

    A step is shortened as in Sun and Tran-Dinh 2019 (Mathematical Programming 178:145), which arrives from any start.
    Half a case of either outcome at the mean score keeps a fit finite where a resample holds one outcome only.
    """
    design = np.column_stack([np.ones_like(score), score])
    having, without = (w + 0.5 * (np.arange(len(score)) == len(score) // 2) for w in (having, without))
    lines = np.tile([0.0, 1.0], (len(having), 1))
    for _ in range(STEPS):
        p = sigmoid(lines @ design.T)
        gradient = (having * (1 - p) - without * p) @ design
        spread = (having + without) * p * (1 - p)
        hessian = np.einsum("bj,jk,jl->bkl", spread, design, design, optimize=True) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        change = np.abs(step @ design[[0, -1]].T).max(axis=1)
        lines = lines + step * (np.log1p(change) / np.where(change > 0, change, 1))[:, None]
        if change.max() < ARRIVED:
            break
    return lines
