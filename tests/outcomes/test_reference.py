"""The fast outcomes equal the slow and obvious ones on random small worlds, whose times crowd at the edges."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.outcomes.definition import COUNTED, SERIOUS, Definition
from forecast.outcomes.windows import add_months
from forecast.records.arrange import Arranged
from forecast.records.moments import moments
from forecast.records.schema import REASONS
from tests.outcomes.slow_reference import months_later, slow_moments, slow_outcome
from tests.outcomes.worlds import (
    GRAVE,
    PLAIN,
    TICK,
    UNKNOWN,
    Row,
    at,
    event,
    instant,
    offence,
    order,
    outcomes_of,
    person,
    world,
)
from tests.outcomes.worlds import SERIOUS as ROBBERY

# few different times, so that edges meet: a leap day, ends of months, the same a month or two years later, give or take
_CORES = [
    at(2012, 2, 29),
    at(2012, 3, 29),
    at(2012, 1, 31),
    at(2014, 2, 28),
    at(2014, 1, 31),
    at(2014, 9, 1),
    at(2012, 8, 29),
]
TIMES = st.builds(lambda core, off: core + off * TICK, st.sampled_from(_CORES), st.sampled_from([-1, 0, 0, 0, 1]))
MAYBE = st.none() | TIMES
PEOPLE = st.sampled_from(["P", "P", "P", "Q"])


@st.composite
def versions_of_event(draw: st.DrawFn, custody_id: str) -> list[Row]:
    """Draw one to three versions of an event: each replaces the one before; the last may be withdrawn."""
    recorded = sorted(draw(st.lists(TIMES, min_size=1, max_size=3, unique=True)))
    name, ends = draw(PEOPLE), [*recorded[1:], None]
    if draw(st.integers(0, 5)) == 0:
        ends[-1] = recorded[-1] + dt.timedelta(days=400)
    return [
        event(
            custody_id,
            opened,
            name,
            arrested_at=draw(TIMES),
            superseded_at=ended,
            reason=draw(st.sampled_from(["offence", "offence", *REASONS])),
            disposal=draw(st.sampled_from([None, "charge", "diversion"])),
            disposed_at=draw(MAYBE),
            remanded_until=draw(MAYBE),
        )
        for opened, ended in zip(recorded, ends, strict=True)
    ]


@st.composite
def an_offence(draw: st.DrawFn, number: int, owners: dict[str, str]) -> Row:
    custody_id = draw(st.sampled_from(sorted(owners)))
    return offence(
        custody_id,
        draw(TIMES),
        draw(st.sampled_from([PLAIN, ROBBERY, GRAVE, UNKNOWN])),
        offence_id=f"O{number}",
        person_id=owners[custody_id],
        recorded_at=draw(st.just(at(2011)) | TIMES),
        superseded_at=draw(st.sampled_from([None, None, None, at(2014, 2, 28), at(2016)])),
        charged_at=draw(MAYBE),
        proven_at=draw(MAYBE),
    )


@st.composite
def worlds(draw: st.DrawFn) -> Arranged:
    events = [row for i in range(draw(st.integers(1, 6))) for row in draw(versions_of_event(f"C{i}"))]
    owners = {row["custody_id"]: row["person_id"] for row in events}
    offences = [draw(an_offence(i, owners)) for i in range(draw(st.integers(0, 14)))]
    day = st.none() | TIMES.map(lambda time: time.date())
    persons = [person(name, died_on=draw(day), moved_on=draw(day)) for name in ("P", "Q")]
    spans = draw(st.lists(st.tuples(PEOPLE, TIMES, MAYBE, st.sampled_from(["prison", "prison", "bail"])), max_size=4))
    orders = [
        order(begin, end, kind, order_id=f"R{i}", person_id=name, superseded_at=draw(st.none() | st.none() | TIMES))
        for i, (name, begin, end, kind) in enumerate(spans)
    ]
    return world(events, offences, persons, orders)


DEFINITIONS = st.builds(
    Definition,
    counted=st.sampled_from(COUNTED),
    serious=st.sampled_from(SERIOUS),
    severity_from=st.sampled_from([0.001, 465.0, 800.456, 801.0]),
    horizon_months=st.sampled_from([1, 6, 24]),
    conviction_months=st.sampled_from([0, 6]),
    excluded_reasons=st.sampled_from([(), ("bail", "warrant", "recall"), ("breach",)]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(arranged=worlds(), definition=DEFINITIONS, data_end=st.sampled_from([at(2016), at(2014, 9, 1), at(2014, 2, 28)]))
def test_the_kernel_agrees_with_the_slow_and_obvious_reference(
    arranged: Arranged, definition: Definition, data_end: dt.datetime
):
    keys = {name: getattr(definition, name) for name in Definition.__slots__}
    fast = outcomes_of(arranged, data_end, **keys)
    wanted = slow_moments(arranged.records)
    ids = arranged.records.custody_events["custody_id"].take(moments(arranged).event_row).to_pylist()
    assert ids == [row["custody_id"] for row in wanted]
    assert fast.to_table().to_pylist() == [slow_outcome(arranged.records, row, definition, data_end) for row in wanted]


@given(st.lists(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2050, 1, 1)), min_size=1), st.integers(0, 300))
def test_months_added_to_many_times_at_once_agree_with_pythons_calendar(times: list[dt.datetime], months: int):
    aware = [time.replace(tzinfo=dt.UTC) for time in times]
    added = add_months(np.array([instant(time) for time in aware]), months)
    assert added.tolist() == [instant(months_later(time, months)) for time in aware]
