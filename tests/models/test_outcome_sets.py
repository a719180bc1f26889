"""Tests of the conformal sets of outcomes: right as often as promised, for each outcome; never empty."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forecast.models.outcome_sets import OutcomeSets, class_probabilities, fit_outcome_sets, outcome_of


def world(cases: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of reaching two levels that are right, and what happened."""
    rng = np.random.default_rng(seed)
    any_ = rng.beta(2, 2, cases)
    probability = np.column_stack([any_, any_ * rng.beta(1, 4, cases)])
    return probability, rng.random(cases)[:, None] < probability


@pytest.mark.parametrize("share", [0.7, 0.8, 0.9])
def test_each_outcome_is_in_its_set_as_often_as_promised(share: float):
    sets = fit_outcome_sets(*world(20_000, 1), share=share)
    probability, happened = world(20_000, 2)
    held, outcome = sets.sets(probability), outcome_of(happened)
    for k in range(3):
        assert held[outcome == k, k].mean() == pytest.approx(share, abs=0.025)


def test_thresholds_are_the_order_statistics_that_the_method_asks_for():
    probability = np.arange(1, 20)[:, None] / 20.0
    happened = np.ones((19, 1), dtype=bool)
    happened[:9] = False
    sets = fit_outcome_sets(probability, happened, share=0.8)
    assert sets.thresholds[1] == pytest.approx(0.55 if int(0.2 * 11) == 2 else -1)
    assert sets.thresholds[0] == pytest.approx(np.sort(1 - probability[:9, 0])[1])


def test_an_outcome_seen_too_seldom_is_in_every_set():
    probability = np.full((6, 1), 0.5)
    happened = np.array([[True], [True], [False], [False], [False], [False]])
    assert fit_outcome_sets(probability, happened).thresholds[1] == 0.0


def test_a_set_that_would_be_empty_holds_the_likeliest_outcome():
    sets = OutcomeSets((0.9, 0.9), 0.8, 0.0, 0.1)
    np.testing.assert_array_equal(sets.sets(np.array([[0.3], [0.6]])), [[True, False], [False, True]])


def test_classes_add_up_and_outcomes_are_the_highest_level_reached():
    probability = np.array([[0.5, 0.2], [0.1, 0.1]])
    np.testing.assert_allclose(class_probabilities(probability), [[0.5, 0.3, 0.2], [0.9, 0.0, 0.1]])
    assert outcome_of(np.array([[False, False], [True, False], [True, True]])).tolist() == [0, 1, 2]


def test_sets_that_hold_everything_too_often_are_not_shown():
    noise = np.random.default_rng(3).random((2_000, 2)) * 1e-3
    flat = np.minimum.accumulate(np.array([0.6, 0.3]) + noise, axis=1)
    happened = np.random.default_rng(4).random(2_000)[:, None] < flat
    sets = fit_outcome_sets(flat, happened)
    assert sets.vacuous > 0.25
    assert not sets.telling
    assert fit_outcome_sets(*world(2_000, 5), share=0.5).telling


def test_json_gives_the_same_sets_back():
    sets = fit_outcome_sets(*world(500, 6))
    assert OutcomeSets.from_json(json.loads(json.dumps(sets.to_json()))) == sets
