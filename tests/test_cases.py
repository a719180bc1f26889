"""Tests of the things that walk through the house."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases, Contributions, OutcomeScale


@pytest.fixture
def cases() -> Cases:
    n = 5
    keys = pd.DataFrame(
        {CASE_ID: list("abcde"), PERSON_ID: list("ppqqr"), AS_OF: pd.date_range("2012-01-01", periods=n)}
    )
    one = pd.DataFrame({"x": np.arange(float(n))})
    return Cases(
        keys, one, pd.DataFrame({"any": [True, False, True, False, True]}), one.astype(str), one,
        pd.Series(["train", "test", "train", None, "test"], dtype="object"), {"rows read": n},
    )  # fmt: skip


def test_cases_are_counted_by_their_keys(cases: Cases):
    assert len(cases) == 5


@pytest.mark.parametrize(
    "rows", [np.array([4, 0]), np.array([True, False, False, False, True])], ids=["positions", "mask"]
)
def test_taking_cases_takes_all_that_belongs_to_them(cases: Cases, rows: np.ndarray):
    taken = cases.take(rows)
    expected = [4, 0] if rows.dtype != bool else [0, 4]
    assert taken.keys[CASE_ID].tolist() == ["abcde"[i] for i in expected]
    assert taken.features["x"].tolist() == [float(i) for i in expected]
    assert taken.outcomes["any"].tolist() == [True, True]
    assert taken.protected["x"].tolist() == [str(float(i)) for i in expected]
    assert taken.benchmarks["x"].tolist() == [float(i) for i in expected]
    assert taken.part is not None
    assert taken.part.tolist() == [["train", "test", "train", None, "test"][i] for i in expected]
    assert taken.counts == cases.counts
    for frame in (taken.keys, taken.features, taken.outcomes, taken.part):
        assert frame.index.tolist() == [0, 1]


def test_cases_can_be_taken_twice_and_down_to_none(cases: Cases):
    again = cases.take(np.array([4, 2, 0])).take(np.array([1]))
    assert again.keys[CASE_ID].tolist() == ["c"]
    assert again.part is not None
    assert again.part.tolist() == ["train"]
    assert len(cases.take(np.zeros(5, dtype=bool))) == 0


def test_cases_without_a_flag_stay_without(cases: Cases):
    plain = Cases(cases.keys, cases.features, cases.outcomes, cases.protected, cases.benchmarks)
    assert plain.take(np.array([1])).part is None


@pytest.mark.parametrize(
    ("levels", "bands"),
    [
        (("none", "any"), ("LOW", "HIGH")),
        (("none", "any", "serious"), ("LOW", "MODERATE", "HIGH")),
        (("none", "low", "mid", "top"), ("NONE", "LOW", "MID", "TOP")),
    ],
    ids=str,
)
def test_a_scale_has_a_band_for_each_level(levels: tuple[str, ...], bands: tuple[str, ...]):
    scale = OutcomeScale(levels, 24, ("",) * (len(levels) - 1))
    assert scale.bands == bands
    assert scale.reached == levels[1:]


def test_log_odds_are_the_base_and_all_contributions_and_the_cap():
    made = Contributions(("a", "b"), -1.0, np.array([[0.5, 0.25], [0.0, 2.0]]), np.array([0.0, -0.5]))
    assert made.log_odds.tolist() == [-0.25, 0.5]
