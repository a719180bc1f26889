"""Tests of the reliability curve."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.evaluation.calibration import reliability, wilson


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:857), 81 of 263: 0.2553 to 0.3662
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20)[0] == 0.0
    assert wilson(0.0, 0) == (0.0, 1.0)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0.1, 0.1001, 0.5, 0.9, 1.0])), min_size=1, max_size=80))
@settings(max_examples=100, deadline=None)
def test_bins_hold_every_case_once_and_never_part_equal_forecasts(cases: list[tuple[bool, float]]) -> None:
    y, p = np.array([c[0] for c in cases]), np.array([c[1] for c in cases])
    bins = reliability(y, p)
    assert sum(b.cases for b in bins) == len(y)
    assert sum(b.events for b in bins) == y.sum()
    assert all(before.highest < after.lowest for before, after in pairwise(bins))
    assert all(b.low <= b.observed <= b.high for b in bins)
    assert len(bins) <= 10


def test_distinct_forecasts_fall_into_bins_of_equal_count() -> None:
    draw = np.random.default_rng(0)
    assert [b.cases for b in reliability(draw.random(200) < 0.5, draw.random(200))] == [20] * 10


def test_a_constant_forecast_gives_one_bin_and_no_case_none() -> None:
    [only] = reliability(np.array([True, False]), np.array([0.3, 0.3]))
    assert (only.mean_forecast, only.observed, only.cases) == (0.3, 0.5, 2)
    assert reliability(np.array([], dtype=bool), np.array([])) == ()


def test_repeated_people_widen_the_interval() -> None:
    y, p = np.arange(40) % 2 == 0, np.full(40, 0.5)
    [alone] = reliability(y, p)
    [repeated] = reliability(y, p, np.arange(40) // 4)
    assert repeated.people == 10
    assert (repeated.low, repeated.high) == pytest.approx(wilson(0.5, 10))
    assert repeated.high - repeated.low > alone.high - alone.low
