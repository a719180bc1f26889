"""Ask how steady reasons are: under fitting again on other people, and under tiny changes of what is on record.

The same cases are explained by the experiment's model and by models fitted on resamples of its training people; then by
the same model with the record a little changed. A reason that comes and goes with the sample says more about the sample
than about the record. Cases are one a person, so intervals resample cases.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.bootstrap import Estimate, estimate, person_weights
from forecast.explanations.points import to_points
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

SHOWN_LEAST = 0.05
"""People in 100 below which a reason is shown as none; its direction is not compared."""
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
    """Reasons of n cases at one level: ``points`` (n, F), ``themes`` (n, T), ``shown`` (n,), in people in 100."""

    points: Floats
    themes: Floats
    shown: Floats


@dataclass(frozen=True)
class LevelStability:
    """By what was changed, the measures of :data:`MEASURES`; ``contested``: how often the first reason is contested."""

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
    changed = {
        nudge: dataclasses.replace(test, features=nudged(nudge, test.features, features, seed)) for nudge in NUDGES
    }
    levels = []
    for k, level in enumerate(material.description.scale.reached):
        base = _explained(reference, test, features, k)
        again = {REFITTED: [_explained(other, test, features, k) for other in others]}
        again |= {nudge: [_explained(reference, later, features, k)] for nudge, later in changed.items()}
        words = material.description.scale.words[k]
        levels.append(_level(level, words, base, again, features, settings, seed))
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


def _explained(forecaster: Forecaster, cases: Cases, features: Sequence[Feature], level: int) -> Explained:
    points = to_points(forecaster.contributions(cases.features, level))
    names = [theme(feature) for feature in features]
    kinds = list(dict.fromkeys(names))
    belongs = np.array([[name == kind for kind in kinds] for name in names], dtype=np.float64)
    return Explained(points.values, points.values @ belongs, points.shown)


def _level(
    level: str,
    words: str,
    base: Explained,
    again: dict[str, list[Explained]],
    features: Sequence[Feature],
    settings: Settings,
    seed: int,
) -> LevelStability:
    most, replicates = settings.reasons_shown, settings.bootstrap_replicates
    figures = {}
    for change, others in again.items():
        each = [_compared(base, other, most) for other in others]
        figures[change] = {
            name: _mean(np.nanmean([one[name] for one in each], axis=0), replicates, seed) for name in MEASURES
        }
    first = _order(base.points)[:, 0]
    doubted = np.array([contested(feature) for feature in features])
    counts = np.bincount(first, minlength=len(features)) / len(first)
    leading = [(features[j].phrase, float(counts[j]), bool(doubted[j])) for j in np.argsort(-counts, kind="stable")[:5]]
    share = _mean(doubted[first].astype(np.float64), replicates, seed)
    return LevelStability(level, words, figures, share, tuple(one for one in leading if one[1]))


def _order(points: Floats) -> Ints:
    """Return the features of each case from the largest, as they are shown: ties by catalogue order, (n, F)."""
    order: Ints = np.argsort(-np.abs(np.round(points, 1)), axis=1, kind="stable")
    return order


def _compared(base: Explained, other: Explained, most: int) -> dict[str, Floats]:
    """Return for each case, (n,), what :data:`MEASURES` says; NaN where a case has no reason to compare."""
    before, after = _order(base.points), _order(other.points)
    shown = before[:, :most]
    old, new = (np.take_along_axis(each.points, shown, axis=1) for each in (base, other))
    told = np.abs(old) >= SHOWN_LEAST
    return {
        "top": (before[:, 0] == after[:, 0]).astype(np.float64),
        "theme": (_order(base.themes)[:, 0] == _order(other.themes)[:, 0]).astype(np.float64),
        "kept": _share((shown[:, :, None] == after[:, None, :most]).any(axis=2), told),
        "direction": _share(np.sign(old) == np.sign(new), told),
        "moved": _share(np.abs(new - old), told),
        "forecast": np.abs(other.shown - base.shown),
    }


def _share(values: Floats | Bools, among: Bools) -> Floats:
    """Return the mean over the places of ``among``, (n,); NaN where there is none."""
    count = among.sum(axis=1)
    return np.where(count > 0, (values * among).sum(axis=1) / np.maximum(count, 1), np.nan)


def _mean(values: Floats, replicates: int, seed: int) -> Estimate:
    """Return the mean over cases with its interval over resamples of them; cases without a value are left out."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return estimate(np.array([np.nan]))
    means = [weights @ kept / len(kept) for weights in person_weights(np.arange(len(kept)), replicates, seed)]
    return estimate(np.concatenate([[kept.mean()], *means]))
