"""Tests of the calibration intercept and slope, with scikit-learn and a plain root search as referees."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from forecast.evaluation import recalibration
from tests.evaluation.measuring import measure


def _simulated(seed: int, n: int = 400, slope: float = 0.7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    z = draw.normal(size=n) * 1.5
    y = draw.random(n) < 1 / (1 + np.exp(-(0.3 + slope * z)))
    return y, z, draw.integers(0, 3, n).astype(float)


def _referee(y: np.ndarray, z: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000, solver="newton-cholesky")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(z[:, None], y, sample_weight=w)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slope", [0.2, 1.0, 4.0], ids=lambda s: f"true slope {s}")
def test_slope_agrees_with_an_unpenalised_logistic_regression(seed: int, slope: float) -> None:
    y, z, w = _simulated(seed, slope=slope)
    found = measure(y, 1 / (1 + np.exp(-z)), w)["calibration_slope"][0]
    assert found == pytest.approx(_referee(y, z, w)[1], rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_intercept_makes_the_shifted_forecast_right_on_average(seed: int) -> None:
    y, z, w = _simulated(seed)
    shift = measure(y, 1 / (1 + np.exp(-z)), w)["calibration_intercept"][0]
    assert np.average(1 / (1 + np.exp(-(z + shift))), weights=w) == pytest.approx(np.average(y, weights=w), abs=1e-9)


def test_a_right_forecast_has_intercept_zero_and_slope_one() -> None:
    p = np.repeat([0.2, 0.5, 0.8], 10)
    y = np.concatenate([np.arange(10) < k for k in (2, 5, 8)])
    found = measure(y, p, np.ones(30))
    assert found["calibration_intercept"][0] == pytest.approx(0, abs=1e-9)
    assert found["calibration_slope"][0] == pytest.approx(1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("y", "p"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),
        ([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4]),
    ],
    ids=["separated", "separated the wrong way", "touching at a tie"],
)
def test_separated_classes_have_no_slope(y: list[int], p: list[float]) -> None:
    found = measure(np.array(y, dtype=bool), np.array(p), np.ones(4))
    assert np.isnan(found["calibration_slope"][0])
    assert np.isfinite(found["calibration_intercept"][0])


def test_separation_is_judged_by_the_rows_that_have_weight() -> None:
    y, p = np.array([False, True, False, True]), np.array([0.1, 0.2, 0.3, 0.4])
    found = measure(y, p, np.array([[1.0, 1, 1, 1], [1, 0, 1, 1]]))["calibration_slope"]
    assert np.isfinite(found[0])
    assert np.isnan(found[1])


@pytest.mark.filterwarnings("error")
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_forecasts_give_finite_values_or_nan_without_a_warning(cases: list[tuple[bool, float]]) -> None:
    found = measure(np.array([c[0] for c in cases]), np.array([c[1] for c in cases]), np.ones(len(cases)))
    assert not any(np.isinf(values).any() for values in found.values())


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-6, 1 - 1e-6)), min_size=2, max_size=30))
@settings(max_examples=200, deadline=None)
def test_both_classes_always_give_an_intercept_that_solves_its_equation(cases: list[tuple[bool, float]]) -> None:
    y, p = np.array([c[0] for c in cases]), np.array([c[1] for c in cases])
    if 0 < y.sum() < len(y):
        shift = measure(y, p, np.ones(len(y)))["calibration_intercept"][0]
        shifted = 1 / (1 + np.exp(-(np.log(p) - np.log1p(-p) + shift)))
        assert shifted.sum() == pytest.approx(y.sum(), abs=1e-6)


def test_many_distinct_forecasts_are_joined_without_moving_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    log_odds = np.sort(draw.normal(0, 1.5, 9_000))
    happened = draw.random(9_000) < 1 / (1 + np.exp(-(0.2 + 0.8 * log_odds)))
    weights = draw.poisson(1, (5, 9_000)).astype(float)
    found = []
    for few in (recalibration.FEW, 10**9):
        monkeypatch.setattr(recalibration, "FEW", few)
        found.append(
            [
                measure(log_odds, weights * happened, weights * ~happened)
                for measure in (recalibration.calibration_slope, recalibration.calibration_intercept)
            ]
        )
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    assert not np.array_equal(found[0], found[1])  # they were joined
