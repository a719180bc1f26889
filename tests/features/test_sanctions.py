"""Custody history becomes sanctions: one a custody event, seen when the proof was past and on record, never before."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.features.catalogue import whole_set
from forecast.features.compute import Prepared, compute_batch, prepare
from forecast.features.facts import facts_of
from forecast.features.proven import Spans, standing
from forecast.features.spec import Op
from forecast.records.arrange import arrange
from tests.features.making import Row, Rows, at, event, offence, one_person, records
from tests.features.test_kernel import rows_of

T = at(2010, 6, 1, 12)
DAY = 86_400_000_000
EVENTS = [event("a", at(2008, 1, 1)), event("b", at(2009, 1, 1)), event("now", T)]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(whole_set("sanctions"))


def found(prepared: Prepared, rows: Rows) -> dict[str, Any]:
    return next(r for r in rows_of(compute_batch(records(rows), prepared)) if r["custody_id"] == "now")


def proven(name: str, custody: str, when: int, **more: Any) -> Row:
    return offence(name, custody, at(2008, 1, 1), **{"proven_at": when, **more})


@pytest.mark.parametrize(
    ("when", "recorded", "until", "counted"),
    [
        pytest.param(T - 1, 0, None, 1, id="proven just before"),
        pytest.param(T, 0, None, 0, id="proven at the very instant"),
        pytest.param(T + 1, 0, None, 0, id="proven later"),
        pytest.param(T - 9, T, None, 0, id="proven before, recorded at the very instant"),
        pytest.param(T - 9, T - 1, None, 1, id="proven before, recorded just before"),
        pytest.param(T - 9, 0, T - 1, 0, id="withdrawn just before"),
        pytest.param(T - 9, 0, T, 1, id="withdrawn at the very instant"),
        pytest.param(T - 9, 0, T - 20, 0, id="withdrawn before it was proven"),
        pytest.param(None, 0, None, 0, id="never proven"),
    ],
)
def test_a_sanction_counts_if_it_was_proven_and_on_record_strictly_before(
    prepared: Prepared, when: int | None, recorded: int, until: int | None, counted: int
) -> None:
    one = offence("o", "a", at(2008, 1, 1), proven_at=when, recorded_at=recorded, superseded_at=until)
    assert found(prepared, one_person(EVENTS, [one]))["sanction_previous"] == counted


def test_a_custody_event_is_one_sanction_however_many_offences_were_proven(prepared: Prepared) -> None:
    rows = one_person(
        EVENTS,
        [
            proven("o1", "a", at(2008, 6, 1), code="46"),
            proven("o2", "a", at(2008, 9, 1), code="8N"),
            proven("o3", "a", at(2008, 9, 1), code="8N"),
            proven("o4", "b", at(2009, 6, 1), code="08300"),
            offence("o5", "b", at(2009, 1, 1), code="34B"),
        ],
    )
    got = found(prepared, rows)
    assert (got["sanction_previous"], got["sanction_previous_violent"], got["sanction_bail"]) == (2, 1, 1)
    assert got["sanction_first_age"] == pytest.approx((at(2008, 6, 1) - at(1980, 1, 1)) / (365.25 * DAY), abs=1e-5)


def test_the_event_at_hand_is_no_earlier_sanction_even_if_proven_long_ago(prepared: Prepared) -> None:
    got = found(prepared, one_person(EVENTS, [proven("o", "now", at(2005, 1, 1))]))
    assert got["sanction_previous"] == 0
    assert math.isnan(got["sanction_first_age"])
    assert got["sanction_now_violence_abh_plus"] == got["sanction_held_violent"] == 1


def test_a_proof_that_a_later_version_adds_is_seen_from_then_on(prepared: Prepared) -> None:
    first = offence("o", "a", at(2008, 1, 1), superseded_at=T - 5)
    second = proven("o", "a", at(2008, 9, 1), recorded_at=T - 5)
    assert found(prepared, one_person(EVENTS, [first, second]))["sanction_previous"] == 1
    late = {**second, "recorded_at": T + 5}
    before = {**first, "superseded_at": T + 5}
    assert found(prepared, one_person(EVENTS, [before, late]))["sanction_previous"] == 0


def test_a_proof_that_is_withdrawn_leaves_the_others_of_its_event(prepared: Prepared) -> None:
    gone = proven("o1", "a", at(2008, 2, 1), code="8N", superseded_at=T - 5)
    stays = proven("o2", "a", at(2009, 2, 1), code="46")
    got = found(prepared, one_person(EVENTS, [gone, stays]))
    assert (got["sanction_previous"], got["sanction_previous_violent"]) == (1, 0)
    assert got["sanction_first_age"] == pytest.approx(29.09, abs=0.01)


def test_summary_and_other_sanctions_are_told_apart_by_class(prepared: Prepared) -> None:
    rows = one_person(
        EVENTS, [proven("o1", "a", at(2008, 2, 1), code="105A"), proven("o2", "b", at(2009, 2, 1), code="46")]
    )
    got = found(prepared, rows)
    assert (got["sanction_summary"], got["sanction_indictable"]) == (1, 1)


def test_sanctions_under_the_bail_act_are_counted_over_two_years_from_the_proof(prepared: Prepared) -> None:
    two_years = 2 * 365.25 * DAY
    for shift, counted in ((1, 1), (-1, 0)):
        when = int(T - two_years + shift * DAY)
        got = found(prepared, one_person(EVENTS, [proven("o", "a", when, code="83")]))
        assert (got["sanction_bail_2y"], got["sanction_bail"]) == (counted, 1)


def test_every_offence_at_hand_has_a_category(prepared: Prepared) -> None:
    held = [offence(f"o{i}", "now", T, code=code) for i, code in enumerate(("46", "92E", "34B"))]
    got = found(prepared, one_person(EVENTS, held))
    now = {name for name, value in got.items() if name.startswith("sanction_now_") and value}
    assert now == {"sanction_now_theft", "sanction_now_drugs_possession_supply", "sanction_now_robbery"}
    assert got["sanction_held_violent"] == 1


def test_a_set_without_sanctions_builds_none_and_has_no_more_sorts() -> None:
    rows = one_person(EVENTS, [proven("o1", "a", at(2008, 2, 1)), proven("o2", "b", at(2009, 2, 1), code="46")])
    arranged = arrange(records(rows))
    plain, with_sanctions = prepare(whole_set("core41")), prepare(whole_set("core41+sanctions"))
    assert facts_of(arranged, plain.sorts).start.shape[0] == 2
    assert facts_of(arranged, with_sanctions.sorts).start.shape[0] == 3
    assert not [name for sort in plain.sorts.known() for name in sort.classes if name.startswith("actuarial_")]


def test_joined_to_another_set_nothing_changes_in_either(prepared: Prepared) -> None:
    rows = one_person(
        EVENTS,
        [proven("o1", "a", at(2008, 2, 1), code="8N"), proven("o2", "b", at(2009, 2, 1), code="46")],
        orders=[{"order_id": "d", "kind": "bail", "starts_at": T - 9, "recorded_at": T - 9}],
    )
    joined = found(prepare(whole_set("extended+hart+sanctions")), rows)
    for name in ("extended", "hart", "sanctions"):
        alone = found(prepare(whole_set(name)), rows)
        assert str({k: joined[k] for k in alone}) == str(alone)


def test_names_say_which_set_they_are_of() -> None:
    assert all(f.name.startswith("sanction_") for f in whole_set("sanctions").features)
    protected = {f.name: f.protected for f in whole_set("sanctions").features if f.protected}
    assert set(protected.values()) == {"age", "sex"}
    of_people = (Op.AGE, Op.FIRST_AGE, Op.PERSON)
    assert {f.name for f in whole_set("sanctions").features if f.op in of_people} == set(protected)


times = st.integers(0, 8)
spans = st.lists(st.tuples(st.integers(0, 2), times, times, times), max_size=12)


@given(spans)
def test_spans_say_at_every_instant_what_the_rows_say(drawn: list[tuple[int, int, int, int]]) -> None:
    rows = [(key, date, max(date, known), until) for key, date, known, until in drawn if max(date, known) < until]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    made = standing(Spans(*columns))
    assert (np.diff(made.key) >= 0).all()
    for key in range(3):
        mine = made.key == key
        assert (made.known[mine][1:] >= made.until[mine][:-1]).all()
        for t in range(10):
            wanted = [date for k, date, known, until in rows if k == key and known < t <= until]
            seen = made.happened[mine & (made.known < t) & (t <= made.until)]
            assert seen.tolist() == ([min(wanted)] if wanted else [])
    neighbours = (made.key[1:] == made.key[:-1]) & (made.known[1:] == made.until[:-1])
    assert not (neighbours & (made.happened[1:] == made.happened[:-1])).any()


def test_without_a_proof_there_are_no_facts() -> None:
    arranged = arrange(records(one_person(EVENTS, [offence("o", "a", at(2008, 1, 1))])))
    facts = facts_of(arranged, prepare(whole_set("sanctions")).sorts)
    assert facts.start[2].tolist() == [4, 4]
    assert not len(standing(Spans(*np.zeros((4, 0), dtype=np.int64))).key)
