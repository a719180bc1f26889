"""Local times are read exactly, on the days too on which the clocks change."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.problems import Problem
from forecast.records.times import clock


def micros(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]").astype(np.int64)


def utc(zone: str, text: str, *, later: bool = False) -> str:
    return str(clock(zone).to_utc(micros(text), later=later).utc.astype("datetime64[us]").astype("datetime64[s]")[0])


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2010-01-15 12:00", "2010-01-15T12:00:00"),
        ("2010-07-15 12:00", "2010-07-15T11:00:00"),
        ("2010-03-28 00:59:59", "2010-03-28T00:59:59"),
        ("2010-03-28 02:00", "2010-03-28T01:00:00"),
        ("2010-10-31 00:59:59", "2010-10-30T23:59:59"),
        ("2010-10-31 02:00", "2010-10-31T02:00:00"),
        ("1970-06-01 12:00", "1970-06-01T11:00:00"),
    ],
)
@pytest.mark.parametrize("later", [False, True], ids=["earlier", "later"])
def test_a_local_time_that_was_shown_once_has_one_meaning(local: str, expected: str, later: bool) -> None:
    assert utc("Europe/London", local, later=later) == expected


@pytest.mark.parametrize("local", ["2010-10-31 01:00", "2010-10-31 01:30", "2010-10-31 01:59:59.999999"])
def test_a_time_that_the_clock_showed_twice_is_the_earlier_or_the_later_an_hour_apart(local: str) -> None:
    both = [clock("Europe/London").to_utc(micros(local), later=later) for later in (False, True)]
    assert both[1].utc[0] - both[0].utc[0] == 3_600_000_000
    assert all(read.repeated[0] and not read.gap[0] for read in both)


@pytest.mark.parametrize(
    ("local", "never"), [("00:59:59.999999", False), ("01:00", True), ("01:59:59", True), ("02:00", False)]
)
def test_a_time_that_the_clock_never_showed_is_a_gap(local: str, never: bool) -> None:
    read = clock("Europe/London").to_utc(micros(f"2010-03-28 {local}"), later=False)
    assert (bool(read.gap[0]), bool(read.repeated[0])) == (never, False)


@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata", "UTC"])
def test_local_time_and_back_is_the_same_instant(zone: str) -> None:
    instants = micros("1950-01-01") + np.arange(0, 70 * 365 * 48) * 1_800_000_000
    here = clock(zone)
    local = here.to_local(instants)
    early, late = here.to_utc(local, later=False), here.to_utc(local, later=True)
    assert not early.gap.any()
    assert ((early.utc == instants) | (late.utc == instants)).all()
    assert (early.utc == late.utc)[~early.repeated].all()


def test_a_zone_that_does_not_exist_is_a_problem_that_names_the_nearest() -> None:
    with pytest.raises(Problem, match="Europe/London") as raised:
        clock("Europe/Londn")
    assert raised.value.code == "records-zone-unknown"
