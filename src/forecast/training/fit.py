"""Fit models with their calibration and what is known of their uncertainty.

A blend is made of two parts; parts that several models of an experiment share are fitted once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.blend import Blend
from forecast.models.boosting import Boosting
from forecast.models.calibration import fit_calibration, identity
from forecast.models.forecaster import Forecaster
from forecast.models.forest import Forest
from forecast.models.intervals import full_intervals
from forecast.models.logistic import Logistic
from forecast.models.uncertainty import fit_uncertainty
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.training.checks import check_varies
from forecast.training.costs import costs_of
from forecast.training.parts import OVERLAPPING, WEIGHTED, Fit, Fitter, Sample, features_of, sample_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Bools, Cases, Floats, Ints
    from forecast.models.bands import BandRule
    from forecast.models.calibration import Calibration
    from forecast.models.forest_fit import FittedForest
    from forecast.models.intervals import Intervals
    from forecast.tables.description import Description
    from forecast.training.experiment import Experiment

BLENDED = ("boosting", "logistic")


@dataclass(frozen=True)
class Fitted:
    """A model made ready to forecast; ``grown`` has the out-of-bag votes of a forest."""

    forecaster: Forecaster
    margins: Floats
    grown: FittedForest | None = None


@dataclass(frozen=True)
class Trainer:
    """What every fit of an experiment shares; ``rule`` turns probabilities into bands."""

    description: Description
    experiment: Experiment
    threads: int = 0
    progress: Progress = SILENT
    rule: BandRule | None = None

    def fits(self, names: Sequence[str], sure: Sequence[str] = ()) -> int:
        """Return how many fits :meth:`fitted` makes, for progress."""
        once = sum(self._fitter.fits(part) for part in parts_of(names))
        if self.experiment.intervals != "full":
            return once
        again = [part for name in sure if name != "base-rate" for part in parts_of([name])]
        return once + self.experiment.interval_refits * sum(self._fitter.fits(part) for part in again)

    @property
    def _fitter(self) -> Fitter:
        return Fitter(self.description, self.experiment, self.threads, self.progress)

    def forecasters(self, names: Sequence[str], cases: Cases, *, late: Sample | None = None) -> dict[str, Forecaster]:
        """Fit the named models on ``cases``; each is calibrated on margins of people that its fits had not seen."""
        others = {} if late is None else {WEIGHTED: late}
        return {name: made.forecaster for name, made in self.fitted(names, cases, others=others).items()}

    def fitted(
        self,
        names: Sequence[str],
        cases: Cases,
        *,
        others: Mapping[str, Sample] = MappingProxyType({}),
        sure: Sequence[str] = (),
    ) -> dict[str, Fitted]:
        """Fit the named models, with what else is known of each.

        ``others``: what models with a mark are fitted on instead, by that mark: :data:`WEIGHTED` the same cases and
        those of incomplete follow-up, weighted; :data:`OVERLAPPING` all cases before the test. ``sure``: the models
        that also get intervals, outcome sets and a mark for cases outside what they were fitted on.
        """
        check_varies(cases, self.description.label)
        plain = sample_of(cases)
        samples = {part: self._sample(part, plain, others) for part in parts_of(names)}
        fits = {part: self._fitter.fit(part, sample) for part, sample in samples.items()}
        made = {}
        for name in names:
            fit = self._joined(name, fits)
            made[name] = self._calibrated(name, fit, samples[parts_of([name])[0]], name in sure)
        return made

    def _sample(self, part: str, plain: Sample, others: Mapping[str, Sample]) -> Sample:
        mark = next((mark for mark in (WEIGHTED, OVERLAPPING) if part.endswith(mark)), None)
        if mark is None:
            return plain
        if mark not in others:
            raise Problem("model-needs-time", path=self.description.label, model=part, split=self.experiment.split)
        return others[mark]

    def _calibrated(self, name: str, fit: Fit, sample: Sample, sure: bool) -> Fitted:
        calibration = calibration_of(fit, sample) if fit.model.features else identity(sample.happened.shape[1])
        rule = self.rule or costs_of(self.experiment, self.description.scale, None)
        forecaster = Forecaster(fit.model, calibration, rule)
        if sure and fit.model.features:
            forecaster = self._with_uncertainty(name, forecaster, fit, sample)
        return Fitted(forecaster, fit.margins, fit.grown)

    def _with_uncertainty(self, name: str, forecaster: Forecaster, fit: Fit, sample: Sample) -> Forecaster:
        part = parts_of([name])[0]
        told, known = told_of(fit, sample)
        features = features_of(part, self.description, self.experiment, self.description.label)
        found = fit_uncertainty(
            [feature for feature in features if feature.name in fit.model.features],  # a scale reads few of its set
            known.frame,
            fit.fold_margins,
            fit.margins[told],
            known.happened,
            persons=known.persons.to_numpy(),
            calibration=forecaster.calibration,
            complete=known.complete,
            share=self.experiment.outcome_set_share,
            seed=self.experiment.seed,
        )
        if self.experiment.intervals == "full":
            found = dataclasses.replace(found, intervals=self._full_intervals(name, found.intervals, fit, sample))
        return dataclasses.replace(forecaster, uncertainty=found)

    def _full_intervals(self, name: str, default: Intervals, fit: Fit, sample: Sample) -> Intervals:
        """Return intervals from fitting and calibrating the model anew on resamples of people, folds and all."""
        reference = sample.frame.iloc[fit.reference].reset_index(drop=True)
        fitter = self._fitter
        if isinstance(fit.model, Forest):  # the sizes were found for a ratio once, and are what is in use
            sizes = tuple(fit.model.facts["sizes"])
            fitter = dataclasses.replace(fitter, experiment=dataclasses.replace(self.experiment, forest_sizes=sizes))

        def refit(rows: Ints) -> Floats:
            drawn = sample.take(rows)
            again = self._joined(name, {part: fitter.fit(part, drawn) for part in parts_of([name])})
            return calibration_of(again, drawn).uncapped(again.model.margins(reference))

        e = self.experiment
        return full_intervals(default, refit, sample.persons.to_numpy(), replicates=e.interval_refits, seed=e.seed)

    def _joined(self, name: str, fits: Mapping[str, Fit]) -> Fit:
        if name != "blend":
            return fits[name]
        trees, line = (fits[part] for part in BLENDED)
        share = self.experiment.blend_logistic

        def mixed(one: Floats, other: Floats) -> Floats:
            blended: Floats = (1 - share) * one + share * other
            return blended

        folds = None
        if trees.fold_margins is not None and line.fold_margins is not None:
            folds = mixed(trees.fold_margins, line.fold_margins)
        assert isinstance(trees.model, Boosting)
        assert isinstance(line.model, Logistic)
        model = Blend(trees.model, line.model, share)
        return Fit(model, mixed(trees.margins, line.margins), trees.reference, folds)


def told_of(fit: Fit, sample: Sample) -> tuple[Bools, Sample]:
    """Return which cases (n,) have a margin from a fit without their person, and those cases."""
    told = np.asarray(~np.isnan(fit.margins).any(axis=1))
    return told, sample if told.all() else sample.take(told)


def calibration_of(fit: Fit, sample: Sample) -> Calibration:
    """Return the calibration of a fit, from the cases that it had not seen."""
    told, known = told_of(fit, sample)
    return fit_calibration(fit.margins[told], known.happened, known.weights)


def parts_of(names: Sequence[str]) -> list[str]:
    """Return the parts that the named models are made of, each once."""
    return list(dict.fromkeys(part for name in names for part in (BLENDED if name == "blend" else (name,))))
