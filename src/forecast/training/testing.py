"""Forecast every tested case by models that were fitted and calibrated without it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.cases import PERSON_ID, Forecasts
from forecast.evaluation.hart_section import ForestTarget
from forecast.evaluation.hart_table import hart_table
from forecast.models.calibration import sigmoid
from forecast.models.forest import Forest
from forecast.progress import SILENT, Progress
from forecast.training.assess import Learnt, Tested
from forecast.training.fit import Fitted, Trainer
from forecast.training.overlap import overlapping_cases
from forecast.training.parts import OVERLAPPING, WEIGHTED, Sample, sample_of, shown_name
from forecast.training.splits import returning_people, training_cases
from forecast.training.weighting import weighted_sample

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Ints
    from forecast.evaluation.hart_table import HartTable
    from forecast.models.base import Model
    from forecast.training.material import Material
    from forecast.training.splits import Fold

RETURNING = "returning people"
BY_CASE, BY_PERSON, LATER = "out of bag by case (as published)", "out of bag by person", "later test"
TABLE_REPLICATES = 200


def held_out_forecasts(material: Material, folds: Sequence[Fold], threads: int, progress: Progress = SILENT) -> Tested:
    """Forecast every tested case by models that were fitted and calibrated without its fold."""
    experiment, cases = material.experiment, material.cases
    trainer = Trainer(material.description, experiment, threads, progress, material.rule)
    made = {name: np.full(cases.outcomes.shape, np.nan) for name in experiment.models}
    limits: list[Forecasts] = []
    progress.begin("testing", len(folds) * trainer.fits(experiment.models, [experiment.model]))
    for fold in folds:
        train = cases.take(fold.train)
        others = other_samples(material, fold)
        fitted = trainer.fitted(experiment.models, train, others=others, sure=[experiment.model])
        frame = cases.features.iloc[fold.test].reset_index(drop=True)
        for name, one in fitted.items():
            forecasts = one.forecaster.forecast(frame)
            made[name][fold.test] = forecasts.probability
            if name == experiment.model:
                limits.append(forecasts)
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows, kind="stable")
    tested = cases.take(rows[order])
    only = experiment.split != "folds"
    if only:
        returning = returning_people(cases, folds, weighted=experiment.chosen_weighted)[rows[order]]
        tested = _with_returning(tested, returning)
    chosen = fitted[experiment.model]
    return Tested(
        tested,
        {shown_name(name): p[rows[order]] for name, p in made.items()},
        experiment.model,
        chosen.forecaster.cutoffs,
        tuple(name for name, one in fitted.items() if not one.forecaster.model.features),
        chosen.forecaster if only else None,
        uncertainty=chosen.forecaster.uncertainty,
        limits=_joined(limits, order),
        learnt=_learnt(chosen, train),
        forest=_forest_tables(material, fitted, train, cases.take(folds[-1].test)) if only else {},
        forest_target=_forest_target(material, fitted),
        reads={name: len(one.forecaster.model.features) for name, one in fitted.items()},
    )


def other_samples(material: Material, fold: Fold) -> dict[str, Sample]:
    """Return what models with a mark are fitted on instead of the fold's training cases, by that mark."""
    made, late = {}, late_sample(material, fold)
    if late is not None:
        made[WEIGHTED] = late
    if any(name.endswith(OVERLAPPING) for name in material.experiment.models):
        made[OVERLAPPING] = sample_of(overlapping_cases(material.cases, fold, material.description.closing_months))
    return made


def late_sample(material: Material, fold: Fold) -> Sample | None:
    """Return the fold's training cases and those of incomplete follow-up, weighted; None where no model takes them.

    Their outcomes are those that were known when the test began.
    """
    if not material.experiment.weighted or fold.censored is None:
        return None
    return weighted_sample(training_cases(material.cases, fold), material.description.closing_months)


def _with_returning(tested: Cases, returning: Bools) -> Cases:
    """Mark people who are in the training part too, so that figures are given for them and for new people apart."""
    groups = tested.protected.assign(**{RETURNING: np.where(returning, "in the training part too", "new")})
    return dataclasses.replace(tested, protected=groups)


def _joined(parts: Sequence[Forecasts], order: Ints) -> Forecasts | None:
    """Return the chosen model's forecasts of all folds in the order of the tested cases; None without limits."""
    if any(part.low is None for part in parts):
        return None
    fields = [field.name for field in dataclasses.fields(Forecasts)]
    return Forecasts(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in fields))


def _learnt(chosen: Fitted, train: Cases) -> Learnt | None:
    """Return the chosen model's out-of-fold forecasts of its training cases: how much there was to learn."""
    forecaster = chosen.forecaster
    if not forecaster.model.features or len(chosen.margins) != len(train):
        return None
    told = np.asarray(~np.isnan(chosen.margins).any(axis=1))
    probability = sigmoid(forecaster.calibration.log_odds(chosen.margins[told]))
    cases = train.take(told)
    return Learnt(len(forecaster.model.features), cases, probability)


def _forest_tables(
    material: Material, fitted: Mapping[str, Fitted], train: Cases, test: Cases
) -> Mapping[str, HartTable]:
    """Return the forest's tables in the published layout: out of bag, by case and by person, and later."""
    one = fitted.get("forest")
    if one is None or one.grown is None or not isinstance(one.forecaster.model, Forest):
        return {}
    bands, seed = material.description.scale.bands, material.experiment.seed
    parts: dict[str, tuple[Ints, Cases]] = {
        BY_CASE: (one.grown.classes(by_person=False), train),
        BY_PERSON: (one.grown.classes(by_person=True), train),
        LATER: (one.forecaster.model.plurality(test.features), test),
    }
    return {
        name: hart_table(
            classes,
            reached(cases),
            bands,
            persons=cases.keys[PERSON_ID].to_numpy(),
            replicates=TABLE_REPLICATES,
            seed=seed,
        )
        for name, (classes, cases) in parts.items()
    }


def _forest_target(material: Material, fitted: Mapping[str, Fitted]) -> ForestTarget | None:
    one = fitted.get("forest")
    if one is None:
        return None
    chosen = material.experiment.model
    return forest_target(one.forecaster.model, dataclasses.asdict(material.experiment), fitted[chosen].forecaster.model)


def forest_target(forest: Model, experiment: Mapping[str, Any], chosen: Model) -> ForestTarget | None:
    """Say how cautious a forest was made and who signed that, from the keys of its experiment; None if they are lost.

    ``chosen``: the model that it is compared with, or the forest itself.
    """
    if not isinstance(forest, Forest) or not {"forest_sizes", "forest_ratio"} <= experiment.keys():
        return None
    given, ratio = bool(experiment["forest_sizes"]), float(experiment["forest_ratio"])
    return ForestTarget(
        tuple(forest.facts["sizes"]),
        given,
        None if given or not ratio else ratio,
        str(experiment.get("forest_ratio_signed_by", "")).strip(),
        forest.features,
        experiment["model"] if chosen is not forest else "forest",
        chosen.features,
    )


def reached(cases: Cases) -> Ints:
    """Return the highest level that each case reached, (n,) 0 to K-1."""
    levels: Ints = cases.outcomes.to_numpy(dtype=bool).sum(axis=1)
    return levels
