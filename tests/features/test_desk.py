"""One person's features at the desk: the same bits as in a batch, and the records behind them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given, settings

from forecast.features.catalogue import load_set, whole_set
from forecast.features.compute import compute_batch
from forecast.features.desk import Desk
from forecast.features.origins import facts_behind
from forecast.features.spec import Op
from forecast.problems import Problem
from tests.features.making import Rows, at, event, histories, offence, one_person, records
from tests.features.test_kernel import differences, rows_of


@pytest.fixture(scope="module", params=["extended", "extended+sanctions"])
def every_desk(request: pytest.FixtureRequest) -> Desk:
    return Desk.open(whole_set(request.param))


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk.open(whole_set("extended"))


def alone(rows: Rows, person: str) -> Rows:
    return {name: [row for row in listed if row["person_id"] == person] for name, listed in rows.items()}


@settings(max_examples=40, deadline=None)
@given(rows=histories(people=3))
def test_the_desk_gives_the_bits_of_the_batch(every_desk: Desk, rows: Rows) -> None:
    desk = every_desk
    batch = rows_of(compute_batch(records(rows), desk.prepared))
    found = [{**row, **desk.features(records(alone(rows, row["person_id"])), row["custody_id"])} for row in batch]
    assert differences(found, batch) == []


T = at(2010, 6, 1, 12)
ROWS = one_person(
    [event("a", at(2008, 1, 1)), event("b", at(2009, 7, 1)), event("now", T)],
    [
        offence("o1", "a", at(2008, 1, 1), code="34B"),
        offence("o2", "b", at(2009, 7, 1), code="46"),
        offence("o3", "now", T, code="46"),
        offence("late", "a", at(2007, 1, 1), recorded_at=T + 1),
    ],
    orders=[
        {"order_id": "d1", "kind": "bail", "starts_at": T - 9, "recorded_at": T - 9},
        {"order_id": "d2", "kind": "bail", "starts_at": T - 9, "ends_at": T - 5, "recorded_at": T - 9},
        {"order_id": "d3", "kind": "prison", "starts_at": T - 99, "ends_at": T - 8, "recorded_at": T - 99},
    ],
)


@pytest.mark.parametrize(
    ("feature", "ids"),
    [
        ("offences", ("o1", "o2")),
        ("offences_1y", ("o2",)),
        ("serious", ("o1",)),
        ("harm", ("o1", "o2")),
        ("arrests", ("a", "b")),
        ("years_since_arrest", ("b",)),
        ("first_arrest_age", ("a",)),
        ("last_gap", ("a", "b")),
        ("now_offences", ("o3",)),
        ("now_property", ("o3",)),
        ("same_kind", ("o2",)),
        ("bail_now", ("d1",)),
        ("prison_now", ()),
        ("bail_orders", ("d1", "d2")),
        ("years_free", ("d3",)),
        ("age", ()),
    ],
)
def test_the_records_behind_a_feature_are_named(every_desk: Desk, feature: str, ids: tuple[str, ...]) -> None:
    assert facts_behind(every_desk.person(records(ROWS)), "now", feature) == ids


def test_behind_a_sanction_stands_its_custody_event() -> None:
    rows = one_person(
        [event("a", at(2008, 1, 1)), event("b", at(2009, 7, 1)), event("now", T)],
        [
            offence("o1", "a", at(2008, 1, 1), code="46", proven_at=at(2008, 9, 1)),
            offence("o2", "b", at(2009, 7, 1), code="8N", proven_at=at(2009, 9, 1)),
            offence("o3", "b", at(2009, 7, 1), code="46", proven_at=at(2009, 9, 1)),
        ],
        orders=[{"order_id": "d1", "kind": "bail", "starts_at": T - 9, "recorded_at": T - 9}],
        intelligence=[{"report_id": "r", "observed_at": T - 9, "recorded_at": T - 9}],
    )
    person = Desk.open(whole_set("sanctions+hart")).person(records(rows))
    assert facts_behind(person, "now", "sanction_previous") == ("a", "b")
    assert facts_behind(person, "now", "sanction_previous_violent") == ("b",)
    assert facts_behind(person, "now", "sanction_first_age") == ("a",)
    assert facts_behind(person, "now", "sanction_on_bail") == ("d1",)
    assert facts_behind(person, "now", "PriorIntelCount") == ("r",)


@settings(max_examples=30, deadline=None)
@given(rows=histories(people=2))
def test_counts_are_as_many_as_the_facts_behind_them(every_desk: Desk, rows: Rows) -> None:
    desk = every_desk
    counting = [f.name for f in desk.prepared.feature_set.features if f.op in (Op.COUNT, Op.PRESENT_COUNT)]
    made = records(rows)
    person = desk.person(made)
    for row in rows_of(compute_batch(made, desk.prepared)):
        for name in counting[::7]:
            ids = facts_behind(person, row["custody_id"], name)
            assert len(ids) <= row[name], name  # versions that overlap have one id
            assert bool(ids) == bool(row[name]), name


def test_a_later_moment_can_be_asked_for(desk: Desk) -> None:
    later = dt.datetime(2010, 6, 2, tzinfo=dt.UTC)
    assert desk.features(records(ROWS), "now", later)["offences"] == 3


def test_an_unknown_custody_event_is_a_problem(desk: Desk) -> None:
    with pytest.raises(Problem) as caught:
        desk.features(records(ROWS), "none")
    assert caught.value.code == "case-unknown"


def test_an_unknown_code_is_refused_and_named(desk: Desk) -> None:
    rows = one_person([event("a", T)], [offence("o", "a", T, code="no such code")])
    with pytest.raises(Problem) as caught:
        desk.features(records(rows), "a")
    assert caught.value.code == "features-unknown-codes"
    assert "no such code" in caught.value.sentence


def test_a_column_of_the_person_is_a_text_or_none() -> None:
    desk, rows = Desk.open(load_set("hart")), one_person([event("a", T)])
    rows["persons"][0]["sex"] = None
    found: dict[str, Any] = desk.features(records(rows), "a")
    assert found["Gender"] is None
    assert not math.isnan(found["CustodyAge"])
