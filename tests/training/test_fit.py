"""Tests of fits with their calibration."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from forecast.cases import PERSON_ID, Cases
from forecast.models.bundle import ModelBundle
from forecast.models.calibration import sigmoid
from forecast.models.forest_sizes import TunedSizes
from forecast.models.outcome_sets import fit_outcome_sets
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.synthetic.table import make_table
from forecast.training import checks
from forecast.training.checks import check_features, check_outcomes
from forecast.training.experiment import Experiment
from forecast.training.fit import Trainer
from forecast.training.material import Material, prepare
from forecast.training.parts import WEIGHTED, Fitter, Sample, features_of, sample_of
from forecast.training.testing import held_out_forecasts
from tests.helpers import small_experiment

ALL = ("boosting", "additive", "logistic", "splines", "blend", "forest", "two-feature", "base-rate")


def with_outcomes(cases: Cases, outcomes: pd.DataFrame) -> Cases:
    return dataclasses.replace(cases, outcomes=outcomes)


def test_the_outcomes_of_tested_cases_change_no_forecast_of_theirs(material: Material):
    experiment = dataclasses.replace(material.experiment, beside=ALL)
    fold = material.repeats[0][0]
    outcomes = material.cases.outcomes.copy()
    outcomes.iloc[fold.test] = outcomes.iloc[np.random.default_rng(1).permutation(fold.test)].to_numpy()
    assert not outcomes.equals(material.cases.outcomes)
    plain = dataclasses.replace(material, experiment=experiment)
    changed = dataclasses.replace(plain, cases=with_outcomes(material.cases, outcomes))
    before, after = (held_out_forecasts(m, [fold], 1) for m in (plain, changed))
    assert set(before.probability) == set(ALL)
    for name, p in before.probability.items():
        np.testing.assert_array_equal(p, after.probability[name], err_msg=name)


def test_the_features_of_tested_cases_change_no_other_forecast(material: Material):
    fold = material.repeats[0][0]
    features = material.cases.features.copy()
    features.loc[fold.test[0], "priors"] = 90.0
    changed = dataclasses.replace(material, cases=dataclasses.replace(material.cases, features=features))
    before, after = (held_out_forecasts(m, [fold], 1).probability["boosting"] for m in (material, changed))
    np.testing.assert_array_equal(before[1:], after[1:])


def test_calibration_is_fitted_on_margins_of_people_that_the_fit_had_not_seen(
    material: Material, monkeypatch: pytest.MonkeyPatch
):
    seen: list[set[str]] = []
    persons = material.cases.keys[PERSON_ID]
    original = Fitter._model

    def spy(self: Fitter, part: str, sample: Sample, *, final: bool) -> Any:
        seen.append(set(sample.frame["marker"].astype(str)))
        return original(self, part, sample, final=final)

    class Margins:
        def __init__(self, model: Any, fitted_on: set[str]) -> None:
            self.model, self.fitted_on, self.asked = model, fitted_on, 0

        def margins(self, frame: pd.DataFrame) -> Any:
            self.asked += 1
            if self.asked == 1:  # then come the reference cases, at which the folds' models are compared
                assert not self.fitted_on & set(frame["marker"].astype(str))
            return self.model.margins(frame)

    monkeypatch.setattr(
        Fitter,
        "_model",
        lambda *a, final, **k: (m := spy(*a, final=final, **k)) and (m if final else Margins(m, seen[-1])),
    )
    marked = dataclasses.replace(material.cases, features=material.cases.features.assign(marker=persons))
    Trainer(material.description, material.experiment, 1).forecasters(["boosting"], marked)
    assert len(seen) == material.experiment.calibration_folds + 1
    assert seen[-1] == set(persons)


def test_labels_that_are_pure_noise_give_an_auc_of_a_half_and_the_base_rate(settings: Settings, tmp_path_factory: Any):
    folder = tmp_path_factory.mktemp("noise")
    table = make_table(people=2500, seed=8)
    shuffled = np.random.default_rng(8).permutation(len(table))
    table[["rearrested", "serious"]] = table[["rearrested", "serious"]].to_numpy()[shuffled]
    table.to_csv(folder / "noise.csv", index=False)
    noise = prepare(small_experiment(folder / "noise.csv", boosting_rounds=60, beside=("logistic",)), settings)
    tested = held_out_forecasts(noise, noise.repeats[0], 1)
    happened = tested.cases.outcomes["any"].to_numpy()
    for name, p in tested.probability.items():
        assert roc_auc_score(happened, p[:, 0]) == pytest.approx(0.5, abs=0.03), name
        assert p[:, 0].mean() == pytest.approx(happened.mean(), abs=0.02), name
        assert p[:, 0].std() < 0.06, name


@pytest.mark.parametrize("name", ["boosting", "logistic", "blend", "two-feature"])
def test_every_model_ranks_better_than_chance_and_is_right_on_average(name: str, material: Material):
    experiment = dataclasses.replace(material.experiment, model=name, beside=())
    tested = held_out_forecasts(dataclasses.replace(material, experiment=experiment), material.repeats[0], 1)
    happened = tested.cases.outcomes["any"].to_numpy()
    assert roc_auc_score(happened, tested.probability[name][:, 0]) > 0.62
    assert tested.probability[name][:, 0].mean() == pytest.approx(happened.mean(), abs=0.03)


def test_parts_that_models_share_are_fitted_once(material: Material):
    trainer = Trainer(material.description, material.experiment, 1)
    folds = material.experiment.calibration_folds
    assert trainer.fits(["blend", "boosting", "logistic"]) == 2 * (folds + 1)
    assert trainer.fits(["base-rate"]) == 1
    made = trainer.forecasters(["blend", "boosting"], material.cases)
    assert made["blend"].model.boosting is made["boosting"].model


class Counter:
    done = 0

    def begin(self, label: str, total: int | None = None) -> None: ...

    def advance(self, units: int = 1) -> None:
        self.done += units


def test_progress_is_told_of_every_fit(material: Material):
    counter = Counter()
    trainer = Trainer(material.description, material.experiment, 1, counter)
    trainer.forecasters(ALL, material.cases)
    assert counter.done == trainer.fits(ALL)


def test_a_blend_is_calibrated_as_a_blend(material: Material, bundle_of: Callable[[str], ModelBundle]):
    slopes = {kind: bundle_of(kind).forecaster.calibration.a for kind in ("blend", "boosting", "logistic")}
    assert len(set(slopes.values())) == 3


def test_the_two_feature_model_needs_its_two_features(material: Material):
    head = dataclasses.replace(material.description.head, two_feature=())
    description = dataclasses.replace(material.description, head=head)
    with pytest.raises(Problem) as found:
        features_of("two-feature", description, material.experiment, "a table")
    assert found.value.code == "two-feature-missing"
    for way_out in ("two_feature = ", "[[exceptions]]", 'beside = ["base-rate"]'):
        assert way_out in found.value.next_step


@pytest.mark.parametrize("value", [True, False])
def test_a_constant_outcome_is_named_with_its_value(material: Material, value: bool):
    outcomes = material.cases.outcomes.assign(any=value)
    with pytest.raises(Problem) as found:
        check_outcomes(with_outcomes(material.cases, outcomes), "a table")
    assert found.value.code == "outcome-constant"
    assert ("yes" if value else "no") in found.value.sentence


def test_a_rare_outcome_says_how_many_are_needed(material: Material):
    rare = np.arange(len(material.cases)) < checks.FEWEST - 1
    with pytest.raises(Problem) as found:
        check_outcomes(with_outcomes(material.cases, material.cases.outcomes.assign(serious=rare)), "a table")
    assert found.value.code == "outcome-rare"
    assert str(checks.FEWEST) in found.value.sentence


def test_a_feature_without_any_value_is_named(material: Material):
    features = material.cases.features.assign(priors=np.nan)
    with pytest.raises(Problem) as found:
        check_features(dataclasses.replace(material.cases, features=features), "a table")
    assert found.value.facts["column"] == "priors"


def test_a_fold_without_an_outcome_is_named(material: Material):
    first = material.cases.outcomes["any"] & (material.cases.outcomes["any"].cumsum() == 1)
    cases = with_outcomes(material.cases, material.cases.outcomes.assign(serious=first))
    with pytest.raises(Problem) as found:
        Trainer(material.description, material.experiment, 1).forecasters(["boosting"], cases)
    assert (found.value.code, found.value.facts["level"]) == ("fold-without-outcome", "serious")


@pytest.mark.parametrize("name", ALL)
def test_a_training_part_without_an_outcome_is_named_whatever_the_model(name: str, material: Material):
    cases = with_outcomes(material.cases, material.cases.outcomes.assign(serious=False))
    with pytest.raises(Problem) as found:
        Trainer(material.description, material.experiment, 1).forecasters([name], cases)
    assert (found.value.code, found.value.facts["level"]) == ("outcome-constant", "serious")


def test_a_feature_that_a_training_part_lacks_does_not_stop_any_model(material: Material):
    features = material.cases.features.copy()
    fold = material.repeats[0][0]
    features.loc[fold.train, "breaches"] = np.nan
    experiment: Experiment = dataclasses.replace(material.experiment, beside=ALL)
    changed = dataclasses.replace(
        material, experiment=experiment, cases=dataclasses.replace(material.cases, features=features)
    )
    for name, p in held_out_forecasts(changed, [fold], 1).probability.items():
        assert np.isfinite(p).all(), name


def test_the_limits_of_a_weighted_model_rest_on_cases_whose_window_was_over(material: Material):
    """Cases of which only those with an outcome are known would make outcomes look too common."""
    plain = Sample(
        material.cases.features, material.cases.outcomes.to_numpy(dtype=bool), material.cases.keys[PERSON_ID]
    )
    early = np.arange(len(plain)) < len(plain) // 2
    kept = early | plain.happened[:, 0]
    weights = np.ones(plain.happened.shape)
    late = dataclasses.replace(plain, weights=weights, complete=early).take(kept)
    unaware = dataclasses.replace(late, complete=None)
    trainer = Trainer(material.description, dataclasses.replace(material.experiment, split="time"), 1)
    model = "boosting-ipcw"
    aware, naive = (
        trainer.fitted([model], material.cases, others={WEIGHTED: sample}, sure=[model])[model]
        for sample in (late, unaware)
    )
    np.testing.assert_array_equal(aware.margins, naive.margins)
    assert aware.forecaster.calibration == naive.forecaster.calibration
    settled = late.complete
    limits, others = aware.forecaster.uncertainty, naive.forecaster.uncertainty
    margins, happened = aware.margins[settled], late.happened[settled]
    sets = fit_outcome_sets(sigmoid(aware.forecaster.calibration.log_odds(margins)), happened)
    assert limits.sets == sets != others.sets
    assert limits.support == others.support
    assert limits.intervals != others.intervals


@pytest.mark.parametrize("model", ["two-feature", "forest", pytest.param("blend", marks=pytest.mark.slow)])
def test_full_intervals_differ_from_the_default_and_are_of_its_size(model: str, material: Material):
    quick = {"model": model, "interval_refits": 10, "boosting_boosters": 1, "boosting_rounds": 10}
    told = {}
    for how in ("default", "full"):
        experiment = dataclasses.replace(material.experiment, intervals=how, **quick)
        trainer = Trainer(material.description, experiment, 1)
        told[how] = trainer.fitted([model], material.cases, sure=[model])[model].forecaster
    default, full = (told[how].uncertainty for how in ("default", "full"))
    assert told["default"].calibration == told["full"].calibration
    assert (default.sets, default.support) == (full.sets, full.support)
    for one, other in zip(default.intervals.curves, full.intervals.curves, strict=True):
        assert one.knots == other.knots
        assert one.models != other.models
        assert 0.3 < other.half_widths.mean() / one.half_widths.mean() < 3


@pytest.mark.parametrize(("share", "wanted"), [(0.0, None), (0.34, 0.34)])
@pytest.mark.parametrize("part", ["forest", "forest-overlapping"])
def test_the_share_that_a_forest_should_call_low_reaches_the_search_for_sizes(
    part: str, share: float, wanted: float | None, material: Material, monkeypatch: pytest.MonkeyPatch
):
    asked: list[float | None] = []

    def found(*_: object, low_share: float | None, **__: object) -> TunedSizes:
        asked.append(low_share)
        return TunedSizes((40, 30, 20), 2.0, 0.3, ())

    monkeypatch.setattr("forecast.training.parts.tune_sizes", found)
    experiment = dataclasses.replace(material.experiment, forest_ratio=2.0, forest_low_share=share, forest_trees=2)
    fit = Fitter(material.description, experiment, 1).fit(part, sample_of(material.cases))
    assert asked == [wanted]
    assert tuple(fit.model.facts["sizes"]) == (40, 30, 20)


def test_every_fit_of_full_intervals_is_counted(material: Material):
    counter = Counter()
    experiment = dataclasses.replace(material.experiment, intervals="full", interval_refits=10)
    trainer = Trainer(material.description, experiment, 1, counter)
    trainer.fitted(["two-feature", "base-rate"], material.cases, sure=["two-feature"])
    assert counter.done == trainer.fits(["two-feature", "base-rate"], ["two-feature"]) == 11 * 3 + 1
    assert trainer.fits(["base-rate"], ["base-rate"]) == 1
