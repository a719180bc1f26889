"""Draw the folds that a search may see, and write what it found as an experiment to read and to run."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.files import whole_files
from forecast.problems import Problem
from forecast.tables.library import find
from forecast.tables.toml_text import to_toml
from forecast.training.splits import Fold, person_folds, rolling_folds

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment
    from forecast.training.tuning import Tuned

OTHER_FOLDS = 104_729
"""Added to the seed, so that folds by person are not those that the experiment is tested on."""

SEEN = "tuned on the cases that the experiment tests on: its test then flatters the options"
"""What must be said of a search on an experiment with folds by person."""


def tuning_folds(
    cases: Cases, description: Description, experiment: Experiment, path: object, folds: int = 2
) -> list[Fold]:
    """Return folds of an experiment that end, outcomes and all, before its test begins, where it is in time.

    Splits in time: purged folds with rolling origins, over the latter half of the time that there is. Else folds by
    person: of the training part with the table's own flag, but with split = "folds" of the very cases that the
    experiment is tested on (see :data:`SEEN`). Raises ``tune-short`` where the time is too short.
    """
    if experiment.split not in ("time", "rolling"):
        return _by_person(cases, experiment, folds)
    if experiment.test_from is None:
        raise Problem("toml-missing-key", path=path, key="test_from", meaning="the first day that is tested")
    begin = max(cases.keys[AS_OF].min().date(), experiment.train_from or datetime.date.min)
    first = _moved(begin, description.closing_months, experiment.embargo_days)
    stop = _moved(experiment.test_from, -description.closing_months)
    free = (stop.year - first.year) * 12 + stop.month - first.month
    months = free // 2 // folds
    if months < 1:
        needed = _moved(first, 2 * folds + description.closing_months)
        raise Problem("tune-short", path=path, first=begin, before=experiment.test_from, folds=folds, needed=needed)
    rolling = replace(
        experiment,
        split="rolling",
        test_from=_moved(stop, -months * folds),
        test_before=stop,
        origins_every_months=months,
        test_months=0,
        replicate="",
        beside=(),  # cases of incomplete follow-up only where the tuned model itself takes them
    )
    return rolling_folds(cases, description, rolling, path)


def _by_person(cases: Cases, experiment: Experiment, folds: int) -> list[Fold]:
    flagged = experiment.split == "flag" and cases.part is not None
    rows = np.flatnonzero(cases.part == "train") if flagged else np.arange(len(cases))
    part = cases.take(rows)
    happened = part.outcomes.to_numpy(dtype=bool)
    numbers = person_folds(part.keys[PERSON_ID], happened, folds, experiment.seed + OTHER_FOLDS)
    return [Fold(f"fold {k + 1}", rows[numbers != k], rows[numbers == k]) for k in range(folds)]


def _moved(day: datetime.date, months: int, days: int = 0) -> datetime.date:
    moved: datetime.date = (pd.Timestamp(day) + pd.DateOffset(months=months) + pd.DateOffset(days=days)).date()
    return moved


def write_tuned(out: Path, source: Path, experiment: Experiment, tuned: Tuned, *, folds: int) -> None:
    """Write the best options as an experiment laid over ``source``."""
    best, present = tuned.best, tuned.present
    content = {"base": _from(out, source), "name": f"{experiment.name}-tuned"}
    if _near(experiment.table, source) and out.parent.resolve() != source.parent.resolve():
        path, variant = find(experiment.table)
        content["table"] = _from(out, source.parent / path) + (f":{variant}" if variant else "")
    lucky = "The best of many is in part the luckiest"
    words = (
        f"# The best of {len(tuned.trials)} trials of '{experiment.model}' for {source.name}, found by forecast tune.\n"
        f"# Mean Brier score over {folds} folds {_where(experiment)}:\n"
        f"# {best.loss:.5f}; with the options as they were {present.loss:.5f}.\n"
        f"# {lucky}{', and this was ' + SEEN if saw_test(experiment) else ': the test says how good it is'}.\n\n"
    )
    with whole_files(out) as [path]:
        path.write_text(words + to_toml({**content, **best.options}), encoding="utf-8")


def saw_test(experiment: Experiment) -> bool:
    """Say whether a search for this experiment sees the cases that it is then tested on."""
    return experiment.split == "folds"


def _where(experiment: Experiment) -> str:
    if saw_test(experiment):
        return "by person, other ones than those of the test, of the same cases"
    return "by person of the table's training part" if experiment.split == "flag" else "that end before the test begins"


def _near(table: str, source: Path) -> bool:
    """Say whether a table is named by a path from the folder of the experiment."""
    path = find(table)[0]
    return path.suffix == ".toml" and not path.is_absolute() and (source.parent / path).exists()


def _from(out: Path, target: Path) -> str:
    """Return the path of ``target`` as seen from the folder of ``out``."""
    return Path(os.path.relpath(target.resolve(), out.parent.resolve())).as_posix()
