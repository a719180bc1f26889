"""Tests of the additive model of trees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from forecast.models import additive
from forecast.models.additive import Additive, fit_additive
from forecast.models.boosting import BoostingOptions, fit_boosters
from forecast.training.train import Material
from tests.helpers import frames

SMALL = BoostingOptions(rounds=30, boosters=2, learning_rate=0.2)


def happened_of(material: Material) -> np.ndarray:
    return material.cases.outcomes.to_numpy(dtype=bool)


@pytest.fixture(scope="module", params=[0, 3], ids=["one by one", "with pairs"])
def model(request: pytest.FixtureRequest, material: Material) -> Additive:
    features, frame = material.description.features, material.cases.features
    return fit_additive(features, frame, happened_of(material), options=SMALL, pairs=request.param, seed=1, threads=1)


def test_the_tables_say_what_the_trees_say(material: Material, monkeypatch: pytest.MonkeyPatch):
    kept = []
    monkeypatch.setattr(
        additive, "fit_boosters", lambda *given, **options: kept.append(fit_boosters(*given, **options)) or kept[-1]
    )
    frame = material.cases.features
    model = fit_additive(
        material.description.features, frame, happened_of(material), options=SMALL, pairs=2, seed=1, threads=1
    )
    matrix = model.design.matrix(frame)
    fitted = [levels[0] for levels in kept if len(levels[0]) == SMALL.boosters]  # those before search for pairs
    assert len(fitted) == 2
    for level, boosters in enumerate(fitted):
        trees = np.mean([b.predict(matrix, raw_score=True) for b in boosters], axis=0)
        np.testing.assert_allclose(model.margins(frame)[:, level], trees, atol=1e-10)


def test_contributions_add_up_and_are_none_on_average(model: Additive, material: Material):
    frame = material.cases.features
    for level in range(2):
        base, values = model.contributions(frame, level)
        np.testing.assert_allclose(base + values.sum(axis=1), model.margins(frame)[:, level], atol=1e-10)
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-10)


def test_without_pairs_a_feature_contributes_the_same_whatever_else_is_so(material: Material):
    frame = material.cases.features
    model = fit_additive(material.description.features, frame, happened_of(material), options=SMALL, seed=1, threads=1)
    place = model.features.index("priors")
    swapped = frame.iloc[::-1].reset_index(drop=True).assign(priors=frame["priors"])
    before, after = (model.contributions(each, 0)[1][:, place] for each in (frame, swapped))
    assert np.ptp(before) > 0.1
    np.testing.assert_array_equal(before, after)


def test_without_pairs_contributions_are_those_of_treeshap_but_for_a_constant(material: Material):
    frame = material.cases.features
    one = BoostingOptions(rounds=20, boosters=1, learning_rate=0.2)
    features = material.description.features
    model = fit_additive(features, frame, happened_of(material)[:, :1], options=one, seed=1, threads=1)
    matrix = model.design.matrix(frame)
    stumps = BoostingOptions(rounds=20, boosters=1, learning_rate=0.2, leaves=2)
    [[booster]] = fit_boosters(
        matrix, happened_of(material)[:, :1], stumps, weights=None, signs=[], seed=1000, threads=1
    )
    referee = model.design.by_feature(booster.predict(matrix, pred_contrib=True)[:, :-1])
    own = model.contributions(frame, 0)[1]
    assert np.ptp(own - referee, axis=0).max() < 1e-9


def test_pairs_are_at_most_as_many_as_were_asked_for(material: Material):
    features, frame = material.description.features, material.cases.features
    model = fit_additive(features, frame, happened_of(material), options=SMALL, pairs=2, seed=1, threads=1)
    for shapes in model.shapes:
        owners = {tuple(sorted({int(model.design.owner[c]) for c in shape.columns})) for shape in shapes}
        assert 1 <= sum(len(pair) == 2 for pair in owners) <= 2


def test_a_feature_has_tables_to_draw(model: Additive):
    shapes = model.of("priors", 0)
    assert shapes
    for shape in shapes:
        assert shape.values.shape == tuple(len(knots) + 2 for knots in shape.knots)
        assert all((np.diff(knots) > 0).all() for knots in shape.knots)


def test_a_kept_model_gives_the_same_margins_to_the_bit(model: Additive, material: Material, tmp_path: Path):
    model.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["additive.json"]
    back = Additive.load(tmp_path)
    frame = material.cases.features
    np.testing.assert_array_equal(back.margins(frame), model.margins(frame))
    np.testing.assert_array_equal(back.contributions(frame, 1)[1], model.contributions(frame, 1)[1])


@settings(max_examples=20, deadline=None)
@given(frames(min_size=0))
def test_any_row_gets_a_finite_margin_that_its_contributions_explain(frame: pd.DataFrame):
    model = _fitted()
    margins = model.margins(frame)
    assert margins.shape == (len(frame), 1)
    assert np.isfinite(margins).all()
    base, values = model.contributions(frame, 0)
    np.testing.assert_allclose(base + values.sum(axis=1), margins[:, 0], atol=1e-10)


_KEPT: list[Additive] = []


def _fitted() -> Additive:
    from forecast.tables.library import load

    if not _KEPT:
        rng = np.random.default_rng(3)
        description = load("synthetic")
        n = 500
        columns = {
            f.name: pd.Series(rng.poisson(3, n).astype(float))
            if f.numeric
            else pd.Series(rng.choice([*f.levels, "other"], n), dtype="object")
            for f in description.features
        }
        frame = pd.DataFrame(columns)
        frame.iloc[::7, 0] = np.nan
        happened = (rng.random(n) < 0.4)[:, None]
        _KEPT.append(fit_additive(description.features, frame, happened, options=SMALL, pairs=2, seed=1, threads=1))
    return _KEPT[0]


def test_a_declared_direction_holds_at_every_step(material: Material):
    import dataclasses

    frame = material.cases.features
    features = [
        dataclasses.replace(f, direction="lowers" if f.name == "priors" else "") for f in material.description.features
    ]
    held = dataclasses.replace(SMALL, monotone=True)
    model = fit_additive(features, frame, happened_of(material), options=held, seed=1, threads=1)
    free = fit_additive(features, frame, happened_of(material), options=SMALL, seed=1, threads=1)

    def rises(each: Additive) -> float:
        return max((np.diff(s.values[:-1]).max() for s in each.of("priors", 0)), default=0.0)

    assert rises(model) <= 1e-12
    assert rises(free) > 0.01


def test_a_bundle_of_it_loads_and_forecasts_the_same(model: Additive, material: Material, tmp_path: Path):
    from forecast.models.bands import CutOffs
    from forecast.models.bundle import load_bundle, write_bundle
    from forecast.models.calibration import identity
    from forecast.models.forecaster import Forecaster

    forecaster = Forecaster(model, identity(2), CutOffs((0.4, 0.2)))
    write_bundle(tmp_path, material.description, forecaster, {})
    back = load_bundle(tmp_path).forecaster
    frame = material.cases.features
    assert isinstance(back.model, Additive)
    np.testing.assert_array_equal(back.forecast(frame).probability, forecaster.forecast(frame).probability)
    contributions = back.contributions(frame, 1)
    np.testing.assert_allclose(contributions.log_odds, back.calibration.log_odds(model.margins(frame))[:, 1])
