"""Reckon in calendar months and whole microseconds, UTC; windows are half-open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Ints

NEVER = int(np.iinfo(np.int64).min)
"""Stands for "no such time"; it is numpy's not-a-time, and lies before every window."""
ENDLESS = int(np.iinfo(np.int64).max)


def add_months(at: Ints, months: int) -> Ints:
    """Return the times ``months`` calendar months later, at the same time of day, UTC.

    A day that the month reached does not have becomes the month's last day: 29 February 2012 and 24 months is
    28 February 2014.
    """
    time = at.astype("datetime64[us]")
    day, month = time.astype("datetime64[D]"), time.astype("datetime64[M]")
    target = month + np.timedelta64(months, "M")
    first = target.astype("datetime64[D]")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - first - np.timedelta64(1, "D")
    landed = first + np.minimum(day - month.astype("datetime64[D]"), last)
    later: Ints = (landed.astype("datetime64[us]") + (time - day.astype("datetime64[us]"))).astype(np.int64)
    return later


def shown(at: int) -> str:
    """Return a time as people read it: 2014-12-31 00:00:00."""
    return str(np.datetime64(at, "us").astype("datetime64[s]")).replace("T", " ")
