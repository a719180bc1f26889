"""Reckon with days: calendar months later, the day of a moment in UTC."""

from __future__ import annotations

import calendar
import datetime


def months_later(day: datetime.date, months: int) -> datetime.date:
    """Return the day ``months`` calendar months later; a day that the month does not have becomes its last."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def day_of(moment: datetime.datetime) -> datetime.date:
    """Return the day of a moment, in UTC."""
    return moment.astimezone(datetime.UTC).date()


def shown(moment: datetime.datetime) -> str:
    """Return a moment as people read it, to the second, in UTC: 2026-05-03 09:30:00."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
