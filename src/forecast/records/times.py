"""Turn local times of a time zone into UTC, exactly, on the days too on which the clocks change.

Times are counts of microseconds since 1970. A *local* count is what the wall clock shows, read as if it were UTC.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from forecast.problems import Problem, nearest

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints

SECOND = 1_000_000
DAY = 86_400 * SECOND
_FIRST, _LAST = datetime(1899, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=3)  # no zone changes its clock and changes it back within so few days


@dataclass(frozen=True)
class Instants:
    """What local times mean: ``utc``, and where the clock showed the time never (``gap``) or twice (``repeated``)."""

    utc: Ints
    gap: Bools
    repeated: Bools


@dataclass(frozen=True)
class Clock:
    """The changes of a zone's clock between 1899 and 2101.

    ``changes``: (n,) UTC microseconds from which a new offset holds, ascending. ``offsets``: (n + 1,) microseconds that
    the clock is ahead of UTC: before the first change, then from each change on.
    """

    changes: Ints
    offsets: Ints

    @property
    def ahead(self) -> int:
        """The most that the clock is ever ahead of UTC, in microseconds; 0 for a zone that is always behind."""
        return max(0, int(self.offsets.max()))

    def to_utc(self, local: Ints, *, later: bool) -> Instants:
        """Return what the times mean; ``later`` chooses the second of two instants that the clock showed alike.

        The local line is cut where one offset's last and the next one's first reading lie: between the lower and the
        upper of the two, a reading is repeated (clock put back) or never shown (put forward).
        """
        before, after = self.changes + self.offsets[:-1], self.changes + self.offsets[1:]
        low, high = np.minimum(before, after), np.maximum(before, after)
        passed = np.searchsorted(high, local, side="right")  # changes that are wholly over
        within = np.searchsorted(low, local, side="right") > passed
        index = np.minimum(passed, len(self.changes) - 1) if len(self.changes) else passed
        back = (after < before)[index] if len(self.changes) else np.zeros(len(local), bool)
        repeated, gap = within & back, within & ~back
        offset = self.offsets[passed + (repeated & later)]
        return Instants(local - offset, gap, repeated)

    def to_local(self, utc: Ints) -> Ints:
        """Return what the clock showed at each instant."""
        local: Ints = utc + self.offsets[np.searchsorted(self.changes, utc, side="right")]
        return local


@functools.lru_cache(maxsize=8)
def clock(zone: str) -> Clock:
    """Return the clock of an IANA zone such as "Europe/London"; raise ``records-zone-unknown`` if there is none."""
    if zone not in available_timezones():
        raise Problem("records-zone-unknown", zone=zone, hint=nearest(zone, _common(zone)))
    info = ZoneInfo(zone)
    changes, offsets = [], [_offset(info, _FIRST)]
    day = _FIRST
    while day < _LAST:
        following = day + _STEP
        while _offset(info, following) != offsets[-1]:
            at = _first_other(info, day, following, offsets[-1])
            changes.append(at)
            offsets.append(_offset(info, at))
        day = following
    instants = [(at - _EPOCH) // timedelta(microseconds=1) for at in changes]
    return Clock(np.array(instants, dtype=np.int64), np.array([o // timedelta(microseconds=1) for o in offsets]))


def _offset(info: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(info).utcoffset() or timedelta(0)


def _first_other(info: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """Return the first second after ``low`` with another offset; at ``high`` there is another one."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=1) // 2)
        low, high = (middle, high) if _offset(info, middle) == offset else (low, middle)
    return high


def _common(zone: str) -> list[str]:
    """Return the zones worth naming in a hint: all of them only where a region was given."""
    region = zone.partition("/")[0]
    return sorted(z for z in available_timezones() if z.startswith(f"{region}/")) or ["Europe/London", "UTC"]
