"""Tests of the weighted metrics, with scikit-learn as the referee."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, precision_score, recall_score, roc_auc_score

from forecast.evaluation import metrics
from forecast.evaluation.metrics import METRICS, confusion, presort, tally
from tests.evaluation.measuring import measure

Case = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def weighted_cases(draw: st.DrawFn) -> Case:
    """Both classes with weight, forecasts on a coarse grid (many ties) or a fine one, weights with zeros."""
    n = draw(st.integers(4, 60))
    grid = draw(st.sampled_from([2, 5, 1000]))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    y = numbers.random(n) < 0.5
    y[:2] = [True, False]
    w = numbers.integers(0, 4, size=(3, n)).astype(float)
    w[:, :2] += 1
    return y, numbers.integers(0, grid + 1, n) / grid, w


@given(weighted_cases())
@settings(max_examples=150, deadline=None)
def test_auc_agrees_with_scikit_learn_on_weights_and_ties(case: Case) -> None:
    y, p, w = case
    expected = [roc_auc_score(y, p, sample_weight=row) for row in w]
    np.testing.assert_allclose(metrics.auc(tally(presort(y, p), w)), expected, atol=1e-12)


@given(weighted_cases())
@settings(max_examples=100, deadline=None)
def test_brier_and_log_loss_agree_with_scikit_learn(case: Case) -> None:
    y, p, w = case
    found = measure(y, p, w)
    np.testing.assert_allclose(found["brier"], [brier_score_loss(y, p, sample_weight=row) for row in w], atol=1e-12)
    clipped = np.clip(p, 1e-15, 1 - 1e-15)
    expected = [log_loss(y, clipped, sample_weight=row, labels=[False, True]) for row in w]
    np.testing.assert_allclose(found["log_loss"], expected, rtol=1e-9, atol=1e-12)


@given(weighted_cases(), st.sampled_from([0.0, 0.2, 0.5, 0.999, 1.0]))
@settings(max_examples=100, deadline=None)
def test_rates_at_a_cut_off_agree_with_scikit_learn(case: Case, cutoff: float) -> None:
    y, p, w = case
    found = measure(y, p, w, cutoff)
    flagged = p >= cutoff
    for i, row in enumerate(w):
        assert found["accuracy"][i] == pytest.approx(accuracy_score(y, flagged, sample_weight=row))
        assert found["recall"][i] == pytest.approx(recall_score(y, flagged, sample_weight=row))
        if row[flagged].sum() > 0:
            assert found["precision"][i] == pytest.approx(precision_score(y, flagged, sample_weight=row))
        else:
            assert np.isnan(found["precision"][i])
        assert found["recall"][i] + found["false_negative_rate"][i] == pytest.approx(1)
        assert found["flagged"][i] == pytest.approx(np.average(flagged, weights=row))


@given(weighted_cases())
@settings(max_examples=60, deadline=None)
def test_whole_weights_mean_the_same_as_repeated_rows(case: Case) -> None:
    y, p, w = case
    times = w[0].astype(int)
    weighted = measure(y, p, w[0], 0.5)
    repeated = measure(np.repeat(y, times), np.repeat(p, times), np.ones(times.sum()), 0.5)
    for name, values in weighted.items():
        np.testing.assert_allclose(values, repeated[name], rtol=1e-6, atol=1e-9, err_msg=name)


@given(weighted_cases(), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_cases_does_not_matter(case: Case, seed: int) -> None:
    y, p, w = case
    shuffled = np.random.default_rng(seed).permutation(len(y))
    for name, values in measure(y, p, w).items():
        again = measure(y[shuffled], p[shuffled], w[:, shuffled])[name]
        np.testing.assert_allclose(values, again, rtol=1e-6, atol=1e-9, err_msg=name)


def test_brier_skill_of_the_base_rate_is_zero_and_of_a_perfect_forecast_one() -> None:
    y = np.array([True, False, False, False])
    assert measure(y, np.full(4, 0.25), np.ones(4))["brier_skill"][0] == pytest.approx(0)
    assert measure(y, y.astype(float), np.ones(4))["brier_skill"][0] == pytest.approx(1)


def test_expected_over_observed_counts_the_weights() -> None:
    y, p = np.array([True, False]), np.array([0.5, 0.2])
    assert measure(y, p, np.array([2.0, 1.0]))["expected_observed"][0] == pytest.approx(1.2 / 2)


@pytest.mark.filterwarnings("error")
def test_a_constant_forecast_has_no_slope_and_ranks_like_a_coin() -> None:
    found = measure(np.array([True, False, True]), np.full(3, 0.4), np.ones(3), 0.5)
    assert found["auc"][0] == 0.5
    assert np.isnan(found["calibration_slope"][0])
    assert np.isfinite(found["calibration_intercept"][0])
    assert np.isnan(found["precision"][0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("happened", [True, False])
def test_one_class_alone_gives_nan_where_two_are_needed(happened: bool) -> None:
    found = measure(np.full(3, happened), np.array([0.0, 0.5, 1.0]), np.ones(3), 0.5)
    for name in ("auc", "brier_skill", "calibration_intercept", "calibration_slope"):
        assert np.isnan(found[name][0]), name
    assert np.isfinite(found["brier"][0])
    assert np.isnan(found["expected_observed"][0]) != happened


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_weight_at_all_gives_nan_everywhere(n: int) -> None:
    found = measure(np.zeros(n, dtype=bool), np.zeros(n), np.zeros((2, n)), 0.5)
    assert set(METRICS) < set(found)
    assert all(np.isnan(values).all() and len(values) == 2 for values in found.values())


def test_a_case_at_the_cut_off_is_flagged() -> None:
    counts = confusion(tally(presort(np.array([True, False]), np.array([0.5, 0.4])), np.ones(2)), 0.5)
    assert counts[:, 0].tolist() == [1, 0, 0, 1]


def test_a_missing_score_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        presort(np.array([True, False]), np.array([0.5, np.nan]))
