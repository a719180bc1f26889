"""Tests of the boosted models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.models import boosting
from forecast.models.boosting import Boosting, BoostingOptions, fit_boosting
from forecast.models.bundle import ModelBundle
from forecast.training.material import Material

SMALL = BoostingOptions(rounds=8, boosters=2, learning_rate=0.2)


def fitted(material: Material, *, seed: int = 1, threads: int = 1, options: BoostingOptions = SMALL) -> Boosting:
    happened = material.cases.outcomes.to_numpy(dtype=bool)
    features = material.description.features
    return fit_boosting(features, material.cases.features, happened, options=options, seed=seed, threads=threads)


def texts(model: Boosting, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_shap_agrees_with_the_contributions_of_every_level(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    import shap

    model = bundle_of("boosting").forecaster.model
    matrix = model.design.matrix(features)
    for level, boosters in enumerate(model.boosters):
        base, values = model.contributions(features, level)
        explainers = [shap.TreeExplainer(b, feature_perturbation="tree_path_dependent") for b in boosters]
        for explainer in explainers:
            explainer.model.model_type = "internal"  # else shap asks LightGBM, and would be no referee of its own
        referee = np.mean([np.asarray(e.shap_values(matrix, check_additivity=False)) for e in explainers], axis=0)
        np.testing.assert_allclose(values, model.design.by_feature(referee), atol=1e-4)
        assert base == pytest.approx(np.mean([np.ravel(e.expected_value)[-1] for e in explainers]), abs=1e-4)


def test_trees_without_tables_are_explained_by_lightgbm(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    model = bundle_of("boosting").forecaster.model
    monkeypatch.setattr(boosting, "MOST_BYTES", 0)
    without = Boosting(model.design, model.boosters, threads=1)
    assert without._tables == (None, None)
    for level in range(2):
        (base, values), (referee_base, referee) = (
            without.contributions(features, level),
            model.contributions(features, level),
        )
        np.testing.assert_allclose(values, referee, rtol=0, atol=1e-9)
        assert base == pytest.approx(referee_base, abs=1e-9)


def test_a_case_without_a_recorded_age_is_not_taken_for_a_newborn(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    model = bundle_of("boosting").forecaster.model
    young, missing = features.assign(age=0.0), features.assign(age=np.nan)
    typical = features.assign(age=next(c.fill for c in model.design.columns if c.feature == "age"))
    assert not np.allclose(model.margins(missing), model.margins(young))
    np.testing.assert_array_equal(model.margins(missing), model.margins(typical))


def test_the_same_seed_gives_the_same_trees_and_another_seed_others(material: Material, tmp_path: Path):
    first, again = texts(fitted(material), tmp_path / "a"), texts(fitted(material), tmp_path / "b")
    other = texts(fitted(material, seed=2), tmp_path / "c")
    assert first == again
    assert first != other
    assert len({first[name] for name in first if name.startswith("level1")}) == SMALL.boosters


def test_two_threads_give_the_same_trees_as_one(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    few = BoostingOptions(rounds=3, boosters=1)
    one = texts(fitted(material, threads=1, options=few), tmp_path / "one")
    monkeypatch.setattr(boosting, "SMALL_CELLS", 0)
    two = fitted(material, threads=2, options=few)
    assert two.threads == 2
    assert texts(two, tmp_path / "two") == one


def test_small_work_runs_on_one_thread():
    assert boosting.threads_for(np.empty((10, 10)), 8) == 1
    assert boosting.threads_for(np.empty((boosting.SMALL_CELLS, 1)), 8) == 8


def test_a_kept_model_gives_the_same_margins_to_the_bit(material: Material, features: pd.DataFrame, tmp_path: Path):
    model = fitted(material, options=BoostingOptions(rounds=3, boosters=11))
    model.save(tmp_path)
    back = Boosting.load(tmp_path, threads=1)
    np.testing.assert_array_equal(back.margins(features), model.margins(features))
    np.testing.assert_array_equal(back.contributions(features, 1)[1], model.contributions(features, 1)[1])


def test_the_kept_trees_name_no_parameter_of_the_machine(material: Material, tmp_path: Path):
    kept = texts(fitted(material), tmp_path / "model")
    assert not any(b"num_threads" in content or b"/tmp" in content for content in kept.values())


def test_no_tree_splits_on_categories(bundle_of: Callable[[str], ModelBundle]):
    for boosters in bundle_of("boosting").forecaster.model.boosters:
        assert all("num_cat=0" in b.model_to_string() for b in boosters)
        assert not any("num_cat=1" in b.model_to_string() for b in boosters)


def test_no_case_has_no_margin_and_no_contribution(bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame):
    model = bundle_of("boosting").forecaster.model
    assert model.margins(features.iloc[:0]).shape == (0, 2)
    assert model.contributions(features.iloc[:0], 0)[1].shape == (0, len(model.features))


def test_too_few_cases_for_any_split_give_the_base_rate(material: Material):
    tiny = material.cases.take(np.arange(60))
    happened = tiny.outcomes.to_numpy(dtype=bool)[:, :1]
    model = fit_boosting(material.description.features, tiny.features, happened, options=SMALL, seed=1, threads=1)
    assert np.ptp(model.margins(tiny.features)) < 1e-9
