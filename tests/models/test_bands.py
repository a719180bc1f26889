"""Tests of the cut-offs and the costs that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forecast.models.bands import CutOffs

cut = st.floats(0.01, 0.99)


def expected_costs(cutoffs: CutOffs, reached: np.ndarray) -> np.ndarray:
    """Return the expected cost of each band from cumulative probabilities, by the matrix alone."""
    cumulative = np.concatenate([[1.0], reached, [0.0]])
    outcome = cumulative[:-1] - cumulative[1:]
    return np.array(cutoffs.cost_matrix()) @ outcome


@pytest.mark.parametrize("levels", [1, 2, 3], ids=["K=2", "K=3", "K=4"])
@given(data=st.data())
def test_the_band_is_the_one_of_least_expected_cost(levels: int, data: st.DataObject):
    cutoffs = CutOffs(tuple(data.draw(cut) for _ in range(levels)))
    reached = np.sort([data.draw(st.floats(0, 1)) for _ in range(levels)])[::-1]
    costs = expected_costs(cutoffs, reached)
    best = np.sort(costs)
    assume(best[1] - best[0] > 1e-9)
    assert cutoffs.bands(reached[None, :])[0] == np.argmin(costs)


@given(cut, st.floats(0, 1))
def test_with_two_levels_the_cut_off_itself_decides(cutoff: float, p: float):
    assert CutOffs((cutoff,)).bands(np.array([[p]]))[0] == int(p >= cutoff)


@given(st.lists(cut, min_size=2, max_size=3).map(sorted), st.data())
def test_with_rising_cut_offs_the_band_is_the_highest_level_that_reaches_its_own(
    values: list[float], data: st.DataObject
):
    reached = np.sort([data.draw(st.floats(0, 1)) for _ in values])[::-1]
    highest = max([k + 1 for k, c in enumerate(values) if reached[k] >= c], default=0)
    assert CutOffs(tuple(values)).bands(reached[None, :])[0] == highest


def test_a_case_on_the_cut_off_is_in_the_band():
    assert CutOffs((0.4, 0.2)).bands(np.array([[0.4, 0.1], [0.4, 0.2], [0.39, 0.1]])).tolist() == [1, 2, 0]


def test_no_case_has_no_band():
    assert CutOffs((0.4, 0.2)).bands(np.empty((0, 2))).shape == (0,)


def test_a_right_band_costs_nothing_and_a_missed_level_its_ratio():
    cutoffs = CutOffs((0.4, 0.2), signed_by="A. Person", reason="an example")
    matrix = np.array(cutoffs.cost_matrix())
    assert np.diag(matrix).tolist() == [0, 0, 0]
    assert cutoffs.cost_ratio(0) == pytest.approx(1.5)
    assert matrix[0].tolist() == pytest.approx([0, 1.5, 5.5])
    assert matrix[2].tolist() == [2, 1, 0]
    assert cutoffs.to_json() == {"values": [0.4, 0.2], "signed_by": "A. Person", "reason": "an example"}
