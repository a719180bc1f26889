"""Tests of recency and of the directions that trees are held to."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.files import to_json
from forecast.models.boosting import Boosting, BoostingOptions, fit_boosting
from forecast.models.design import Column, Design, fit_design, tree_columns, trends
from forecast.tables.description import Feature

ARRESTS = Feature("arrests", "number", "earlier arrests", direction="raises")
YEARS = Feature("years", "number", "years since the latest arrest", direction="lowers", recency=True)
GAP = Feature("gap", "number", "years between arrests", direction="lowers")
AGE = Feature("age", "number", "age", direction="lowers")
THEFT = Feature("kind", "category", "present offence", levels=("theft", "arson"), direction="raises")
FREE = Feature("free", "number", "something else")
FEATURES = (ARRESTS, YEARS, GAP, AGE, THEFT, FREE)
HELD = BoostingOptions(rounds=60, boosters=2, learning_rate=0.2, cases_a_leaf=10, feature_share=0.8, monotone=True)


def simulated(n: int = 1_500) -> tuple[pd.DataFrame, np.ndarray]:
    """Noise in which more arrests and fresher ones often look harmless, so that free trees break the directions."""
    rng = np.random.default_rng(4)
    arrests = rng.poisson(3, n).astype(float)
    years = np.where(arrests == 0, np.nan, rng.exponential(3, n))
    frame = pd.DataFrame(
        {
            "arrests": arrests,
            "years": years,
            "gap": np.where(arrests < 2, np.nan, rng.exponential(2, n)),
            "age": rng.uniform(18, 60, n),
            "kind": pd.Series(rng.choice(["theft", "arson"], n), dtype="object"),
            "free": rng.normal(size=n),
        }
    )
    score = (
        0.15 * arrests - 0.5 * np.sin(arrests) + np.where(np.isnan(years), 0.9, 2 * np.exp(-np.nan_to_num(years))) - 1
    )
    return frame, rng.random((n, 2)) < 1 / (1 + np.exp(-(score[:, None] + np.array([0.0, -1.0]))))


@pytest.fixture(scope="module")
def held() -> Boosting:
    frame, happened = simulated()
    return fit_boosting(FEATURES, frame, happened, options=HELD, seed=1, threads=1)


def moved(model: Boosting, frame: pd.DataFrame, name: str, values: list[float]) -> np.ndarray:
    """Return the margins of each row at each of the values, (values, n, K-1)."""
    return np.stack([model.margins(frame.assign(**{name: value})) for value in values])


def test_raising_a_count_that_raises_never_lowers_the_forecast(held: Boosting):
    frame, _ = simulated(200)
    assert np.diff(moved(held, frame, "arrests", [0, 1, 2, 3, 4, 5, 8, 20, 1e6]), axis=0).min() >= -1e-12


def test_longer_ago_never_raises_the_forecast_and_never_at_all_is_the_longest_ago(held: Boosting):
    frame, _ = simulated(200)
    made = moved(held, frame, "years", [0.0, 0.01, 0.5, 1, 3, 10, 90, np.nan])
    assert np.diff(made, axis=0).max() <= 1e-12
    assert made[0].mean() > made[-1].mean() + 0.1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 199), st.floats(0, 40), st.floats(0, 40), st.integers(0, 30), st.integers(0, 30))
def test_directions_hold_for_any_case_and_any_two_values(
    held: Boosting, row: int, one: float, two: float, few: int, many: int
):
    case = simulated(200)[0].iloc[[row]]
    recent, old = held.margins(case.assign(years=min(one, two))), held.margins(case.assign(years=max(one, two)))
    fewer, more = held.margins(case.assign(arrests=min(few, many))), held.margins(case.assign(arrests=max(few, many)))
    assert (recent >= old - 1e-12).all()
    assert (held.margins(case.assign(years=np.nan)) <= old + 1e-12).all()
    assert (more >= fewer - 1e-12).all()


def test_free_trees_break_a_direction_that_the_data_do_not_have():
    import dataclasses

    frame, happened = simulated()
    model = fit_boosting(
        FEATURES, frame, happened, options=dataclasses.replace(HELD, monotone=False), seed=1, threads=1
    )
    assert np.diff(moved(model, frame[:200], "arrests", [0, 1, 2, 3, 4, 5]), axis=0).min() < -0.01
    assert np.diff(moved(model, frame[:200], "years", [20.0, np.nan]), axis=0).max() > 0.01


def test_only_numbers_with_a_direction_and_never_missing_are_held():
    frame, _ = simulated(100)
    design = fit_design(FEATURES, frame, tree_columns)
    by_column = [(c.feature, c.how, sign) for c, sign in zip(design.columns, trends(design, FEATURES), strict=True)]
    assert by_column == [
        ("arrests", "value", 1),
        ("years", "recency", 1),
        ("gap", "value", 0),
        ("age", "value", -1),
        ("kind", "is", 0),
        ("kind", "is", 0),
        ("free", "value", 0),
    ]


def test_never_is_zero_whether_it_is_missing_or_a_number():
    import dataclasses

    marked = dataclasses.replace(YEARS, never=100.0)
    frame = pd.DataFrame({"years": [0.0, 1.0, 99.0, 100.0, np.nan, -0.5]})
    design = fit_design([marked], frame, tree_columns)
    assert design.matrix(frame)[:, 0].tolist() == [1.0, 0.5, 0.01, 0.0, 0.0, 1.0]
    assert not design.unknown(frame)


def test_new_columns_go_through_json_and_old_ones_are_kept_as_they_were():
    new = Design(("a",), (Column("a", "recency"), Column("a", "spline", 1.0, knots=(1.0, 2.0, 3.0))))
    assert Design.from_json(json.loads(to_json(new.to_json()))) == new
    old = {"features": ["a"], "columns": [{"feature": "a", "how": "value", "fill": 2.0}]}
    assert Design.from_json(old).to_json() == old


def test_weights_of_one_give_the_trees_of_no_weights():
    frame, happened = simulated(400)
    plain, ones = (
        fit_boosting(FEATURES, frame, happened, options=HELD, seed=1, threads=1, weights=w)
        for w in (None, np.ones(happened.shape))
    )
    np.testing.assert_allclose(plain.margins(frame), ones.margins(frame), atol=1e-6)


def test_a_case_that_counts_for_nothing_moves_nothing():
    frame, happened = simulated(400)
    weights = np.ones(happened.shape)
    weights[300:] = 0
    other = happened.copy()
    other[300:] = ~other[300:]
    one, two = (
        fit_boosting(FEATURES, frame, h, options=HELD, seed=1, threads=1, weights=weights) for h in (happened, other)
    )
    np.testing.assert_array_equal(one.margins(frame), two.margins(frame))
