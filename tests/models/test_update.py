"""Tests of updating a calibration on newer cases."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.models.calibration import Calibration, fit_calibration, sigmoid
from forecast.models.update import GRADES, updated
from forecast.problems import Problem

USED = Calibration((0.9, 1.1), (0.2, -0.3))


def newer(n: int = 6_000, shift: float = 0.0, slope: float = 1.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Margins and outcomes of which the calibrated log-odds are off by a shift and a slope."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=(n, 2))
    truth = slope * USED.uncapped(margins) + shift
    return margins, rng.random((n, 2)) < sigmoid(truth)


def test_the_intercept_alone_moves_and_as_many_outcomes_are_forecast_as_there_were():
    margins, happened = newer(shift=0.5)
    made = updated(USED, margins, happened)
    assert made.calibration.a == USED.a
    np.testing.assert_allclose(sigmoid(made.calibration.uncapped(margins)).mean(axis=0), happened.mean(axis=0))
    for level in made.levels:
        assert level.grade == "intercept"
        assert abs(level.intercept - 0.5) < 3 * level.intercept_error < 0.15


def test_slope_and_intercept_are_those_of_a_new_calibration():
    margins, happened = newer(shift=-0.3, slope=0.6)
    made = updated(USED, margins, happened, grade=GRADES[2]).calibration
    anew = fit_calibration(margins, happened)
    np.testing.assert_allclose(made.a, anew.a, atol=2e-3)
    np.testing.assert_allclose(made.b, anew.b, atol=2e-3)


@pytest.mark.parametrize(
    ("shift", "slope", "grade"),
    [(0.0, 1.0, "nothing"), (0.4, 1.0, "intercept"), (0.4, 0.5, "intercept and slope")],
    ids=["still right", "more common", "spread otherwise"],
)
def test_the_closed_test_takes_the_least_that_is_not_refuted(shift: float, slope: float, grade: str):
    margins, happened = newer(shift=shift, slope=slope)
    made = updated(USED, margins, happened, grade="tested")
    assert {level.grade for level in made.levels} == {grade}
    if grade == "nothing":
        assert made.calibration == USED


def test_the_closed_test_seldom_touches_a_model_that_is_right():
    touched = [updated(USED, *newer(800, seed=s), grade="tested").levels[0].grade != "nothing" for s in range(200)]
    assert 2 <= sum(touched) <= 20  # 5 % of 200, give or take three standard errors


def test_repeated_people_widen_the_standard_error():
    margins, happened = newer(2_000, shift=0.3)
    persons = np.arange(len(margins)).repeat(4)
    plain = updated(USED, margins, happened).levels[0]
    copied = updated(USED, margins.repeat(4, axis=0), happened.repeat(4, axis=0), persons=persons).levels[0]
    assert copied.intercept == pytest.approx(plain.intercept)
    assert copied.intercept_error == pytest.approx(plain.intercept_error)


def test_a_weight_counts_as_so_many_cases_and_zero_as_none():
    margins, happened = newer(1_500, shift=0.3)
    weights = np.ones(margins.shape)
    weights[:500], weights[500:1_000] = 0, 2
    rows = np.concatenate([np.arange(500, 1_000), np.arange(500, 1_500)])
    for grade in GRADES[1:]:
        one = updated(USED, margins, happened, weights=weights, grade=grade).calibration
        other = updated(USED, margins[rows], happened[rows], grade=grade).calibration
        np.testing.assert_allclose(one.a + one.b, other.a + other.b, atol=1e-6)


def test_a_level_that_is_the_same_for_everybody_gets_a_new_base_rate():
    margins, happened = newer(shift=0.5)
    made = updated(Calibration((0.0, 0.0), (0.1, -1.0)), margins, happened, grade="tested")
    assert made.calibration.a == (0.0, 0.0)
    np.testing.assert_allclose(sigmoid(np.array(made.calibration.b)), happened.mean(axis=0))


def test_too_few_outcomes_to_update_on_are_a_problem():
    margins, happened = newer(400)
    happened[:, 1] = False
    with pytest.raises(Problem) as caught:
        updated(USED, margins, happened)
    assert caught.value.code == "update-rare"
    assert "Level 2 has 0 cases" in caught.value.sentence
