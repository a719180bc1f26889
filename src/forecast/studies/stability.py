"""Ask how steady reasons are: under fitting again on other people, and under tiny changes of what is on record.

The same cases are explained by the experiment's model and by models fitted on resamples of its training people; then by
the same model with the record a little changed. A reason that comes and goes with the sample says more about the sample
than about the record. Cases are one a person, so intervals resample cases; where models were fitted again, these too.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.bootstrap import Estimate, estimate, person_weights
from forecast.explanations.points import to_points
from forecast.explanations.reasons import Reasoner
from forecast.explanations.wording import theme
from forecast.progress import SILENT, Progress
from forecast.studies.nudges import NUDGES, nudged
from forecast.training.checks import check_outcomes
from forecast.training.fit import Trainer

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Floats, Ints
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.tables.description import Feature
    from forecast.training.material import Material

NOTHING = -1
"""Stands for the first reason, or the leading theme, of a case of which nothing is told."""
REFITTED = "fitted again on a resample of the training people"
MEASURES = {
    "top": "the first reason is the same fact",
    "theme": "the leading theme is the same",
    "kept": "of the reasons shown, those shown again",
    "direction": "of the reasons shown, those with the same direction",
    "moved": "mean change of a shown reason, people in 100",
    "forecast": "mean change of the forecast, people in 100",
}
"""What is measured; all but the last two are shares."""


@dataclass(frozen=True)
class Explained:
    """Reasons of n cases at one level, in people in 100: ``points`` (n, F), ``figure`` (n,).

    ``shown``: (n, F) the facts that an explanation shows; ``told``: those of them that come to a tenth.
    ``first`` and ``theme``: (n,) the place of the first reason and of the leading theme, :data:`NOTHING` where none
    comes to a tenth.
    """

    points: Floats
    figure: Floats
    shown: Bools
    told: Bools
    first: Ints
    theme: Ints


@dataclass(frozen=True)
class LevelStability:
    """By what was changed, the measures of :data:`MEASURES`; ``contested``: how often the first reason is contested.

    Cases of which nothing is told have no first reason and are left out.
    """

    level: str
    words: str
    figures: dict[str, dict[str, Estimate]]
    contested: Estimate
    first: tuple[tuple[str, float, bool], ...]
    """What most often comes first: feature's phrase, share of cases, whether it is contested."""


@dataclass(frozen=True)
class Stability:
    """How steady the reasons of a model are, on ``cases`` that no fit has seen."""

    model: str
    levels: tuple[LevelStability, ...]
    cases: int
    refits: int
    contested: tuple[str, ...]
    """Phrases of the features that are contested or protected, as far as the model reads them."""


def stability(
    material: Material, settings: Settings, *, refits: int = 10, cases: int = 500, progress: Progress = SILENT
) -> Stability:
    """Explain up to ``cases`` test cases of the last fold, one a person, by the model and by ``refits`` others.

    Each refit is trained and calibrated on a resample, with replacement, of the people of that fold's training cases.
    """
    fold, seed = material.repeats[0][-1], material.experiment.seed
    train, test = material.cases.take(fold.train), _one_a_person(material.cases.take(fold.test), cases, seed)
    check_outcomes(train, material.path)
    name = material.experiment.model
    trainer = Trainer(material.description, material.experiment, settings.threads, progress, material.rule)
    progress.begin(f"fitting {name} {refits + 1} times", (refits + 1) * trainer.fits([name]))
    reference = trainer.forecasters([name], train)[name]
    rng = np.random.default_rng(seed)
    others = [trainer.forecasters([name], train.take(_resample(train, rng)))[name] for _ in range(refits)]
    features = [material.description.feature(each) for each in reference.model.features]
    reasoner = Reasoner(features, settings)
    changed = {
        nudge: dataclasses.replace(test, features=nudged(nudge, test.features, features, seed)) for nudge in NUDGES
    }
    levels = []
    for k, level in enumerate(material.description.scale.reached):
        base = _explained(reference, test, reasoner, k)
        again = {REFITTED: [_explained(other, test, reasoner, k) for other in others]}
        again |= {nudge: [_explained(reference, later, reasoner, k)] for nudge, later in changed.items()}
        words = material.description.scale.words[k]
        levels.append(_level(level, words, base, again, reasoner, seed))
    return Stability(name, tuple(levels), len(test), refits, tuple(f.phrase for f in features if contested(f)))


def contested(feature: Feature) -> bool:
    """Say whether a feature is protected or contested, as its table declares."""
    return bool(feature.sensitive or feature.caution)


def _one_a_person(cases: Cases, most: int, seed: int) -> Cases:
    """Draw cases at random, none of a person twice, in the order of the file."""
    order = np.random.default_rng(seed).permutation(len(cases))
    first = ~cases.keys[PERSON_ID].iloc[order].duplicated().to_numpy()
    return cases.take(np.sort(order[first][:most]))


def _resample(train: Cases, rng: np.random.Generator) -> Ints:
    """Return the rows of as many people as there are, drawn with replacement."""
    codes, people = train.keys[PERSON_ID].factorize()
    times = np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))
    return np.repeat(np.arange(len(train)), times[codes])


def _explained(forecaster: Forecaster, cases: Cases, reasoner: Reasoner, level: int) -> Explained:
    points = to_points(forecaster.contributions(cases.features, level))
    names = [theme(feature) for feature in reasoner.features]
    kinds = list(dict.fromkeys(names))
    belongs = np.array([[name == kind for kind in kinds] for name in names], dtype=np.float64)
    return explained_of(points.values, points.values @ belongs, points.shown, reasoner)


def explained_of(points: Floats, themes: Floats, figure: Floats, reasoner: Reasoner) -> Explained:
    """Return what is told of n cases, by the choice of facts that explanations make.

    ``points``: (n, F), ``themes``: (n, T), ``figure``: (n,).
    """
    rounded = np.round(points, 1) + 0.0
    shown = np.zeros(rounded.shape, dtype=bool)
    first = np.full(len(rounded), NOTHING, dtype=np.int64)
    for i, row in enumerate(rounded):
        chosen = reasoner.choose(row)
        shown[i, chosen] = True
        if chosen and row[chosen[0]]:
            first[i] = chosen[0]
    return Explained(points, figure, shown, shown & (rounded != 0), first, _leading(np.round(themes, 1)))


def _leading(themes: Floats) -> Ints:
    """Return the place of the largest theme, ties by order, (n,)."""
    size = np.abs(themes)
    found: Ints = np.where(size.any(axis=1), np.argmax(size, axis=1), NOTHING)
    return found


def _level(
    level: str,
    words: str,
    base: Explained,
    again: dict[str, list[Explained]],
    reasoner: Reasoner,
    seed: int,
) -> LevelStability:
    features, replicates = reasoner.features, reasoner.settings.bootstrap_replicates
    figures = {}
    for change, others in again.items():
        each = [compared(base, other) for other in others]
        figures[change] = {name: mean_of(np.array([one[name] for one in each]), replicates, seed) for name in MEASURES}
    first = base.first[base.first != NOTHING]
    doubted = np.array([contested(feature) for feature in features])
    counts = np.bincount(first, minlength=len(features)) / max(len(first), 1)
    leading = [(features[j].phrase, float(counts[j]), bool(doubted[j])) for j in np.argsort(-counts, kind="stable")[:5]]
    share = mean_of(doubted[first].astype(np.float64)[None], replicates, seed)
    return LevelStability(level, words, figures, share, tuple(one for one in leading if one[1]))


def compared(base: Explained, other: Explained) -> dict[str, Floats]:
    """Return for each case, (n,), what :data:`MEASURES` says; NaN where a case has no reason to compare."""
    return {
        "top": np.where(base.first == NOTHING, np.nan, base.first == other.first),
        "theme": np.where(base.theme == NOTHING, np.nan, base.theme == other.theme),
        "kept": _share(other.shown, base.told),
        "direction": _share(np.sign(base.points) == np.sign(other.points), base.told),
        "moved": _share(np.abs(other.points - base.points), base.told),
        "forecast": np.abs(other.figure - base.figure),
    }


def _share(values: Floats | Bools, among: Bools) -> Floats:
    """Return the mean over the places of ``among``, (n,); NaN where there is none."""
    count = among.sum(axis=1)
    return np.where(count > 0, (values * among).sum(axis=1) / np.maximum(count, 1), np.nan)


def mean_of(values: Floats, replicates: int, seed: int) -> Estimate:
    """Return the mean over R fits and n cases, (R, n), with its interval; cases without a value are left out.

    Both are drawn with replacement, each by itself (the pigeonhole bootstrap of Owen 2007, Annals of Applied Statistics
    1:386; recalled, unverified), so that the interval holds what another draw of cases and another draw of refits would
    change. A case has a value for all fits or for none.
    """
    kept = values[:, ~np.isnan(values[0])]
    fits, count = kept.shape
    if not count:
        return estimate(np.array([np.nan]))
    of_fits = np.concatenate(list(person_weights(np.arange(fits), replicates, seed + 1)))
    of_cases = np.concatenate([weights @ kept.T for weights in person_weights(np.arange(count), replicates, seed)])
    means = (of_cases * of_fits).sum(axis=1) / (fits * count)
    return estimate(np.concatenate([[kept.mean()], means]))
