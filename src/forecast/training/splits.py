"""Draw splits that keep each person on one side, and splits in time that never use an outcome not yet complete.

A split in time stands at an *origin*: it learns from what was known there and is tested on the cases that follow.
Rolling origins do so again and again, as a force would that fits its model anew every so often.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.problems import Problem
from forecast.tables.follow_up import need_times

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Ints
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment

SMALLEST = 20


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a fold in time; spans are half-open.

    Training cases are of ``[since, origin)``, with outcomes that were complete before ``cutoff``: the origin less the
    embargo. ``settled``: about the first day whose cases are too late for that. Tested cases are of ``[origin, end)``.
    """

    since: datetime.date
    settled: datetime.date
    cutoff: datetime.date
    origin: datetime.date
    end: datetime.date


@dataclass(frozen=True)
class Fold:
    """Positions of training and test cases.

    ``purged`` cases are in neither, for their outcome was not complete when the test period began; ``embargoed`` of
    them only because of the embargo. ``overlapping`` training cases were kept although theirs was not, as the published
    design did: such a test is no evidence. ``censored``: positions of cases that a weighted fit may use instead of
    purging them, None where none is asked for; :func:`training_cases` says what was known of them.
    ``returning``: tested cases of people whom the bundle's model was fitted on; only splits in time have any.
    """

    label: str
    train: Ints
    test: Ints
    purged: int = 0
    overlapping: int = 0
    censored: Ints | None = None
    embargoed: int = 0
    returning: int = 0
    period: Period | None = None


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

    "flag" and "time" give one fold, "folds" as many as asked for, "rolling" one for each origin.
    """
    if experiment.split == "rolling":
        yield rolling_folds(cases, description, experiment, path)
        return
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
    calendar = _Calendar(cases, description, experiment)
    start = _first_origin(description, experiment, path)
    fold = calendar.fold(start, experiment.test_before or calendar.end)
    calendar.check_history(fold)
    return _checked(fold)


def rolling_folds(cases: Cases, description: Description, experiment: Experiment, path: object) -> list[Fold]:
    """Return a fold for each origin from ``test_from`` on, every ``origins_every_months``, until ``test_before``.

    Each learns from the cases of ``history_months`` before its origin whose outcome was complete before it, less
    ``embargo_days``, and is tested on those of ``test_months`` after it, so that no case is tested twice. People may
    come back: ``Fold.returning`` counts them. Without ``test_before`` a last fold of a few cases is left out. Raises
    ``fold-empty`` and ``fold-outcome-rare`` for a fold that cannot be judged.
    """
    months = experiment.test_months or experiment.origins_every_months
    if months > experiment.origins_every_months:
        raise Problem("rolling-overlap", path=experiment.name, months=months, every=experiment.origins_every_months)
    if experiment.replicate:
        raise Problem("rolling-replicate", path=experiment.name)
    first, calendar = _first_origin(description, experiment, path), _Calendar(cases, description, experiment)
    last = experiment.test_before or calendar.end
    folds: list[Fold] = []
    while (origin := _later(first, len(folds) * experiment.origins_every_months)) < last or not folds:
        fold = calendar.fold(origin, min(_later(origin, months), last))
        if folds and experiment.test_before is None and len(fold.test) < SMALLEST:
            break  # the first days of a span that the data do not fill
        folds.append(_judged(calendar.enough(fold), cases))
    return folds


def _first_origin(description: Description, experiment: Experiment, path: object) -> datetime.date:
    if not description.keys.as_of:
        raise Problem("no-split-column", path=path, wanted="keys.as_of", split=experiment.split)
    if experiment.test_from is None:
        raise Problem("toml-missing-key", path=experiment.name, key="test_from", meaning="the first day that is tested")
    if experiment.weighted:
        need_times(description)
    return experiment.test_from


class _Calendar:
    """Knows when the cases of an experiment happened and when their outcomes were settled."""

    def __init__(self, cases: Cases, description: Description, experiment: Experiment) -> None:
        self.experiment, self.months = experiment, description.closing_months
        self.as_of, self.persons = cases.keys[AS_OF], cases.keys[PERSON_ID].to_numpy()
        self.closes = self.as_of + pd.DateOffset(months=self.months)
        self.followed = cases.complete(self.months) if experiment.weighted else np.ones(len(cases), dtype=bool)
        testable = self.as_of[self.followed] if self.followed.any() else self.as_of
        self.begin, self.end = self.as_of.min().date(), _later(testable.max().date(), 0, days=1)

    def fold(self, origin: datetime.date, end: datetime.date) -> Fold:
        """Return the fold that stands at ``origin`` and is tested on the cases before ``end``.

        What happens on the day of the cutoff is not known at its beginning. As moments are read by their day, a window
        that ends on that day may end within it, so it is not settled either.
        """
        e = self.experiment
        cutoff = _later(origin, 0, days=-e.embargo_days)
        since = max(day for day in (self.begin, e.train_from, self._history(origin)) if day)
        before = _within(self.as_of, since, min(origin, e.train_before or origin))
        settled, at_origin = self.closes < pd.Timestamp(cutoff), self.closes < pd.Timestamp(origin)
        train = before if e.replicate else before & settled
        late = _within(self.as_of, since, origin) & ~settled
        held = before & ~settled & (self.as_of < pd.Timestamp(cutoff)) if e.weighted else before & False
        test = _within(self.as_of, origin, end) & self.followed
        known_people = set(self.persons[train | held if e.chosen_weighted else train])
        return Fold(
            f"test from {origin}",
            np.flatnonzero(train),
            np.flatnonzero(test),
            purged=0 if e.replicate else int((late & ~held).sum()),
            overlapping=int((train & ~settled).sum()),
            censored=np.flatnonzero(held) if e.weighted and not e.replicate else None,
            embargoed=0 if e.replicate else int((late & ~held & at_origin).sum()),
            returning=sum(person in known_people for person in self.persons[test]),
            period=Period(since, _later(cutoff, -self.months), cutoff, origin, end),
        )

    def enough(self, fold: Fold) -> Fold:
        """Raise ``fold-empty`` for a fold without enough cases, with the days between which there are some.

        Where no day would do, for the history is no longer than an outcome takes, raise ``fold-history``.
        """
        self.check_history(fold)
        first = _later(self.begin, self.months, days=self.experiment.embargo_days + 1)
        for part, rows in (("training", fold.train), ("test", fold.test)):
            if len(rows) < SMALLEST:
                raise Problem(
                    "fold-empty", fold=fold.label, part=part, count=len(rows), needed=SMALLEST, begin=self.begin,
                    end=self.end, months=self.months, first=first,
                )  # fmt: skip
        return fold

    def check_history(self, fold: Fold) -> None:
        """Raise ``fold-history`` where no outcome of the history can be complete when the fold's test begins."""
        e = self.experiment
        assert fold.period is not None
        begin = self._history(fold.period.origin)
        if begin is None or len(fold.train) >= SMALLEST or begin < fold.period.settled:
            return
        raise Problem(
            "fold-history", fold=fold.label, count=len(fold.train), needed=SMALLEST, history=e.history_months,
            months=self.months, embargo=e.embargo_days,
        )  # fmt: skip

    def _history(self, origin: datetime.date) -> datetime.date | None:
        months = self.experiment.history_months
        return _later(origin, -months) if months else None


def _later(day: datetime.date, months: int, *, days: int = 0) -> datetime.date:
    """Return a day some calendar months and then days later, or earlier."""
    moved: datetime.date = (pd.Timestamp(day) + pd.DateOffset(months=months) + pd.DateOffset(days=days)).date()
    return moved


def training_cases(cases: Cases, fold: Fold) -> Cases:
    """Return what a fold's fits may see: its training cases and, for a weighted fit, the censored ones.

    With censored cases, outcomes are those that were known at the fold's cutoff and no later.
    """
    if fold.censored is None or fold.period is None:
        return cases.take(fold.train)
    return seen_before(cases.take(np.sort(np.concatenate([fold.train, fold.censored]))), fold.period.cutoff)


def seen_before(cases: Cases, day: datetime.date) -> Cases:
    """Return cases with their outcomes, times and follow-up as they stood when ``day`` began.

    All moments must lie before it, and count as the middle of their day.
    """
    if cases.times is None or cases.followed is None:
        raise ValueError("times and follow-up are needed to tell what was known on a day")
    followed = ((pd.Timestamp(day) - cases.keys[AS_OF]).dt.days - 0.5).clip(upper=cases.followed)
    times = cases.times.where(cases.times.lt(followed, axis=0))
    return replace(cases, outcomes=times.notna(), times=times, followed=followed)


def returning_people(cases: Cases, folds: Sequence[Fold], *, weighted: bool = False) -> Bools:
    """Say of each case whether it is tested in a fold whose training part has the same person, (n,).

    ``weighted``: the model that is asked about learns from the censored cases too; others never saw those people.
    """
    persons, returning = cases.keys[PERSON_ID], np.zeros(len(cases), dtype=bool)
    for fold in folds:
        known = fold.train if fold.censored is None or not weighted else np.concatenate([fold.train, fold.censored])
        returning[fold.test] = persons.iloc[fold.test].isin(set(persons.iloc[known])).to_numpy()
    return returning


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


def _judged(fold: Fold, cases: Cases) -> Fold:
    """Raise ``fold-outcome-rare`` for a fold that has too few of an outcome to learn from, or none to test."""
    for part, rows, needed in (("training", fold.train, SMALLEST), ("test", fold.test, 1)):
        for level in cases.outcomes:
            happened = int(cases.outcomes[level].to_numpy()[rows].sum())
            for count, kind in ((happened, "with"), (len(rows) - happened, "without")):
                if count < needed:
                    raise Problem(
                        "fold-outcome-rare", fold=fold.label, part=part, count=count, kind=kind, level=level,
                        total=len(rows), needed=needed,
                    )  # fmt: skip
    return fold
