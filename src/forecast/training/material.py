"""Gather what an experiment works on: the described table, its cases and its folds; nothing is fitted yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.tables.library import find, load, local_copy
from forecast.tables.reader import read_cases
from forecast.training.checks import check_features, check_outcomes
from forecast.training.costs import costs_of
from forecast.training.fit import parts_of
from forecast.training.overlap import check_overlapping
from forecast.training.parts import WEIGHTED, features_of
from forecast.training.splits import Fold, splits

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.models.bands import BandRule
    from forecast.settings import Settings
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment


IN_TIME = ("time", "rolling")
"""Splits that know what was not known yet when a test began."""


@dataclass(frozen=True)
class Material:
    """What an experiment works on: the described table, its cases and the folds of each repeat."""

    experiment: Experiment
    description: Description
    path: Path
    cases: Cases
    repeats: list[list[Fold]]
    rule: BandRule
    """What turns probabilities into bands."""


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
    if experiment.weighted and experiment.split not in IN_TIME:
        weighted = [name for name in experiment.models if name.endswith(WEIGHTED)]
        raise Problem("model-needs-time", path=experiment.name, model=weighted[0], split=experiment.split)
    check_overlapping(experiment)
    rule = costs_of(experiment, description.scale, near)
    cases, _ = read_cases(
        description, path, allow_refused=experiment.allow_refused, censored=experiment.weighted, progress=progress
    )
    check_outcomes(cases, path)
    check_features(cases, path)
    for model in experiment.models:
        for part in parts_of([model]):
            features_of(part, description, experiment, description.label)
    return Material(experiment, description, path, cases, list(splits(cases, description, experiment, path)), rule)
