"""Forecast moments: tested here, beside the worlds, although they live with the records."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.records.arrange import Arranged
from forecast.records.moments import moments
from tests.outcomes.worlds import NOON, TICK, at, event, instant, world


def ids(arranged: Arranged) -> list[str]:
    found: list[str] = arranged.records.custody_events["custody_id"].take(moments(arranged).event_row).to_pylist()
    return found


@pytest.mark.parametrize(
    ("reason", "asks"), [("offence", 1), ("breach", 1), ("bail", 0), ("warrant", 0), ("recall", 0)]
)
def test_only_an_offence_or_a_breach_asks_for_a_forecast(reason: str, asks: int):
    assert len(moments(world([event("A", NOON, reason=reason)]))) == asks


def test_a_forecast_is_made_when_the_record_is_opened_not_at_the_arrest():
    found = moments(world([event("A", NOON, arrested_at=at(2010))]))
    assert found.as_of.tolist() == [instant(NOON)]


def test_versions_of_an_event_are_one_moment_at_the_time_of_the_first():
    later = event("A", at(2011), reason="bail")
    arranged = world([later, event("A", NOON, superseded_at=at(2011)), event("B", at(2010, 6))])
    assert moments(arranged).as_of.tolist() == [instant(NOON), instant(at(2010, 6))]
    assert ids(arranged) == ["A", "B"]


def test_an_event_whose_every_version_was_superseded_was_withdrawn():
    first = event("A", NOON, superseded_at=at(2011))
    assert len(moments(world([first]))) == 0
    assert len(moments(world([first, event("A", at(2011), superseded_at=at(2012))]))) == 0


def test_moments_come_by_person_time_and_id():
    rows = [
        event("Z", NOON, "Q"),
        event("Y", NOON),
        event("X", NOON + TICK),
        event("W", NOON),
        event("V", NOON - TICK, "R"),
    ]
    arranged = world(rows)
    found = moments(arranged)
    assert ids(arranged) == ["W", "Y", "X", "Z", "V"]
    assert found.person.tolist() == [0, 0, 0, 1, 2]
    assert found.take(np.array([0, 3])).person.tolist() == [0, 1]
    assert len(found.take(found.person == 0)) == 3


def test_no_events_are_no_moments():
    assert len(moments(world([]))) == 0
