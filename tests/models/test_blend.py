"""Tests of the blend of trees and a logistic model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from forecast.models.blend import Blend
from forecast.models.bundle import ModelBundle


@pytest.fixture
def blend(bundle_of: Callable[[str], ModelBundle]) -> Blend:
    model = bundle_of("blend").forecaster.model
    assert isinstance(model, Blend)
    return model


def test_the_margin_is_the_weighted_mean_of_both(blend: Blend, features: pd.DataFrame):
    mean = 0.7 * blend.boosting.margins(features) + 0.3 * blend.logistic.margins(features)
    np.testing.assert_allclose(blend.margins(features), mean, atol=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_contributions_add_up_to_the_margin_at_any_weight(blend: Blend, features: pd.DataFrame, weight: float):
    mixed = Blend(blend.boosting, blend.logistic, weight)
    for level in range(2):
        base, values = mixed.contributions(features, level)
        np.testing.assert_allclose(base + values.sum(axis=1), mixed.margins(features)[:, level], atol=1e-9)


def test_a_weight_of_one_is_the_logistic_model(blend: Blend, features: pd.DataFrame):
    np.testing.assert_allclose(
        Blend(blend.boosting, blend.logistic, 1.0).margins(features), blend.logistic.margins(features)
    )


def test_both_parts_have_the_features_in_the_same_order(blend: Blend):
    assert blend.features == blend.boosting.features == blend.logistic.features
