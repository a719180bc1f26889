"""Ask of every protected group whether the forecast means there what it says: calibration within groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation import kernels
from forecast.evaluation.bootstrap import Estimate, estimate, resampled
from forecast.evaluation.calibration import reliability
from forecast.evaluation.metrics import ratio
from forecast.evaluation.recalibration import calibration_intercept, calibration_slope
from forecast.evaluation.smooth import SmoothCalibration, Smoother, calibration_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.calibration import Bin
    from forecast.evaluation.groups import Group
    from forecast.progress import Progress

BINS = 5
"""Bins of a group, which has fewer cases than the whole."""

FIGURES = ("calibration_intercept", "calibration_slope", "expected_observed")


@dataclass(frozen=True, slots=True)
class GroupCalibration:
    """Calibration in one judged group: bins, smooth curve, and :data:`FIGURES` beside the indices of the curve."""

    attribute: str
    value: str
    cases: int
    people: int
    events: int
    bins: tuple[Bin, ...]
    smooth: SmoothCalibration
    figures: Mapping[str, Estimate]


def calibration_within(
    groups: Sequence[Group],
    y: Bools,
    p: Floats,
    people: Ints,
    *,
    replicates: int,
    seed: int,
    progress: Progress,
) -> tuple[GroupCalibration, ...]:
    """Measure calibration of forecasts p (n,) of outcomes y (n,) in each judged group."""
    judged = {(group.attribute, group.value): group for group in groups if group.judged}
    smoothers = {key: Smoother(p[group.rows], y[group.rows]) for key, group in judged.items()}
    measures = {key: partial(_measure, smoother=smoothers[key], rows=group.rows) for key, group in judged.items()}
    found = resampled(measures, people, replicates=replicates, seed=seed, progress=progress)
    return tuple(
        GroupCalibration(
            *key,
            cases=len(group.rows),
            people=group.people,
            events=group.events,
            bins=reliability(y[group.rows], p[group.rows], people[group.rows], BINS),
            smooth=calibration_of(smoothers[key], found[key], replicates),
            figures={name: estimate(found[key][name]) for name in FIGURES},
        )
        for key, group in judged.items()
    )


def _measure(weights: Floats, *, smoother: Smoother, rows: Ints) -> dict[str, Floats]:
    mine = weights[:, rows]
    tallies = smoother.ranked.tallies(mine)
    sums = np.empty((len(mine), 2))
    kernels.kernel(kernels.sums)(mine, np.column_stack([smoother.ranked.p, smoother.ranked.y]), sums)
    return {
        **smoother.measure(mine),
        "calibration_intercept": calibration_intercept(*tallies),
        "calibration_slope": calibration_slope(*tallies),
        "expected_observed": ratio(*sums.T),
    }
