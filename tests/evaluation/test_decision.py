"""Tests of decision curves and of precision against recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from forecast.evaluation.decision import average_precision, decision_curves, precision_recall, stretches
from forecast.evaluation.metrics import presort, tally
from forecast.progress import SILENT

RUN = {"replicates": 60, "seed": 2, "progress": SILENT}


def cases(n: int = 2_000) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(6)
    p = 1 / (1 + np.exp(-numbers.normal(0, 1.5, n)))
    return numbers.random(n) < p, p


def test_net_benefit_is_that_of_its_definition() -> None:
    y, p = cases()
    found = decision_curves({"ours": p, "half": np.full(len(p), 0.5)}, y, np.arange(len(p)), "ours", **RUN)
    for i, t in enumerate(found.thresholds):
        flagged = p >= t
        expected = (flagged & y).mean() - (flagged & ~y).mean() * t / (1 - t)
        assert found.models["ours"][i] == pytest.approx(expected, abs=1e-5)
        assert found.everyone[i] == pytest.approx(y.mean() - (~y).mean() * t / (1 - t), abs=1e-5)
        assert found.models["half"][i] == pytest.approx(found.everyone[i] if t <= 0.5 else 0, abs=1e-5)
        assert found.low[i] <= found.models["ours"][i] <= found.high[i]


def test_a_good_forecast_is_of_use_in_the_middle_and_a_forecast_of_nothing_nowhere() -> None:
    y, p = cases()
    people = np.arange(len(p))
    assert {0.3, 0.5, 0.7} <= set(decision_curves({"": p}, y, people, "", **RUN).useful)
    shuffled = np.random.default_rng(1).permutation(p)
    assert len(decision_curves({"": shuffled}, y, people, "", **RUN).useful) <= 3


@given(st.integers(0, 10_000), st.sampled_from([3, 10, 1_000]))
@settings(max_examples=40, deadline=None)
def test_average_precision_agrees_with_scikit_learn_on_weights_and_ties(seed: int, grid: int) -> None:
    numbers = np.random.default_rng(seed)
    p, y = numbers.integers(0, grid, 60) / grid, numbers.random(60) < 0.4
    y[0] = True
    weights = numbers.integers(0, 4, (3, 60)).astype(float) + (np.arange(60) == 0)
    expected = [average_precision_score(y, p, sample_weight=w) for w in weights]
    np.testing.assert_allclose(average_precision(tally(presort(y, p), weights)), expected, atol=1e-12)


def test_the_curve_ends_at_the_base_rate_with_everybody_found() -> None:
    y, p = cases()
    found = precision_recall({"ours": p}, y, np.arange(len(p)), **RUN)
    assert found.curves["ours"][-1] == pytest.approx((1.0, y.mean()), abs=0.02)
    assert len(found.curves["ours"]) <= 150
    ours = found.average_precision["ours"]
    assert ours.low is not None
    assert ours.low > found.base_rate


def test_nobody_with_the_outcome_has_no_curve() -> None:
    found = precision_recall({"ours": np.linspace(0, 1, 30)}, np.zeros(30, dtype=bool), np.arange(30), **RUN)
    assert found.curves["ours"] == ()
    assert found.average_precision["ours"].value is None


def test_unbroken_stretches_are_joined() -> None:
    assert stretches([0.1, 0.2, 0.4], [0.1, 0.2, 0.3, 0.4]) == [(0.1, 0.2), (0.4, 0.4)]
    assert stretches([], [0.1]) == []
