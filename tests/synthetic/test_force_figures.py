"""What pictures of the force show, computed from small records whose figures are known."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS
from forecast.synthetic.figures import age_crime_curve, concentration, events_a_person, monthly_tempo
from forecast.synthetic.force import make_force

UTC = datetime.UTC


def event(number: int, person: str, day: str, **more: object) -> dict[str, object]:
    at = datetime.datetime.fromisoformat(day).replace(tzinfo=UTC)
    row = {"custody_id": f"C{number}", "person_id": person, "arrested_at": at, "recorded_at": at, "reason": "offence"}
    return row | more


def records_of(events: list[dict[str, object]]) -> Records:
    first = datetime.datetime(2000, 1, 1, tzinfo=UTC)
    persons = [
        {"person_id": "A", "recorded_at": first, "born_on": datetime.date(1990, 3, 10)},
        {"person_id": "B", "recorded_at": first, "born_on": None},
    ]
    return Records(
        pa.Table.from_pylist(persons, PERSONS.arrow),
        pa.Table.from_pylist(events, CUSTODY_EVENTS.arrow),
        OFFENCES.arrow.empty_table(),
    )


@pytest.fixture
def records() -> Records:
    return records_of(
        [
            event(1, "A", "2010-03-09T12:00"),
            event(2, "A", "2010-03-11T12:00"),
            event(3, "A", "2010-05-01T12:00", reason="breach"),
            event(4, "B", "2010-05-02T12:00"),
            event(5, "B", "2010-06-02T12:00", reason="bail"),
            event(6, "B", "2010-07-02T12:00", superseded_at=datetime.datetime(2010, 8, 1, tzinfo=UTC)),
        ]
    )


def test_ages_are_whole_years_and_the_unknown_is_left_out(records: Records) -> None:
    curve = age_crime_curve(records)
    assert curve["age"].tolist() == [19, 20]
    assert curve["events"].tolist() == [1, 2]
    assert curve["share"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_tempo_holds_empty_months_and_only_arrests_that_stand(records: Records) -> None:
    tempo = monthly_tempo(records)
    assert tempo["month"].dt.strftime("%Y-%m").tolist() == ["2010-03", "2010-04", "2010-05"]
    assert tempo["events"].tolist() == [2, 0, 2]


def test_the_lorenz_curve_starts_with_the_most_arrested(records: Records) -> None:
    curve = concentration(records, points=3)
    assert curve["people"].tolist() == [0.0, 0.5, 1.0]
    assert curve["events"].tolist() == pytest.approx([0.0, 0.75, 1.0])


def test_a_force_without_events_has_empty_pictures() -> None:
    empty = records_of([])
    assert len(age_crime_curve(empty)) == len(monthly_tempo(empty)) == len(events_a_person(empty)) == 0
    assert concentration(empty, points=3)["events"].tolist() == [0.0, 0.0, 0.0]


def test_a_synthetic_force_has_the_pictures_of_a_force() -> None:
    records = make_force(people=1_000, seed=2).records
    curve = age_crime_curve(records).set_index("age")["share"]
    assert 16 <= curve.idxmax() <= 32
    assert curve.loc[18:35].mean() > 3 * curve.loc[55:70].mean()
    lorenz = concentration(records)
    assert (np.diff(lorenz["events"]) >= 0).all()
    assert lorenz["events"].iloc[20] > 0.5
    tempo = monthly_tempo(records)["events"]
    assert len(tempo) == 12 * 33
    assert tempo[-120:].mean() == pytest.approx(tempo[-240:-120].mean(), rel=0.25)
