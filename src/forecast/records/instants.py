"""Measure time in whole microseconds since 1970-01-01 UTC, so that sums and comparisons are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import datetime

DAY_US = 86_400_000_000
YEAR_US = 31_557_600_000_000
"""A year of 365.25 days, as ages and times since are given in."""


def instant(day: datetime.date) -> int:
    """Return the first microsecond of a day, UTC."""
    return int(np.datetime64(day, "us").astype(np.int64))
