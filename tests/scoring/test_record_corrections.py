"""Tests of corrections of records."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import TABLES
from forecast.scoring.one import Ready, ready, score_one
from forecast.scoring.record_corrections import FIXED, with_change, without_record
from forecast.settings import Settings
from tests.scoring.people import person_with_history

Case = tuple[Records, str]


@pytest.fixture(scope="module")
def model(record_bundle: ModelBundle, settings: Settings) -> Ready:
    return ready(record_bundle, settings)


@pytest.fixture(scope="module")
def case(checked: Path) -> Case:
    return person_with_history(checked / "records")


def earlier(case: Case, table: str, key: str) -> str:
    """Return the id of the person's oldest record of a table."""
    rows = getattr(case[0], table).sort_by("recorded_at")
    return str(rows[key][0].as_py())


def test_without_an_offence_the_forecast_is_that_of_the_record_without_it(model: Ready, case: Case):
    records, custody_id = case
    offence = earlier(case, "offences", "offence_id")
    found = without_record(model, records, custody_id, offence)
    left = records.offences.filter(pc.not_equal(records.offences["offence_id"], offence))
    assert found.after == score_one(dataclasses.replace(records, offences=left), model, custody_id=custody_id)
    assert found.before == score_one(records, model, custody_id=custody_id)
    assert found.after.probability != found.before.probability


def test_with_a_custody_event_go_its_offences(model: Ready, case: Case):
    records, custody_id = case
    gone = earlier(case, "custody_events", "custody_id")
    found = without_record(model, records, custody_id, gone)
    assert found.records is not None
    for table in (found.records.custody_events, found.records.offences):
        assert gone not in table["custody_id"].to_pylist()
    assert len(found.records.custody_events) < len(records.custody_events)
    assert found.after == score_one(found.records, model, custody_id=custody_id)
    assert gone not in {i for r in found.after.reasons.values() for item in r.items for i in item.records}


def test_a_record_may_be_named_with_its_table(model: Ready, case: Case):
    offence = earlier(case, "offences", "offence_id")
    assert without_record(model, *case, f"offences:{offence}") == without_record(model, *case, offence)


def test_a_changed_value_gives_the_forecast_of_the_changed_record(model: Ready, case: Case):
    records, custody_id = case
    offence = earlier(case, "offences", "offence_id")
    code = records.offences.filter(pc.equal(records.offences["offence_id"], offence))["code"][0].as_py()
    other = "8N" if code != "8N" else "49"
    found = with_change(model, records, custody_id, ("offences", offence), ("code", other))
    assert found.records is not None
    pairs = zip(records.offences.to_pylist(), found.records.offences.to_pylist(), strict=True)
    assert {row["offence_id"] for row, now in pairs if row != now} == {offence}
    assert found.after == score_one(found.records, model, custody_id=custody_id)
    assert found.what == (f"offence {offence}, offence code: '{code}' changed to '{other}'",)


def test_both_sides_of_a_change_are_written_alike(model: Ready, case: Case):
    rows = case[0].offences.sort_by("recorded_at")
    offence, was = rows["offence_id"][0].as_py(), rows["committed_at"][0].as_py()
    found = with_change(model, *case, ("offences", offence), ("committed_at", "1971-05-03T16:05:00+02:00"))
    before = f"{was.day} {was:%B %Y}, {was:%H:%M} (UTC)"
    assert found.what == (f"offence {offence}, time of the offence: '{before}' changed to '3 May 1971, 14:05 (UTC)'",)
    found = with_change(model, *case, ("offences", offence), ("charged_at", ""))
    assert found.what[0].endswith("changed to 'no entry'")


def test_whatever_can_be_changed_has_a_name_for_people():
    for table in TABLES:
        for column in table.columns:
            if column.name not in (*FIXED, table.key):
                assert f"correction.{column.name}" in load_texts().by_key
        assert f"correction.{table.name}" in load_texts().by_key


def test_a_date_of_birth_can_be_put_right(model: Ready, case: Case):
    records, custody_id = case
    person = records.persons["person_id"][0].as_py()
    found = with_change(model, records, custody_id, ("persons", person), ("born_on", "1950-02-03"))
    assert found.records is not None
    assert found.records.persons["born_on"][0].as_py() == datetime.date(1950, 2, 3)


def test_the_records_given_are_not_touched(model: Ready, case: Case):
    before = {t.name: getattr(case[0], t.name) for t in TABLES}
    offence = earlier(case, "offences", "offence_id")
    without_record(model, *case, offence)
    with_change(model, *case, ("offences", offence), ("code", "8N"))
    assert all(before[name].equals(getattr(case[0], name)) for name in before)


def test_the_custody_event_at_hand_and_unknown_records_cannot_be_left_out(model: Ready, case: Case):
    for record, code in ((case[1], "correction-presenting"), ("X1", "correction-record-unknown")):
        with pytest.raises(Problem) as found:
            without_record(model, *case, record)
        assert found.value.code == code


@pytest.mark.parametrize(
    ("table", "column", "text", "code"),
    [
        ("offence", "code", "8N", "correction-table"),
        ("offences", "codes", "8N", "correction-column"),
        ("offences", "recorded_at", "2010-01-01T00:00:00Z", "correction-column"),
        ("offences", "person_id", "P1", "correction-column"),
        ("offences", "code", "", "correction-value"),
        ("offences", "code", "no such code", "correction-value"),
        ("offences", "committed_at", "yesterday", "correction-value"),
        ("offences", "committed_at", "2010-01-01T00:00:00", "correction-value"),
        ("offences", "committed_at", "2099-01-01T00:00:00Z", "correction-impossible"),
        ("custody_events", "reason", "curiosity", "correction-value"),
    ],
)
def test_a_value_that_records_cannot_hold_is_refused(
    model: Ready, case: Case, table: str, column: str, text: str, code: str
):
    key = "custody_id" if table == "custody_events" else "offence_id"
    record = earlier(case, "custody_events" if table == "custody_events" else "offences", key)
    with pytest.raises(Problem) as found:
        with_change(model, *case, (table, record), (column, text))
    assert found.value.code == code


def test_a_day_of_birth_is_a_day_and_may_not_make_somebody_too_young(model: Ready, case: Case):
    person = case[0].persons["person_id"][0].as_py()
    for text, code in (("3 May 1980", "correction-value"), ("2009-01-01", "one-refused")):
        with pytest.raises(Problem) as found:
            with_change(model, *case, ("persons", person), ("born_on", text))
        assert found.value.code == code


def test_an_unknown_record_cannot_be_changed(model: Ready, case: Case):
    with pytest.raises(Problem) as found:
        with_change(model, *case, ("offences", "X1"), ("code", "8N"))
    assert found.value.code == "correction-record-unknown"
