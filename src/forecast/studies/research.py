"""Hold the configurations with which public data are answered; `examples/research.toml` and the others say the same."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from forecast.progress import SILENT, Progress
from forecast.training.experiment import Experiment
from forecast.training.fit import Trainer

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.models.forecaster import Forecaster
    from forecast.tables.description import Description

RESEARCH = Experiment(
    name="research",
    table="nij:round1",
    model="blend",
    beside=("boosting", "logistic", "two-feature", "base-rate"),
    cutoffs_reason="the published comparisons use 0.5",
)
CHALLENGE = dataclasses.replace(RESEARCH, model="boosting", beside=("blend", "logistic", "two-feature", "base-rate"))
"""For all three rounds of the NIJ challenge: trees alone are as good there as the blend, or better
(`python -m benchmarks.gain`); on COMPAS the blend is better."""


def fitted(
    experiment: Experiment, description: Description, cases: Cases, threads: int, progress: Progress = SILENT
) -> Forecaster:
    """Fit the experiment's model on cases."""
    model = experiment.model
    trainer = Trainer(description, experiment, threads, progress)
    progress.begin(f"fitting {model}: {description.label}", trainer.fits([model]))
    return trainer.forecasters([model], cases)[model]
