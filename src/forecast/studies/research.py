"""Hold the one configuration with which public challenges are answered; `examples/research.toml` says the same."""

from __future__ import annotations

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


def fitted(description: Description, cases: Cases, threads: int, progress: Progress = SILENT) -> Forecaster:
    """Fit the configuration's model on cases."""
    trainer = Trainer(description, RESEARCH, threads, progress)
    progress.begin(f"fitting {RESEARCH.model}: {description.label}", trainer.fits([RESEARCH.model]))
    return trainer.forecasters([RESEARCH.model], cases)[RESEARCH.model]
