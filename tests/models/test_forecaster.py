"""Tests that every model's contributions add up to its calibrated forecast."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from forecast.explanations.points import to_points
from forecast.models.bundle import ModelBundle
from forecast.models.calibration import Calibration, sigmoid
from forecast.models.forecaster import Forecaster, closed
from tests.helpers import KINDS, frames

CLOSE = 1e-9
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def capping(forecaster: Forecaster) -> Forecaster:
    """Return the forecaster with a calibration under which the serious level comes out above the lower one."""
    return dataclasses.replace(forecaster, calibration=Calibration((0.5, 1.5), (-1.5, 2.5)))


def check_sums(forecaster: Forecaster, frame: pd.DataFrame) -> None:
    made = forecaster.forecast(frame)
    log_odds = forecaster.calibration.log_odds(forecaster.model.margins(frame))
    for level in range(made.probability.shape[1]):
        c = forecaster.contributions(frame, level)
        p = made.probability[:, level]
        np.testing.assert_allclose(c.base + c.values.sum(axis=1) + c.cap, log_odds[:, level], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(sigmoid(c.log_odds), p, rtol=0, atol=CLOSE)
        assert (c.cap <= 0).all()
        np.testing.assert_array_equal(c.cap < 0, made.capped[:, level])
        points = to_points(c)
        np.testing.assert_allclose(points.start + points.values.sum(axis=1) + points.cap, 100 * p, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(points.shown, 100 * p, rtol=0, atol=CLOSE)
        assert (np.sign(points.values) * np.sign(c.values) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_and_points_add_up_to_the_forecast(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    check_sums(bundle_of(kind).forecaster, features)


@pytest.mark.parametrize("kind", KINDS)
def test_they_add_up_where_the_serious_level_is_lowered_to_the_one_before(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    forecaster = capping(bundle_of(kind).forecaster)
    made = forecaster.forecast(features)
    assert made.capped[:, 1].any()
    assert not made.capped[:, 0].any()
    assert (made.probability[:, 1] <= made.probability[:, 0]).all()
    check_sums(forecaster, features)


@pytest.mark.parametrize("kind", KINDS)
@QUICK
@given(frame=frames())
def test_they_add_up_for_any_row(kind: str, bundle_of: Callable[[str], ModelBundle], frame: pd.DataFrame):
    forecaster = bundle_of(kind).forecaster
    check_sums(forecaster, frame)
    check_sums(capping(forecaster), frame)


@pytest.mark.parametrize("kind", KINDS)
def test_no_case_gives_empty_forecasts_and_contributions(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    forecaster, none = bundle_of(kind).forecaster, features.iloc[:0]
    assert forecaster.forecast(none).probability.shape == (0, 2)
    assert forecaster.contributions(none, 1).values.shape == (0, len(forecaster.model.features))


@pytest.mark.parametrize("kind", KINDS)
def test_a_forecast_of_one_case_is_that_of_the_case_among_others(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    forecaster = bundle_of(kind).forecaster
    together = forecaster.forecast(features).probability
    alone = np.vstack([forecaster.forecast(features.iloc[[i]]).probability for i in range(5)])
    np.testing.assert_array_equal(alone, together[:5])


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_and_contributions_at_once_are_those_made_apart_to_the_bit(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    forecaster = bundle_of(kind).forecaster
    made, explained = forecaster.explained(features)
    for name, value in dataclasses.asdict(forecaster.forecast(features)).items():
        np.testing.assert_array_equal(getattr(made, name), value)
    assert len(explained) == made.probability.shape[1]
    for level, contributions in enumerate(explained):
        apart = forecaster.contributions(features, level)
        assert (contributions.features, contributions.base) == (apart.features, apart.base)
        np.testing.assert_array_equal(contributions.values, apart.values)
        np.testing.assert_array_equal(contributions.cap, apart.cap)


@pytest.mark.parametrize("kind", KINDS)
def test_an_explanation_of_one_case_is_that_of_the_case_among_others(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    forecaster = bundle_of(kind).forecaster
    together = forecaster.explained(features)[1]
    for i in range(3):
        alone = forecaster.explained(features.iloc[[i]])[1]
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one.values, many.values[[i]])
            np.testing.assert_array_equal(one.cap, many.cap[[i]])


def test_a_small_residual_is_spread_in_proportion():
    values = np.array([[3.0, -1.0], [0.0, 0.0]])
    spread = closed(0.5, values.copy(), np.array([2.5 + 4e-6, 0.5]))
    np.testing.assert_allclose(0.5 + spread.sum(axis=1), [2.5 + 4e-6, 0.5], atol=1e-15)
    np.testing.assert_allclose(spread[0] - values[0], [3e-6, 1e-6], atol=1e-12)


def test_a_residual_that_is_no_rounding_is_a_fault():
    with pytest.raises(ArithmeticError, match=r"miss the forecast by 1\.00e-03"):
        closed(0.0, np.array([[1.0]]), np.array([1.001]))
