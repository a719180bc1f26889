"""Tests of what a forecaster and a bundle say about the limits of their forecasts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle, load_bundle, write_bundle
from forecast.models.uncertainty import FILE, MOST_REFERENCE, Uncertainty, reference_rows
from forecast.problems import Problem


@pytest.fixture
def measured(limited: ModelBundle) -> Uncertainty:
    assert limited.forecaster.uncertainty is not None
    return limited.forecaster.uncertainty


@pytest.fixture
def kept(bundle: ModelBundle, measured: Uncertainty, tmp_path: Path) -> ModelBundle:
    """The small bundle with its uncertainty, written and loaded."""
    (tmp_path / "kept").mkdir()
    forecaster = dataclasses.replace(bundle.forecaster, uncertainty=measured)
    write_bundle(tmp_path / "kept", bundle.description, forecaster, {})
    return load_bundle(tmp_path / "kept", threads=1)


def test_a_forecaster_without_uncertainty_says_nothing_of_its_limits(bundle: ModelBundle, features: pd.DataFrame):
    made = dataclasses.replace(bundle.forecaster, uncertainty=None).forecast(features)
    assert made.low is made.high is made.outcomes is made.outside is None


def test_a_forecaster_with_uncertainty_fills_interval_set_and_mark(
    bundle: ModelBundle, measured: Uncertainty, features: pd.DataFrame
):
    made = dataclasses.replace(bundle.forecaster, uncertainty=measured).forecast(features)
    plain = dataclasses.replace(bundle.forecaster, uncertainty=None).forecast(features)
    np.testing.assert_array_equal(made.probability, plain.probability)
    np.testing.assert_array_equal(made.band, plain.band)
    assert made.low is not None
    assert made.high is not None
    assert made.outcomes is not None
    assert made.outside is not None
    assert ((made.low < made.probability) & (made.probability < made.high)).all()
    assert made.outcomes.shape == (len(features), 3)
    assert made.outcomes.any(axis=1).all()
    assert made.outside.shape == (len(features),)
    assert made.outside.mean() < 0.05


def test_a_bundle_keeps_its_uncertainty_and_forecasts_the_same(
    kept: ModelBundle, measured: Uncertainty, features: pd.DataFrame
):
    assert kept.forecaster.uncertainty == measured
    assert f"model/{FILE}" in kept.manifest["files"]
    odd = features.copy()
    odd.loc[0, "age"] = 118.0
    assert kept.forecaster.forecast(odd).outside.tolist()[0]


def test_the_uncertainty_is_part_of_the_model_id(kept: ModelBundle, bundle: ModelBundle, tmp_path: Path):
    (tmp_path / "without").mkdir()
    forecaster = dataclasses.replace(bundle.forecaster, uncertainty=None)
    assert write_bundle(tmp_path / "without", bundle.description, forecaster, {}) != kept.model_id
    assert load_bundle(tmp_path / "without").forecaster.uncertainty is None


def test_a_changed_uncertainty_is_found(kept: ModelBundle):
    path = kept.folder / "model" / FILE
    path.write_text(path.read_text("utf-8").replace('"share": 0.8', '"share": 0.9'), "utf-8")
    with pytest.raises(Problem) as found:
        load_bundle(kept.folder)
    assert found.value.code == "bundle-corrupt"


def test_an_uncertainty_of_other_levels_does_not_belong_to_the_bundle(
    bundle: ModelBundle, measured: Uncertainty, tmp_path: Path
):
    (tmp_path / "odd").mkdir()
    short = dataclasses.replace(
        measured, intervals=dataclasses.replace(measured.intervals, curves=measured.intervals.curves[:1])
    )
    write_bundle(tmp_path / "odd", bundle.description, dataclasses.replace(bundle.forecaster, uncertainty=short), {})
    with pytest.raises(Problem) as found:
        load_bundle(tmp_path / "odd")
    assert found.value.code == "bundle-corrupt"


def test_json_gives_the_same_uncertainty_back(measured: Uncertainty):
    assert Uncertainty.from_json(json.loads(json.dumps(measured.to_json()))) == measured


def test_reference_rows_are_all_of_few_and_a_sample_of_many():
    assert reference_rows(10, 1).tolist() == list(range(10))
    many = reference_rows(50_000, 1)
    assert len(set(many.tolist())) == MOST_REFERENCE
    assert (np.diff(many) > 0).all()
    np.testing.assert_array_equal(many, reference_rows(50_000, 1))
