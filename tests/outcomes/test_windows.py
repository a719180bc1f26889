from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from forecast.outcomes.windows import NEVER, add_months, shown
from tests.outcomes.worlds import TICK, at, instant


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (at(2012, 2, 29), 24, at(2014, 2, 28)),
        (at(2012, 2, 29), 48, at(2016, 2, 29)),
        (at(2011, 2, 28), 12, at(2012, 2, 28)),
        (at(2010, 8, 31), 6, at(2011, 2, 28)),
        (at(2011, 8, 31), 6, at(2012, 2, 29)),
        (at(1999, 12, 31), 2, at(2000, 2, 29)),
        (at(1969, 12, 31, 23, 59), 24, at(1971, 12, 31, 23, 59)),
        (at(2010, 3, 31, 12) - TICK, 1, at(2010, 4, 30, 12) - TICK),
        (at(2010, 5, 5), 0, at(2010, 5, 5)),
    ],
    ids=[
        "29 Feb",
        "29 Feb to 29 Feb",
        "28 Feb",
        "31 Aug",
        "31 Aug before a leap year",
        "2000",
        "before 1970",
        "µs",
        "0",
    ],
)
def test_a_day_that_a_month_does_not_have_becomes_its_last(start: dt.datetime, months: int, end: dt.datetime):
    assert add_months(np.array([instant(start)]), months).tolist() == [instant(end)]


def test_a_time_is_shown_to_the_second():
    assert shown(instant(at(2014, 12, 31, 7, 5))) == "2014-12-31 07:05:00"


def test_never_is_not_a_time_and_lies_before_every_window():
    assert np.isnat(np.datetime64(NEVER, "us"))
    assert instant(at(1900)) > NEVER
