"""Tests of calibration in log-odds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression

from forecast.models.calibration import Calibration, fit_calibration, identity, sigmoid


@pytest.fixture(scope="module")
def simulated() -> tuple[np.ndarray, np.ndarray]:
    """5,000 margins whose true calibration is 0.8 z - 0.5."""
    rng = np.random.default_rng(4)
    z = rng.normal(size=(5000, 1))
    return z, rng.random((5000, 1)) < sigmoid(0.8 * z - 0.5)


def test_slope_and_intercept_are_those_of_scikit_learn_up_to_platts_targets(simulated):
    z, happened = simulated
    fitted = fit_calibration(z, happened)
    referee = LogisticRegression(C=np.inf, tol=1e-10).fit(z, happened[:, 0])
    assert fitted.a[0] == pytest.approx(referee.coef_[0, 0], abs=2e-3)
    assert fitted.b[0] == pytest.approx(referee.intercept_[0], abs=2e-3)


def test_the_fit_is_the_maximum_of_the_likelihood_with_platts_targets(simulated):
    z, happened = simulated
    ones, n = happened.sum(), len(happened)
    target = np.where(happened, (ones + 1) / (ones + 2), 1 / (n - ones + 2))
    fitted = fit_calibration(z, happened)
    residual = target - sigmoid(fitted.log_odds(z))
    assert abs(residual.sum()) < 1e-7
    assert abs((residual * z).sum()) < 1e-7


@pytest.mark.parametrize("scale", [1e-6, 0.01, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("shift", [0.0, 30.0, -500.0])
def test_the_same_forecasts_are_recovered_from_distorted_margins(simulated, scale: float, shift: float):
    z, happened = simulated
    plain = fit_calibration(z, happened).log_odds(z)
    distorted = scale * (z + shift)
    np.testing.assert_allclose(fit_calibration(distorted, happened).log_odds(distorted), plain, atol=1e-6)


@pytest.mark.parametrize("constant", [0.0, -3.0, 700.0])
def test_constant_margins_give_everybody_the_base_rate(constant: float):
    happened = np.arange(100)[:, None] < 30
    margins = np.full((100, 1), constant)
    np.testing.assert_allclose(sigmoid(fit_calibration(margins, happened).log_odds(margins)), 0.3)


def test_margins_that_point_the_wrong_way_give_everybody_the_base_rate(simulated):
    z, happened = simulated
    fitted = fit_calibration(-z, happened)
    assert fitted.a == (0.0,)
    np.testing.assert_allclose(sigmoid(fitted.log_odds(-z)), happened.mean())


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_perfectly_separated_margins_stay_finite_and_away_from_certainty(scale: float):
    margins = scale * np.repeat([[-1.0], [1.0]], 50, axis=0)
    p = sigmoid(fit_calibration(margins, margins > 0).log_odds(margins))
    assert p.min() == pytest.approx(1 / 52)
    assert p.max() == pytest.approx(51 / 52)


@pytest.mark.parametrize("happened", [True, False])
def test_an_outcome_that_never_varies_stays_finite(happened: bool):
    fitted = fit_calibration(np.zeros((50, 1)), np.full((50, 1), happened))
    assert 0 < sigmoid(np.array(fitted.b)).item() < 1


@given(arrays(np.float64, (6, 3), elements=st.floats(-50, 50)), st.tuples(*[st.floats(0, 5)] * 3))
def test_a_level_is_never_likelier_than_the_one_before(margins: np.ndarray, slopes: tuple[float, ...]):
    calibration = Calibration(slopes, (0.5, 0.0, 1.0))
    capped = calibration.log_odds(margins)
    assert (np.diff(capped, axis=1) <= 0).all()
    assert (capped <= calibration.uncapped(margins)).all()
    np.testing.assert_array_equal(capped[:, 0], calibration.uncapped(margins)[:, 0])


def test_the_identity_changes_nothing():
    margins = np.array([[0.3, -0.2], [4.0, 1.0]])
    np.testing.assert_array_equal(identity(2).log_odds(margins), margins)


def test_sigmoid_is_quiet_and_exact_at_the_ends():
    with np.errstate(all="raise", under="ignore"):
        found = sigmoid(np.array([-np.inf, -1e308, -800.0, -40.0, 0.0, 40.0, 800.0, 1e308, np.inf]))
    assert found[:3].tolist() == [0.0, 0.0, 0.0]
    assert found[3] == pytest.approx(np.exp(-40), rel=1e-12)
    assert found[4] == 0.5
    assert found[6:].tolist() == [1.0, 1.0, 1.0]


@given(st.floats(-700, 700))
def test_sigmoid_is_symmetric(z: float):
    assert sigmoid(np.array(z)) + sigmoid(np.array(-z)) == pytest.approx(1.0)
