"""Tests of the smooth calibration curve and its indices, with statsmodels' loess as the referee."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.nonparametric.smoothers_lowess import lowess

from forecast.evaluation.bootstrap import person_codes
from forecast.evaluation.smooth import INDICES, SmoothCalibration, Smoother, smooth_calibration
from forecast.progress import SILENT


def cases(n: int, a: float, b: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return forecasts and outcomes whose true log-odds are a + b times those of the forecast."""
    numbers = np.random.default_rng(seed)
    z = numbers.normal(size=n)
    return 1 / (1 + np.exp(-z)), numbers.random(n) < 1 / (1 + np.exp(-a - b * z))


def smooth(p: np.ndarray, y: np.ndarray, replicates: int = 50) -> SmoothCalibration:
    return smooth_calibration(
        p, y, person_codes(np.arange(len(p)) // 2), replicates=replicates, seed=1, progress=SILENT
    )


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.6), (0.0, 1.8), (-0.6, 1.0)])
def test_indices_are_near_those_of_loess(a: float, b: float) -> None:
    p, y = cases(4_000, a, b)
    found = Smoother(p, y).measure(np.ones((1, len(p))))
    distance = np.abs(lowess(y.astype(float), p, frac=0.5, it=0, return_sorted=False) - p)
    assert found["ici"][0] == pytest.approx(distance.mean(), abs=0.012)
    assert found["e50"][0] == pytest.approx(np.median(distance), abs=0.02)
    assert found["e90"][0] == pytest.approx(np.quantile(distance, 0.9), abs=0.025)


def test_the_curve_finds_what_is_true_and_its_band_mostly_holds_it() -> None:
    held = []
    for seed in range(8):
        found = smooth(*cases(3_000, 0.4, 0.7, seed))
        x = np.array(found.forecast)
        true = 1 / (1 + np.exp(-0.4 - 0.7 * np.log(x / (1 - x))))
        assert np.abs(np.array(found.observed) - true).max() < 0.12
        held.append(np.mean((true >= found.low) & (true <= found.high)))
    assert np.mean(held) > 0.8


def test_a_calibrated_forecast_has_a_small_index_and_a_bad_one_a_large_one() -> None:
    good, bad = smooth(*cases(8_000, 0, 1)).indices["ici"], smooth(*cases(8_000, 1, 1)).indices["ici"]
    assert good.value is not None
    assert good.value < 0.015
    assert bad.low is not None
    assert bad.low > 0.15


def test_half_nine_tenths_and_all_of_the_distances_rise() -> None:
    found = smooth(*cases(2_000, 0.3, 0.8)).indices
    ici, e50, e90, emax = (found[name].value or -1.0 for name in INDICES)
    assert 0 < e50 <= e90 <= emax
    assert ici < emax


def test_few_distinct_forecasts_get_a_straight_line() -> None:
    p = np.tile([0.2, 0.6], 200)
    y = np.random.default_rng(2).random(400) < p
    smoother = Smoother(p, y)
    assert smoother.knots == ()
    found = smoother.measure(np.ones((1, 400)))
    rates = [abs(y[p == value].mean() - value) for value in (0.2, 0.6)]
    assert found["ici"][0] == pytest.approx(np.mean(rates), abs=1e-6)


def test_one_class_only_has_no_index() -> None:
    found = smooth(np.linspace(0.1, 0.9, 80), np.zeros(80, dtype=bool))
    assert found.indices["ici"].value is None
