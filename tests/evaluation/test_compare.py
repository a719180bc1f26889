"""Tests of the comparison of models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from forecast.evaluation.bootstrap import SAME_FOR_ALL
from forecast.evaluation.compare import ALIKE, BETTER, NO_VERDICT, WORSE, Comparison, compare_models
from forecast.problems import Problem


def three_levels(n: int = 1_500) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return a good and a bad model and a copy of the good one, what happened, and persons with several cases."""
    numbers = np.random.default_rng(3)
    z = numbers.normal(size=n)
    good = 1 / (1 + np.exp(-np.column_stack([z, z - 2])))
    u = numbers.random(n)
    bad_z = 0.3 * z + numbers.normal(size=n)
    bad = 1 / (1 + np.exp(-np.column_stack([bad_z, bad_z - 2])))
    return {"good": good, "bad": bad, "copy": good.copy()}, u[:, None] < good, numbers.integers(0, n // 2, n)


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return compare_models(*three_levels(), "good", replicates=60, levels=("any", "serious"))


def test_points_agree_with_scikit_learn(compared: Comparison) -> None:
    models, happened, _ = three_levels()
    for k, level in enumerate(compared.levels):
        for name, p in models.items():
            figures = level.models[name]
            assert figures["brier"].value == pytest.approx(brier_score_loss(happened[:, k], p[:, k]))
            assert figures["auc"].value == pytest.approx(roc_auc_score(happened[:, k], p[:, k]))
            assert figures["log_loss"].value == pytest.approx(log_loss(happened[:, k], p[:, k]))


def test_figures_over_levels_are_those_of_their_definition(compared: Comparison) -> None:
    models, happened, _ = three_levels()
    p = models["bad"]
    assert compared.models["bad"]["rps"].value == pytest.approx(((p - happened) ** 2).mean())
    classes = np.column_stack([1 - p[:, 0], p[:, 0] - p[:, 1], p[:, 1]])
    exact = (classes.argmax(axis=1) == happened.sum(axis=1)).mean()
    assert compared.models["bad"]["exact"].value == pytest.approx(exact)
    assert compared.models["bad"]["ratio"].value == pytest.approx(2)


def test_a_clearly_better_model_is_called_better_with_an_interval_that_excludes_zero(compared: Comparison) -> None:
    for difference in (compared.level("any").differences["bad"]["brier"], compared.differences["bad"]["errors"]):
        assert difference.verdict == BETTER
        assert difference.figure.high is not None
        assert difference.figure.high < 0
    assert compared.level("any").differences["bad"]["auc"].verdict == BETTER
    turned = compare_models(*three_levels(), "bad", replicates=60)
    assert turned.levels[0].differences["good"]["auc"].verdict == WORSE
    assert turned.differences["good"]["rps"].verdict == WORSE


def test_a_model_cannot_be_told_from_its_copy(compared: Comparison) -> None:
    for difference in (*compared.levels[0].differences["copy"].values(), *compared.differences["copy"].values()):
        assert difference.verdict == ALIKE
        assert (difference.figure.low, difference.figure.value, difference.figure.high) == (0, 0, 0)


def test_the_interval_of_a_difference_is_narrower_than_unpaired_ones_would_be() -> None:
    models, happened, persons = three_levels()
    models["near"] = np.clip(models["good"] * 0.97, 0, 1)
    found = compare_models(models, happened, persons, "good", replicates=60).levels[0]
    difference, alone = found.differences["near"]["brier"].figure, found.models["near"]["brier"]
    assert difference.high is not None
    assert difference.low is not None
    assert alone.high is not None
    assert alone.low is not None
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)


def test_with_two_levels_nothing_is_very_dangerous() -> None:
    models, happened, persons = three_levels()
    one = {name: p[:, :1] for name, p in models.items()}
    found = compare_models(one, happened[:, :1], persons, "good", replicates=50)
    assert "very_dangerous" not in found.models["good"]
    assert found.upper_shares == ()
    assert found.models["good"]["ratio"].value == pytest.approx(2)


def test_a_forecast_that_is_the_same_for_all_has_no_auc() -> None:
    models, happened, persons = three_levels()
    models["rate"] = np.tile(happened.mean(axis=0), (len(happened), 1))
    found = compare_models(models, happened, persons, "good", replicates=50, constant=("rate",)).levels[0]
    assert found.models["rate"]["auc"].note == SAME_FOR_ALL
    assert found.differences["rate"]["auc"].verdict == NO_VERDICT
    assert found.differences["rate"]["brier"].verdict == BETTER
    assert found.differences["bad"]["auc"].verdict == BETTER


def test_the_same_seed_gives_the_same_result_as_plain_data() -> None:
    one, two = (compare_models(*three_levels(400), "good", replicates=50, seed=8).to_dict() for _ in range(2))
    assert json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


def test_an_unknown_model_is_a_problem_that_names_the_known_ones() -> None:
    with pytest.raises(Problem, match="good, bad, copy") as caught:
        compare_models(*three_levels(100), "best", replicates=50)
    assert caught.value.code == "model-unknown"


def test_columns_of_different_length_are_a_fault_of_the_caller() -> None:
    models, happened, persons = three_levels(100)
    with pytest.raises(ValueError, match="differ in shape"):
        compare_models(models, happened[:50], persons, "good", replicates=50)
