from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.outcomes.flow import Flow, begin_flow, merged
from forecast.records.arrange import Arranged
from forecast.records.moments import moments
from tests.outcomes.test_reference import worlds
from tests.outcomes.worlds import NOON, at, event, world


def test_each_step_says_how_many_rows_and_people_are_left_and_why_others_are_not():
    flow = Flow("Events", np.array([0, 0, 1, 2]))
    assert flow.drop("Under 18", "no forecast for children", np.array([True, False, True, False])).tolist() == [1, 3]
    flow.note("Window incomplete", "the data end first", np.array([False, True]))
    assert flow.drop("No date of birth", "no age", np.array([False, True])).tolist() == [1]
    assert [(s.label, s.dropped, s.left, s.people, s.noted) for s in flow.steps] == [
        ("Events", 0, 4, 3, 0),
        ("Under 18", 2, 2, 2, 0),
        ("Window incomplete", 0, 2, 2, 1),
        ("No date of birth", 1, 1, 1, 0),
    ]
    assert (flow.started, flow.dropped, flow.left) == (4, 3, 1)


def test_a_step_may_have_a_line_for_each_kind_of_row_that_it_drops():
    flow = Flow("Events", np.arange(5))
    kinds = ["warrant", "offence", "bail", "bail", "breach"]
    left = flow.drop_each("Not a reason", "why", kinds, ["bail", "recall", "warrant"])
    assert left.tolist() == [1, 4]
    assert [(s.label, s.dropped) for s in flow.steps[1:]] == [
        ("Not a reason: bail", 2),
        ("Not a reason: recall", 0),
        ("Not a reason: warrant", 1),
    ]


@given(st.lists(st.integers(0, 4), max_size=30), st.lists(st.integers(0, 2**30), max_size=6))
def test_what_is_dropped_and_what_is_left_add_up(people: list[int], seeds: list[int]):
    flow = Flow("Events", np.array(people, dtype=np.int64))
    for seed in seeds:
        generator = np.random.default_rng(seed)
        mask = generator.random(flow.left) < 0.3
        if seed % 3 == 0:
            flow.drop_each("some", "why", generator.choice(["a", "b", "c"], flow.left).tolist(), ["a", "c"])
        else:
            (flow.drop if seed % 3 == 1 else flow.note)("some", "why", mask)
    assert flow.started == len(people) == flow.left + flow.dropped
    for before, after in zip(flow.steps, flow.steps[1:], strict=False):
        assert before.left == after.left + after.dropped
    assert flow.left == len(flow.rows)
    assert len(set(np.array(people)[flow.rows])) == flow.steps[-1].people if people else True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(arranged=worlds())
def test_what_the_first_steps_leave_are_the_forecast_moments(arranged: Arranged):
    flow = begin_flow(arranged)
    assert flow.rows.tolist() == moments(arranged).event_row.tolist()
    assert flow.started == len(arranged.records.custody_events)


def test_the_first_steps_name_versions_reasons_and_withdrawals():
    rows = [
        event("A", NOON, superseded_at=at(2011)),
        event("A", at(2011)),
        event("B", NOON, reason="bail"),
        event("C", NOON, reason="recall"),
        event("D", NOON, superseded_at=at(2011)),
    ]
    flow = begin_flow(world(rows))
    assert [(row["label"], row["dropped"], row["left"]) for row in flow.to_rows()] == [
        ("Rows of custody events on record", 0, 5),
        ("Versions merged", 1, 4),
        ("Not a reason for a forecast: bail", 1, 3),
        ("Not a reason for a forecast: warrant", 0, 3),
        ("Not a reason for a forecast: recall", 1, 2),
        ("Withdrawn later", 1, 1),
    ]


def test_the_lines_are_plain_values_and_a_table():
    flow = begin_flow(world([event("A", NOON)]))
    assert json.loads(json.dumps(flow.to_rows())) == flow.to_rows()
    assert list(flow.to_frame().columns) == ["label", "why", "dropped", "left", "people", "noted"]
    assert all(step.why for step in flow.steps[1:])


def test_flows_of_different_people_add_up_to_the_flow_of_all():
    rows = [event("A", NOON, "P", superseded_at=at(2011)), event("A", at(2011), "P"), event("B", NOON, "P")]
    more = [event("C", NOON, "Q", reason="bail"), event("D", NOON, "R")]
    whole = begin_flow(world([*rows, *more])).steps
    parts = [begin_flow(world(rows)).steps, begin_flow(world(more)).steps]
    assert merged(merged((), parts[0]), parts[1]) == tuple(whole)
    assert merged(parts[0], ()) == tuple(parts[0])


def test_flows_with_different_steps_are_not_merged():
    one, other = Flow("Events", np.arange(2)), Flow("Rows", np.arange(2))
    with pytest.raises(ValueError, match="different steps"):
        merged(one.steps, other.steps)
