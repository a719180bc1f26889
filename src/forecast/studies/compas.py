"""Set ours beside the table of Dressel and Farid on the two-year COMPAS data: accuracy and errors, by ethnicity.

Published: Science Advances 4(1) eaao5580 (2018), table 2: the mean over 1,000 random splits, 80 to 20, of 7,214 people,
with 95 % intervals. Ours: people in five folds (80 to 20 each), drawn anew several times; each figure is the mean over
the folds with the range that holds 95 % of them, cut at 0.5 as there. COMPAS flags from decile 5 on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.progress import SILENT, Progress
from forecast.studies.research import RESEARCH
from forecast.training.material import prepare
from forecast.training.testing import held_out_forecasts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forecast.cases import Bools
    from forecast.settings import Settings
    from forecast.training.material import Material

Figure = tuple[float, float, float]
"""A figure with the lower and upper end of its range, in percent."""

MEASURES = ("accuracy", "accuracy black", "accuracy white", "FPR black", "FPR white", "FNR black", "FNR white")
PUBLISHED: Mapping[str, tuple[Figure, ...]] = {
    "logistic, 7 features": ((66.6, 64.4, 68.9), (66.7, 63.6, 69.6), (66.0, 62.6, 69.6), (42.9, 37.7, 48.0),
                             (25.3, 20.1, 30.2), (24.2, 20.1, 28.2), (47.3, 40.8, 54.0)),
    "logistic, age and priors": ((66.8, 64.3, 69.2), (66.7, 63.5, 69.2), (66.4, 62.6, 70.1), (45.6, 39.9, 51.1),
                                 (25.3, 20.6, 30.5), (21.6, 17.5, 25.9), (46.1, 40.0, 52.7)),
    "support vector machine": ((65.2, 63.0, 67.2), (64.3, 61.1, 67.7), (65.2, 61.4, 69.0), (31.6, 26.4, 36.7),
                               (20.5, 16.1, 25.0), (39.6, 34.2, 45.0), (56.6, 50.3, 63.5)),
    "COMPAS": ((65.4, 64.3, 66.5), (63.8, 62.2, 65.4), (67.0, 65.1, 68.9), (44.8, 42.7, 46.9),
               (23.5, 20.7, 26.5), (28.0, 25.7, 30.3), (47.7, 45.2, 50.2)),
}  # fmt: skip
"""By model, the figures in the order of :data:`MEASURES`."""
SOURCE = "Dressel and Farid 2018, Science Advances 4(1) eaao5580, table 2"
TABLE = "compas:general"
CUT = 0.5
COMPAS = "COMPAS decile, 5 or more"
MEASURED = ("blend", "two-feature")
RACES = {"black": "African-American", "white": "Caucasian"}


@dataclass(frozen=True)
class BesidePublished:
    """Ours, by model, in the order of :data:`MEASURES`, in percent; from ``cases`` people in ``splits`` splits."""

    cases: int
    splits: int
    ours: Mapping[str, tuple[Figure, ...]]


def beside_published(
    settings: Settings, *, file: Path | None = None, repeats: int = 4, progress: Progress = SILENT
) -> BesidePublished:
    """Fit on folds by person of the published cohort and measure what the publication measured."""
    experiment = dataclasses.replace(
        RESEARCH, table=TABLE, file=str(file or ""), beside=("two-feature",), repeats=repeats
    )
    material = prepare(experiment, settings, progress=progress)
    rows = list(_folds(material, settings.threads, progress))
    ours = {
        name: tuple(_figure([row[name][i] for row in rows]) for i in range(len(MEASURES)))
        for name in (*MEASURED, COMPAS)
    }
    return BesidePublished(len(material.cases), len(rows), ours)


def _folds(material: Material, threads: int, progress: Progress) -> Iterator[dict[str, tuple[float, ...]]]:
    """Yield what each model and COMPAS reach in each fold of each draw."""
    cases = material.cases
    happened = cases.outcomes["any"].to_numpy(dtype=bool)
    race = cases.protected["race"].to_numpy()
    decile = cases.benchmarks["compas_decile"].to_numpy() >= 5
    for folds in material.repeats:
        tested = held_out_forecasts(material, folds, threads, progress)
        flagged = {name: tested.probability[name][:, 0] >= CUT for name in MEASURED} | {COMPAS: decile}
        for fold in folds:
            y, who = happened[fold.test], race[fold.test]
            yield {name: measures(y, flag[fold.test], who) for name, flag in flagged.items()}


def measures(happened: Bools, flagged: Bools, race: object) -> tuple[float, ...]:
    """Return the figures of :data:`MEASURES` for n people, in percent."""
    right = flagged == happened
    groups = [np.asarray(race) == name for name in RACES.values()]
    accuracy = [_percent(right, np.ones_like(right)), *(_percent(right, group) for group in groups)]
    false_positive = [_percent(flagged, group & ~happened) for group in groups]
    false_negative = [_percent(~flagged, group & happened) for group in groups]
    return (*accuracy, *false_positive, *false_negative)


def _percent(what: Bools, among: Bools) -> float:
    return float(100 * what[among].mean()) if among.any() else float("nan")


def _figure(values: list[float]) -> Figure:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(np.nanmean(values)), float(low), float(high)
