"""Find the moments at which a forecast is made: one a custody event, at the time its record was opened.

What a row says is taken from the *first* version of a custody event, for that is what was on the screen; later
corrections are the business of features (as of a later moment) and outcomes (at the end of the data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.records.arrange import Arranged
from forecast.records.schema import FORECAST_REASONS

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast.cases import Bools, Ints


@dataclass(frozen=True)
class Moments:
    """Forecast moments in the order of person, ``as_of`` and custody id; arrays of equal length.

    ``person``: place of the person in `persons`. ``event_row``: row of the event's first version in `custody_events`,
    which also names the event in ``Arranged.stay``. ``as_of``: microseconds since 1970, UTC.
    """

    person: Ints
    event_row: Ints
    as_of: Ints

    def __len__(self) -> int:
        """Return how many moments there are."""
        return len(self.as_of)

    def take(self, keep: Bools | Ints) -> Moments:
        """Return the moments that a mask or places (in ascending order) choose."""
        return Moments(self.person[keep], self.event_row[keep], self.as_of[keep])


def moments(arranged: Arranged) -> Moments:
    """Return a moment for each custody event that asks for a forecast and was not withdrawn altogether."""
    rows = first_versions(arranged)
    return moments_at(arranged, rows[asks_for_forecast(arranged)[rows] & ~withdrawn(arranged)[rows]])


def moments_at(arranged: Arranged, rows: Ints) -> Moments:
    """Return the moments of the custody events whose first versions are at ``rows`` (ascending)."""
    recorded = arranged.records.custody_events["recorded_at"].cast(pa.int64()).to_numpy()
    return Moments(event_people(arranged)[rows], rows, recorded[rows])


def event_people(arranged: Arranged) -> Ints:
    """Return (events,) the place of the person of each row of `custody_events`."""
    return np.repeat(np.arange(arranged.people, dtype=np.int64), np.diff(arranged.event_starts))


def first_versions(arranged: Arranged) -> Ints:
    """Return the rows of `custody_events` that are the first version of their event, ascending."""
    return np.flatnonzero(arranged.stay == np.arange(len(arranged.stay))).astype(np.int64)


def asks_for_forecast(arranged: Arranged) -> Bools:
    """Say for each row of `custody_events` whether its reason is one that asks for a forecast."""
    found = pc.is_in(arranged.records.custody_events["reason"], value_set=pa.array(FORECAST_REASONS))
    mask: npt.NDArray[np.bool_] = found.to_numpy()
    return mask


def withdrawn(arranged: Arranged) -> Bools:
    """Say for each row of `custody_events` whether no version of its event stands any more."""
    stands: Bools = arranged.records.custody_events["superseded_at"].is_null().to_numpy()
    standing = np.bincount(arranged.stay[stands], minlength=len(arranged.stay))
    gone: Bools = standing[arranged.stay] == 0
    return gone
