"""Take censoring in the open: weights for windows that are not complete yet, and incidence with competing events.

Both estimators are textbook ones: inverse probability of censoring weights after Kaplan and Meier, and the cumulative
incidence of Aalen and Johansen. Times are integers, so that ties are exact; where an event and a censoring fall at the
same time, the event came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.outcomes.build import Outcomes
from forecast.outcomes.windows import NEVER, add_months
from forecast.problems import Problem
from forecast.records.instants import DAY_US

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints

CAUSES = ("rearrest", "death", "moving")
_FAR = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Curve:
    """A step function: ``values[i]`` holds from ``times[i]`` on, and ``start`` before the first."""

    times: Ints
    values: Floats
    start: float

    def before(self, at: Ints) -> Floats:
        """Return the value just before each time."""
        place = np.searchsorted(self.times, at, side="left")
        values: Floats = np.concatenate([[self.start], self.values])[place]
        return values


def censoring_survival(time: Ints, censored: Bools) -> Curve:
    """Return the Kaplan-Meier curve of *not yet being censored*, from (n,) times and whether each ended by censoring.

    At risk of being censored at t are those whose time is later, and those censored at t; who had the event at t is
    not at risk any more.
    """
    at, count = np.unique(time[censored], return_counts=True)
    later = len(time) - np.searchsorted(np.sort(time), at, side="right")
    return Curve(at, np.cumprod(1 - count / (later + count)), 1.0)


def ipcw_weights(outcomes: Outcomes, at_months: int, level: str = "any", also: tuple[str, ...] = ()) -> Floats:
    """Return (n,) weights that let cases with a known outcome after ``at_months`` stand for those without.

    A case is known if it reached ``level`` before it was censored, or was followed for the whole time. Its weight is
    1 / G(t-), with G the censoring curve and t the time of the outcome or the end of the window; all others weigh 0.
    The end of the data censors; ``also`` may name "died" and "moved": follow-up then ends there, and the weighted rate
    is what it would be had they stayed. For proof, the wait for the conviction is added to ``at_months``.

    Raises ``outcome-horizon`` if the outcomes were followed for less.
    """
    definition = outcomes.definition
    if at_months > definition.horizon_months:
        raise Problem("outcome-horizon", months=at_months, horizon=definition.horizon_months)
    as_of = outcomes.moments.as_of
    wait = definition.closing_months - definition.horizon_months
    due = add_months(as_of, at_months + wait) - as_of
    event, censoring = _first(outcomes, outcomes.reached_on(level)), _censored_at(outcomes, also)
    known = ((event <= censoring) & (event < due)) | (censoring >= due)
    seen = as_of < outcomes.data_end
    curve = censoring_survival(np.minimum(event, censoring)[seen], (censoring < event)[seen])
    weights = np.zeros(len(outcomes))
    weights[known] = 1 / curve.before(np.minimum(event, due)[known])
    return weights


def _first(outcomes: Outcomes, on: Ints) -> Ints:
    """Return microseconds from ``as_of`` to a time, or a time that never comes."""
    return np.where(on == NEVER, _FAR, on - outcomes.moments.as_of)


def _censored_at(outcomes: Outcomes, also: tuple[str, ...]) -> Ints:
    """Return microseconds from ``as_of`` to the end of the data or the first of the events named, if it is earlier."""
    at = outcomes.data_end - outcomes.moments.as_of
    for name, on in (("died", outcomes.died_at), ("moved", outcomes.moved_at)):
        if name in also:
            at = np.minimum(at, _first(outcomes, on))
    return at


def cumulative_incidence(time: Ints, cause: Ints, causes: int) -> tuple[Ints, Floats]:
    """Return the times of events and, for each, the (times, causes) share to whom each cause has happened by then.

    ``cause`` is 0 for censored, else 1 to ``causes``. Aalen and Johansen: the sum over event times of the share that
    was still event-free just before, times the share of those at risk to whom the cause happened.
    """
    at = np.unique(time[cause > 0])
    at_risk = len(time) - np.searchsorted(np.sort(time), at, side="left")
    happened = np.stack(
        [np.bincount(np.searchsorted(at, time[cause == k]), minlength=len(at)) for k in range(1, causes + 1)], axis=1
    )
    free = np.cumprod(1 - happened.sum(axis=1) / np.maximum(at_risk, 1))
    before = np.concatenate([[1.0], free[:-1]])
    return at, np.cumsum(before[:, None] * happened / np.maximum(at_risk, 1)[:, None], axis=0)


def aalen_johansen(outcomes: Outcomes, level: str = "any") -> pd.DataFrame:
    """Return the incidence of ``level`` with death and moving away as competing events, one row a day with an event.

    ``day`` counts whole days since ``as_of`` (0: within 24 hours); the columns of :data:`CAUSES` hold the share to
    whom each has happened by the end of that day. Follow-up ends at the window's end or at the end of the data.
    Times are exact within the estimate; only the rows are by day. There is no interval: cases of one person are not
    independent, so that the textbook variance would be too small.
    """
    import pandas as pd

    as_of = outcomes.moments.as_of
    seen = np.minimum(outcomes.closes, outcomes.data_end) - as_of
    events = [_first(outcomes, on) for on in (outcomes.reached_on(level), outcomes.died_at, outcomes.moved_at)]
    first = np.minimum.reduce(events)
    cause = np.where(first < seen, np.argmin(np.stack(events), axis=0) + 1, 0)
    at, incidence = cumulative_incidence(np.minimum(first, seen), cause, len(CAUSES))
    frame = pd.DataFrame(incidence, columns=list(CAUSES))
    frame.insert(0, "day", at // DAY_US)
    return frame.groupby("day", as_index=False).last()
