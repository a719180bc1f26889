"""Tests of where an experiment's bands come from, and of bundles that hold costs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.cases import OutcomeScale
from forecast.models.bands import Costs, CutOffs
from forecast.models.bundle import FORMAT, MANIFEST, ModelBundle, load_bundle, write_bundle
from forecast.problems import Problem
from forecast.training.costs import costs_of
from forecast.training.experiment import Experiment, load_experiment

THREE = OutcomeScale(("none", "any", "serious"), 24, ("arrested again", "arrested for a serious offence"))
COSTS = Costs(((0.0, 4.0, 12.0), (1.0, 0.0, 4.0), (2.0, 1.0, 0.0)), reason="a trial")


def experiment(**keys: Any) -> Experiment:
    return Experiment(**({"name": "x", "table": "synthetic"} | keys))


def test_the_costs_file_lies_beside_the_experiment_and_wins_over_cut_offs(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(
        'bands = ["LOW", "MODERATE", "HIGH"]\nmatrix = [[0, 4, 12], [1, 0, 4], [2, 1, 0]]\nreason = "a trial"\n',
        "utf-8",
    )
    (tmp_path / "x.toml").write_text('name = "x"\ntable = "synthetic"\ncosts = "mine.toml"\ncutoffs = [0.5]\n', "utf-8")
    loaded = load_experiment(tmp_path / "x.toml")
    assert costs_of(loaded, THREE, tmp_path) == COSTS
    assert costs_of(experiment(costs=str(tmp_path / "mine.toml")), THREE, None) == COSTS


def test_without_a_costs_file_the_cut_offs_hold():
    found = costs_of(experiment(cutoffs=(0.4, 0.2), cutoffs_signed_by="A", cutoffs_reason="b"), THREE, None)
    assert found == CutOffs((0.4, 0.2), "A", "b")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"cutoffs": (0.4,)}, "toml-wrong-type"),
        ({"cutoffs": (0.4, 1.0)}, "setting-range"),
        ({"cutoffs": (float("nan"), 0.2)}, "setting-range"),
        ({"costs": "nowhere.toml"}, "file-missing"),
    ],
)
def test_what_gives_no_bands_is_a_problem(keys: dict[str, Any], code: str, tmp_path: Path):
    with pytest.raises(Problem) as found:
        costs_of(experiment(**keys), THREE, tmp_path)
    assert found.value.code == code


@pytest.fixture
def with_costs(bundle: ModelBundle, tmp_path: Path) -> Path:
    """A bundle whose bands come from a cost matrix."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    write_bundle(folder, bundle.description, dataclasses.replace(bundle.forecaster, cutoffs=COSTS), {})
    return folder


def test_a_bundle_with_costs_comes_back_with_them_and_their_bands(
    with_costs: Path, bundle: ModelBundle, features: pd.DataFrame
):
    loaded = load_bundle(with_costs, threads=1)
    assert loaded.forecaster.cutoffs == COSTS
    assert loaded.model_id != bundle.model_id
    made = loaded.forecaster.forecast(features)
    np.testing.assert_array_equal(made.band, COSTS.bands(made.probability))


def test_only_a_bundle_with_costs_has_the_format_that_older_readers_refuse(with_costs: Path, bundle: ModelBundle):
    manifest = json.loads((with_costs / MANIFEST).read_text("utf-8"))
    assert manifest["format"] == FORMAT == 2
    assert "cutoffs" not in manifest
    assert bundle.manifest["format"] == 1
    assert "costs" not in bundle.manifest


def test_a_bundle_whose_costs_are_no_cost_matrix_is_refused(bundle: ModelBundle, tmp_path: Path, with_costs: Path):
    broken = Costs(((0.0, 4.0, 3.0), (1.0, 0.0, 4.0), (2.0, 1.0, 0.0)))
    folder = tmp_path / "broken"
    folder.mkdir()
    write_bundle(folder, bundle.description, dataclasses.replace(bundle.forecaster, cutoffs=broken), {})
    with pytest.raises(Problem) as found:
        load_bundle(folder)
    assert found.value.code == "bundle-corrupt"
