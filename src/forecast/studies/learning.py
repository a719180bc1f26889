"""Draw the learning curve: how many years of history are enough for the same test.

Where the test lies later in time, training is shortened to the last years whose outcomes were complete when it began;
elsewhere to a share of the people. Every model is tested on the same cases, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.evaluation.evaluate import evaluate_level
from forecast.evaluation.page import section, write_study
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import NAVY
from forecast.files import sha256
from forecast.progress import SILENT, Progress
from forecast.training.checks import FEWEST, check_outcomes
from forecast.training.fit import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from forecast.cases import Cases, Floats, Ints
    from forecast.evaluation.bootstrap import Estimate
    from forecast.evaluation.page import Section
    from forecast.settings import Settings
    from forecast.training.material import Material

MONTHS = (6, 12, 24, 36, 48, 60, 84, 120)
SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
MONTH_DAYS = 365.25 / 12
FIGURES = ("brier", "auc", "calibration_slope")


@dataclass(frozen=True)
class Size:
    """A size of training: its label, cases and people, and by level the figures and the differences to the largest."""

    label: str
    cases: int
    people: int
    figures: dict[str, dict[str, Estimate]]
    less_largest: dict[str, dict[str, Estimate]]


@dataclass(frozen=True)
class LearningCurve:
    """Sizes from small to large, tested on the same ``tested`` cases; ``words`` say by level what is forecast."""

    model: str
    sizes: tuple[Size, ...]
    tested: int
    words: dict[str, str]
    how: str


def learning_curve(material: Material, settings: Settings, *, progress: Progress = SILENT) -> LearningCurve:
    """Fit the experiment's model on ever more training cases of its last fold and test each on that fold."""
    fold = material.repeats[0][-1]
    train, test = material.cases.take(fold.train), material.cases.take(fold.test)
    model = material.experiment.model
    check_outcomes(train, material.path)
    steps = [step for step in _steps(train, material.experiment.seed) if _enough(train, step[1])]
    trainer = Trainer(material.description, material.experiment, settings.threads, progress, material.rule)
    progress.begin(f"fitting {model} on {len(steps)} sizes", len(steps) * trainer.fits([model]))
    made: dict[str, Floats] = {}
    for label, rows in steps:
        forecaster = trainer.forecasters([model], train.take(rows))[model]
        made[label] = forecaster.forecast(test.features).probability
    return _measured(material, settings, test, train, steps, made, progress)


def _enough(train: Cases, rows: Ints) -> bool:
    """Say whether these cases hold enough of each outcome to fit on; a size with fewer is left out of the curve."""
    happened = train.outcomes.to_numpy(dtype=bool)[rows]
    return bool(np.minimum(happened.sum(axis=0), (~happened).sum(axis=0)).min() >= FEWEST)


def _steps(train: Cases, seed: int) -> list[tuple[str, Ints]]:
    """Return the training sizes by label, as positions of cases, smallest first."""
    if train.keys[AS_OF].notna().all():
        steps = _by_time(train.keys[AS_OF])
        if len(steps) > 1:
            return steps
    return _by_people(train.keys[PERSON_ID], seed)


def _by_time(as_of: pd.Series) -> list[tuple[str, Ints]]:
    last = as_of.max()
    days = (last - as_of).dt.total_seconds().to_numpy() / 86_400
    span = float(days.max()) / MONTH_DAYS
    shorter = [months for months in MONTHS if months < span - 1]
    steps = [(f"last {_said(months)}", np.flatnonzero(days < months * MONTH_DAYS)) for months in shorter]
    return [*steps, (f"all, {span / 12:.1f} years", np.arange(len(as_of)))]


def _said(months: int) -> str:
    if months % 12:
        return f"{months} months"
    return "year" if months == 12 else f"{months // 12} years"


def _by_people(persons: pd.Series, seed: int) -> list[tuple[str, Ints]]:
    """Return nested shares of the people, drawn once."""
    people = np.array(sorted(set(persons)), dtype=object)
    drawn = np.random.default_rng(seed).permutation(people)
    return [
        (f"{share:.0%} of the people", np.flatnonzero(persons.isin(set(drawn[: round(share * len(drawn))])).to_numpy()))
        for share in SHARES
    ]


def _measured(
    material: Material,
    settings: Settings,
    test: Cases,
    train: Cases,
    steps: Sequence[tuple[str, Ints]],
    made: dict[str, Floats],
    progress: Progress,
) -> LearningCurve:
    scale, largest = material.description.scale, steps[-1][0]
    found = {}
    for k, level in enumerate(scale.reached):
        found[level] = evaluate_level(
            level,
            scale.words[k],
            test.outcomes[level].to_numpy(),
            {label: p[:, k] for label, p in made.items()},
            test.keys[PERSON_ID].to_numpy(),
            pd.DataFrame(index=test.keys.index),
            chosen=largest,
            cutoffs=[material.rule.values[k]],
            scores={},
            settings=settings,
            seed=material.experiment.seed,
            progress=progress,
        )
    sizes = tuple(
        Size(
            label,
            len(rows),
            int(train.keys[PERSON_ID].iloc[rows].nunique()),
            {level: {name: e.models[label][name] for name in FIGURES} for level, e in found.items()},
            {level: dict(e.differences.get(label, {})) for level, e in found.items()},
        )
        for label, rows in steps
    )
    how = f"Tested on the same {len(test):,} cases ({material.repeats[0][-1].label}), which no size was fitted on."
    words = dict(zip(scale.reached, scale.words, strict=True))
    return LearningCurve(material.experiment.model, sizes, len(test), words, how)


def learning_section(curve: LearningCurve) -> Section:
    """Return the curve as a part of a page: a picture and a table a level."""
    from markupsafe import Markup

    levels = [
        {"level": level, "words": words, "picture": Markup(_picture(curve, level, words))}
        for level, words in curve.words.items()
    ]
    return section("learning", "How much history is enough", "learning", curve=curve, levels=levels)


def _picture(curve: LearningCurve, level: str, words: str) -> str:
    """Draw the Brier score with its interval against the number of training cases."""
    known = [(size, size.figures[level]["brier"]) for size in curve.sizes]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        x = [size.cases for size, _ in known]
        y = [e.value or 0.0 for _, e in known]
        bars = [[v - (e.low if e.low is not None else v) for v, (_, e) in zip(y, known, strict=True)],
                [(e.high if e.high is not None else v) - v for v, (_, e) in zip(y, known, strict=True)]]  # fmt: skip
        axes.errorbar(x, y, yerr=bars, fmt="o-", color=NAVY, markersize=5, linewidth=1.4, elinewidth=1.2)
        axes.set(xlabel="Training cases", ylabel="Brier score (lower is better)")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")

    label = (
        f"Brier score of forecasts that people were {words}, by number of training cases; the table gives the figures."
    )
    return draw(paint, (5.6, 2.8), name=f"learning-{level}", label=label)


def write_learning(curve: LearningCurve, material: Material, settings: Settings, path: Path) -> None:
    """Write the curve as a page."""
    technical = {
        "Experiment": material.experiment.name,
        "Data": f"{material.path.name}, sha256 {sha256(material.path)}",
        "Seed": str(material.experiment.seed),
        "Bootstrap": f"{settings.bootstrap_replicates} resamples of people",
    }
    lead = f"{material.description.head.title}. Source: {material.description.head.source}"
    write_study(path, [learning_section(curve)], title="Learning curve", lead=lead, technical=technical)
