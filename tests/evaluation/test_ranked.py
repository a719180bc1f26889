"""Tests of the quick figures, with the slower ones of `metrics` as the referee."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import Probe, replicate, resampled
from forecast.evaluation.ranked import Ranked
from forecast.progress import SILENT


@given(st.integers(0, 10_000), st.sampled_from([3, 20, 10_000]))
@settings(max_examples=50, deadline=None)
def test_quick_auc_and_slope_are_those_of_the_tallies(seed: int, grid: int) -> None:
    numbers = np.random.default_rng(seed)
    p = numbers.integers(1, grid, 120) / grid
    y = numbers.random(120) < p
    weights = numbers.integers(0, 4, (6, 120)).astype(float)
    tallies = metrics.tally(metrics.presort(y, p), weights)
    ranked = Ranked(p, y)
    np.testing.assert_allclose(ranked.auc(weights), metrics.auc(tallies), atol=1e-12)
    np.testing.assert_allclose(ranked.slope(weights), metrics.slope(tallies), rtol=1e-6, atol=1e-8)


def test_the_quick_slope_of_many_forecasts_is_near_that_of_each_by_itself() -> None:
    numbers = np.random.default_rng(4)
    p = 1 / (1 + np.exp(-numbers.normal(size=8_000)))
    y = numbers.random(8_000) < p
    exact = metrics.slope(metrics.tally(metrics.presort(y, p), np.ones(8_000)))[0]
    assert Ranked(p, y).slope(np.ones((1, 8_000)))[0] == pytest.approx(exact, abs=1e-4)


def test_one_class_only_has_no_area() -> None:
    assert np.isnan(Ranked(np.array([0.1, 0.2]), np.array([True, True])).auc(np.ones((1, 2)))[0])


def test_both_ways_to_resample_draw_the_same_people() -> None:
    numbers = np.random.default_rng(5)
    p, people = numbers.random(60), numbers.integers(0, 25, 60)
    y = numbers.random(60) < p
    one = replicate(
        {"": Probe(metrics.presort(y, p), {"auc": metrics.auc})}, people, replicates=40, seed=9, progress=SILENT
    )
    two = resampled({"": lambda w: {"auc": Ranked(p, y).auc(w)}}, people, replicates=40, seed=9, progress=SILENT)
    np.testing.assert_allclose(one[""]["auc"], two[""]["auc"], atol=1e-12)
