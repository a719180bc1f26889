"""Reckon ages by the calendar: a person is 18 from the first moment of the 18th birthday."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast.cases import Floats, Ints
    from forecast.records.arrange import Arranged

    Days = npt.NDArray[np.datetime64]


def whole_years(arranged: Arranged, person: Ints, as_of: Ints) -> Floats:
    """Return (moments,) the age in whole years of each ``person`` at ``as_of``; NaN without a date of birth.

    Somebody born on 29 February has the birthday on 1 March of other years.
    """
    column = arranged.records.persons["born_on"].combine_chunks().cast("int32")
    known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))[person]
    born = column.fill_null(0).to_numpy(zero_copy_only=False).astype("datetime64[D]")[person]
    day = as_of.astype("datetime64[us]").astype("datetime64[D]")
    years = _year(day) - _year(born) - (_in_year(day) < _in_year(born))
    ages: Floats = np.where(known, years, np.nan)
    return ages


def _year(day: Days) -> Ints:
    years: Ints = day.astype("datetime64[Y]").astype(np.int64)
    return years


def _in_year(day: Days) -> Ints:
    """Return month and day as a number that orders them."""
    month = day.astype("datetime64[M]")
    of_month = (day - month.astype("datetime64[D]")).astype(np.int64)
    place: Ints = month.astype(np.int64) % 12 * 32 + of_month
    return place
