"""Tests that no person and no outcome of the test cases reaches training."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.problems import Problem
from forecast.tables.library import load
from forecast.training.experiment import Experiment
from forecast.training.splits import Fold, person_folds, splits

SYNTHETIC = load("synthetic")


def cases_of(
    persons: list[str] | np.ndarray,
    levels: np.ndarray | None = None,
    *,
    days: list[str] | None = None,
    part: list[str | None] | None = None,
) -> Cases:
    """Return cases of the given people; ``levels``: the highest level that each case reached."""
    n = len(persons)
    levels = np.arange(n) % 3 if levels is None else levels
    keys = pd.DataFrame(
        {
            CASE_ID: [f"C{i}" for i in range(n)],
            PERSON_ID: pd.Series(persons, dtype="object"),
            AS_OF: pd.to_datetime(days or ["2012-01-01"] * n),
        }
    )
    outcomes = pd.DataFrame({"any": levels >= 1, "serious": levels >= 2})
    empty = pd.DataFrame(index=range(n))
    flags = None if part is None else pd.Series(part, dtype="object")
    return Cases(keys, pd.DataFrame({"x": np.arange(float(n))}), outcomes, empty, empty, flags)


def experiment(**changes: Any) -> Experiment:
    return Experiment(**({"name": "split", "table": "synthetic"} | changes))


def one(cases: Cases, **changes: Any) -> Fold:
    """Return the only fold of an experiment."""
    [[fold]] = splits(cases, SYNTHETIC, experiment(**changes), "a table")
    return fold


people = st.lists(st.integers(0, 120).map(lambda p: f"P{p}"), min_size=1, max_size=260)


@trials(max_examples=30, deadline=None)
@given(people, st.integers(2, 5), st.integers(0, 99))
def test_all_cases_of_a_person_are_in_one_fold(persons: list[str], folds: int, seed: int):
    happened = np.random.default_rng(seed).random((len(persons), 2)) < 0.3
    numbers = pd.Series(person_folds(pd.Series(persons), happened, folds, seed))
    assert (numbers.groupby(persons).nunique() == 1).all()
    assert numbers.between(0, folds - 1).all()


@trials(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 99), st.integers(1, 3))
def test_no_person_is_on_both_sides_and_every_case_is_tested_once(folds: int, seed: int, repeats: int):
    cases = cases_of([f"P{p}" for p in np.random.default_rng(seed).integers(0, 150, 300)])
    drawn = list(splits(cases, SYNTHETIC, experiment(folds=folds, seed=seed, repeats=repeats), "a table"))
    assert len(drawn) == repeats
    for repeat in drawn:
        assert len(repeat) == folds
        assert sorted(np.concatenate([fold.test for fold in repeat])) == list(range(len(cases)))
        for fold in repeat:
            ids = cases.keys[PERSON_ID].to_numpy()
            assert not set(ids[fold.train]) & set(ids[fold.test])
            assert len(fold.train) + len(fold.test) == len(cases)


@trials(max_examples=30, deadline=None)
@given(people, st.randoms(use_true_random=False))
def test_folds_do_not_depend_on_the_order_of_rows(persons: list[str], random: Any):
    happened = np.random.default_rng(1).random((len(persons), 1)) < 0.3
    order = list(range(len(persons)))
    random.shuffle(order)
    plain = person_folds(pd.Series(persons), happened, 3, seed=5)
    shuffled = person_folds(pd.Series(persons)[order], happened[order], 3, seed=5)
    np.testing.assert_array_equal(plain[order], shuffled)


@given(st.integers(10, 300), st.integers(2, 10), st.integers(0, 50))
def test_folds_hold_like_numbers_of_people_of_each_outcome(n: int, folds: int, seed: int):
    levels = np.random.default_rng(seed).integers(0, 3, n)
    happened = np.column_stack([levels >= 1, levels >= 2])
    numbers = person_folds(pd.Series([f"P{i}" for i in range(n)]), happened, folds, seed)
    for members in (np.ones(n, dtype=bool), *(levels == level for level in range(3))):
        sizes = np.bincount(numbers[members], minlength=folds)
        assert sizes.max() - sizes.min() <= 1


def test_another_seed_or_repeat_draws_other_folds():
    cases = cases_of([f"P{i}" for i in range(100)])
    first, second = splits(cases, SYNTHETIC, experiment(repeats=2), "a table")
    [other] = splits(cases, SYNTHETIC, experiment(seed=2), "a table")
    [again] = splits(cases, SYNTHETIC, experiment(), "a table")
    tested = [tuple(folds[0].test) for folds in (first, second, other, again)]
    assert len(set(tested)) == 3
    assert tested[0] == tested[3]


days = st.dates(datetime.date(2010, 1, 1), datetime.date(2016, 12, 31))


@trials(max_examples=40, deadline=None)
@given(st.lists(days, min_size=50, max_size=80), st.dates(datetime.date(2013, 1, 1), datetime.date(2015, 1, 1)))
def test_no_training_case_has_a_window_that_ends_after_the_test_begins(
    drawn: list[datetime.date], start: datetime.date
):
    dates = ["2010-01-01"] * 25 + ["2016-01-01"] * 25 + [d.isoformat() for d in drawn]
    cases = cases_of([f"P{i}" for i in range(len(dates))], days=dates)
    fold = one(cases, split="time", test_from=start)
    as_of = cases.keys[AS_OF]
    ends = as_of + pd.DateOffset(months=SYNTHETIC.scale.horizon_months)
    assert (ends.iloc[fold.train] <= pd.Timestamp(start)).all()
    assert (as_of.iloc[fold.test] >= pd.Timestamp(start)).all()
    assert not set(fold.train) & set(fold.test)
    assert len(fold.train) + len(fold.test) + fold.purged == len(cases)


def test_the_boundaries_of_a_split_in_time_are_half_open():
    filler = ["2010-01-01"] * 20 + ["2014-06-01"] * 20
    edge = ["2011-12-31", "2012-01-01", "2013-12-31", "2014-01-01", "2014-12-31", "2015-01-01"]
    cases = cases_of([f"P{i}" for i in range(46)], days=filler + edge)
    fold = one(cases, split="time", test_from=datetime.date(2014, 1, 1), test_before=datetime.date(2015, 1, 1))
    # a window that begins within 2012-01-01 ends within the first day of the test
    assert set(fold.train) & set(range(40, 46)) == {40}
    assert set(fold.test) & set(range(40, 46)) == {43, 44}
    assert fold.purged == 2
    assert "2014-01-01" in fold.label


FORCE_YEARS = ["2007-06-01"] * 20 + ["2009-06-01"] * 30 + ["2011-06-01"] * 25 + ["2013-06-01"] * 40
FORCE_DAYS = {
    "split": "time",
    "train_from": datetime.date(2008, 1, 1),
    "test_from": datetime.date(2013, 1, 1),
    "test_before": datetime.date(2014, 1, 1),
}


def test_a_training_period_leaves_out_what_lies_before_it_and_purges_what_is_not_complete():
    cases = cases_of([f"P{i}" for i in range(115)], days=FORCE_YEARS)
    fold = one(cases, **FORCE_DAYS)
    assert fold.train.tolist() == list(range(20, 50))
    assert (fold.purged, fold.overlapping) == (25, 0)
    assert len(one(cases, **FORCE_DAYS, train_before=datetime.date(2009, 6, 2)).train) == 30
    assert problem_of(cases, **FORCE_DAYS, train_before=datetime.date(2009, 6, 1)).code == "split-empty"


def test_the_replicate_keeps_the_published_overlap_and_counts_it():
    cases = cases_of([f"P{i}" for i in range(115)], days=FORCE_YEARS)
    fold = one(cases, **FORCE_DAYS, replicate="hart")
    assert fold.train.tolist() == list(range(20, 75))
    assert (fold.purged, fold.overlapping) == (0, 25)


def test_an_outcome_that_settles_later_purges_more():
    description = dataclasses.replace(SYNTHETIC, settling_months=6)
    cases = cases_of([f"P{i}" for i in range(61)], days=["2008-01-01"] * 20 + ["2013-06-01"] * 40 + ["2010-12-01"])
    [[plain]] = splits(cases, SYNTHETIC, experiment(**FORCE_DAYS), "a table")
    [[later]] = splits(cases, description, experiment(**FORCE_DAYS), "a table")
    assert 60 in plain.train
    assert 60 not in later.train
    assert later.purged == 1


def test_a_window_by_calendar_ends_on_the_last_day_that_the_month_has():
    days = ["2010-01-01"] * 20 + ["2014-06-01"] * 20 + ["2012-02-29"]
    cases = cases_of([f"P{i}" for i in range(41)], days=days)
    assert 40 in one(cases, split="time", test_from=datetime.date(2014, 3, 1)).train
    assert 40 not in one(cases, split="time", test_from=datetime.date(2014, 2, 28)).train


def test_the_tables_own_flag_is_taken_and_rows_without_one_are_left_out():
    cases = cases_of([f"P{i}" for i in range(90)], part=["train"] * 40 + ["test"] * 30 + [None] * 20)
    fold = one(cases, split="flag")
    assert fold.train.tolist() == list(range(40))
    assert fold.test.tolist() == list(range(40, 70))


def problem_of(cases: Cases, *, description: Any = SYNTHETIC, **changes: Any) -> Problem:
    with pytest.raises(Problem) as found:
        list(splits(cases, description, experiment(**changes), "a table"))
    return found.value


def test_what_a_split_needs_and_the_table_does_not_have_is_named():
    cases = cases_of([f"P{i}" for i in range(90)])
    undated = dataclasses.replace(SYNTHETIC, keys=dataclasses.replace(SYNTHETIC.keys, as_of=""))
    assert problem_of(cases, split="flag").code == "no-split-column"
    assert problem_of(cases, split="time", description=undated).code == "no-split-column"
    assert problem_of(cases, split="time").facts["key"] == "test_from"


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "time", "test_from": datetime.date(2020, 1, 1)},
        {"split": "time", "test_from": datetime.date(2000, 1, 1)},
        {"split": "folds", "folds": 10},
    ],
    ids=["nothing to test", "nothing to train on", "folds too small"],
)
def test_a_part_with_too_few_rows_is_a_problem_that_says_how_many_are_needed(changes: dict[str, Any]):
    problem = problem_of(cases_of([f"P{i}" for i in range(90)]), **changes)
    assert problem.code == "split-empty"
    assert problem.facts["needed"] == 20
    assert "20 are needed" in problem.sentence
