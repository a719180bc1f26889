"""Train a challenger as before on the newest data, register it, and hold it against the champion; never promote.

The experiment is the same in all but the days of its test period: with split = "time" the period keeps its length and
is moved so that it ends with the last case whose outcome is complete, and every other day of the file moves with it.
"""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast.cases import AS_OF
from forecast.files import sha256, to_json
from forecast.models.bundle import versions
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.registry import mirror
from forecast.registry.dates import months_later
from forecast.registry.promotion import Compared, compare
from forecast.registry.register import Done, register
from forecast.registry.store import Registry, check_name, check_who_and_why
from forecast.training.experiment import Experiment, load_experiment
from forecast.training.material import Material, prepare
from forecast.training.tracking import track
from forecast.training.train import Trained, train

if TYPE_CHECKING:
    from forecast.settings import Settings

DEFAULT_MONTHS = 12
"""Months of the test period where the experiment does not say when it ends."""


@dataclass(frozen=True)
class Retrained:
    """What a retraining gave: the bundle, its registration and its comparison; ``experiment`` has the moved days."""

    experiment: Experiment
    trained: Trained
    registered: Done
    compared: Compared


def retrain(
    registry: Registry, experiment_file: Path, name: str, *, who: str, why: str, progress: Progress = SILENT
) -> Retrained:
    """Run the whole of it; the trained bundle stays under `models/retrained/`, so that no later failure loses it."""
    check_name(name)
    check_who_and_why("retrain", who, why)
    settings, experiment = registry.settings, load_experiment(experiment_file)
    if experiment.split not in ("time", "flag"):
        raise Problem("retrain-split", path=experiment_file, split=experiment.split)
    again = f"forecast retrain {experiment_file} --name {name} --by NAME"
    with mirror.store(settings, state=mirror.NOTHING, again=again) as client:
        client.search_registered_models(max_results=1)  # a store that is down is found before hours of training
    material = _newest(experiment, settings, experiment_file.parent, progress)
    out = settings.models_folder / "retrained" / f"{name}-{registry.clock():%Y%m%dT%H%M%S}"
    trained = train(material, out, settings, tracked=False, progress=progress)
    trained = _tracked(trained, material, registry, name, progress)
    done = register(registry, name, out, who=who, why=why)
    compared = compare(registry, name, done.model.model_id, material.path, who=who, progress=progress)
    return Retrained(material.experiment, trained, done, compared)


def moved(experiment: Experiment, last: datetime.date) -> Experiment:
    """Return the experiment with its test period moved to end after ``last``, the newest day with complete outcomes.

    A period of whole months stays one of as many months. It never moves back.
    """
    if experiment.split != "time" or experiment.test_from is None:
        return experiment
    start, before = experiment.test_from, last + datetime.timedelta(days=1)
    end = experiment.test_before or months_later(start, DEFAULT_MONTHS)
    whole_months = start.day == end.day
    months = 12 * (end.year - start.year) + end.month - start.month
    new_start = months_later(before, -months) if whole_months else before - (end - start)
    if new_start <= start:
        return experiment
    shift = new_start - start
    since, until = experiment.train_from, experiment.train_before
    return dataclasses.replace(
        experiment,
        test_from=new_start,
        test_before=before,
        train_from=since + shift if since else None,
        train_before=until + shift if until else None,
    )


def _newest(experiment: Experiment, settings: Settings, near: Path, progress: Progress) -> Material:
    """Prepare the experiment with its test period at the end of what is complete.

    The table is read once before, to find that end: the period of the file as it stands may lie outside it by now.
    """
    if experiment.split == "time":
        whole = dataclasses.replace(experiment, split="folds", model="base-rate", beside=())
        read = prepare(whole, settings, near=near, progress=progress)
        complete = read.cases.complete(read.description.closing_months)
        days = read.cases.keys[AS_OF][complete].dropna()
        if len(days):
            experiment = moved(experiment, pd.Timestamp(days.max()).date())
    return prepare(experiment, settings, near=near, progress=progress)


def _tracked(trained: Trained, material: Material, registry: Registry, name: str, progress: Progress) -> Trained:
    """Track the run when its bundle is safe, and note the run's id beside it."""
    progress.begin("tracking the run")
    try:
        run_id = track(
            material.experiment.name,
            registry.settings,
            parameters=asdict(material.experiment),
            evaluations=trained.evaluations,
            tags={"model_id": trained.model_id, "data_sha256": sha256(material.path), **versions()},
            folder=trained.folder,
        )
    except Problem as problem:
        if problem.code != "tracking-failed":
            raise
        state = f"The trained bundle is safe in {trained.folder}; it is not registered"
        again = f"forecast models register {name} {trained.folder} --by NAME --why TEXT"
        uri, detail = problem.facts["uri"], problem.facts["detail"]
        raise Problem("registry-store-down", uri=uri, detail=detail, state=state, again=again) from problem
    started = {"trained_on": registry.today.isoformat(), "mlflow_run": run_id}
    (trained.folder / "run.json").write_text(to_json(started), encoding="utf-8")
    return dataclasses.replace(trained, run_id=run_id)
