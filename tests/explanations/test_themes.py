"""Tests of facts grouped by theme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.cases import Contributions
from forecast.explanations.points import to_points
from forecast.explanations.themes import by_theme

THEMES = ("history", "age", "history", "orders", "age", "history")


@given(
    arrays(np.float64, (3, 6), elements=st.floats(-3, 3)),
    st.floats(-4, 4),
    arrays(np.float64, 3, elements=st.floats(-2, 0)),
)
def test_start_and_themes_equal_the_figure_shown_to_the_tenth(values: np.ndarray, base: float, cap: np.ndarray) -> None:
    points = to_points(Contributions(tuple("abcdef"), base, values, cap))
    for i, rows in enumerate(by_theme(points, THEMES, "capped")):
        tenths = [round(10 * size) for _, size in rows]
        assert round(10 * round(points.start[i], 1)) + sum(tenths) == round(10 * round(points.shown[i], 1))
        assert [abs(t) for t in tenths] == sorted((abs(t) for t in tenths), reverse=True)
        assert len(dict(rows)) == len(rows)
        exact = {name: points.values[i][[t == name for t in THEMES]].sum() for name in THEMES}
        exact["capped"] = points.cap[i]
        assert all(abs(size - exact[name]) < 0.1 + 1e-9 for name, size in rows)


def test_the_cap_is_a_row_of_its_own_and_what_takes_no_part_is_left_out() -> None:
    values = np.array([[1.0, 0.0, -0.3, 0.0, 0.0, 0.2]])
    with_cap = by_theme(to_points(Contributions(tuple("abcdef"), 0.0, values, np.array([-0.5]))), THEMES, "capped")
    assert [name for name, _ in with_cap[0]] == ["history", "capped"]
    without = by_theme(to_points(Contributions(tuple("abcdef"), 0.0, values, np.zeros(1))), THEMES, "capped")
    assert [name for name, _ in without[0]] == ["history"]
    nothing = by_theme(to_points(Contributions(tuple("abcdef"), 0.0, 0 * values, np.zeros(1))), THEMES, "capped")
    assert nothing == [()]


def test_a_case_gets_the_same_themes_alone_and_among_others() -> None:
    rng = np.random.default_rng(3)
    values, cap = rng.normal(size=(50, 6)), np.zeros(50)
    together = by_theme(to_points(Contributions(tuple("abcdef"), -0.4, values, cap)), THEMES, "capped")
    for i in range(50):
        alone = to_points(Contributions(tuple("abcdef"), -0.4, values[i : i + 1], cap[i : i + 1]))
        assert by_theme(alone, THEMES, "capped") == [together[i]]


def test_ties_go_by_the_order_of_the_features() -> None:
    values = np.array([[0.1, 0.1, 0.0, 0.1, 0.0, 0.0]])
    [rows] = by_theme(to_points(Contributions(tuple("abcdef"), 0.0, values, np.zeros(1))), THEMES, "capped")
    assert [size for _, size in rows] == pytest.approx([2.5, 2.5, 2.4], abs=0.11)
    assert {name for name, _ in rows} == {"history", "age", "orders"}
