"""Evaluate a bundle on a table with outcomes, and write the report; the model stays as it is."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.hart_table import hart_table
from forecast.evaluation.report import need_report_tools, write_report
from forecast.files import refuse_existing, sha256, to_json, whole_files
from forecast.models.forest import Forest
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.tables.origin import origin_of
from forecast.training.assess import Tested, evaluate_levels, global_importance, report_context, technical_facts
from forecast.training.bundle_cases import cases_for
from forecast.training.checks import check_outcomes
from forecast.training.pages import pages_of
from forecast.training.seen import fitted_on
from forecast.training.testing import TABLE_REPLICATES, forest_target, reached

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.evaluation.results import LevelEvaluation
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings

SEED = 1
BASE_RATE, THESE = "base rate of these cases", "these cases"


@dataclass(frozen=True)
class Evaluated:
    """The figures by level, and what must be known to read them."""

    levels: list[LevelEvaluation]
    notes: list[str]


def evaluate_bundle(
    bundle: ModelBundle,
    path: Path,
    report: Path,
    settings: Settings,
    *,
    part: str | None = None,
    observed_until: datetime.date | None = None,
    allow_refused: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Evaluated:
    """Evaluate ``bundle`` on the cases of ``path`` and write ``report`` and, beside it, the figures as JSON.

    ``part``: "train" or "test" takes only the rows with that flag. ``observed_until``: the first day that the data of
    ``path`` do not cover, where they reach further than those that the model was fitted on. A base-rate forecast stands
    beside the model: the base rate of the tested cases themselves, which no real forecast could know.
    """
    need_report_tools()
    figures = report.with_suffix(".json")
    for target in (report, figures):
        if target.exists() and path.exists() and target.samefile(path):
            raise Problem("output-is-input", path=path)
        refuse_existing(target, overwrite)
    description = bundle.description
    if observed_until is not None:
        description = dataclasses.replace(description, observed_until=observed_until)
    cases = cases_for(bundle, description, path, part=part, allow_refused=allow_refused, progress=progress)
    check_outcomes(cases, path)
    tested = _tested(bundle, cases)
    evaluations = evaluate_levels(tested, description, settings, SEED, progress)
    pages = pages_of(tested, description, settings, seed=SEED, forecaster=bundle.forecaster, progress=progress)
    weights = dict(zip(bundle.scale.reached, global_importance(bundle.forecaster, cases, SEED), strict=True))
    notes = _notes(bundle, path, cases)
    context = report_context(
        tested,
        description,
        evaluations,
        title=f"Evaluation of model {bundle.model_id} on {path.name}",
        split="The bundle's model, as it is, on the cases of this file.",
        importance=weights,
        technical=technical_facts(
            f"{tested.chosen}, id {bundle.model_id}",
            data=f"{path.name}, sha256 {sha256(path)}",
            bootstrap=f"{settings.bootstrap_replicates} resamples of people, seed {SEED}",
        ),
        notes=notes,
        origin=origin_of(path),
        front=pages.front,
        sections=pages.sections,
    )
    with whole_files(report, figures) as [page, numbers]:
        write_report(context, page)
        numbers.write_text(to_json([e.to_dict() for e in evaluations]), encoding="utf-8")
    return Evaluated(evaluations, notes)


def _notes(bundle: ModelBundle, path: Path, cases: Cases) -> list[str]:
    """Warn where the tested cases are those that the model was fitted on."""
    if not fitted_on(bundle.manifest, path, cases):
        return []
    return [
        "These are the cases that the model was fitted on: unless they are its test rows, the figures flatter it. "
        "The report in the bundle's own folder tells how good it is on people that it has not seen."
    ]


def _tested(bundle: ModelBundle, cases: Cases) -> Tested:
    """Forecast the cases, and put beside the model what can be told of these cases without another."""
    forecaster, scale = bundle.forecaster, bundle.scale
    kind, made = forecaster.model.kind, forecaster.forecast(cases.features)
    rates = cases.outcomes.mean().to_numpy()
    probability = {kind: made.probability, BASE_RATE: np.tile(rates, (len(cases), 1))}
    tables, target = {}, None
    if isinstance(forecaster.model, Forest):
        target = forest_target(forecaster.model, bundle.manifest.get("experiment", {}), forecaster.model)
        votes = forecaster.model.plurality(cases.features)
        persons = cases.keys[PERSON_ID].to_numpy()
        tables[THESE] = hart_table(
            votes, reached(cases), scale.bands, persons=persons, replicates=TABLE_REPLICATES, seed=SEED
        )
    return Tested(
        cases,
        probability,
        kind,
        forecaster.cutoffs,
        tuple(name for name in probability if name != kind or not forecaster.model.features),
        fitted=forecaster,
        uncertainty=forecaster.uncertainty,
        limits=made if made.low is not None else None,
        forest=tables,
        forest_target=target,
    )
