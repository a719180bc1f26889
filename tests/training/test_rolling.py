"""Tests of splits in time again and again: no label and no case from after an origin reaches its training."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.problems import Problem
from forecast.tables.description import Description
from forecast.tables.library import load
from forecast.training.experiment import Experiment
from forecast.training.splits import (
    Fold,
    returning_people,
    rolling_folds,
    seen_before,
    splits,
    training_cases,
)

UNTIL = datetime.date(2017, 1, 1)
WEIGHTED = ("boosting-ipcw",)


def dated(settling: int = 0) -> Description:
    """The synthetic table's description, as if it had dates of outcomes and an end of the data."""
    made = load("synthetic")
    levels = tuple(dataclasses.replace(level, date=f"{level.name}_on") for level in made.levels)
    return dataclasses.replace(made, levels=levels, observed_until=UNTIL, settling_months=settling)


def experiment(**changes: Any) -> Experiment:
    made = {"name": "roll", "table": "synthetic", "split": "rolling", "test_from": datetime.date(2012, 1, 1)}
    return Experiment(**(made | changes))


def drawn(n: int, seed: int, first: str = "2007-01-01", last: str = "2017-01-01") -> Cases:
    """Return cases on random days with random outcomes, seen until the end of the data; a quarter of people return."""
    rng = np.random.default_rng(seed)
    first_day, last_day = (np.datetime64(day).astype(int) for day in (first, last))
    as_of = np.sort(rng.integers(first_day, last_day, n))
    followed = np.datetime64(UNTIL).astype(int) - as_of - 0.5
    window = pd.to_datetime(as_of, unit="D") + pd.DateOffset(months=24)
    length = (window - pd.to_datetime(as_of, unit="D")).days.to_numpy()
    any_ = np.where(rng.random(n) < 0.6, rng.integers(0, 720, n), np.nan)
    serious = np.where(rng.random(n) < 0.4, any_ + rng.integers(0, 300, n), np.nan)
    times = pd.DataFrame({"any": any_, "serious": serious})
    times = times.where(times.lt(np.minimum(followed, length), axis=0))
    persons = rng.integers(0, max(3 * n // 4, 1), n)
    keys = pd.DataFrame(
        {
            CASE_ID: [f"C{i}" for i in range(n)],
            PERSON_ID: pd.Series([f"P{p}" for p in persons], dtype="object"),
            AS_OF: pd.to_datetime(as_of, unit="D"),
        }
    )
    empty = pd.DataFrame(index=range(n))
    x = pd.DataFrame({"x": np.arange(float(n))})
    return Cases(keys, x, times.notna(), empty, empty, times=times, followed=pd.Series(followed))


def completed(cases: Cases) -> Cases:
    """Return the cases that a plain reading keeps."""
    return cases.take(cases.complete(dated().closing_months))


calendars = st.fixed_dictionaries(
    {
        "test_from": st.dates(datetime.date(2011, 6, 1), datetime.date(2013, 6, 1)),
        "origins_every_months": st.integers(4, 18),
        "history_months": st.sampled_from([0, 40, 60]),
        "embargo_days": st.integers(0, 120),
    }
)


@trials(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(calendars, st.integers(0, 99), st.integers(0, 6))
def test_no_training_window_ends_after_the_cutoff_and_no_test_lies_before_the_origin(
    calendar: dict[str, Any], seed: int, settling: int
) -> None:
    cases, description, e = drawn(3_000, seed, last="2015-01-01"), dated(settling), experiment(**calendar)
    cases = cases.take(cases.complete(description.closing_months))
    folds = rolling_folds(cases, description, e, "a table")
    as_of = cases.keys[AS_OF]
    closes = as_of + pd.DateOffset(months=24 + settling)
    for fold in folds:
        assert fold.period is not None
        origin, cutoff = pd.Timestamp(fold.period.origin), pd.Timestamp(fold.period.cutoff)
        assert (origin - cutoff).days == e.embargo_days
        assert (closes.iloc[fold.train] < cutoff).all()
        assert (as_of.iloc[fold.test] >= origin).all()
        span = (as_of >= pd.Timestamp(fold.period.since)) & (as_of < origin)
        assert len(fold.train) + fold.purged == span.sum()
        assert fold.embargoed == (span & (closes >= cutoff) & (closes < origin)).sum()
        if e.history_months:
            assert (as_of.iloc[fold.train] >= origin - pd.DateOffset(months=e.history_months)).all()
    tested = np.concatenate([fold.test for fold in folds])
    assert len(set(tested.tolist())) == len(tested)
    left_out = (as_of >= pd.Timestamp(calendar["test_from"])).sum() - len(tested)
    assert 0 <= left_out < 20  # of a last fold with too few to judge


@trials(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(calendars, st.integers(0, 99), st.integers(0, 99))
def test_what_becomes_known_after_the_origin_changes_no_training_label(
    calendar: dict[str, Any], seed: int, other: int
) -> None:
    cases, e = drawn(3_000, seed), experiment(**calendar, beside=WEIGHTED)
    [fold, *_] = rolling_folds(cases, dated(), e, "a table")
    assert fold.period is not None
    assert fold.censored is not None
    planted = _with_another_future(cases, pd.Timestamp(fold.period.cutoff), other)
    assert (planted.outcomes != cases.outcomes).any(axis=None)
    [same, *_] = rolling_folds(planted, dated(), e, "a table")
    np.testing.assert_array_equal(same.train, fold.train)
    np.testing.assert_array_equal(same.censored, fold.censored)
    before, after = training_cases(cases, fold), training_cases(planted, same)
    pd.testing.assert_frame_equal(before.outcomes, after.outcomes)
    pd.testing.assert_frame_equal(before.times, after.times)
    pd.testing.assert_series_equal(before.followed, after.followed)
    days = (pd.Timestamp(fold.period.cutoff) - before.keys[AS_OF]).dt.days
    assert before.times.lt(days, axis=0).where(before.outcomes, True).all(axis=None)
    plain = rolling_folds(completed(cases), dated(), dataclasses.replace(e, beside=()), "a table")[0]
    assert before.complete(24).sum() == len(fold.train) == len(plain.train)


def _with_another_future(cases: Cases, day: pd.Timestamp, seed: int) -> Cases:
    """Return cases in which all that happened from ``day`` on happened otherwise."""
    rng = np.random.default_rng(seed)
    left = (day - cases.keys[AS_OF]).dt.days.to_numpy(dtype=float)
    past = cases.times.lt(left, axis=0)
    later = np.maximum(left, 0) + rng.integers(0, 50, len(cases))
    new = np.where((rng.random(len(cases)) < 0.5) & (later < np.minimum(cases.followed, 700)), later, np.nan)
    any_ = np.where(past["any"], cases.times["any"], new)
    serious = np.where(past["serious"], cases.times["serious"], new)
    times = pd.DataFrame({"any": any_, "serious": serious})
    return dataclasses.replace(cases, times=times, outcomes=times.notna())


def test_what_happened_on_the_day_itself_was_not_known_when_it_began() -> None:
    cases = drawn(1_000, 1).take(np.arange(2))
    day = cases.keys[AS_OF].iloc[1].date() + datetime.timedelta(days=10)
    gap = int((pd.Timestamp(day) - cases.keys[AS_OF].iloc[0]).days)
    times = pd.DataFrame({"any": [gap - 1.0, 10.0], "serious": [float(gap), np.nan]})
    seen = seen_before(dataclasses.replace(cases, times=times, outcomes=times.notna()), day)
    assert seen.outcomes.to_numpy().tolist() == [[True, False], [False, False]]
    assert seen.times.isna().to_numpy().tolist() == [[False, True], [True, True]]
    assert seen.followed.tolist() == [gap - 0.5, 9.5]


def test_one_origin_is_the_split_in_time() -> None:
    cases = completed(drawn(3_000, 4))
    day = datetime.date(2013, 1, 1)
    [[once]] = splits(cases, dated(), experiment(split="time", test_from=day), "a table")
    [[rolled]] = splits(cases, dated(), experiment(test_from=day, origins_every_months=120), "a table")
    for ours, theirs in ((once.train, rolled.train), (once.test, rolled.test)):
        np.testing.assert_array_equal(ours, theirs)
    assert (once.purged, once.returning) == (rolled.purged, rolled.returning)


def test_origins_follow_the_update_frequency_and_tests_their_own_length() -> None:
    e = experiment(origins_every_months=6, test_months=3, test_before=datetime.date(2013, 2, 1))
    folds = rolling_folds(completed(drawn(3_000, 2)), dated(), e, "a table")
    periods = [(str(fold.period.origin), str(fold.period.end)) for fold in folds if fold.period]
    assert periods == [
        ("2012-01-01", "2012-04-01"),
        ("2012-07-01", "2012-10-01"),
        ("2013-01-01", "2013-02-01"),
    ]
    assert [fold.label for fold in folds] == [f"test from {origin}" for origin, _ in periods]


def test_weighted_cases_stand_where_the_others_are_purged_but_for_the_embargo() -> None:
    cases, e = drawn(3_000, 5), experiment(embargo_days=90)
    plain = rolling_folds(completed(cases), dated(), e, "a table")[0]
    weighted = rolling_folds(cases, dated(), dataclasses.replace(e, beside=WEIGHTED), "a table")[0]
    assert plain.censored is None
    assert weighted.censored is not None
    assert weighted.period is not None
    as_of = cases.keys[AS_OF]
    assert (as_of.iloc[weighted.censored] < pd.Timestamp(weighted.period.cutoff)).all()
    assert len(weighted.censored) + weighted.purged == plain.purged
    late = (as_of >= pd.Timestamp(weighted.period.cutoff)) & (as_of < pd.Timestamp(weighted.period.origin))
    assert weighted.purged == late.sum() > 0


def test_cases_that_were_not_followed_to_the_end_are_never_tested() -> None:
    cases = drawn(3_000, 6)
    whole = experiment(beside=WEIGHTED, origins_every_months=60, test_before=datetime.date(2016, 1, 1))
    folds = rolling_folds(cases, dated(), whole, "a table")
    assert folds[-1].period is not None
    assert folds[-1].period.end == datetime.date(2016, 1, 1)
    tested = np.concatenate([fold.test for fold in folds])
    assert cases.complete(24)[tested].all()
    assert not cases.complete(24).all()


def test_returning_people_are_counted_fold_by_fold() -> None:
    cases = completed(drawn(3_000, 7))
    folds = rolling_folds(cases, dated(), experiment(), "a table")
    marked, persons = returning_people(cases, folds), cases.keys[PERSON_ID]
    for fold in folds:
        expected = persons.iloc[fold.test].isin(persons.iloc[fold.train]).to_numpy()
        assert fold.returning == expected.sum() > 0
        np.testing.assert_array_equal(marked[fold.test], expected)


@pytest.mark.parametrize("split", ["rolling", "time"])
@pytest.mark.parametrize(("model", "beside"), [("boosting", WEIGHTED), (WEIGHTED[0], ()), ("boosting", ())])
def test_returning_people_are_those_whom_the_bundles_model_was_fitted_on(
    model: str, beside: tuple[str, ...], split: str
) -> None:
    cases, asked = drawn(3_000, 7), experiment(model=model, beside=beside, split=split)
    [folds] = splits(cases, dated(), asked, "a table")
    marked, persons = returning_people(cases, folds, weighted=asked.chosen_weighted), cases.keys[PERSON_ID]
    for fold in folds:
        known = fold.train if model == "boosting" else np.concatenate([fold.train, fold.censored])
        expected = persons.iloc[fold.test].isin(persons.iloc[known]).to_numpy()
        np.testing.assert_array_equal(marked[fold.test], expected)
        assert fold.returning == expected.sum()
        if asked.weighted:
            wider = persons.iloc[fold.test].isin(persons.iloc[np.concatenate([fold.train, fold.censored])])
            assert (wider.sum() > fold.returning) == (model == "boosting")


def problem_of(cases: Cases, *, description: Description | None = None, **changes: Any) -> Problem:
    with pytest.raises(Problem) as found:
        list(splits(cases, description or dated(), experiment(**changes), "a table"))
    return found.value


def _rare(cases: Cases, rows: Any) -> Cases:
    """Return cases with no serious outcome in some rows."""
    times = cases.times.copy()  # type: ignore[union-attr]
    times.loc[rows, "serious"] = np.nan
    return dataclasses.replace(cases, times=times, outcomes=times.notna())


@pytest.mark.parametrize(
    ("rows", "part"),
    [("before", "training"), ("after", "test")],
)
def test_a_fold_without_positives_is_a_problem_that_names_it(rows: str, part: str) -> None:
    cases = completed(drawn(2_000, 8))
    early = (cases.keys[AS_OF] < pd.Timestamp("2012-01-01")).to_numpy()
    found = problem_of(_rare(cases, early if rows == "before" else ~early))
    assert found.code == "fold-outcome-rare"
    assert (found.facts["part"], found.facts["level"], found.facts["count"]) == (part, "serious", 0)
    assert "'test from 2012-01-01'" in found.sentence


def test_a_fold_without_cases_says_between_which_days_there_are_some() -> None:
    cases = completed(drawn(2_000, 9))
    early = problem_of(cases, test_from=datetime.date(2008, 6, 1), embargo_days=30)
    assert early.code == "fold-empty"
    assert "'test from 2008-06-01' has 0 training cases" in early.sentence
    later = early.facts["first"]
    assert later > datetime.date(2009, 1, 1)
    folds = rolling_folds(cases, dated(), experiment(test_from=later + datetime.timedelta(days=200)), "a table")
    assert folds
    late = problem_of(cases, test_from=datetime.date(2020, 1, 1))
    assert (late.code, late.facts["part"]) == ("fold-empty", "test")


@pytest.mark.parametrize("split", ["rolling", "time"])
def test_a_history_no_longer_than_an_outcome_takes_is_named_as_what_is_wrong(split: str) -> None:
    cases = completed(drawn(2_000, 9))
    for changes in ({"history_months": 24}, {"history_months": 25, "embargo_days": 40}):
        found = problem_of(cases, split=split, **changes)
        assert found.code == "fold-history"
        assert "history_months must be more than the window of 24 months and the embargo" in found.next_step
    [folds] = splits(cases, dated(), experiment(split=split, history_months=36), "a table")
    assert min(len(fold.train) for fold in folds) >= 20


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"test_months": 13}, "rolling-overlap"),
        ({"replicate": "hart"}, "rolling-replicate"),
        ({"test_from": None}, "toml-missing-key"),
        (
            {"description": dataclasses.replace(dated(), keys=dataclasses.replace(dated().keys, as_of=""))},
            "no-split-column",
        ),
        ({"description": load("synthetic"), "beside": WEIGHTED}, "censored-unknown"),
    ],
    ids=["tested twice", "a replicate", "no first origin", "no moments", "no dates of outcomes"],
)
def test_what_cannot_be_rolled_is_a_problem(changes: dict[str, Any], code: str) -> None:
    assert problem_of(drawn(500, 3), **changes).code == code


def test_a_plain_fold_trains_on_its_cases_as_they_stand() -> None:
    cases = completed(drawn(500, 1))
    fold = Fold("fold 1", np.arange(30), np.arange(30, 60))
    pd.testing.assert_frame_equal(training_cases(cases, fold).outcomes, cases.outcomes.iloc[:30])
