"""Rules 5 and 6 of the rules of time, one test each, and the edges of the window."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from forecast.outcomes.build import build_outcomes
from forecast.outcomes.definition import Definition
from forecast.problems import Problem
from forecast.records.moments import moments
from tests.outcomes.worlds import (
    END,
    GRAVE,
    LATE,
    NOON,
    PLAIN,
    SERIOUS,
    TICK,
    UNKNOWN,
    ThreeCodes,
    after_first,
    at,
    event,
    instant,
    offence,
    order,
    outcomes_of,
    person,
    row_of,
    world,
)

MAY = at(2011, 5, 1)
DAY = dt.timedelta(days=1)


def test_an_offence_committed_and_arrested_for_in_the_window_counts():
    found = after_first(event("B", MAY), offence("B", MAY - DAY))
    assert (found["any"], found["serious"], found["any_on"], found["serious_on"]) == (True, False, MAY, None)
    assert found["days_to_first"] == 425
    assert found["harm_milli"] == 189_123


def test_a_serious_offence_is_also_any_offence():
    found = after_first(event("B", MAY), offence("B", MAY - DAY, SERIOUS))
    assert (found["any"], found["serious"], found["serious_on"]) == (True, True, MAY)


def test_nothing_afterwards_is_no_outcome():
    found = row_of(outcomes_of(world([event("A", NOON)], [offence("A", NOON)])))
    assert [found[name] for name in ("any", "serious", "any_on", "serious_on", "days_to_first")] == [
        False,
        False,
        None,
        None,
        None,
    ]
    assert found["harm_milli"] == 0


# Rule 5: committed at or after as_of, in another custody event


def test_an_arrest_in_the_window_for_an_earlier_offence_is_pseudo_reoffending_and_never_counts():
    assert not after_first(event("B", MAY), offence("B", NOON - TICK, SERIOUS))["any"]


@pytest.mark.parametrize("reason", ["bail", "warrant", "recall"])
def test_a_return_on_bail_a_warrant_or_a_recall_never_counts(reason: str):
    assert not after_first(event("B", MAY, reason=reason), offence("B", MAY - DAY, SERIOUS))["any"]


@pytest.mark.parametrize("reason", ["offence", "breach"])
def test_a_new_offence_or_the_breach_of_an_order_counts(reason: str):
    assert after_first(event("B", MAY, reason=reason), offence("B", MAY - DAY))["any"]


def test_the_reason_is_the_one_that_stands_in_the_end():
    first = event("B", MAY, superseded_at=MAY + DAY)
    corrected = event("B", MAY + DAY, arrested_at=MAY, reason="warrant")
    found = outcomes_of(world([event("A", NOON), first, corrected], [offence("B", MAY - DAY)]))
    assert not row_of(found)["any"]


def test_offences_of_the_own_event_that_are_recorded_late_never_count():
    late = offence("A", NOON + DAY, SERIOUS, recorded_at=MAY)
    assert not row_of(outcomes_of(world([event("A", NOON)], [late])))["any"]


def test_the_own_event_does_not_count_when_a_later_version_moves_its_arrest_into_the_window():
    events = [event("A", NOON, superseded_at=MAY), event("A", MAY, arrested_at=MAY)]
    found = outcomes_of(world(events, [offence("A", NOON + DAY)]))
    assert len(found) == 1
    assert not row_of(found)["any"]


def test_an_event_without_an_offence_does_not_count():
    assert not after_first(event("B", MAY))["any"]


def test_another_persons_offence_does_not_count():
    events = [event("A", NOON), event("B", MAY, "Q")]
    found = outcomes_of(world(events, [offence("B", MAY - DAY, person_id="Q")]))
    assert found.any.tolist() == [False, False]


# The edges: half-open, to the microsecond


@pytest.mark.parametrize(
    ("committed", "counts"),
    [(NOON - TICK, False), (NOON, True), (END - TICK, True), (END, False)],
    ids=["just before as_of", "at as_of", "just before the end", "at the end"],
)
def test_the_window_of_commission_is_half_open(committed: dt.datetime, counts: bool):
    assert after_first(event("B", max(committed, NOON)), offence("B", committed))["any"] is counts


@pytest.mark.parametrize(
    ("arrested", "counts"),
    [(NOON - TICK, False), (NOON, True), (END - TICK, True), (END, False)],
    ids=["just before as_of", "at as_of", "just before the end", "at the end"],
)
def test_the_window_of_the_arrest_is_half_open(arrested: dt.datetime, counts: bool):
    second = event("B", END + DAY, arrested_at=arrested)
    assert after_first(second, offence("B", NOON))["any"] is counts


@pytest.mark.parametrize(
    ("as_of", "end"),
    [
        (at(2012, 2, 29), at(2014, 2, 28)),
        (at(2010, 2, 28), at(2012, 2, 28)),
        (at(2010, 12, 31, 23, 59), at(2012, 12, 31, 23, 59)),
    ],
    ids=["29 February", "28 February to a leap year", "last day of the year"],
)
def test_months_are_calendar_months(as_of: dt.datetime, end: dt.datetime):
    for arrested, counts in ((end - TICK, True), (end, False)):
        events = [event("A", as_of), event("B", arrested)]
        assert outcomes_of(world(events, [offence("B", as_of)])).any.tolist()[0] is counts


def test_two_events_in_the_same_minute_are_each_others_outcome_only_forwards():
    events = [event("A", at(2010, 3, 1, 12, 0)), event("B", at(2010, 3, 1, 12, 0) + 40 * 10**6 * TICK)]
    found = outcomes_of(world(events, [offence("A", NOON), offence("B", NOON + TICK)]))
    assert found.any.tolist() == [True, False]
    assert found.days_to_first.tolist() == [0, -1]


def test_two_forecasts_at_the_same_instant_do_not_count_what_came_before_them():
    events = [event("A", NOON), event("B", NOON), event("C", MAY)]
    offences = [offence("A", NOON - DAY), offence("B", NOON - DAY), offence("C", MAY - DAY, SERIOUS)]
    found = outcomes_of(world(events, offences))
    assert found.moments.as_of.tolist()[:2] == [instant(NOON)] * 2
    assert found.serious.tolist() == [True, True, False]
    assert found.harm.tolist() == [800_456, 800_456, 0]


def test_two_forecasts_at_the_same_instant_count_each_others_offence_of_that_instant():
    events = [event("A", NOON), event("B", NOON)]
    found = outcomes_of(world(events, [offence("A", NOON), offence("B", NOON, SERIOUS)]))
    assert found.any.tolist() == [True, True]
    assert found.serious.tolist() == [True, False]


# Charge and proof


def test_by_charge_an_offence_without_a_charge_does_not_count():
    assert not after_first(event("B", MAY), offence("B", MAY), counted="charge")["any"]


@pytest.mark.parametrize(
    ("counted", "column", "last"),
    [("charge", "charged_at", END), ("proven", "proven_at", at(2012, 9, 1, 12))],
)
def test_the_window_of_charge_and_proof_is_half_open(counted: str, column: str, last: dt.datetime):
    for when, counts in ((NOON - TICK, False), (NOON, True), (last - TICK, True), (last, False)):
        found = after_first(event("B", NOON), offence("B", NOON, **{column: when}), counted=counted)
        assert found["any"] is counts
        assert found["any_on"] == (when if counts else None)


def test_a_proof_waits_six_months_but_the_offence_does_not():
    proven = {"proven_at": END + DAY}
    assert after_first(event("B", END - DAY), offence("B", END - TICK, **proven), counted="proven")["any"]
    assert not after_first(event("B", END), offence("B", END, **proven), counted="proven")["any"]


def test_the_wait_of_a_proof_is_reckoned_from_the_forecast_in_one_step():
    as_of = at(2010, 8, 31)
    found = outcomes_of(world([event("A", as_of)]), counted="proven")
    assert found.closes.tolist() == [instant(at(2013, 2, 28))]
    assert found.ends.tolist() == [instant(at(2012, 8, 31))]


# Seriousness, harm, unknown codes


def test_an_unknown_code_is_any_but_never_serious_and_weighs_nothing():
    for serious in ("taxonomy", "severity"):
        found = after_first(event("B", MAY), offence("B", MAY, UNKNOWN), serious=serious)
        assert (found["any"], found["serious"], found["harm_milli"]) == (True, False, 0)


@pytest.mark.parametrize(("code", "severity_from", "serious"), [(GRAVE, 465.0, True), (GRAVE, 465.001, False)])
def test_by_severity_the_threshold_itself_is_serious(code: str, severity_from: float, serious: bool):
    found = after_first(event("B", MAY), offence("B", MAY, code), serious="severity", severity_from=severity_from)
    assert found["serious"] is serious


def test_harm_adds_all_qualifying_offences_exactly_and_times_are_those_of_the_first():
    events = [event("A", NOON), event("B", MAY), event("C", MAY + DAY)]
    offences = [offence("C", MAY), offence("B", MAY, GRAVE), offence("C", MAY, SERIOUS), offence("C", NOON - DAY)]
    found = row_of(outcomes_of(world(events, offences)))
    assert found["harm_milli"] == 189_123 + 465_000 + 800_456
    assert (found["any_on"], found["serious_on"]) == (MAY, MAY + DAY)


def test_the_first_time_is_that_of_the_first_arrest_whichever_offence_was_committed_first():
    events = [event("A", NOON), event("B", MAY + 9 * DAY), event("C", MAY)]
    offences = [offence("B", NOON + DAY, SERIOUS), offence("C", NOON + 2 * DAY, SERIOUS), offence("B", NOON + 3 * DAY)]
    found = row_of(outcomes_of(world(events, offences)))
    assert (found["any_on"], found["serious_on"]) == (MAY, MAY)


# Versions, and the end of the data


def test_a_withdrawn_event_or_offence_does_not_count():
    withdrawn = {"superseded_at": MAY + DAY}
    assert not after_first(event("B", MAY, **withdrawn), offence("B", MAY))["any"]
    assert not after_first(event("B", MAY), offence("B", MAY, **withdrawn))["any"]


def test_a_correction_at_the_very_end_of_the_data_is_not_seen_yet():
    for superseded, counts in ((LATE - TICK, False), (LATE, True)):
        assert after_first(event("B", MAY), offence("B", MAY, superseded_at=superseded))["any"] is counts
        assert after_first(event("B", MAY, superseded_at=superseded), offence("B", MAY))["any"] is counts


def test_what_is_recorded_at_the_end_of_the_data_or_later_is_not_seen():
    for recorded, counts in ((LATE - TICK, True), (LATE, False)):
        assert after_first(event("B", MAY), offence("B", MAY, recorded_at=recorded))["any"] is counts
        assert after_first(event("B", recorded, arrested_at=MAY), offence("B", MAY))["any"] is counts


def test_the_corrected_offence_counts_in_place_of_the_first_version():
    first = offence("B", MAY, SERIOUS, superseded_at=MAY + DAY)
    corrected = first | {"code": PLAIN, "recorded_at": MAY + DAY, "superseded_at": None}
    found = after_first(event("B", MAY), first, corrected)
    assert (found["any"], found["serious"], found["harm_milli"]) == (True, False, 189_123)


@pytest.mark.parametrize(("counted", "closes"), [("arrest", END), ("charge", END), ("proven", at(2012, 9, 1, 12))])
def test_a_window_is_complete_when_it_closes_at_or_before_the_end_of_the_data(counted: str, closes: dt.datetime):
    arranged = world([event("A", NOON)])
    assert outcomes_of(arranged, closes, counted=counted).complete.tolist() == [True]
    assert outcomes_of(arranged, closes - TICK, counted=counted).complete.tolist() == [False]


def test_an_incomplete_window_shows_what_was_seen_so_far():
    second, charge = event("B", MAY), {"charged_at": MAY + 9 * DAY}
    found = after_first(second, offence("B", MAY), data_end=MAY + DAY)
    assert (found["complete"], found["any"]) == (False, True)
    for data_end, counts in ((MAY + 9 * DAY, False), (MAY + 9 * DAY + TICK, True)):
        assert after_first(second, offence("B", MAY, **charge), data_end=data_end, counted="charge")["any"] is counts


def test_when_no_window_is_complete_the_problem_names_the_date_that_would_do():
    arranged = world([event("A", NOON)])
    with pytest.raises(Problem, match="2012-03-01 12:00:00") as raised:
        build_outcomes(arranged, moments(arranged), ThreeCodes(), Definition(), instant(END - TICK))
    assert raised.value.code == "outcome-nothing-complete"
    assert len(build_outcomes(arranged, moments(arranged), ThreeCodes(), Definition(), instant(END))) == 1


def test_no_moments_are_no_problem():
    arranged = world([event("A", NOON, reason="bail")], [offence("A", NOON)])
    found = build_outcomes(arranged, moments(arranged), ThreeCodes(), Definition(), instant(NOON))
    assert len(found) == 0
    assert found.to_table().num_rows == 0


def test_no_records_are_no_problem():
    assert len(outcomes_of(world([]))) == 0


# Rule 6: what happened under usual handling is stored, and never excluded here


def test_death_moving_and_prison_are_stored_and_leave_the_outcome_as_it_is():
    gone = [person(died_on=dt.date(2010, 6, 1), moved_on=dt.date(2010, 5, 1))]
    inside = [order(NOON, END)]
    found = row_of(outcomes_of(world([event("A", NOON)], persons=gone, orders=inside)))
    assert (found["died"], found["moved"], found["days_in_prison"]) == (True, True, 731)
    assert (found["complete"], found["any"]) == (True, False)


@pytest.mark.parametrize(
    ("day", "within"),
    [
        (dt.date(2010, 2, 28), False),
        (dt.date(2010, 3, 1), True),
        (dt.date(2012, 3, 1), True),
        (dt.date(2012, 3, 2), False),
    ],
    ids=["the day before", "the day of the forecast", "the last day", "the day after"],
)
def test_death_and_moving_are_in_the_window_by_day(day: dt.date, within: bool):
    for column, name in (("died_on", "died"), ("moved_on", "moved")):
        found = row_of(outcomes_of(world([event("A", NOON)], persons=[person(**{column: day})])))
        assert found[name] is within


def test_a_death_after_the_end_of_the_data_is_not_known():
    persons = [person(died_on=dt.date(2011, 5, 2))]
    assert outcomes_of(world([event("A", NOON)], persons=persons), MAY + DAY).died.tolist() == [False]
    assert outcomes_of(world([event("A", NOON)], persons=persons), MAY + DAY + TICK).died.tolist() == [True]


def test_of_a_forecast_after_the_end_of_the_data_nothing_is_known():
    persons = [person(died_on=NOON.date(), moved_on=NOON.date())]
    arranged = world([event("A", NOON, disposal="diversion")], [], persons, [order(NOON - DAY, None)])
    found = row_of(outcomes_of(arranged, NOON - TICK))
    assert [found[name] for name in ("complete", "died", "moved", "diverted", "days_in_prison")] == [False] * 4 + [0]


def test_overlapping_remand_and_prison_are_counted_once():
    events = [event("A", NOON, remanded_until=NOON + 30 * DAY)]
    spans = [order(NOON + 20 * DAY, NOON + 50 * DAY), order(NOON + 25 * DAY, NOON + 35 * DAY)]
    spans += [order(NOON + 60 * DAY, NOON + 61 * DAY), order(NOON, END, "community_order")]
    assert row_of(outcomes_of(world(events, orders=spans)))["days_in_prison"] == 51


def test_spans_within_a_longer_one_add_nothing():
    spans = [order(NOON + a * DAY, NOON + b * DAY) for a, b in ((20, 50), (25, 35), (40, 45), (49, 51))]
    assert outcomes_of(world([event("A", NOON)], orders=spans)).days_in_prison.tolist() == [31]


@pytest.mark.parametrize(
    ("span", "data_end", "days"),
    [
        (order(NOON - 9 * DAY, NOON + DAY), LATE, 1),
        (order(END - DAY, END + 9 * DAY), LATE, 1),
        (order(END - DAY, None), LATE, 1),
        (order(NOON, None), NOON + 3 * DAY, 3),
        (order(NOON, NOON + DAY - TICK), LATE, 0),
        (order(NOON + DAY, NOON), LATE, 0),
        (order(NOON, END, recorded_at=LATE), LATE, 0),
        (order(NOON, END, superseded_at=NOON + DAY), LATE, 0),
    ],
    ids=["begun before", "goes on", "no end", "data end", "less than a day", "backwards", "not recorded", "withdrawn"],
)
def test_time_in_prison_is_cut_to_the_window_and_to_what_is_known(
    span: dict[str, Any], data_end: dt.datetime, days: int
):
    assert outcomes_of(world([event("A", NOON)], orders=[span]), data_end).days_in_prison.tolist() == [days]


def test_each_forecast_of_a_person_counts_its_own_time_in_prison():
    events = [event("A", NOON), event("B", NOON + 5 * DAY), event("Q", NOON, "Q")]
    found = outcomes_of(world(events, orders=[order(NOON, NOON + 8 * DAY), order(NOON + 2 * DAY, NOON + 9 * DAY)]))
    assert found.days_in_prison.tolist() == [9, 4, 0]


@pytest.mark.parametrize(
    ("more", "diverted"),
    [
        ({"disposal": "diversion", "disposed_at": MAY}, True),
        ({"disposal": "diversion"}, True),
        ({"disposal": "charge", "disposed_at": MAY}, False),
        ({"disposal": "diversion", "disposed_at": LATE}, False),
        ({}, False),
    ],
    ids=["diverted", "undated", "charged", "not known yet", "no disposal"],
)
def test_diversion_of_the_presenting_event_is_kept_apart(more: dict[str, Any], diverted: bool):
    events = [event("A", NOON, **more), event("B", MAY, disposal="diversion", reason="bail")]
    assert outcomes_of(world(events)).diverted.tolist() == [diverted]


def test_diversion_may_stand_in_a_later_version():
    events = [event("A", NOON, superseded_at=MAY), event("A", MAY, arrested_at=NOON, disposal="diversion")]
    assert outcomes_of(world(events)).diverted.tolist() == [True]


def test_the_table_has_one_type_for_each_column():
    types = {f.name: f.type for f in outcomes_of(world([event("A", NOON)])).to_table().schema}
    time = pa.timestamp("us", tz="UTC")
    assert types == {
        "any": pa.bool_(),
        "serious": pa.bool_(),
        "any_on": time,
        "serious_on": time,
        "days_to_first": pa.int64(),
        "harm_milli": pa.int64(),
        "complete": pa.bool_(),
        "died": pa.bool_(),
        "moved": pa.bool_(),
        "days_in_prison": pa.int64(),
        "diverted": pa.bool_(),
    }
