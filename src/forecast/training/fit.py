"""Fit models with their calibration: out-of-fold margins by person, then a fit on all training cases.

A blend is made of two parts; parts that several models of an experiment share are fitted once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID
from forecast.models.bands import CutOffs
from forecast.models.blend import Blend
from forecast.models.boosting import Boosting, fit_boosting
from forecast.models.calibration import fit_calibration, identity
from forecast.models.forecaster import Forecaster
from forecast.models.logistic import Logistic, fit_logistic
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.training.splits import person_folds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from forecast.cases import Bools, Cases, Floats
    from forecast.models.base import Model
    from forecast.tables.description import Description, Feature
    from forecast.training.experiment import Experiment

FEWEST = 20


@dataclass(frozen=True)
class Trainer:
    """What every fit of an experiment shares."""

    description: Description
    experiment: Experiment
    threads: int = 0
    progress: Progress = SILENT

    def fits(self, names: Sequence[str]) -> int:
        """Return how many fits :meth:`forecasters` makes, for progress."""
        return sum(1 if part == "base-rate" else self.experiment.calibration_folds + 1 for part in _parts(names))

    def forecasters(self, names: Sequence[str], cases: Cases) -> dict[str, Forecaster]:
        """Fit the named models on ``cases``; each is calibrated on margins of people that its fits had not seen."""
        check_varies(cases, self.description.label)
        happened = cases.outcomes.to_numpy(dtype=bool)
        margins = {part: self._out_of_fold(part, cases) for part in _parts(names)}
        models = {part: self._fit(part, cases.features, happened, final=True) for part in _parts(names)}
        e = self.experiment
        cutoffs = CutOffs(e.cutoffs, e.cutoffs_signed_by, e.cutoffs_reason)
        made = {}
        for name in names:
            model = self._joined(name, models)
            levels = happened.shape[1]
            calibration = fit_calibration(self._mixed(name, margins), happened) if model.features else identity(levels)
            made[name] = Forecaster(model, calibration, cutoffs)
        return made

    def _out_of_fold(self, part: str, cases: Cases) -> Floats:
        """Return (n, K-1) margins of each case from a fit without its person; zeros for the base rate."""
        happened = cases.outcomes.to_numpy(dtype=bool)
        margins = np.zeros(happened.shape)
        if part == "base-rate":
            return margins
        e = self.experiment
        folds = person_folds(cases.keys[PERSON_ID], happened, e.calibration_folds, e.seed)
        for fold in np.unique(folds):
            inside = folds == fold
            _check_fold(happened[~inside], cases, int(fold))
            model = self._fit(part, cases.features[~inside].reset_index(drop=True), happened[~inside], final=False)
            margins[inside] = model.margins(cases.features[inside])
        return margins

    def _fit(self, part: str, frame: pd.DataFrame, happened: Bools, *, final: bool) -> Model:
        """Fit one part; the out-of-fold fits of a boosted model make do with one booster a level."""
        e, features = self.experiment, features_of(part, self.description, self.description.label)
        self.progress.advance()
        if part == "boosting":
            options = e.boosting if final else dataclasses.replace(e.boosting, boosters=1)
            return fit_boosting(features, frame, happened, options=options, seed=e.seed, threads=self.threads)
        return fit_logistic(features, frame, happened, penalty=e.logistic_penalty, straight=part == "two-feature")

    def _joined(self, name: str, models: Mapping[str, Model]) -> Model:
        if name != "blend":
            return models[name]
        trees, line = models["boosting"], models["logistic"]
        assert isinstance(trees, Boosting)
        assert isinstance(line, Logistic)
        return Blend(trees, line, self.experiment.blend_logistic)

    def _mixed(self, name: str, margins: Mapping[str, Floats]) -> Floats:
        if name != "blend":
            return margins[name]
        share = self.experiment.blend_logistic
        mixed: Floats = (1 - share) * margins["boosting"] + share * margins["logistic"]
        return mixed


def _parts(names: Sequence[str]) -> list[str]:
    """Return the parts that the named models are made of, each once."""
    return list(dict.fromkeys(p for n in names for p in (("boosting", "logistic") if n == "blend" else (n,))))


def features_of(name: str, description: Description, path: object) -> Sequence[Feature]:
    """Return the features that a model of an experiment uses."""
    if name == "base-rate":
        return ()
    if name == "two-feature":
        if not description.head.two_feature:
            raise Problem("two-feature-missing", path=path)
        return [description.feature(each) for each in description.head.two_feature]
    return description.features


def check_varies(cases: Cases, path: object) -> None:
    """Raise the problem of an outcome that is the same in all cases."""
    for level in cases.outcomes:
        happened = int(cases.outcomes[level].sum())
        if happened in (0, len(cases)):
            value = "no" if happened == 0 else "yes"
            raise Problem("outcome-constant", path=path, level=level, value=value, count=len(cases))


def check_outcomes(cases: Cases, path: object) -> None:
    """Raise the problem of an outcome that is constant or too rare to judge."""
    check_varies(cases, path)
    for level in cases.outcomes:
        happened = int(cases.outcomes[level].sum())
        fewer = min(happened, len(cases) - happened)
        if fewer < FEWEST:
            raise Problem("outcome-rare", path=path, level=level, count=fewer, total=len(cases), needed=FEWEST)


def check_features(cases: Cases, path: object) -> None:
    """Raise the problem of a feature without a value in any row."""
    for name in cases.features:
        if cases.features[name].isna().all():
            raise Problem("feature-all-missing", path=path, column=name)


def _check_fold(happened: Bools, cases: Cases, fold: int) -> None:
    for level, column in zip(cases.outcomes, happened.T, strict=True):
        if column.all() or not column.any():
            raise Problem("fold-without-outcome", fold=fold + 1, count=int(column.sum()), level=level)
