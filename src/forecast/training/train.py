"""Run an experiment: test every model on people it has not seen, fit the chosen one, write the bundle."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.report import need_report_tools, write_report
from forecast.files import refuse_existing, sha256, to_json, whole_folder
from forecast.models.bundle import MANIFEST, versions, write_bundle
from forecast.problems import Problem, need
from forecast.progress import SILENT, Progress
from forecast.tables.library import find, load, local_copy
from forecast.tables.origin import origin_of
from forecast.tables.reader import read_cases
from forecast.training.assess import (
    Tested,
    cases_digest,
    cautions_of,
    evaluate_levels,
    global_importance,
    metrics_of,
    report_context,
)
from forecast.training.fit import Trainer, check_features, check_outcomes, features_of
from forecast.training.splits import Fold, splits
from forecast.training.tracking import track

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Cases
    from forecast.evaluation.results import LevelEvaluation
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment

RETURNING = "returning people"


@dataclass(frozen=True)
class Material:
    """What an experiment works on: the described table, its cases and the folds of each repeat."""

    experiment: Experiment
    description: Description
    path: Path
    cases: Cases
    repeats: list[list[Fold]]


@dataclass(frozen=True)
class Trained:
    """What a training run gave."""

    folder: Path
    model_id: str
    evaluations: list[LevelEvaluation]
    run_id: str | None
    notes: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)


def prepare(
    experiment: Experiment, settings: Settings, *, near: Path | None = None, progress: Progress = SILENT
) -> Material:
    """Read the table of an experiment and draw its folds; nothing is fitted yet.

    ``near``: the experiment file's folder, for the path of a table description that is not shipped.
    """
    name = experiment.table
    if near is not None and find(name)[0].suffix == ".toml" and not find(name)[0].exists():
        name = str(near / name)
    description = load(name)
    path = Path(experiment.file) if experiment.file else local_copy(description, settings, find(name)[0].parent)
    if len(experiment.cutoffs) != len(description.scale.reached):
        raise Problem(
            "toml-wrong-type",
            path=experiment.name,
            key="cutoffs",
            expected=f"one number for each of the levels {', '.join(description.scale.reached)}",
            found=list(experiment.cutoffs),
        )
    if not all(0 < cutoff < 1 for cutoff in experiment.cutoffs):
        found = list(experiment.cutoffs)
        raise Problem("setting-range", path=experiment.name, key="cutoffs", found=found, low="above 0", high="below 1")
    cases, _ = read_cases(description, path, allow_refused=experiment.allow_refused, progress=progress)
    check_outcomes(cases, path)
    check_features(cases, path)
    for model in experiment.models:
        features_of(model, description, description.label)
    return Material(experiment, description, path, cases, list(splits(cases, description, experiment, path)))


def train(
    material: Material,
    out: Path,
    settings: Settings,
    *,
    overwrite: bool = False,
    tracked: bool = True,
    progress: Progress = SILENT,
) -> Trained:
    """Test, fit and write a bundle with its report into ``out``; nothing is left there if anything fails."""
    need("sklearn", "train")
    need_report_tools()
    if tracked:
        need("mlflow", "train")
    refuse_existing(out, overwrite)
    _refuse_foreign(out)
    experiment, description = material.experiment, material.description
    tested = [held_out_forecasts(material, folds, settings.threads, progress) for folds in material.repeats]
    evaluations = evaluate_levels(tested[0], description, settings, experiment.seed, progress)
    cases = _bundle_cases(material)
    forecaster = tested[0].fitted or _fit_for_bundle(material, cases, settings, progress)
    notes = [*_notes(material), *_repeat_notes(tested, description)]
    with whole_folder(out) as folder:
        model_id = _write(folder, material, forecaster, evaluations, tested[0], cases, notes, settings)
        run_id = None
        if tracked:
            progress.begin("tracking the run")
            run_id = track(
                experiment.name,
                settings,
                parameters=asdict(experiment),
                evaluations=evaluations,
                tags={"model_id": model_id, "data_sha256": sha256(material.path), **versions()},
                folder=folder,
            )
        started = {"trained_on": datetime.date.today().isoformat(), "mlflow_run": run_id}
        (folder / "run.json").write_text(to_json(started), encoding="utf-8")
    return Trained(out, model_id, evaluations, run_id, notes, cautions_of(description))


def _fit_for_bundle(material: Material, cases: Cases, settings: Settings, progress: Progress) -> Forecaster:
    """Fit the chosen model on all cases, after folds have told how good such models are."""
    model = material.experiment.model
    trainer = Trainer(material.description, material.experiment, settings.threads, progress)
    progress.begin(f"fitting {model} for the bundle", trainer.fits([model]))
    return trainer.forecasters([model], cases)[model]


def _refuse_foreign(out: Path) -> None:
    """Raise ``output-not-bundle`` rather than replace a folder that holds anything else."""
    filled = out.is_dir() and any(out.iterdir())
    if out.is_file() or (filled and not (out / MANIFEST).is_file()):
        raise Problem("output-not-bundle", path=out)


def _bundle_cases(material: Material) -> Cases:
    """Return the cases that the bundle's model is fitted on: all, or the training part where there is a test part."""
    if material.experiment.split == "folds":
        return material.cases
    return material.cases.take(material.repeats[0][0].train)


def held_out_forecasts(material: Material, folds: Sequence[Fold], threads: int, progress: Progress = SILENT) -> Tested:
    """Forecast every tested case by models that were fitted and calibrated without its fold."""
    experiment, cases = material.experiment, material.cases
    trainer = Trainer(material.description, experiment, threads, progress)
    made = {name: np.full(cases.outcomes.shape, np.nan) for name in experiment.models}
    progress.begin("testing", len(folds) * trainer.fits(experiment.models))
    for fold in folds:
        fitted = trainer.forecasters(experiment.models, cases.take(fold.train))
        for name, forecaster in fitted.items():
            made[name][fold.test] = forecaster.forecast(cases.features.iloc[fold.test]).probability
    rows = np.sort(np.concatenate([fold.test for fold in folds]))
    cutoffs = fitted[experiment.model].cutoffs
    tested = cases.take(rows)
    if experiment.split != "folds":
        tested = _with_returning(tested, cases.keys[PERSON_ID].iloc[folds[0].train])
    constant = tuple(name for name, forecaster in fitted.items() if not forecaster.model.features)
    only = fitted[experiment.model] if experiment.split != "folds" else None
    return Tested(tested, {name: p[rows] for name, p in made.items()}, experiment.model, cutoffs, constant, only)


def _with_returning(tested: Cases, trained_on: pd.Series) -> Cases:
    """Mark people who are in the training part too, so that figures are given for them and for new people apart."""
    returning = tested.keys[PERSON_ID].isin(set(trained_on))
    groups = tested.protected.assign(**{RETURNING: np.where(returning, "in the training part too", "new")})
    return dataclasses.replace(tested, protected=groups)


def _notes(material: Material) -> list[str]:
    """Say what a reader must know about the split."""
    notes = []
    for fold in material.repeats[0]:
        if fold.purged:
            notes.append(
                f"{fold.purged:,} cases were purged: their outcome was not complete when the test period began."
            )
        if fold.overlapping:
            notes.append(
                "Overlapping, not evidence: this repeats the years of the published design, not its model. The "
                f"outcomes of {fold.overlapping:,} training cases reach into the test period, so the figures flatter "
                "the forecast."
            )
    if material.experiment.split != "folds":
        fold = material.repeats[0][0]
        persons = material.cases.keys[PERSON_ID]
        both = persons.iloc[fold.test].isin(persons.iloc[fold.train])
        if both.any():
            notes.append(
                f"{int(both.sum()):,} of {len(both):,} tested cases are of people who are in the training part too."
            )
    if material.description.follow_up != "complete":
        reason = material.description.raw["outcome"]["follow_up_reason"]
        notes.append(f"Cases without complete follow-up are kept: {reason}.")
    return notes


def _repeat_notes(tested: Sequence[Tested], description: Description) -> list[str]:
    """Say how far the plain figures move when the folds are drawn anew."""
    if len(tested) < 2:
        return []
    notes = []
    for k, level in enumerate(description.scale.reached):
        scores = [
            float(np.mean((t.probability[t.chosen][:, k] - t.cases.outcomes[level].to_numpy()) ** 2)) for t in tested
        ]
        notes.append(
            f"Folds drawn {len(scores)} times: Brier score of '{level}' from {min(scores):.4f} to {max(scores):.4f}, "
            f"mean {np.mean(scores):.4f}; intervals are of the first draw."
        )
    return notes


def _steps(material: Material) -> list[tuple[str, int]]:
    """Return what became of the cases that are not tested, where there is one training and one test part."""
    if material.experiment.split == "folds":
        return []
    fold = material.repeats[0][0]
    rest = len(material.cases) - len(fold.train) - len(fold.test) - fold.purged
    steps = [("fitted and calibrated on", len(fold.train))]
    steps += [("purged: outcome not complete when the test began", fold.purged)] if fold.purged else []
    return steps + ([("outside the training and the test period", rest)] if rest else [])


def split_sentence(material: Material) -> str:
    """Say in a sentence how the figures were come by."""
    experiment, first = material.experiment, material.repeats[0]
    if experiment.split == "folds":
        return (
            f"{len(first)} folds by person: each person's forecast comes from models fitted and calibrated on the "
            "other folds. The bundle's model is then fitted on all cases."
        )
    how = "the table's own flag" if experiment.split == "flag" else f"time, {first[0].label}"
    warning = "Overlapping, not evidence. " if first[0].overlapping else ""
    purged = f" {first[0].purged:,} cases between them were purged." if first[0].purged else ""
    return (
        f"{warning}By {how}: {len(first[0].train):,} cases to fit and calibrate, {len(first[0].test):,} to test."
        f"{purged} The bundle's model is the one that was tested."
    )


def _write(
    folder: Path,
    material: Material,
    forecaster: Forecaster,
    evaluations: Sequence[LevelEvaluation],
    tested: Tested,
    cases: Cases,
    notes: Sequence[str],
    settings: Settings,
) -> str:
    """Write metrics, importance, the bundle and the report into ``folder``; return the model id."""
    experiment, description = material.experiment, material.description
    levels = description.scale.reached
    weights = dict(zip(levels, global_importance(forecaster, cases, experiment.seed), strict=True))
    (folder / "evaluation.json").write_text(to_json([e.to_dict() for e in evaluations]), encoding="utf-8")
    (folder / "importance.json").write_text(to_json(weights), encoding="utf-8")
    origin = origin_of(material.path)
    facts: dict[str, Any] = {
        "name": experiment.name,
        "experiment": {k: str(v) if isinstance(v, (datetime.date, Path)) else v for k, v in asdict(experiment).items()},
        "data": {
            "file": material.path.name,
            "sha256": sha256(material.path),
            "cases": len(cases),
            "cases_sha256": cases_digest(cases),
            "made": dict(origin.made),
        },
        "flow": dict(material.cases.counts),
        "metrics": metrics_of(evaluations),
        "versions": versions(),
    }
    model_id = write_bundle(folder, description, forecaster, facts)
    technical = {
        "Model": f"{forecaster.model.kind}, id {model_id}",
        "Experiment": experiment.name,
        "Seed": str(experiment.seed),
        "Data": f"{material.path.name}, sha256 {facts['data']['sha256']}",
        "Bootstrap": f"{settings.bootstrap_replicates} resamples of people",
        **{f"Version of {name}": version for name, version in versions().items()},
    }
    context = report_context(
        tested,
        description,
        evaluations,
        title=f"Evaluation: {experiment.name}",
        split=split_sentence(material),
        importance=weights,
        technical=technical,
        notes=notes,
        origin=origin,
        steps=_steps(material),
    )
    write_report(context, folder / "report.html")
    return model_id
