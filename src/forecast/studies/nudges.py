"""Change records a little, as clocks and clerks do: what should hardly move a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.explanations.distance import is_count

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats
    from forecast.tables.description import Feature

A_MONTH = 1 / 12
"""In years."""
LATER, MISCOUNTED = "every length of time a month longer", "one count off by one"
NUDGES = (LATER, MISCOUNTED)


def nudged(nudge: str, frame: pd.DataFrame, features: Sequence[Feature], seed: int) -> pd.DataFrame:
    """Return features with every time a month longer, or with one count of each case, drawn at random, off by one.

    What is missing, or stands for "never", stays; a count never falls below its least value. Ages are no counts.
    """
    changed = frame.copy()
    if nudge == LATER:
        for feature in features:
            if feature.numeric and feature.unit == "years":
                values = frame[feature.name].to_numpy(dtype=np.float64)
                changed[feature.name] = np.where(_stays(feature, values), values, values + A_MONTH)
        return changed
    return _miscounted(changed, [f for f in features if counted(f, frame)], seed)


def counted(feature: Feature, frame: pd.DataFrame) -> bool:
    """Say whether a feature counts something, by what it is and by its values: whole numbers, none of them an age."""
    if feature.always_shown or not is_count(feature):
        return False
    values = frame[feature.name].to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    return bool(len(known) and (known == np.round(known)).all())


def _miscounted(frame: pd.DataFrame, counts: Sequence[Feature], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, max(len(counts), 1), len(frame))
    up = rng.random(len(frame)) < 0.5
    for j, feature in enumerate(counts):
        values = frame[feature.name].to_numpy(dtype=np.float64)
        least = 0.0 if feature.low is None else feature.low
        step = np.where(up | (values - 1 < least), 1.0, -1.0)
        here = (chosen == j) & ~_stays(feature, values)
        frame[feature.name] = np.where(here, values + step, values)
    return frame


def _stays(feature: Feature, values: Floats) -> Bools:
    """Say which values are left as they are: missing ones, and those that stand for "never"."""
    stays: Bools = np.isnan(values)
    return stays if feature.never is None else stays | (values == feature.never)
