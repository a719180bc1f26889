"""Fit the parts that the models of an experiment are made of, each with margins of people that its fits had not seen.

Three kinds of part: *fitted* ones (trees, lines) get such margins from folds by person; the *forest* has them from its
out-of-bag votes, a case counting as out of bag for a tree only if nobody drew its person; published *scales* are not
fitted at all, so every case is one that they have not seen.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.cases import PERSON_ID
from forecast.models.additive import fit_additive
from forecast.models.boosting import fit_boosting
from forecast.models.design import spline_columns, stepped_columns
from forecast.models.forest_fit import FittedForest, fit_forest
from forecast.models.forest_sizes import tune_sizes
from forecast.models.logistic import fit_logistic
from forecast.models.scales.constants import SCALES
from forecast.models.scales.scale import scale_model
from forecast.models.uncertainty import reference_rows
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.training.splits import person_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Bools, Cases, Floats, Ints
    from forecast.models.base import Model
    from forecast.tables.description import Description, Feature
    from forecast.training.experiment import Experiment

WEIGHTED = "-ipcw"
"""Ends the name of a model that is fitted on cases of incomplete follow-up too, weighted for it."""
OVERLAPPING = "-overlapping"
"""Ends the name of a model that is fitted on all cases before the test began, with outcomes from after that day."""


@dataclass(frozen=True)
class Sample:
    """What a part is fitted on: n cases with their outcomes, (n, K-1), and weights, (n, K-1), or None for all alike.

    ``complete``: (n,) whose window was over when they were seen, or None for all. Of the others only those with an
    outcome are there, so that a plain share of all n is too high.
    """

    frame: pd.DataFrame
    happened: Bools
    persons: pd.Series
    weights: Floats | None = None
    complete: Bools | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: Ints | Bools) -> Sample:
        """Return the cases at the given positions or under a mask."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Sample(
            self.frame.iloc[places].reset_index(drop=True),
            self.happened[places],
            self.persons.iloc[places].reset_index(drop=True),
            None if self.weights is None else self.weights[places],
            None if self.complete is None else self.complete[places],
        )


def sample_of(cases: Cases) -> Sample:
    """Return cases with complete outcomes as what a part is fitted on."""
    return Sample(cases.features, cases.outcomes.to_numpy(dtype=bool), cases.keys[PERSON_ID])


@dataclass(frozen=True)
class Fit:
    """A fitted part.

    ``margins``: (n, K-1) of each case from a fit without its person; NaN where there is none. ``reference``: positions
    of m cases; ``fold_margins``: (F, m, K-1) what the models of the folds make of them, None without folds.
    """

    model: Model
    margins: Floats
    reference: Ints
    fold_margins: Floats | None = None
    grown: FittedForest | None = None
    """The forest with its out-of-bag votes, where the part is one."""


def base_name(part: str) -> str:
    """Return the name of a part without the mark of what it is fitted on."""
    return part.removesuffix(WEIGHTED).removesuffix(OVERLAPPING)


def shown_name(model: str) -> str:
    """Return what a model is called beside others: one that is no evidence says so."""
    return f"{base_name(model)} (overlapping, not evidence)" if model.endswith(OVERLAPPING) else model


def set_of(name: str, description: Description, experiment: Experiment) -> str:
    """Return the set of features that a part reads, where the table has several; else an empty text."""
    sets = description.sets
    if not sets:
        return ""
    if base_name(name) in SCALES:
        return "sanctions"
    if base_name(name) == "forest" and "hart" in sets:
        return "hart"
    return experiment.features or sets[0]


def features_of(name: str, description: Description, experiment: Experiment, path: object) -> Sequence[Feature]:
    """Return the features that a part of an experiment uses."""
    if name == "base-rate":
        return ()
    if name == "two-feature":
        if not description.head.two_feature:
            raise Problem("two-feature-missing", path=path)
        return [description.feature(each) for each in description.head.two_feature]
    wanted = set_of(name, description, experiment)
    if not wanted:
        return description.features
    if wanted not in description.sets:
        raise Problem("model-needs-set", path=path, model=name, set=wanted, known=", ".join(description.sets))
    return description.of_set(wanted)


@dataclass(frozen=True)
class Fitter:
    """Fits the parts of one experiment."""

    description: Description
    experiment: Experiment
    threads: int = 0
    progress: Progress = SILENT

    def fits(self, part: str) -> int:
        """Return how many fits :meth:`fit` makes, for progress."""
        return self.experiment.calibration_folds + 1 if self._in_folds(part) else 1

    def fit(self, part: str, sample: Sample) -> Fit:
        """Fit a part on a sample."""
        reference = reference_rows(len(sample), self.experiment.seed)
        if base_name(part) == "forest":
            return self._forest(sample, reference)
        if not self._in_folds(part):
            model = self._model(part, sample, final=True)
            return Fit(model, model.margins(sample.frame), reference)
        margins, fold_margins = self._out_of_fold(part, sample, reference)
        return Fit(self._model(part, sample, final=True), margins, reference, fold_margins)

    def _in_folds(self, part: str) -> bool:
        return base_name(part) not in ("forest", "base-rate", *SCALES)

    def _out_of_fold(self, part: str, sample: Sample, reference: Ints) -> tuple[Floats, Floats]:
        """Return (n, K-1) margins of each case from a fit without its person, and those of the reference cases."""
        e = self.experiment
        margins, seen = np.zeros(sample.happened.shape), []
        folds = person_folds(sample.persons, sample.happened, e.calibration_folds, e.seed)
        for fold in np.unique(folds):
            inside = folds == fold
            rest = sample.take(~inside)
            self._check_fold(rest.happened, int(fold))
            model = self._model(part, rest, final=False)
            margins[inside] = model.margins(sample.frame[inside])
            seen.append(model.margins(sample.frame.iloc[reference]))
        return margins, np.stack(seen)

    def _check_fold(self, happened: Bools, fold: int) -> None:
        for level, column in zip(self.description.scale.reached, happened.T, strict=True):
            if column.all() or not column.any():
                raise Problem("fold-without-outcome", fold=fold + 1, count=int(column.sum()), level=level)

    def _model(self, part: str, sample: Sample, *, final: bool) -> Model:
        """Fit one model; the out-of-fold fits of boosted models make do with one booster a level."""
        self.progress.advance()
        e, name = self.experiment, base_name(part)
        features = features_of(part, self.description, e, self.description.label)
        if name in SCALES:
            return scale_model(name, features, sample.happened.shape[1])
        given: dict[str, Any] = {"weights": sample.weights}
        if name in ("boosting", "additive"):
            given |= {"seed": e.seed, "threads": self.threads}
            options = e.boosting if name == "boosting" else e.additive
            options = options if final else dataclasses.replace(options, boosters=1)
            if name == "additive":
                given["pairs"] = e.additive_pairs
            fit = fit_boosting if name == "boosting" else fit_additive
            return fit(features, sample.frame, sample.happened, options=options, **given)
        make = spline_columns if name == "splines" else stepped_columns
        penalty = e.splines_penalty if name == "splines" else e.logistic_penalty
        return fit_logistic(features, sample.frame, sample.happened, penalty=penalty, make=make,
                            straight=name == "two-feature", **given)  # fmt: skip

    def _forest(self, sample: Sample, reference: Ints) -> Fit:
        self.progress.advance()
        e = self.experiment
        features = features_of("forest", self.description, e, self.description.label)
        given = (features, sample.frame, sample.happened, sample.persons.to_numpy())
        options = e.forest
        if options.sizes is None and e.forest_ratio:
            tuned = tune_sizes(*given, target_ratio=e.forest_ratio, low_share=e.forest_low_share or None,
                               options=options, seed=e.seed, threads=self.threads)  # fmt: skip
            options = dataclasses.replace(options, sizes=tuned.sizes)
        grown = fit_forest(*given, options=options, seed=e.seed, threads=self.threads)
        return Fit(grown.forest, grown.margins(), reference, grown=grown)
