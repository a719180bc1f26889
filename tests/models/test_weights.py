"""Tests of cases that count for more or less than one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.models.calibration import fit_calibration
from forecast.models.design import spline_columns
from forecast.models.logistic import fit_logistic
from forecast.tables.description import Feature

PRIORS = Feature("priors", "number", "earlier arrests")
SPEED = Feature("speed", "number", "speed")


def simulated(n: int = 600) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Return features, outcomes, weights 0, 1 and 2, and the rows that the weights stand for."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"priors": rng.poisson(2, n).astype(float), "speed": rng.normal(size=n)})
    happened = (rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * frame["priors"].to_numpy())))[:, None]
    counts = np.arange(n) % 3
    return frame, happened, counts[:, None].astype(float), np.repeat(np.arange(n), counts)


def test_a_calibration_counts_each_case_as_often_as_it_weighs():
    frame, happened, weights, rows = simulated()
    margins = frame[["priors"]].to_numpy() - 2
    one = fit_calibration(margins, happened, weights)
    other = fit_calibration(margins[rows], happened[rows])
    assert one.a + one.b == pytest.approx(other.a + other.b, abs=1e-8)


def test_weights_of_one_change_no_digit_of_a_calibration():
    frame, happened, _, _ = simulated()
    margins = frame[["priors"]].to_numpy() - 2
    assert fit_calibration(margins, happened, np.ones(happened.shape)) == fit_calibration(margins, happened)


def test_a_base_rate_is_weighted():
    frame, happened, weights, rows = simulated()
    one, other = fit_logistic([], frame, happened, weights=weights), fit_logistic([], frame, happened[rows])
    assert one.intercepts == pytest.approx(other.intercepts)


def test_a_logistic_model_with_weights_forecasts_as_many_outcomes_as_there_are_by_weight():
    frame, happened, weights, _ = simulated()
    model = fit_logistic([PRIORS, SPEED], frame, happened, make=spline_columns, weights=weights)
    p = 1 / (1 + np.exp(-model.margins(frame)))
    assert np.average(p, weights=weights) == pytest.approx(np.average(happened, weights=weights), abs=1e-6)


def test_cases_that_weigh_nothing_do_not_move_a_logistic_model():
    frame, happened, weights, _ = simulated()
    turned = np.where(weights == 0, ~happened, happened)
    one, other = (fit_logistic([PRIORS, SPEED], frame, h, weights=weights) for h in (happened, turned))
    np.testing.assert_array_equal(one.margins(frame), other.margins(frame))
