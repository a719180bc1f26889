"""Tests of the logistic models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle
from forecast.models.logistic import Logistic, fit_logistic
from forecast.tables.description import Feature
from forecast.training.material import Material

PRIORS = Feature("priors", "number", "earlier arrests")
SPEED = Feature("speed", "number", "speed")


def simulated(n: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"priors": rng.poisson(2, n).astype(float), "speed": rng.normal(size=n)})
    return frame, (rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * frame["priors"].to_numpy())))[:, None]


def test_contributions_are_those_of_the_formula_written_out(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    model = bundle_of("logistic").forecaster.model
    assert isinstance(model, Logistic)
    for level in range(2):
        base, values = model.contributions(features, level)
        for i in (0, 7, 50):
            row = features.iloc[i]
            by_hand = dict.fromkeys(model.features, 0.0)
            for column, mean, coefficient in zip(
                model.design.columns, model.means, model.coefficients[level], strict=True
            ):
                value, missing = row[column.feature], pd.isna(row[column.feature])
                x = {
                    "value": value,
                    "is": float(value == column.value),
                    "missing": float(missing),
                    "from": float(not missing and column.how == "from" and value >= column.value),
                }[column.how]
                if not (missing and column.how in ("value", "from")):
                    by_hand[column.feature] += coefficient * (x - mean)
            assert values[i].tolist() == pytest.approx(list(by_hand.values()), abs=1e-12)
            assert base + sum(by_hand.values()) == pytest.approx(model.margins(features)[i, level], abs=1e-12)


def test_the_base_rate_model_forecasts_the_base_rate(bundle_of: Callable[[str], ModelBundle], material: Material):
    p = bundle_of("base-rate").forecaster.forecast(material.cases.features).probability
    np.testing.assert_allclose(p, np.tile(material.cases.outcomes.mean(), (len(p), 1)))


def test_the_two_feature_model_uses_two_features_without_steps(bundle_of: Callable[[str], ModelBundle]):
    model = bundle_of("two-feature").forecaster.model
    assert model.features == ("age", "priors")
    assert {c.how for c in model.design.columns} == {"value"}


def test_a_stronger_penalty_gives_smaller_coefficients():
    frame, happened = simulated()
    sizes = [np.abs(fit_logistic([PRIORS], frame, happened, penalty=p).coefficients[0]).sum() for p in (0.1, 10, 1000)]
    assert sizes == sorted(sizes, reverse=True)


def test_the_unit_of_a_number_does_not_matter():
    frame, happened = simulated()
    small = fit_logistic([PRIORS, SPEED], frame, happened)
    large = fit_logistic([PRIORS, SPEED], frame * 1000, happened)
    np.testing.assert_allclose(small.margins(frame), large.margins(frame * 1000), atol=1e-6)


def test_a_feature_that_training_never_had_changes_nothing_and_can_be_kept(tmp_path: Path):
    frame, happened = simulated()
    frame["speed"] = np.nan
    model = fit_logistic([PRIORS, SPEED], frame, happened)
    model.save(tmp_path)
    frame["speed"] = 100.0
    np.testing.assert_array_equal(model.contributions(frame, 0)[1][:, 1], 0.0)
    np.testing.assert_array_equal(Logistic.load(tmp_path).margins(frame), model.margins(frame))


def test_a_missing_number_counts_as_the_mean_where_training_had_none_missing():
    frame, happened = simulated()
    model = fit_logistic([PRIORS, SPEED], frame, happened, straight=True)
    holed = frame.assign(priors=np.nan)
    np.testing.assert_array_equal(model.contributions(holed, 0)[1][:, 0], 0.0)


def test_no_case_has_no_margin():
    frame, happened = simulated()
    model = fit_logistic([PRIORS], frame, happened)
    assert model.margins(frame.iloc[:0]).shape == (0, 1)
    assert model.contributions(frame.iloc[:0], 0)[1].shape == (0, 1)
