"""Tests that `shap` finds the same contributions as the models that add up terms of their own.

Boosted trees and forests have theirs in `test_boosting`, `test_tree_tables` and `test_forest`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.models.additive import Additive, fit_additive
from forecast.models.blend import Blend
from forecast.models.boosting import Boosting, BoostingOptions
from forecast.models.bundle import ModelBundle
from forecast.models.logistic import Logistic
from forecast.training.material import Material

CLOSE = {"rtol": 0.0, "atol": 1e-6}


def linear_referee(model: Logistic, frame: pd.DataFrame, level: int) -> tuple[float, Any]:
    """Return shap's base and values of a linear model, for columns that start from the training mean.

    A missing number counts as the mean: that is how the model sees it.
    """
    import shap

    matrix = model.design.matrix(frame)
    background = shap.maskers.Independent(model.means[None, :], max_samples=1)
    intercept = model.intercepts[level] - model.coefficients[level] @ model.means
    explainer = shap.LinearExplainer((model.coefficients[level], intercept), background)
    made = explainer.shap_values(np.where(np.isnan(matrix), model.means, matrix))
    return float(explainer.expected_value), model.design.by_feature(made)


def tree_referee(model: Boosting, frame: pd.DataFrame, level: int) -> tuple[float, Any]:
    """Return shap's base and values of the mean of some boosters."""
    import shap

    matrix = model.design.matrix(frame)
    explainers = [shap.TreeExplainer(b, feature_perturbation="tree_path_dependent") for b in model.boosters[level]]
    for explainer in explainers:
        explainer.model.model_type = "internal"  # else shap asks LightGBM, and would be no referee of its own
    values = np.mean([e.shap_values(matrix, check_additivity=False) for e in explainers], axis=0)
    return float(np.mean([np.ravel(e.expected_value)[-1] for e in explainers])), model.design.by_feature(values)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("kind", ["logistic", "splines"])
def test_shap_agrees_with_a_linear_model(
    kind: str, level: int, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    model = bundle_of(kind).forecaster.model
    assert isinstance(model, Logistic)
    (base, values), (expected_base, expected) = (
        model.contributions(features, level),
        linear_referee(model, features, level),
    )
    assert np.ptp(values) > 0.1
    np.testing.assert_allclose(values, expected, **CLOSE)
    assert base == pytest.approx(expected_base, abs=1e-6)
    np.testing.assert_allclose(base + values.sum(axis=1), model.margins(features)[:, level], **CLOSE)


@pytest.mark.parametrize("level", [0, 1])
def test_shap_agrees_with_a_blend(level: int, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame):
    model = bundle_of("blend").forecaster.model
    assert isinstance(model, Blend)
    trees, line = tree_referee(model.boosting, features, level), linear_referee(model.logistic, features, level)
    base, values = model.contributions(features, level)
    expected = (1 - model.weight) * trees[1] + model.weight * line[1]
    np.testing.assert_allclose(values, expected, **CLOSE)
    assert base == pytest.approx((1 - model.weight) * trees[0] + model.weight * line[0], abs=1e-6)
    np.testing.assert_allclose(base + values.sum(axis=1), model.margins(features)[:, level], **CLOSE)


@pytest.mark.parametrize("pairs", [0, 3], ids=["one by one", "with pairs"])
def test_shap_agrees_with_an_additive_model(pairs: int, material: Material, features: pd.DataFrame):
    """In the game of its tables: a table of one or two features counts once all of them are known."""
    import shap

    small = BoostingOptions(rounds=30, boosters=1, learning_rate=0.2)
    happened = material.cases.outcomes.to_numpy(dtype=bool)[:, :1]
    model = fit_additive(
        material.description.features, material.cases.features, happened, options=small, pairs=pairs, seed=1, threads=1
    )
    assert isinstance(model, Additive)
    assert any(len(shape.columns) == 2 for shape in model.shapes[0]) == (pairs > 0)
    base, values = model.contributions(features, 0)
    matrix, owner, count = model.design.matrix(features), model.design.owner, len(model.features)
    for row in (0, 7, 50):
        terms = [(owner[list(s.columns)], float(s.at(matrix[row : row + 1])[0])) for s in model.shapes[0]]

        def game(known: Any, terms: list[tuple[Any, float]] = terms) -> Any:
            return base + sum(value * known[:, columns].prod(axis=1) for columns, value in terms)

        explainer = shap.KernelExplainer(game, np.zeros((1, count)))
        made = explainer.shap_values(np.ones(count), nsamples=2**count, l1_reg=False, silent=True)
        np.testing.assert_allclose(values[row], made, **CLOSE)
        assert float(explainer.expected_value) == pytest.approx(base, abs=1e-6)
        assert base + values[row].sum() == pytest.approx(model.margins(features)[row, 0], abs=1e-6)
