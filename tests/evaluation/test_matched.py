"""Tests of errors at a matched ratio, against a plain search over every cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.evaluation.matched import MATCHED, MatchedBands, upper_shares

Cases = tuple[np.ndarray, np.ndarray, np.ndarray]


def cases_of(numbers: np.random.Generator, n: int, levels: int, *, grid: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (n, K-1) that never rise along a row and the level reached (n,), which they tell of."""
    p = -np.sort(-numbers.integers(1, grid, (n, levels - 1)) / grid, axis=1)
    return p, (numbers.random(n)[:, None] < p).sum(axis=1)


def searched(p: np.ndarray, outcome: np.ndarray, ratio: float, high: int) -> tuple[float, float]:
    """Return (errors, ratio) of three bands without ties, for the cut whose ratio is the nearest at or below."""
    n = len(outcome)
    band = np.zeros(n, dtype=int)
    band[np.argsort(-p[:, 1])[:high]] = 2
    best = (np.nan, np.nan)
    for case in [None, *np.argsort(-p[:, 0])]:
        if case is not None and band[case] == 0:
            band[case] = 1
        cautious, dangerous = int((band > outcome).sum()), int((band < outcome).sum())
        if cautious <= ratio * dangerous:
            best = ((cautious + dangerous) / n, cautious / dangerous)
    return best


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_errors_agree_with_a_search_over_every_cut(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    p, outcome = cases_of(numbers, 200, 3, grid=10**9)
    high = int((outcome == 2).sum())
    found = MatchedBands(p, outcome, 2.0, [high / 200]).measure(np.ones((1, 200)))
    errors, ratio = searched(p, outcome, 2.0, high)
    assert found["ratio"][0] == pytest.approx(2)
    # the cut lies between two cases, the search stops at a whole one
    assert found["errors"][0] == pytest.approx(errors, abs=2 / 200)
    assert ratio <= 2


@given(st.integers(0, 10_000), st.sampled_from([2, 3, 4]), st.sampled_from([5, 40, 10_000]))
@settings(max_examples=60, deadline=None)
def test_whole_weights_mean_the_same_as_repeated_rows(seed: int, levels: int, grid: int) -> None:
    numbers = np.random.default_rng(seed)
    p, outcome = cases_of(numbers, 80, levels, grid=grid)
    times = numbers.integers(0, 4, 80)
    shares = [0.2, 0.1][: levels - 2]
    weighted = MatchedBands(p, outcome, 1.5, shares).measure(times[None, :].astype(float))
    rows = np.repeat(np.arange(80), times)
    repeated = MatchedBands(p[rows], outcome[rows], 1.5, shares).measure(np.ones((1, len(rows))))
    for name in MATCHED:
        np.testing.assert_allclose(weighted[name], repeated[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_only_the_order_of_the_probabilities_counts() -> None:
    p, outcome = cases_of(np.random.default_rng(1), 300, 3)
    weights = np.random.default_rng(2).integers(0, 3, (5, 300)).astype(float)
    plain, bent = (MatchedBands(q, outcome, 2.0, [0.3]).measure(weights) for q in (p, p**3))
    for name in MATCHED:
        np.testing.assert_allclose(plain[name], bent[name], err_msg=name)


def test_a_model_that_knows_nothing_is_counted_as_if_drawn_by_lot() -> None:
    outcome = np.repeat([0, 1], 500)
    found = MatchedBands(np.full((1000, 1), 0.4), outcome, 2.0, []).measure(np.ones((1, 1000)))
    assert found["cautious"][0] == pytest.approx(1 / 3)  # a share u up: 0.5 u = 2 * 0.5 (1 - u)
    assert found["errors"][0] == pytest.approx(0.5)
    assert found["low"][0] == pytest.approx(1 / 3)


def test_very_dangerous_is_a_share_of_the_low_forecasts() -> None:
    p = np.array([[0.9, 0.8], [0.6, 0.1], [0.5, 0.1], [0.2, 0.05], [0.1, 0.04], [0.05, 0.03]])
    outcome = np.array([2, 0, 1, 2, 0, 0])
    found = MatchedBands(p, outcome, 1.0, [1 / 6]).measure(np.ones((1, 6)))
    # HIGH: the first. The second up makes one cautious error beside the missed serious one and the missed first level,
    # the third up takes the latter away: one to one.
    assert found["ratio"][0] == pytest.approx(1)
    assert found["errors"][0] == pytest.approx(2 / 6)
    assert found["very_dangerous"][0] == pytest.approx(1 / 3)


def test_a_ratio_that_no_cut_gives_has_no_value() -> None:
    outcome = np.array([0, 0, 1, 1])
    p = np.array([[0.9], [0.8], [0.2], [0.1]])
    everybody_high = MatchedBands(np.column_stack([p, p]), outcome, 2.0, [1.0]).measure(np.ones((1, 4)))
    assert np.isnan(everybody_high["errors"][0])


def test_the_upper_shares_are_how_often_the_upper_levels_happened() -> None:
    happened = np.array([[True, True], [True, False], [True, False], [False, False]])
    assert upper_shares(happened) == (0.25,)
    assert upper_shares(happened[:, :1]) == ()
