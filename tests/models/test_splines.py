"""Tests of the restricted cubic splines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.models.design import FEW_VALUES, spline_columns
from forecast.models.splines import curve, knots_of
from forecast.tables.description import Feature

SPEED = Feature("speed", "number", "speed")
KNOTS = (0.0, 1.0, 2.0, 4.0, 8.0)


@pytest.mark.parametrize("bend", KNOTS[:-2])
def test_a_term_is_zero_before_its_knot_and_straight_after_the_last(bend: float):
    before, after = np.linspace(bend - 5, bend, 11), np.linspace(8, 20, 25)
    np.testing.assert_array_equal(curve(before, KNOTS, bend), 0)
    np.testing.assert_allclose(np.diff(curve(after, KNOTS, bend), 2), 0, atol=1e-9)


@given(st.sampled_from(KNOTS[:-2]), st.floats(-2, 12))
def test_a_term_has_no_jump_no_corner_and_no_kink(bend: float, at: float):
    h = 1e-3
    values = curve(np.array([at - 2 * h, at - h, at, at + h, at + 2 * h]), KNOTS, bend)
    second = np.diff(values, 2) / h**2
    assert np.abs(np.diff(values)).max() < 0.1
    assert abs(second[-1] - second[0]) < 0.05


def test_the_formula_of_harrell_written_out():
    x, t = 5.0, KNOTS
    for j in range(3):
        by_hand = (
            max(x - t[j], 0) ** 3
            - max(x - t[3], 0) ** 3 * (t[4] - t[j]) / (t[4] - t[3])
            + max(x - t[4], 0) ** 3 * (t[3] - t[j]) / (t[4] - t[3])
        ) / (t[4] - t[0]) ** 2
        assert curve(np.array([x]), t, t[j])[0] == pytest.approx(by_hand)


def test_a_missing_number_stays_missing():
    assert np.isnan(curve(np.array([np.nan]), KNOTS, 1.0)).all()


def test_knots_are_distinct_and_too_few_are_none():
    assert knots_of(np.arange(101.0)) == pytest.approx((5.0, 27.5, 50.0, 72.5, 95.0))
    assert knots_of(np.repeat([1.0, 2.0], [96, 4])) == ()
    assert knots_of(np.empty(0)) == ()


def test_a_number_with_many_values_bends_and_one_with_few_has_steps():
    many, few = pd.Series(np.arange(100.0)), pd.Series(np.arange(100) % FEW_VALUES).astype(float)
    assert [c.how for c in spline_columns(SPEED, many)] == ["value", "spline", "spline", "spline"]
    assert {c.how for c in spline_columns(SPEED, few)} == {"value", "from"}


def test_a_crowded_smallest_value_gets_a_step_of_its_own():
    columns = spline_columns(SPEED, pd.Series([0.0] * 300 + list(np.linspace(3, 90, 100))))
    assert [c.value for c in columns if c.how == "from"] == [3.0]
    assert min(c.knots[0] for c in columns if c.knots) > 3


def test_beyond_what_training_saw_the_curve_stays_where_it_ended():
    frame = pd.DataFrame({"speed": np.linspace(10, 20, 200)})
    from forecast.models.design import fit_design

    design = fit_design([SPEED], frame, spline_columns)
    made = design.matrix(pd.DataFrame({"speed": [-1e9, 10.0, 20.0, 1e9]}))
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[2], made[3])
