"""Tests that the counts behind the pictures of a force are those of its records."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.partitions import iter_people, load_records
from forecast.records.portrait import OLDEST, Portrait
from tests.features.making import Rows, at, event, records


def portrait_of(rows: Rows, **period: dt.date) -> Portrait:
    arranged, portrait = arrange(records(rows)), Portrait(**period)
    portrait.add(arranged, moments(arranged))
    return portrait


def people() -> Rows:
    """Three people: arrested three times, once, and once without a date of birth."""
    persons = [
        {"person_id": "a", "born_on": dt.date(1990, 6, 15), "sex": "M"},
        {"person_id": "b", "born_on": dt.date(1950, 1, 1), "sex": "F"},
        {"person_id": "c", "born_on": None, "sex": "M"},
    ]
    events = [
        event("a1", at(2008, 6, 14), person_id="a"),
        event("a2", at(2008, 6, 15), person_id="a"),
        event("a3", at(2009, 1, 1), person_id="a"),
        event("a4", at(2009, 1, 2), person_id="a", reason="bail"),
        event("b1", at(2009, 1, 31, 23), person_id="b"),
        event("c1", at(2009, 2, 1), person_id="c"),
    ]
    return {"persons": persons, "custody_events": events}


def test_ages_are_whole_years_and_people_without_a_birth_date_are_left_out() -> None:
    ages = portrait_of(people()).to_dict()["ages"]
    assert {sex: sum(counts) for sex, counts in ages.items()} == {"F": 1, "M": 3}
    assert (ages["M"][17], ages["M"][18], ages["F"][59]) == (1, 2, 1)
    assert len(ages["M"]) == OLDEST + 1


def test_months_and_events_each_count_forecast_moments_only() -> None:
    counted = portrait_of(people()).to_dict()
    assert counted["months"] == {"2008-06": 2, "2009-01": 2, "2009-02": 1}
    assert counted["events_each"] == [[1, 2], [3, 1]]


def test_the_period_is_half_open() -> None:
    counted = portrait_of(people(), since=dt.date(2009, 1, 1), before=dt.date(2009, 2, 1)).to_dict()
    assert counted["months"] == {"2009-01": 2}


def test_parts_add_up_to_the_whole_and_the_force_looks_like_one(records_folder: Path) -> None:
    whole, parts = Portrait(), Portrait()
    arranged = arrange(load_records(records_folder))
    whole.add(arranged, moments(arranged))
    for part in iter_people(records_folder, events_each=2_000):
        parts.add(arrange(part), moments(arrange(part)))
    assert parts.to_dict() == whole.to_dict()
    ages = np.sum(list(whole.ages.values()), axis=0)
    assert 16 <= int(ages.argmax()) <= 32
    assert ages[18:30].sum() > 2 * ages[40:52].sum()
    sizes = np.array(whole.to_dict()["events_each"])
    top = sizes[sizes[:, 0] > np.average(sizes[:, 0], weights=sizes[:, 1])]
    assert top[:, 1].sum() < 0.4 * sizes[:, 1].sum()
