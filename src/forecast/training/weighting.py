"""Weigh cases whose outcome window is not complete yet, so that the latest months count in a fit (IPCW).

A case is known if it reached the level while it was followed, or was followed for the whole window. It then counts
1 / G(t-), with G the Kaplan-Meier curve of not yet being censored and t the time of its outcome or the end of its
window; any other case counts nothing (Robins and Rotnitzky 1992; for prediction models Vock et al. 2016).

Cases come as they stood on one day (`splits.training_cases`): what happened on or after it moves no outcome and no
weight. The weights take it that the end of the data censors whatever kind of case it is; where the kinds of cases
drift over the years, that holds only nearly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.outcomes.censoring import censoring_survival
from forecast.training.parts import Sample

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Floats, Ints

_SECONDS = 86_400
_NEVER = int(np.iinfo(np.int64).max)


def horizon_days(as_of: pd.Series, months: int) -> Floats:
    """Return (n,) days from each moment to the end of a window of so many calendar months."""
    window = as_of + pd.DateOffset(months=months) - as_of
    return window.dt.total_seconds().to_numpy(dtype=np.float64) / _SECONDS


def weighted_sample(cases: Cases, months: int) -> Sample:
    """Return cases, as `splits.training_cases` gives them, as what a weighted fit learns from.

    ``months``: until an outcome is settled (`Description.closing_months`). Cases that count nothing are left out.
    """
    if cases.times is None or cases.followed is None:
        raise ValueError("times and follow-up are needed to weigh cases")
    horizon = horizon_days(cases.keys[AS_OF], months)
    followed = cases.followed.to_numpy(dtype=np.float64)
    happened, weights = weighted_outcomes(cases.times, followed, horizon)
    sample = Sample(cases.features, happened, cases.keys[PERSON_ID], weights, _over(followed, horizon))
    return sample.take(np.flatnonzero(weights.any(axis=1)))


def weighted_outcomes(times: pd.DataFrame, followed: Floats, horizon: Floats | float) -> tuple[Bools, Floats]:
    """Return (happened, weights), both (n, K-1), as they were known when follow-up ended.

    ``times``: days from the forecast to the first outcome of each level, NaN for none. ``followed``: (n,) days for
    which each case had been followed on the day that counts. ``horizon``: days of the window (:func:`horizon_days`),
    with the wait for proof if there is one. A case followed for no time at all counts nothing.
    """
    censored_at = _seconds(np.maximum(followed, 0.0))
    due = np.broadcast_to(_seconds(np.asarray(horizon, dtype=np.float64)), censored_at.shape)
    pairs = [_level(_seconds(times[level].to_numpy(dtype=np.float64)), censored_at, due) for level in times]
    return np.column_stack([happened for happened, _ in pairs]), np.column_stack([weights for _, weights in pairs])


def _over(followed: Floats, horizon: Floats) -> Bools:
    """Say of which cases (n,) the whole window had been seen, to the second as :func:`weighted_outcomes` counts it."""
    seen = _seconds(np.maximum(followed, 0.0))
    return (seen > 0) & (seen >= _seconds(horizon))


def _level(event: Ints, censored_at: Ints, due: Ints) -> tuple[Bools, Floats]:
    seen = event < censored_at  # an outcome on the very day that counts was not known when it began
    happened = seen & (event < due)
    known = happened | ((censored_at >= due) & (censored_at > 0))
    there = censored_at > 0
    curve = censoring_survival(np.minimum(event, censored_at)[there], ~seen[there])
    weights = np.zeros(len(event))
    weights[known] = 1 / curve.before(np.where(happened, event, due)[known])
    return happened, weights


def _seconds(days: Floats) -> Ints:
    """Return days as whole seconds, so that ties are exact; NaN is a time that never comes."""
    missing = np.isnan(days)
    return np.where(missing, _NEVER, np.rint(np.where(missing, 0.0, days) * _SECONDS).astype(np.int64))
