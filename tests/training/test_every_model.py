"""Tests that every model which an experiment may name goes the whole way: from joined cases to an explained score."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.cases import AS_OF
from forecast.models.bundle import load_bundle
from forecast.problems import Problem
from forecast.scoring.batch import score_file
from forecast.scoring.one import explain_case
from forecast.settings import Settings
from forecast.synthetic.whole_way import assembly
from forecast.tables.assemble import write_cases
from forecast.training.experiment import MODELS, Experiment
from forecast.training.material import Material, prepare
from forecast.training.parts import OVERLAPPING, sample_of, shown_name
from forecast.training.propose_costs import propose_costs
from forecast.training.said import notes_of
from forecast.training.testing import held_out_forecasts, other_samples
from forecast.training.train import train

PLAIN = tuple(name for name in MODELS if not name.endswith(OVERLAPPING))
SLOW = ("blend", "logistic", "boosting-ipcw", "splines", "arp", "svrp")
"""Slow on so many features, or of a kind that others here have too."""
OURS = "forest-overlapping"
SHOWN = "forest (overlapping, not evidence)"


def experiment(cases: Path, **changes: Any) -> Experiment:
    """Return an experiment on the joined cases that runs in about a second."""
    small: dict[str, Any] = {
        "name": "joined",
        "table": str(cases.with_suffix(".toml")),
        "file": str(cases),
        "beside": (),
        "split": "time",
        "test_from": datetime.date(2013, 1, 1),
        "test_before": datetime.date(2014, 1, 1),
        "calibration_folds": 2,
        "cutoffs": (0.4, 0.2),
        "boosting_rounds": 10,
        "boosting_boosters": 1,
        "boosting_learning_rate": 0.1,
        "additive_rounds": 10,
        "forest_trees": 15,
        "forest_ratio": 0.0,
    }
    return Experiment(**(small | changes))


@pytest.fixture(scope="session")
def joined(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases of the small force with our features, the forest's and the scales' in one table."""
    out = tmp_path_factory.mktemp("joined") / "cases.parquet"
    write_cases(records_folder, out, assembly())
    return out


@pytest.fixture(scope="session")
def joined_material(joined: Path, settings: Settings) -> Material:
    return prepare(experiment(joined), settings)


@pytest.fixture(scope="session")
def some_cases(joined: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty rows to score."""
    out = tmp_path_factory.mktemp("some") / "some.parquet"
    pq.write_table(pq.read_table(joined).slice(0, 40), out)
    return out


@pytest.mark.parametrize("model", [pytest.param(m, marks=[pytest.mark.slow] if m in SLOW else []) for m in PLAIN])
def test_every_model_trains_saves_loads_scores_and_explains(
    model: str,
    joined: Path,
    joined_material: Material,
    some_cases: Path,
    settings: Settings,
    tmp_path: Path,
    quick_report: None,
):
    asked = dataclasses.replace(joined_material.experiment, model=model)
    material = prepare(asked, settings) if asked.weighted else dataclasses.replace(joined_material, experiment=asked)
    bundle = load_bundle(train(material, tmp_path / "bundle", settings, tracked=False).folder, threads=1)
    known = bundle.forecaster.uncertainty
    assert (known is None) == (model == "base-rate")
    if known is not None:
        assert {seen.name for seen in known.support.seen} == set(bundle.forecaster.model.features)
    score_file(bundle, some_cases, tmp_path / "scores.parquet", settings)
    scores = pq.read_table(tmp_path / "scores.parquet").to_pandas()
    assert len(scores) == 40
    first = scores.iloc[0]
    told = explain_case(bundle, some_cases, str(first["custody_id"]), settings)
    assert set(told.probability) == set(bundle.scale.reached)
    for level, p in told.probability.items():
        assert first[f"p_{level}"] == pytest.approx(p)
    assert (told.interval == {}) == (model == "base-rate")


def test_costs_can_be_proposed_for_a_published_scale(
    joined: Path, joined_material: Material, settings: Settings, tmp_path: Path, quick_report: None
):
    asked = dataclasses.replace(joined_material.experiment, model="ogrs3")
    done = train(dataclasses.replace(joined_material, experiment=asked), tmp_path / "b", settings, tracked=False)
    bundle = load_bundle(done.folder, threads=1)
    propose_costs(bundle, joined, tmp_path / "costs.toml", settings, target_ratio=2.0)
    assert "signed_by" in (tmp_path / "costs.toml").read_text("utf-8")


@pytest.fixture(scope="session")
def overlapping(joined_material: Material) -> Material:
    """An experiment with the overlapping replicate beside its models."""
    asked = dataclasses.replace(joined_material.experiment, model="forest", beside=("base-rate", OURS))
    return dataclasses.replace(joined_material, experiment=asked)


def test_the_overlapping_forest_is_fitted_on_every_case_before_the_test(overlapping: Material):
    [[fold]] = overlapping.repeats
    sample = other_samples(overlapping, fold)[OVERLAPPING]
    as_of = overlapping.cases.keys[AS_OF]
    before = (as_of < pd.Timestamp("2013-01-01")).to_numpy()
    assert len(sample) == before.sum() == len(fold.train) + fold.purged > len(fold.train)
    np.testing.assert_array_equal(sample.happened, overlapping.cases.outcomes.to_numpy()[before])


def test_the_overlapping_forest_is_tested_on_the_same_cases_under_a_name_that_says_what_it_is(overlapping: Material):
    [folds] = overlapping.repeats
    with_it = held_out_forecasts(overlapping, folds, 1)
    alone = dataclasses.replace(overlapping.experiment, beside=("base-rate",))
    without = held_out_forecasts(dataclasses.replace(overlapping, experiment=alone), folds, 1)
    assert list(with_it.probability) == ["forest", "base-rate", SHOWN]
    assert shown_name("boosting-ipcw") == "boosting-ipcw"
    for name, p in without.probability.items():
        np.testing.assert_array_equal(p, with_it.probability[name])
    assert with_it.probability[SHOWN].shape == with_it.probability["forest"].shape
    assert not np.array_equal(with_it.probability[SHOWN], with_it.probability["forest"])


def test_a_note_says_what_the_overlapping_forest_knew(overlapping: Material):
    [[fold]] = overlapping.repeats
    [note] = [note for note in notes_of(overlapping) if note.startswith(SHOWN)]
    assert f"all {len(fold.train) + fold.purged:,} cases before the test" in note
    assert f"outcomes of {fold.purged:,} of them reach into the test period" in note


def test_beside_a_weighted_model_the_overlapping_forest_sees_full_outcomes(joined: Path, settings: Settings):
    material = prepare(experiment(joined, beside=("boosting-ipcw", OURS)), settings)
    plain = prepare(experiment(joined, beside=(OURS,)), settings)
    weighted, alone = (other_samples(m, m.repeats[0][0])[OVERLAPPING] for m in (material, plain))
    assert len(material.cases) > len(plain.cases)
    np.testing.assert_array_equal(weighted.happened, alone.happened)
    assert weighted.persons.tolist() == alone.persons.tolist()
    assert len(sample_of(plain.cases)) > len(alone)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"model": OURS}, "overlapping-chosen"), ({"beside": (OURS,), "split": "rolling"}, "overlapping-time")],
)
def test_the_overlapping_forest_is_never_the_model_and_needs_one_test_in_time(
    changes: dict[str, Any], code: str, joined: Path, settings: Settings
):
    with pytest.raises(Problem) as found:
        prepare(experiment(joined, **changes), settings)
    assert found.value.code == code
