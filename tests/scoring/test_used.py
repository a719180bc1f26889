"""Tests of what a forecast is said to be made from."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pyarrow as pa

from forecast.cases import Reasons
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS
from forecast.scoring.explained import Explained
from forecast.scoring.used import day_text, moment_text, used_records, used_table

NOON = datetime.datetime(2012, 5, 4, 12, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
CASE = Explained("C2", "LOW", {"any": 0.2}, {"any": Reasons(20, (), 0, 20)}, person_id="P1", as_of=NOON)


def custody(custody_id: str, recorded: datetime.datetime, until: datetime.datetime | None = None, person: str = "P1"):
    row = dict.fromkeys(c.name for c in CUSTODY_EVENTS.columns)
    row |= {"custody_id": custody_id, "person_id": person, "arrested_at": recorded, "recorded_at": recorded}
    return row | {"superseded_at": until, "reason": "offence"}


EVENTS = [
    custody("C1", NOON - 9 * HOUR, NOON - 8 * HOUR),  # a version that was replaced: one record
    custody("C1", NOON - 8 * HOUR),
    custody("C0", NOON - 9 * HOUR, NOON - HOUR),  # withdrawn
    custody("C2", NOON),  # the one at hand
    custody("C3", NOON + HOUR),  # later
    custody("C4", NOON - HOUR, person="P2"),
]
RECORDS = Records(
    PERSONS.arrow.empty_table(), pa.Table.from_pylist(EVENTS, CUSTODY_EVENTS.arrow), OFFENCES.arrow.empty_table()
)


def test_records_count_once_if_they_stood_at_the_moment_and_are_of_the_person():
    assert dict(used_records(CASE, RECORDS, {"custody_events.reason"}).counts) == {"custody_events": 2}


def test_only_tables_that_the_model_reads_are_counted():
    used = used_records(CASE, RECORDS, {"offences.code", "custody_events.reason", "persons.born_on"})
    assert [name for name, _ in used.counts] == ["custody_events", "offences"]
    assert used.until == "4 May 2012, 12:00 (UTC)"


def test_a_row_of_a_table_has_a_day_or_none():
    assert used_table(CASE, "cases.csv").until == "4 May 2012"
    assert used_table(replace(CASE, as_of=None), "cases.csv").until == ""
    assert used_records(replace(CASE, as_of=None), RECORDS, set()).counts == ()


def test_days_and_moments_are_said_as_people_say_them():
    assert day_text(datetime.date(2012, 5, 4)) == "4 May 2012"
    assert moment_text(NOON) == "4 May 2012, 12:00 (UTC)"
