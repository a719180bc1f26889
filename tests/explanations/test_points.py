"""Tests of people in 100."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.cases import Contributions
from forecast.explanations.points import to_points, whole
from forecast.models.calibration import sigmoid

odds = st.floats(-8, 8)


def contributions(base: float, values: np.ndarray, cap: np.ndarray | None = None) -> Contributions:
    names = tuple(f"f{i}" for i in range(values.shape[1]))
    return Contributions(names, base, values, np.zeros(len(values)) if cap is None else cap)


@given(odds, arrays(np.float64, (4, 5), elements=odds), arrays(np.float64, 4, elements=st.floats(-5, 0)))
def test_points_add_up_to_the_figure_and_keep_their_signs(base: float, values: np.ndarray, cap: np.ndarray):
    points = to_points(contributions(base, values, cap))
    total = points.start + points.values.sum(axis=1) + points.cap
    np.testing.assert_allclose(total, 100 * sigmoid(base + values.sum(axis=1) + cap), rtol=0, atol=1e-9)
    np.testing.assert_allclose(points.shown, total, rtol=0, atol=1e-9)
    assert (points.values * values >= 0).all()
    assert (points.cap <= 0).all()


@given(odds, st.floats(-1e-6, 1e-6))
def test_where_contributions_cancel_the_points_are_those_of_the_tangent(base: float, rest: float):
    points = to_points(contributions(base, np.array([[3.0, -3.0 + rest]])))
    p0 = float(sigmoid(np.array(base)))
    assert points.values[0, 0] == pytest.approx(100 * 3 * p0 * (1 - p0), rel=1e-4, abs=1e-9)


def test_features_with_equal_contributions_get_equal_points_whatever_their_order():
    points = to_points(contributions(-1.0, np.array([[0.7, -0.2, 0.7]])))
    assert points.values[0, 0] == points.values[0, 2]


def test_no_case_has_no_points():
    assert to_points(contributions(0.0, np.empty((0, 3)))).values.shape == (0, 3)


parts = st.lists(st.floats(-100, 100), min_size=1, max_size=20)


@given(parts)
def test_whole_numbers_add_up_and_lie_within_one_of_the_parts(values: list[float]):
    total = round(sum(values))
    rounded = whole(np.array(values), total)
    assert rounded.sum() == total
    assert (np.abs(rounded - values) < 1 + 1e-9).all()


@given(parts, st.integers(-300, 300))
def test_whole_numbers_add_up_to_any_total(values: list[float], total: int):
    assert whole(np.array(values), total).sum() == total


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=10))
def test_whole_parts_stay_as_they_are(values: list[int]):
    assert whole(np.array(values, dtype=float), sum(values)).tolist() == values


def test_the_largest_remainder_goes_up_and_ties_go_to_the_earlier_part():
    assert whole(np.array([1.5, 1.5, 1.9]), 5).tolist() == [2, 1, 2]
    assert whole(np.array([0.2, 0.3, 0.5]), 1).tolist() == [0, 0, 1]
