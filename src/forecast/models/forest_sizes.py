"""Find how many cases a forest must draw of each class so that its errors stand in a signed ratio.

There is one ratio and, with three classes, two free sizes. The rule: the ratio of cautious to dangerous errors must
meet the target, and the share of LOW forecasts is kept near a wanted one (by default the share of cases that turned
out so, so that nobody's forecast is raised or lowered at the lower boundary for nothing); where both cannot be had,
the ratio goes before. No class is drawn more often than it has cases, and one is drawn just as often: where cases of a
class are drawn again and again, hardly one of them is ever out of bag, and tables by case are made of the others.

Errors are those of votes from trees that know nothing of the person. The search is Levenberg and Marquardt's on the
logarithms of the sizes with Broyden's estimate of the slopes (Nocedal and Wright 2006, chapters 10 and 11): each try
grows a small forest, and the same seed for all tries leaves little chance between them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.forest import plurality
from forecast.models.forest_fit import ForestOptions, fit_forest
from forecast.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.tables.description import Feature

TRIAL_TREES = 101
LOW_TOLERANCE = 0.02
"""How far the share of LOW forecasts may lie from the wanted one before the search looks for better."""
FIRST_STEP = 0.25
"""How far, in logarithms, the first tries move one size to see what follows."""
LONGEST_STEP, SHORTEST_STEP = 1.0, 1e-4
HALF = 0.5
"""Added to each count of errors: a ratio exists even where one of them is none."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try: cases drawn of each class, and what errors and LOW forecasts the votes by person then made."""

    sizes: tuple[int, ...]
    cautious: int
    dangerous: int
    low_share: float

    @property
    def ratio(self) -> float:
        """Cautious errors for each dangerous one."""
        return (self.cautious + HALF) / (self.dangerous + HALF)


@dataclass(frozen=True, slots=True)
class TunedSizes:
    """The sizes to sign, their ratio, and every try on the way to them, in order."""

    sizes: tuple[int, ...]
    ratio: float
    low_share: float
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class _Aim:
    """What is to be met: the ratio within ``tolerance`` (a share of it), and a share of LOW forecasts."""

    ratio: float
    tolerance: float
    low_share: float

    def meets(self, found: Try) -> bool:
        return abs(found.ratio / self.ratio - 1) <= self.tolerance

    def misses(self, found: Try, classes: int) -> Floats:
        """Return how far a try misses, in tolerances: the ratio, and with three classes the share of LOW."""
        ratio = np.log(found.ratio / self.ratio) / self.tolerance
        low = (found.low_share - self.low_share) / LOW_TOLERANCE
        return np.array([ratio, low / 4][: classes - 1])


def tune_sizes(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    happened: Bools,
    persons: Any,
    *,
    target_ratio: float,
    tolerance: float = 0.05,
    low_share: float | None = None,
    options: ForestOptions,
    trees: int = TRIAL_TREES,
    most_tries: int = 12,
    seed: int,
    threads: int = 0,
) -> TunedSizes:
    """Return sizes with which cautious errors are ``target_ratio`` times the dangerous, within a share ``tolerance``.

    Raises the problem "forest-ratio", which names the nearest ratio, when no try of ``most_tries`` meets it.
    """
    reached = happened.sum(axis=1).astype(np.int64)
    counts = np.bincount(reached, minlength=happened.shape[1] + 1)
    wanted = float(np.mean(reached == 0)) if low_share is None else low_share
    aim = _Aim(target_ratio, tolerance, wanted)

    def trial(sizes: tuple[int, ...]) -> Try:
        small = dataclasses.replace(options, trees=trees, sizes=sizes)
        fitted = fit_forest(features, frame, happened, persons, options=small, seed=seed, threads=threads)
        return _tried(sizes, plurality(fitted.by_person), reached)

    tries = _search(trial, counts, aim, most_tries)
    best = min(tries, key=lambda t: (not aim.meets(t), _distance(t, aim, len(counts))))
    if not aim.meets(best):
        nearest = min(tries, key=lambda t: abs(np.log(t.ratio / target_ratio)))
        sizes = " / ".join(str(size) for size in nearest.sizes)
        raise Problem(
            "forest-ratio", target=target_ratio, tolerance=100 * tolerance, nearest=float(nearest.ratio), sizes=sizes
        )
    return TunedSizes(best.sizes, best.ratio, best.low_share, tuple(tries))


def _tried(sizes: tuple[int, ...], forecast: Ints, reached: Ints) -> Try:
    voted = forecast >= 0
    forecast, reached = forecast[voted], reached[voted]
    low = float(np.mean(forecast == 0))
    return Try(sizes, int((forecast > reached).sum()), int((forecast < reached).sum()), low)


def _distance(found: Try, aim: _Aim, classes: int) -> float:
    return float((aim.misses(found, classes) ** 2).sum())


def _search(trial: Callable[[tuple[int, ...]], Try], counts: Ints, aim: _Aim, most_tries: int) -> list[Try]:
    """Return every try, until one meets the aim on all counts or ``most_tries`` are made."""
    classes = len(counts)
    place = np.zeros(classes - 1)
    tries = [trial(_sizes(place, counts))]
    missed = aim.misses(tries[0], classes)
    slopes = np.zeros((classes - 1, classes - 1))
    for k in range(classes - 1):
        if _done(tries[-1], aim, classes) or len(tries) >= most_tries:
            return tries
        up = 1.0 if k == classes - 2 else -1.0  # more of the highest class, or less of LOW: more caution
        step = np.eye(classes - 1)[k] * FIRST_STEP * up * (-np.sign(missed[0]) or 1.0)
        tries.append(trial(_sizes(place + step, counts)))
        slopes[:, k] = (aim.misses(tries[-1], classes) - missed) / step[k]
    damping = 1e-3
    while not _done(tries[-1], aim, classes) and len(tries) < most_tries:
        step = _step(slopes, missed, damping)
        if not np.abs(step).max() > SHORTEST_STEP:
            break
        tries.append(trial(_sizes(place + step, counts)))
        now = aim.misses(tries[-1], classes)
        slopes += np.outer(now - missed - slopes @ step, step) / (step @ step)
        better = float(now @ now) < float(missed @ missed)
        damping = damping / 10 if better else damping * 100
        if better:
            place, missed = place + step, now
    return tries


def _done(found: Try, aim: _Aim, classes: int) -> bool:
    return aim.meets(found) and (classes < 3 or abs(found.low_share - aim.low_share) <= LOW_TOLERANCE)


def _step(slopes: Floats, missed: Floats, damping: float) -> Floats:
    """Return the damped step towards no miss, no longer than :data:`LONGEST_STEP` in any direction."""
    square = slopes.T @ slopes
    scale = np.diag(np.maximum(np.diag(square), 1e-6))
    step = -np.linalg.solve(square + damping * scale, slopes.T @ missed)
    return np.asarray(step / max(1.0, float(np.abs(step).max()) / LONGEST_STEP), dtype=np.float64)


def _sizes(place: Floats, counts: Ints) -> tuple[int, ...]:
    """Return sizes, no greater than the classes; ``place``: logarithms of how much oftener than the second highest
    class (by its own number) the others are drawn, lowest class first.
    """
    often = np.exp(np.insert(place, len(counts) - 2, 0.0))
    return tuple(max(1, int(size)) for size in np.rint(counts * often / often.max()))
