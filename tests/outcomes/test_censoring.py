from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.outcomes.build import Outcomes
from forecast.outcomes.censoring import aalen_johansen, censoring_survival, cumulative_incidence, ipcw_weights
from forecast.problems import Problem
from tests.outcomes.worlds import SERIOUS, TICK, at, event, offence, outcomes_of, person, world

DAY = dt.timedelta(days=1)
DATA_END = at(2014)
FOLLOWED = [
    ("a", at(2010), None),
    ("b", at(2010), 100),
    ("c", at(2013), None),
    ("d", at(2013), 50),
    ("e", at(2011), 500),
]
"""Person, forecast, day of the next arrest: c is censored after 365 days, all others are known at 24 months."""


def followed(
    data_end: dt.datetime = DATA_END, left: dict[str, dict[str, dt.date]] | None = None, **definition: object
) -> Outcomes:
    """Return the outcomes of FOLLOWED, the second arrests (for bail: no forecast of their own, yet they count)."""
    events, offences = [], []
    for name, as_of, days in FOLLOWED:
        events.append(event(f"{name}1", as_of, name))
        if days:
            events.append(event(f"{name}2", as_of + days * DAY, name, reason="bail"))
            offences.append(offence(f"{name}2", as_of + days * DAY, SERIOUS if name == "e" else "8N", person_id=name))
    persons = [person(name, **((left or {}).get(name, {}))) for name in "abcde"]
    keys = {"excluded_reasons": ()} | definition
    return outcomes_of(world(events, offences, persons), data_end, **keys)


def test_the_censoring_curve_of_a_hand_worked_example():
    """Events at 1, 3, 5 and censorings at 2 and 4: of 4 at risk one is censored at 2, of 2 one at 4."""
    curve = censoring_survival(np.array([1, 2, 3, 4, 5]), np.array([False, True, False, True, False]))
    assert curve.times.tolist() == [2, 4]
    assert curve.values.tolist() == [3 / 4, 3 / 8]
    assert curve.before(np.array([0, 2, 3, 4, 5, 99])).tolist() == [1, 1, 3 / 4, 3 / 4, 3 / 8, 3 / 8]


def test_an_event_at_the_time_of_a_censoring_came_first():
    curve = censoring_survival(np.array([2, 2, 3]), np.array([True, False, False]))
    assert curve.values.tolist() == [1 / 2]


def test_weights_of_a_hand_worked_example():
    """At 365 days three are at risk of censoring (a, c, e) and c is censored; so a and e stand for c too."""
    outcomes = followed()
    weights = ipcw_weights(outcomes, 24)
    assert weights.tolist() == pytest.approx([1.5, 1, 0, 1, 1.5])
    assert (weights * outcomes.any).sum() / 5 == pytest.approx(0.7)  # 1 - 4/5 * 3/4 * 1/2, as Kaplan and Meier say
    assert outcomes.complete.tolist() == [True, True, False, False, True]


def test_a_case_is_known_at_an_earlier_time_than_the_horizon():
    assert ipcw_weights(followed(), 12).tolist() == [1, 1, 1, 1, 1]  # c was followed for exactly a year
    assert ipcw_weights(followed(DATA_END - DAY), 12)[2] == 0


def test_weights_of_a_level_ask_for_its_own_outcome():
    weights = ipcw_weights(followed(), 24, "serious")
    # d, whose arrest is not a serious one, is censored with c: of a, b, c, d, e five are at risk and two are censored
    assert weights.tolist() == pytest.approx([5 / 3, 5 / 3, 0, 0, 5 / 3])


def test_death_and_moving_censor_only_when_asked_to():
    gone = {"a": {"died_on": dt.date(2010, 2, 1)}, "e": {"moved_on": dt.date(2011, 1, 31)}}
    outcomes = followed(left=gone)
    assert ipcw_weights(outcomes, 24).tolist() == pytest.approx([1.5, 1, 0, 1, 1.5])
    # e moves after 30 days (of 5 one), a dies after 31 (of 4 one); then only c is censored, after all others
    weights = ipcw_weights(outcomes, 24, also=("died", "moved"))
    assert weights.tolist() == pytest.approx([0, 5 / 3, 0, 5 / 3, 0])
    assert ipcw_weights(outcomes, 24, also=("died",)).tolist() == pytest.approx([0, 1.25, 0, 1.25, 2.5])


def test_a_forecast_after_the_end_of_the_data_weighs_nothing_and_is_not_at_risk():
    weights = ipcw_weights(followed(at(2012, 6)), 24)
    assert weights.tolist() == [1, 1, 0, 0, 1]


def test_an_arrest_at_the_moment_of_leaving_came_first():
    on_day_100 = {"b": {"moved_on": dt.date(2010, 4, 11)}}
    assert ipcw_weights(followed(left=on_day_100), 24, also=("moved",))[1] == 1


@pytest.mark.parametrize(("data_end", "known"), [(at(2012, 7), 1), (at(2012, 7) - TICK, 0)])
def test_without_a_proof_a_case_is_known_only_when_the_wait_is_over(data_end: dt.datetime, known: int):
    outcomes = outcomes_of(world([event("A", at(2010))]), data_end, counted="proven")
    assert ipcw_weights(outcomes, 24).tolist() == [known]


def test_weights_beyond_the_horizon_are_refused():
    with pytest.raises(Problem) as raised:
        ipcw_weights(followed(horizon_months=12), 24)
    assert raised.value.code == "outcome-horizon"


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=40))
def test_the_weighted_rate_is_what_kaplan_and_meier_say(rows: list[tuple[int, int]]):
    """With G and the curve of events from the same cases, the weighted share is one minus the survival: an identity."""
    event_at, censored_at = np.array(rows).T
    time, censored = np.minimum(event_at, censored_at), censored_at < event_at
    curve = censoring_survival(time, censored)
    weights = np.where(censored, 0, 1 / np.where(censored, 1, curve.before(time)))
    at_times, incidence = cumulative_incidence(time, (~censored).astype(int), 1)
    for i, when in enumerate(at_times):
        assert (weights * (time <= when)).sum() / len(time) == pytest.approx(incidence[i, 0])


def test_incidence_of_a_hand_worked_example():
    """Re-arrest at 1, death at 2, censored at 3, re-arrest at 4, moving at 5."""
    times, incidence = cumulative_incidence(np.array([1, 2, 3, 4, 5]), np.array([1, 2, 0, 1, 3]), 3)
    assert times.tolist() == [1, 2, 4, 5]
    assert incidence == pytest.approx(np.array([[0.2, 0, 0], [0.2, 0.2, 0], [0.5, 0.2, 0], [0.5, 0.2, 0.3]]))


def test_causes_at_the_same_time_share_the_same_people_at_risk():
    times, incidence = cumulative_incidence(np.array([1, 1, 1, 2]), np.array([1, 2, 0, 1]), 2)
    assert times.tolist() == [1, 2]
    assert incidence == pytest.approx(np.array([[0.25, 0.25], [0.75, 0.25]]))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=40))
def test_without_censoring_the_incidence_is_the_plain_share_and_never_falls(rows: list[tuple[int, int]]):
    time, cause = np.array(rows).T
    time = np.where(cause == 0, 10, time)  # followed to the end
    times, incidence = cumulative_incidence(time, cause, 3)
    for i, when in enumerate(times):
        plain = [np.mean((time <= when) & (cause == k)) for k in (1, 2, 3)]
        assert incidence[i] == pytest.approx(plain)
    assert (np.diff(incidence, axis=0) >= 0).all()


def test_no_events_are_no_incidence():
    times, incidence = cumulative_incidence(np.array([3, 4]), np.array([0, 0]), 3)
    assert (times.tolist(), incidence.shape) == ([], (0, 3))


def test_statsmodels_agrees_on_the_incidence():
    module = pytest.importorskip("statsmodels.duration.survfunc", reason="statsmodels is not installed")
    generator = np.random.default_rng(3)
    time, cause = generator.integers(1, 30, 400), generator.integers(0, 4, 400)
    times, ours = cumulative_incidence(time, cause, 3)
    theirs = module.CumIncidenceRight(time, cause)
    for k in range(3):
        at_ours = np.asarray(theirs.cinc[k])[np.searchsorted(theirs.times, times, side="right") - 1]
        assert ours[:, k] == pytest.approx(at_ours)


def test_rearrest_competes_with_death_and_moving_away():
    """Of five: b and d are arrested, a dies after 31 days, e moves after 30, before the arrest of day 500."""
    gone = {"a": {"died_on": dt.date(2010, 2, 1)}, "e": {"moved_on": dt.date(2011, 1, 31)}}
    found = aalen_johansen(followed(left=gone))
    assert found["day"].tolist() == [30, 31, 50, 100]
    assert found["moving"].tolist() == pytest.approx([0.2] * 4)
    assert found["death"].tolist() == pytest.approx([0, 0.2, 0.2, 0.2])
    assert found["rearrest"].tolist() == pytest.approx([0, 0, 0.2, 0.4])
    assert aalen_johansen(followed(), "serious")["rearrest"].tolist() == pytest.approx([1 / 3])


def test_who_is_forecast_after_the_end_of_the_data_is_not_at_risk_of_anything():
    assert aalen_johansen(followed(at(2012, 6)))["rearrest"].tolist() == pytest.approx([1 / 3, 2 / 3])
