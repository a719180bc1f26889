"""Draw splits that keep each person on one side, and splits in time that never use an outcome not yet complete."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.problems import Problem

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Ints
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment

SMALLEST = 20


@dataclass(frozen=True)
class Fold:
    """Positions of training and test cases.

    ``purged`` cases are in neither, for their outcome was not complete when the test period began. ``overlapping``
    training cases were kept although theirs was not, as the published design did: such a test is no evidence.
    """

    label: str
    train: Ints
    test: Ints
    purged: int = 0
    overlapping: int = 0


def person_folds(persons: pd.Series, happened: Bools, folds: int, seed: int) -> Ints:
    """Return a fold number a row, (n,), with all rows of a person in one fold.

    People are shuffled and dealt out within strata of their highest outcome, so that folds have like base rates;
    which people fall together depends on the seed alone, not on the order of rows.
    """
    highest = pd.Series(happened.sum(axis=1)).groupby(persons.to_numpy()).max().sort_index()
    rng = np.random.default_rng(seed)
    dealt = np.empty(len(highest), dtype=np.int64)
    start = 0
    for stratum in np.unique(highest):
        members = np.flatnonzero(highest.to_numpy() == stratum)
        dealt[rng.permutation(members)] = (start + np.arange(len(members))) % folds
        start += len(members)
    place = highest.index.get_indexer(pd.Index(persons.to_numpy()))
    numbers: Ints = dealt[place]
    return numbers


def splits(cases: Cases, description: Description, experiment: Experiment, path: object) -> Iterator[list[Fold]]:
    """Yield the folds of each repeat, as the experiment's ``split`` says.

    "flag" and "time" give one fold, "folds" as many as asked for.
    """
    if experiment.split == "flag":
        yield [_by_flag(cases, description, path)]
    elif experiment.split == "time":
        yield [_by_time(cases, description, experiment, path)]
    else:
        yield from (_by_person(cases, experiment, repeat) for repeat in range(experiment.repeats))


def _by_person(cases: Cases, experiment: Experiment, repeat: int) -> list[Fold]:
    happened = cases.outcomes.to_numpy(dtype=bool)
    numbers = person_folds(cases.keys[PERSON_ID], happened, experiment.folds, experiment.seed + 7919 * repeat)
    return [
        _checked(Fold(f"fold {k + 1}", np.flatnonzero(numbers != k), np.flatnonzero(numbers == k)))
        for k in range(experiment.folds)
    ]


def _by_flag(cases: Cases, description: Description, path: object) -> Fold:
    if cases.part is None:
        raise Problem("no-split-column", path=path, wanted="[split]", split="flag")
    part = cases.part.to_numpy()
    return _checked(Fold("the table's own flag", np.flatnonzero(part == "train"), np.flatnonzero(part == "test")))


def _by_time(cases: Cases, description: Description, experiment: Experiment, path: object) -> Fold:
    """Train on cases whose outcome was settled by the first day of the test period, or on all for a replicate."""
    if not description.keys.as_of:
        raise Problem("no-split-column", path=path, wanted="keys.as_of", split="time")
    if experiment.test_from is None:
        raise Problem(
            "toml-missing-key", path=experiment.name, key="test_from", meaning="the first day of the test period"
        )
    as_of = cases.keys[AS_OF]
    start = pd.Timestamp(experiment.test_from)
    settled = as_of + pd.DateOffset(months=description.scale.horizon_months + description.settling_months) <= start
    test = _within(as_of, experiment.test_from, experiment.test_before)
    before = _within(as_of, experiment.train_from, experiment.train_before) & (as_of < start)
    train = before if experiment.replicate else before & settled
    late = int((_within(as_of, experiment.train_from, None) & (as_of < start) & ~settled).sum())
    purged, overlapping = (0, int((train & ~settled).sum())) if experiment.replicate else (late, 0)
    label = f"test from {experiment.test_from}"
    return _checked(Fold(label, np.flatnonzero(train), np.flatnonzero(test), purged, overlapping))


def _within(as_of: pd.Series, since: datetime.date | None, before: datetime.date | None) -> pd.Series:
    """Say which moments lie in `[since, before)`; a missing end is open."""
    inside = as_of.notna()
    if since is not None:
        inside &= as_of >= pd.Timestamp(since)
    if before is not None:
        inside &= as_of < pd.Timestamp(before)
    return inside


def _checked(fold: Fold) -> Fold:
    for part, rows in (("training", fold.train), ("test", fold.test)):
        if len(rows) < SMALLEST:
            raise Problem("split-empty", count=len(rows), part=part, needed=SMALLEST)
    return fold
