"""Put evaluations into text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecast.cli.console import interval, table

if TYPE_CHECKING:
    from forecast.evaluation.results import LevelEvaluation
    from forecast.training.train import Trained


def evaluations_text(evaluations: Sequence[LevelEvaluation]) -> str:
    """Return AUC, Brier score and calibration slope of every model, a table for each level."""
    return "\n\n".join(_level(e) for e in evaluations)


def _level(e: LevelEvaluation) -> str:
    rows = []
    for name, figures in e.models.items():
        auc, brier, slope = (figures[metric] for metric in ("auc", "brier", "calibration_slope"))
        label = f"{name} (chosen)" if name == e.chosen else name
        digits = interval(slope.value, slope.low, slope.high, 2)
        rows.append(
            (label, interval(auc.value, auc.low, auc.high), interval(brier.value, brier.low, brier.high), digits)
        )
    for name, score in e.scores.items():
        rows.append((name, interval(score.auc.value, score.auc.low, score.auc.high), "not a probability", ""))
    head = f"{e.words}: {e.cases:,} cases of {e.people:,} people, {e.events:,} with the outcome; 95 % intervals"
    return f"{head}\n" + table(("model", "AUC", "Brier", "calibration slope"), rows)


def trained_text(trained: Trained) -> str:
    """Return the figures of a training run, its notes, and where things lie."""
    said = [f"Note: {note}" for note in trained.notes] + [f"Caution: {caution}" for caution in trained.cautions]
    notes = "\n".join(said)
    where = f"Bundle {trained.model_id} in {trained.folder}\nReport: {trained.folder / 'report.html'}"
    tracked = f"Tracked as run {trained.run_id}; `forecast tracking` opens the page." if trained.run_id else ""
    return "\n\n".join(filter(None, [evaluations_text(trained.evaluations), notes, where, tracked]))
