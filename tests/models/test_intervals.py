"""Tests of the interval about the group: it contains the forecast, and covers what it promises on new people."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.models.calibration import Calibration, fit_calibration, identity, sigmoid
from forecast.models.intervals import Curve, Intervals, fit_intervals, full_intervals
from forecast.models.refits import bootstrap_lines, person_numbers, resampled_rows


def world(people: int, seed: int, each: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, outcomes of two levels and persons; the true log-odds are the scores."""
    rng = np.random.default_rng(seed)
    score = np.repeat(rng.normal(0, 1.2, people), each)
    draw = rng.random(people * each)
    z = np.column_stack([score, score - 1.5])
    return z, draw[:, None] < sigmoid(z), np.repeat(np.arange(people), each)


@pytest.fixture(scope="module")
def fitted() -> tuple[Intervals, Calibration]:
    z, happened, persons = world(3_000, 1)
    calibration = fit_calibration(z, happened)
    folds = z[None, ::3] + np.random.default_rng(2).normal(0, 0.2, (5, 1, 1))
    return fit_intervals(
        fold_log_odds=folds, margins=z, happened=happened, persons=persons, calibration=calibration, seed=3
    ), calibration


def test_bounds_contain_the_forecast_and_keep_the_order_of_levels(fitted: tuple[Intervals, Calibration]):
    z = fitted[1].log_odds(np.random.default_rng(4).normal(0, 3, (500, 2)))
    low, high = fitted[0].bounds(z)
    p = sigmoid(z)
    assert ((low <= p) & (p <= high)).all()
    assert (low < high).all()
    assert (low[:, 1] <= low[:, 0]).all()
    assert (high[:, 1] <= high[:, 0]).all()
    assert low.min() >= 0
    assert high.max() <= 1


@given(
    st.lists(st.tuples(st.floats(-700, 700), st.floats(-700, 700)), min_size=1, max_size=20),
    st.lists(st.floats(0, 50), min_size=3, max_size=3),
)
def test_any_half_width_gives_bounds_about_any_forecast(rows: list[tuple[float, float]], errors: list[float]):
    curve = Curve((-1.0, 0.0, 1.0), tuple(errors), (0.0,) * 3, (0.0,) * 3, (0.0,) * 3)
    z = np.minimum.accumulate(np.array(rows), axis=1)
    low, high = Intervals((curve, curve)).bounds(z)
    assert ((low <= sigmoid(z)) & (sigmoid(z) <= high)).all()


def test_a_forecast_that_is_no_number_is_a_fault_and_not_an_interval(fitted: tuple[Intervals, Calibration]):
    with pytest.raises(ArithmeticError):
        fitted[0].bounds(np.array([[np.nan, 0.0]]))


def test_json_gives_the_same_intervals_back(fitted: tuple[Intervals, Calibration]):
    assert Intervals.from_json(json.loads(json.dumps(fitted[0].to_json()))) == fitted[0]


def test_the_same_seed_gives_the_same_intervals_and_another_one_others():
    z, happened, persons = world(400, 5)
    given_ = {"fold_log_odds": None, "margins": z, "happened": happened, "persons": persons}
    one, same, other = (fit_intervals(**given_, calibration=identity(2), seed=s) for s in (1, 1, 2))
    assert one == same
    assert one != other


def test_without_fold_models_only_calibration_and_shape_are_left():
    z, happened, persons = world(400, 6)
    found = fit_intervals(
        fold_log_odds=None, margins=z, happened=happened, persons=persons, calibration=identity(2), seed=1
    )
    for curve in found.curves:
        assert set(curve.models) == {0.0}
        assert min(curve.calibration) > 0


def test_the_jackknife_is_the_closed_formula_where_all_deviations_are_the_same():
    z, happened, persons = world(2_000, 7)
    shifts = np.array([-0.3, 0.1, 0.2])
    found = fit_intervals(
        fold_log_odds=z[None] + shifts[:, None, None],
        margins=z,
        happened=happened,
        persons=persons,
        calibration=identity(2),
        seed=1,
    )
    expected = np.sqrt(2 / 3 * np.square(shifts - shifts.mean()).sum())
    for curve in found.curves:
        np.testing.assert_allclose(curve.models, expected, atol=1e-5)
        np.testing.assert_allclose(curve.record, expected, atol=1e-5)


def test_deviations_of_single_records_average_out_in_a_group_but_are_told():
    z, happened, persons = world(2_000, 8)
    folds = z[None] + np.random.default_rng(1).normal(0, 0.5, (4, *z.shape))
    curve = fit_intervals(
        fold_log_odds=folds, margins=z, happened=happened, persons=persons, calibration=identity(2), seed=1
    ).curves[0]
    assert np.median(curve.models) < 0.15
    assert np.median(curve.record) > 0.5


def test_a_bend_that_the_straight_line_misses_widens_the_interval_where_it_is():
    rng = np.random.default_rng(9)
    z = rng.normal(0, 1.5, (40_000, 1))
    truth = np.where(z < -1, z - 0.4, z)
    happened = rng.random(z.shape) < sigmoid(truth)
    persons = np.arange(len(z))
    curve = fit_intervals(
        fold_log_odds=None, margins=z, happened=happened, persons=persons, calibration=identity(1), seed=1
    ).curves[0]
    at = np.interp([-2.0, 1.0], curve.knots, curve.shape)
    assert at[0] == pytest.approx(0.35, abs=0.1)
    assert at[1] < 0.12


def test_the_spread_of_bootstrapped_lines_is_the_one_that_theory_gives():
    z, happened, persons = world(20_000, 10, each=1)
    lines = bootstrap_lines(z[:, 0], happened[:, 0], persons, replicates=200, seed=1)
    design = np.column_stack([np.ones(len(z)), z[:, 0]])
    p = sigmoid(z[:, 0])
    theory = np.sqrt(np.diag(np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)))
    np.testing.assert_allclose(lines.mean(axis=0), [0, 1], atol=0.06)
    np.testing.assert_allclose(lines.std(axis=0), theory, rtol=0.15)


def test_people_and_not_rows_are_resampled():
    z, happened, persons = world(3_000, 11, each=1)
    copies = [np.repeat(each, 4, axis=0) for each in (z[:, 0], happened[:, 0], persons)]
    alone = bootstrap_lines(z[:, 0], happened[:, 0], persons, replicates=100, seed=1)
    np.testing.assert_allclose(bootstrap_lines(*copies, replicates=100, seed=1), alone, atol=2e-3)


def test_a_score_that_is_the_same_for_all_gets_the_interval_of_a_share():
    happened = np.arange(1_000)[:, None] % 4 == 0
    found = fit_intervals(
        fold_log_odds=None,
        margins=np.zeros((1_000, 1)),
        happened=happened,
        persons=np.arange(1_000),
        calibration=Calibration((0.0,), (float(np.log(1 / 3)),)),
        seed=1,
    )
    low, high = found.bounds(np.full((1, 1), np.log(1 / 3)))
    assert high[0, 0] - low[0, 0] == pytest.approx(2 * 1.96 * np.sqrt(0.25 * 0.75 / 1_000), rel=0.2)


def test_an_outcome_that_never_came_still_gives_finite_lines():
    z, _, persons = world(50, 12)
    lines = bootstrap_lines(z[:, 0], np.zeros(len(z), dtype=bool), persons, replicates=5, seed=1)
    assert np.isfinite(lines).all()


def test_full_intervals_measure_what_refitting_moves():
    z, happened, persons = world(500, 13)
    default = fit_intervals(
        fold_log_odds=None, margins=z, happened=happened, persons=persons, calibration=identity(2), seed=1
    )
    found = full_intervals(default, lambda rows: z + z[rows].mean(axis=0), persons, replicates=60, seed=1)
    theory = z[::2, 0].std() / np.sqrt(500)
    assert np.mean(found.curves[0].models) == pytest.approx(theory, rel=0.25)
    assert found.curves[0].shape == default.curves[0].shape
    assert set(found.curves[0].calibration) == {0.0}


def test_rows_of_a_resample_come_with_all_the_rows_of_their_person():
    people = person_numbers(np.array(["a", "a", "b", None, None, "c"], dtype=object))
    assert len(set(people)) == 5
    for rows in resampled_rows(people, 20, 1):
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1]


def test_the_shape_does_not_jump_between_scores_that_are_near():
    z, happened, persons = world(8_000, 13)
    found = fit_intervals(
        fold_log_odds=None, margins=z, happened=happened, persons=persons, calibration=identity(2), seed=1
    )
    for curve in found.curves:
        shape = np.array(curve.shape)
        assert np.abs(np.diff(shape)).max() < 0.02
        assert shape.max() > 0.05  # there is something to smooth
        assert (shape > 0).all()
