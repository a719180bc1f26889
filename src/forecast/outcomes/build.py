"""Build the outcomes of forecast moments: what happened in the window after each, as integers and yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.outcomes import kernel
from forecast.outcomes.definition import Definition
from forecast.outcomes.standing import Candidates, candidates, spans_inside, standing_versions, times
from forecast.outcomes.windows import ENDLESS, NEVER, add_months, shown
from forecast.problems import Problem
from forecast.records.arrange import Arranged
from forecast.records.instants import DAY_US
from forecast.records.moments import Moments
from forecast.records.schema import TIME

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints
    from forecast.records.taxonomy import Taxonomy


@dataclass(frozen=True)
class Outcomes:
    """What happened after each moment; arrays in the order of ``moments``, times in microseconds, UTC.

    ``any_on``, ``serious_on``: first qualifying arrest, charge or proof; ``NEVER`` if none was seen by ``data_end``.
    ``harm``: sum of ONS severity weights of the qualifying offences, in thousandths.
    ``ends``: first moment after the window; ``closes``: when the outcome is settled (later than ``ends`` for proof).
    ``complete``: whether that is at or before ``data_end``; if not, "no" only means "not yet seen".
    ``died_at``, ``moved_at``: in the window, at the earliest ``as_of``; ``NEVER`` if not known to have happened.
    ``days_in_prison``: whole days of remand or prison in the window, up to ``data_end``.
    ``diverted``: whether the presenting event was disposed of by diversion, as known at ``data_end``.
    """

    moments: Moments
    definition: Definition
    data_end: int
    any_on: Ints
    serious_on: Ints
    harm: Ints
    ends: Ints
    closes: Ints
    complete: Bools
    died_at: Ints
    moved_at: Ints
    days_in_prison: Ints
    diverted: Bools

    def __len__(self) -> int:
        """Return how many moments there are."""
        return len(self.any_on)

    @property
    def any(self) -> Bools:
        """Whether any offence qualified."""
        return _happened(self.any_on)

    @property
    def serious(self) -> Bools:
        """Whether a serious offence qualified; never without ``any``."""
        return _happened(self.serious_on)

    @property
    def died(self) -> Bools:
        """Whether the person is known to have died in the window."""
        return _happened(self.died_at)

    @property
    def moved(self) -> Bools:
        """Whether the person is known to have moved away in the window."""
        return _happened(self.moved_at)

    @property
    def days_to_first(self) -> Ints:
        """Whole days from ``as_of`` to ``any_on``; -1 if there was none."""
        return np.where(self.any, (self.any_on - self.moments.as_of) // DAY_US, -1)

    def reached_on(self, level: str) -> Ints:
        """Return when the level ``any`` or ``serious`` was first reached."""
        return {"any": self.any_on, "serious": self.serious_on}[level]

    def to_table(self) -> pa.Table:
        """Return one row a moment, without keys; what did not happen is null."""
        columns = {name: pa.array(getattr(self, name)) for name in ("any", "serious")}
        columns |= {name: _times(getattr(self, name)) for name in ("any_on", "serious_on")}
        columns["days_to_first"] = pa.array(self.days_to_first, mask=~self.any)
        columns["harm_milli"] = pa.array(self.harm)
        columns |= {name: pa.array(getattr(self, name)) for name in ("complete", "died", "moved")}
        columns["days_in_prison"] = pa.array(self.days_in_prison)
        columns["diverted"] = pa.array(self.diverted)
        return pa.table(columns)


def build_outcomes(
    arranged: Arranged, moments: Moments, taxonomy: Taxonomy, definition: Definition, data_end: int
) -> Outcomes:
    """Return the outcomes of ``moments`` (in their own order), seen at ``data_end`` (microseconds, UTC; not included).

    Raises ``outcome-nothing-complete`` if there are moments and no window is complete.
    """
    outcomes = follow(arranged, moments, taxonomy, definition, data_end)
    if len(moments) and not outcomes.complete.any():
        first = shown(int(outcomes.closes.min()))
        raise Problem("outcome-nothing-complete", count=f"{len(moments):,}", data_end=shown(data_end), closes=first)
    return outcomes


def follow(arranged: Arranged, moments: Moments, taxonomy: Taxonomy, definition: Definition, data_end: int) -> Outcomes:
    """Do what :func:`build_outcomes` does, whether or not a window is complete."""
    as_of = moments.as_of
    ends, closes = add_months(as_of, definition.horizon_months), add_months(as_of, definition.closing_months)
    found, seen = candidates(arranged, taxonomy, definition, data_end), np.minimum(ends, data_end)
    any_on, serious_on, harm = _reached(moments, found, seen, np.minimum(closes, data_end))
    return Outcomes(
        moments,
        definition,
        data_end,
        any_on,
        serious_on,
        harm,
        ends,
        closes,
        closes <= data_end,
        _left(arranged, moments, "died_on", seen),
        _left(arranged, moments, "moved_on", seen),
        _days_inside(arranged, moments, seen, data_end),
        _diverted(arranged, moments, data_end),
    )


def _reached(moments: Moments, found: Candidates, ends: Ints, closes: Ints) -> tuple[Ints, Ints, Ints]:
    any_on, serious_on = np.full(len(moments), NEVER), np.full(len(moments), NEVER)
    harm = np.zeros(len(moments), dtype=np.int64)
    kernel.outcomes(
        moments.person,
        moments.event_row,
        moments.as_of,
        ends,
        closes,
        found.starts,
        found.committed,
        found.counted,
        found.event,
        found.serious,
        found.weight,
        any_on,
        serious_on,
        harm,
    )
    return any_on, serious_on, harm


def _left(arranged: Arranged, moments: Moments, column: str, seen: Ints) -> Ints:
    """Return when a person died or moved, if from the day of ``as_of`` on and before ``seen``."""
    days = pc.fill_null(arranged.records.persons[column].cast(pa.int32()).cast(pa.int64()), ENDLESS // DAY_US)
    day = days.to_numpy()[moments.person] * DAY_US
    at = np.maximum(day, moments.as_of)  # only the day is known: on the day of the arrest it was after the arrest
    within = (day >= moments.as_of // DAY_US * DAY_US) & (at < seen)
    return np.where(within, at, NEVER)


def _days_inside(arranged: Arranged, moments: Moments, seen: Ints, data_end: int) -> Ints:
    spans = spans_inside(arranged, data_end)
    total = np.zeros(len(moments), dtype=np.int64)
    kernel.covered(moments.person, moments.as_of, seen, spans.starts, spans.begins, spans.stops, spans.person, total)
    return total // DAY_US


def _diverted(arranged: Arranged, moments: Moments, data_end: int) -> Bools:
    events = arranged.records.custody_events
    known = pc.fill_null(pc.equal(events["disposal"], "diversion"), False).to_numpy()
    known = known & (times(events, "disposed_at") < data_end)  # a missing date is NEVER, and that is earlier
    version = standing_versions(arranged, data_end)[moments.event_row]
    diverted: Bools = known[version] & (version >= 0)
    return diverted


def _times(at: Ints) -> pa.Array:
    return pa.array(at, TIME, mask=at == NEVER)


def _happened(at: Ints) -> Bools:
    happened: Bools = at != NEVER
    return happened
