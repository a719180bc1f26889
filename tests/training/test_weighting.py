"""Tests of the weights of cases whose window is not complete yet."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.training.splits import seen_before
from forecast.training.weighting import horizon_days, weighted_outcomes, weighted_sample

CUT = datetime.date(2013, 1, 1)
LEVELS = ("any", "serious")


def simulated(n: int, seed: int = 1, rate: float = 1 / 600) -> Cases:
    """Cases of five years up to the cut and two beyond, followed to 2018; "serious" comes later than "any"."""
    rng = np.random.default_rng(seed)
    as_of = pd.Timestamp("2008-01-01") + pd.to_timedelta(rng.integers(0, 1826, n), unit="D")
    first = np.floor(rng.exponential(1 / rate, n)) + 0.25
    times = pd.DataFrame({"any": first, "serious": first + np.floor(rng.exponential(2 / rate, n))})
    followed = pd.Series((pd.Timestamp("2018-01-01") - as_of).days.astype(float))
    keys = pd.DataFrame({CASE_ID: [f"C{i}" for i in range(n)], PERSON_ID: [f"P{i}" for i in range(n)], AS_OF: as_of})
    outcomes = times.lt(followed, axis=0)
    empty = pd.DataFrame(index=range(n))
    return Cases(keys, empty, outcomes, empty, empty, times=times.where(outcomes), followed=followed)


def weighted(cases: Cases, cut: datetime.date = CUT) -> tuple[np.ndarray, np.ndarray]:
    seen = seen_before(cases, cut)
    return weighted_outcomes(seen.times, seen.followed.to_numpy(), horizon_days(seen.keys[AS_OF], 24))


def test_outcomes_planted_after_the_cut_change_nothing():
    cases = simulated(800)
    until_cut = (pd.Timestamp(CUT) - cases.keys[AS_OF]).dt.days.to_numpy()
    times = cases.times.copy()
    for level in LEVELS:
        later = ~(times[level] < until_cut)
        times.loc[later, level] = until_cut[later] + np.arange(later.sum()) % 50
    planted = replace(cases, times=times, outcomes=times.notna())
    assert not planted.times.equals(cases.times)
    for before, after in zip(weighted(cases), weighted(planted), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_sample_for_a_weighted_fit_holds_the_cases_that_count_and_no_others():
    cases = simulated(500)
    _, weights = weighted(cases)
    sample = weighted_sample(seen_before(cases, CUT), 24)
    counted = weights.any(axis=1)
    assert sample.weights is not None
    np.testing.assert_array_equal(sample.weights, weights[counted])
    assert sample.persons.tolist() == cases.keys.loc[counted, PERSON_ID].tolist()
    assert 0 < len(sample) < len(cases)


def test_complete_windows_all_weigh_one():
    cases = simulated(300)
    happened, weights = weighted(cases, datetime.date(2017, 12, 31))
    np.testing.assert_array_equal(weights, 1.0)
    np.testing.assert_array_equal(happened, cases.times.to_numpy() < horizon_days(cases.keys[AS_OF], 24)[:, None])


def test_a_case_without_an_outcome_and_without_a_complete_window_counts_nothing():
    cases = simulated(800)
    happened, weights = weighted(cases)
    seen = seen_before(cases, CUT)
    short = (seen.followed.to_numpy() < horizon_days(cases.keys[AS_OF], 24))[:, None]
    np.testing.assert_array_equal(weights == 0, short & ~happened)
    assert (weights[~short[:, 0]] >= 1).all()


def test_the_last_months_count_and_the_weighted_rate_is_that_of_complete_windows():
    cases = simulated(6_000)
    happened, weights = weighted(cases)
    truth = (cases.times.to_numpy() < horizon_days(cases.keys[AS_OF], 24)[:, None]).mean(axis=0)
    np.testing.assert_allclose(np.average(happened[:, 0], weights=weights[:, 0]), truth[0], atol=0.02)
    np.testing.assert_allclose(np.average(happened[:, 1], weights=weights[:, 1]), truth[1], atol=0.02)
    naive = happened[weights[:, 0] > 0, 0].mean()
    assert naive > truth[0] + 0.05
    late = (cases.keys[AS_OF] >= "2011-01-02").to_numpy()
    assert weights[late].sum() > 1_000


def test_the_weight_is_one_over_the_share_not_yet_censored():
    times = pd.DataFrame({"any": [np.nan, np.nan, np.nan, 5.0, 2.0]})
    followed = np.array([3.0, 4.0, 10.0, 10.0, 10.0])
    happened, weights = weighted_outcomes(times, followed, 10.0)
    # Censored at 3 with four at risk, at 4 with three: G is 3/4 and then 1/2.
    np.testing.assert_allclose(weights[:, 0], [0, 0, 2.0, 2.0, 1.0])
    assert happened[:, 0].tolist() == [False, False, False, True, True]


def test_an_outcome_at_the_very_end_of_follow_up_or_of_the_window_is_none():
    happened, weights = weighted_outcomes(pd.DataFrame({"any": [4.0, 10.0]}), np.array([4.0, 20.0]), 10.0)
    assert happened[:, 0].tolist() == [False, False]
    assert weights[0, 0] == 0
    assert weights[1, 0] > 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 40)), st.integers(-3, 40)), min_size=1, max_size=40))
def test_weights_are_finite_and_those_of_the_known_alone(rows: list[tuple[int | None, int]]):
    times = pd.DataFrame({"any": pd.Series([np.nan if t is None else float(t) for t, _ in rows], dtype="float64")})
    followed = np.array([float(f) for _, f in rows])
    happened, weights = weighted_outcomes(times, followed, 20.0)
    assert np.isfinite(weights).all()
    assert ((weights == 0) | (weights >= 1)).all()
    assert (weights[happened] > 0).all()
    assert (weights[followed <= 0] == 0).all()


def test_a_window_of_months_ends_by_the_calendar():
    as_of = pd.Series(pd.to_datetime(["2010-03-01", "2011-03-01"]))
    assert horizon_days(as_of, 24).tolist() == [731.0, 731.0]
    assert horizon_days(as_of - pd.DateOffset(years=1), 12).tolist() == [365.0, 365.0]


def test_a_weighted_sample_says_whose_window_was_over_and_their_rate_is_not_inflated():
    cases = simulated(6_000)
    sample = weighted_sample(seen_before(cases, CUT), 24)
    truth = (cases.times.to_numpy() < horizon_days(cases.keys[AS_OF], 24)[:, None]).mean(axis=0)
    assert sample.complete is not None
    assert sample.happened[:, 0].mean() > truth[0] + 0.05
    np.testing.assert_allclose(sample.happened[sample.complete].mean(axis=0), truth, atol=0.02)
    assert sample.happened[~sample.complete].any(axis=1).all()
    early = (cases.keys[AS_OF] + pd.DateOffset(months=24) < pd.Timestamp(CUT)).to_numpy()
    assert sample.complete.sum() == early.sum()
    assert sample.take(sample.complete).complete.all()
