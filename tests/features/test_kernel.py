"""The history kernel agrees with the slow and obvious way, to the bit, however the rows come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.features.catalogue import whole_set
from forecast.features.compute import Prepared, compute_batch, prepare
from forecast.features.spec import FeatureSet
from forecast.records.records import Records
from tests.features.making import Rows, at, event, histories, offence, one_person, records
from tests.features.reference import expected

SETS = ("extended", "hart", "sanctions")
EVERYTHING = FeatureSet("everything", tuple(f for name in SETS for f in whole_set(name).features))


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(EVERYTHING)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    times = table["as_of"].cast(pa.int64())
    return table.set_column(table.schema.get_field_index("as_of"), "as_of", times).to_pylist()


def same(a: Any, b: Any) -> bool:
    return a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))


def differences(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    assert [r["custody_id"] for r in found] == [r["custody_id"] for r in wanted]
    return [
        (f["custody_id"], name, f[name], w[name])
        for f, w in zip(found, wanted, strict=True)
        for name in w
        if not same(f[name], w[name])
    ]


@settings(max_examples=150, deadline=None)
@given(rows=histories())
def test_the_kernel_agrees_with_the_obvious_way(prepared: Prepared, rows: Rows) -> None:
    found = rows_of(compute_batch(records(rows), prepared))
    assert differences(found, expected(rows, EVERYTHING)) == []


@settings(max_examples=15, deadline=None)
@given(rows=histories(people=1, most=25))
def test_the_kernel_agrees_on_longer_histories(prepared: Prepared, rows: Rows) -> None:
    found = rows_of(compute_batch(records(rows), prepared))
    assert differences(found, expected(rows, EVERYTHING)) == []


def shuffled(records: Records, seed: int) -> Records:
    generator = np.random.default_rng(seed)
    tables = (records.persons, records.custody_events, records.offences, records.intelligence, records.orders)
    return Records(*(t.take(pa.array(generator.permutation(len(t)))) for t in tables))


@settings(max_examples=20, deadline=None)
@given(rows=histories(people=3), seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(prepared: Prepared, rows: Rows, seed: int) -> None:
    made = records(rows)
    assert str(rows_of(compute_batch(shuffled(made, seed), prepared))) == str(rows_of(compute_batch(made, prepared)))


def features_of(rows: Rows, prepared: Prepared, custody_id: str) -> dict[str, Any]:
    return next(r for r in rows_of(compute_batch(records(rows), prepared)) if r["custody_id"] == custody_id)


T = at(2010, 6, 1, 12)
EARLIER = [event("a", at(2009, 1, 1)), event("now", T)]


@pytest.mark.parametrize(
    ("recorded", "until", "counted"),
    [
        pytest.param(T - 1, None, 1, id="recorded just before"),
        pytest.param(T, None, 0, id="recorded at the very instant"),
        pytest.param(T + 1, None, 0, id="back-dated, recorded later"),
        pytest.param(T - 9, T, 1, id="withdrawn at the very instant"),
        pytest.param(T - 9, T - 1, 0, id="withdrawn just before"),
    ],
)
def test_a_fact_is_prior_if_it_was_on_record_strictly_before(
    prepared: Prepared, recorded: int, until: int | None, counted: int
) -> None:
    one = offence("o", "a", at(2009, 1, 1), recorded_at=recorded, superseded_at=until)
    assert features_of(one_person(EARLIER, [one]), prepared, "now")["offences"] == counted


@pytest.mark.parametrize(
    ("recorded", "until", "counted"),
    [
        pytest.param(T, None, 1, id="recorded at the very instant"),
        pytest.param(T + 1, None, 0, id="recorded later"),
        pytest.param(T - 9, None, 1, id="recorded before"),
        pytest.param(T - 9, T, 0, id="withdrawn at the very instant"),
        pytest.param(T - 9, T + 1, 1, id="withdrawn later"),
    ],
)
def test_a_fact_is_presenting_if_it_stood_at_the_moment(
    prepared: Prepared, recorded: int, until: int | None, counted: int
) -> None:
    one = offence("o", "now", T - 10, recorded_at=recorded, superseded_at=until)
    found = features_of(one_person(EARLIER, [one]), prepared, "now")
    assert (found["now_offences"], found["offences"]) == (counted, 0)


@pytest.mark.parametrize("years", [1, 2, 5])
@pytest.mark.parametrize(("shift", "counted"), [(0, 1), (-1, 0)], ids=["at its start", "just before"])
def test_a_window_holds_its_first_instant(prepared: Prepared, years: int, shift: int, counted: int) -> None:
    when = T - years * 31_557_600_000_000 + shift
    rows = one_person([event("a", when), event("now", T)])
    assert features_of(rows, prepared, "now")[f"arrests_{years}y"] == counted


def test_a_fact_dated_after_the_moment_waits_until_it_has_happened(prepared: Prepared) -> None:
    later = T + 1_000
    rows = one_person(
        [*EARLIER, event("next", later), event("last", later + 1)],
        [offence("o", "a", later, recorded_at=at(2009, 2, 1))],
    )
    assert [features_of(rows, prepared, c)["offences"] for c in ("now", "next", "last")] == [0, 0, 1]


def test_an_own_offence_recorded_early_counts_for_others_but_not_as_its_own_history(prepared: Prepared) -> None:
    events = [event("a", T - 50), event("b", T), event("c", T + 50)]
    rows = one_person(events, [offence("o", "b", T - 100, code="34B")])
    found = [features_of(rows, prepared, custody) for custody in "abc"]
    assert [f["serious"] for f in found] == [1, 0, 1]
    assert [f["now_serious"] for f in found] == [0, 1, 0]
    assert math.isnan(found[1]["years_since_serious"])


def test_an_edit_replaces_what_it_edits(prepared: Prepared) -> None:
    first = offence("o", "a", at(2009, 1, 1), code="34B", superseded_at=T - 5)
    second = offence("o", "a", at(2009, 1, 1), code="46", recorded_at=T - 5)
    found = features_of(one_person(EARLIER, [first, second]), prepared, "now")
    assert (found["offences"], found["serious"], found["property"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("starts", "ends", "on_bail"),
    [(T, None, 1), (T + 1, None, 0), (T - 9, T, 0), (T - 9, T + 1, 1)],
    ids=["begins now", "begins later", "ends now", "ends later"],
)
def test_an_order_runs_from_its_start_until_before_its_end(
    prepared: Prepared, starts: int, ends: int | None, on_bail: int
) -> None:
    order = {"order_id": "d", "kind": "bail", "starts_at": starts, "ends_at": ends, "recorded_at": T - 100}
    assert features_of(one_person(EARLIER, orders=[order]), prepared, "now")["bail_now"] == on_bail


def test_a_person_with_no_date_of_birth_has_no_age(prepared: Prepared) -> None:
    rows = one_person(EARLIER)
    rows["persons"][0]["born_on"] = None
    found = features_of(rows, prepared, "now")
    assert math.isnan(found["age"])
    assert math.isnan(found["first_arrest_age"])


def test_never_is_missing_but_for_the_replica_where_it_is_100(prepared: Prepared) -> None:
    found = features_of(one_person(EARLIER), prepared, "a")
    assert math.isnan(found["years_since_arrest"])
    assert found["PriorCustodyLatestYears"] == 100
    assert found["FirstViolenceOffenceAge"] == 100
