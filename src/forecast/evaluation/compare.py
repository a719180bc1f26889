"""Set all models beside the chosen one, on the same cases: figures, and paired differences with their intervals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation import kernels, metrics
from forecast.evaluation.bootstrap import (
    SAME_FOR_ALL,
    Estimate,
    estimate,
    estimates,
    person_codes,
    resampled,
    without_ranking,
)
from forecast.evaluation.matched import MATCHED, MatchedBands, upper_shares
from forecast.evaluation.ranked import Ranked
from forecast.evaluation.results import plain
from forecast.problems import Problem
from forecast.progress import SILENT, Progress

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

BETTER, WORSE, ALIKE, NO_VERDICT = "better", "worse", "cannot be told apart", "cannot be compared"

LEVEL_METRICS = ("brier", "auc", "log_loss", "calibration_slope")
COMPARED_IN_LEVEL = ("brier", "auc", "log_loss")
COMPARED_OVER_LEVELS = ("rps", "exact", "errors", "very_dangerous")
HIGHER_IS_BETTER = ("auc", "exact")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the chosen model less that of another, paired; ``verdict`` is about the chosen one.

    "better" or "worse": the 95 % interval excludes zero; "cannot be told apart": it does not.
    """

    figure: Estimate
    verdict: str


@dataclass(frozen=True, slots=True)
class LevelComparison:
    """One level: ``models`` by model and metric (:data:`LEVEL_METRICS`), ``differences`` by other model and metric."""

    level: str
    events: int
    models: Mapping[str, Mapping[str, Estimate]]
    differences: Mapping[str, Mapping[str, Difference]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All models on the same cases, and the chosen one less each other.

    ``levels``: each level by itself. ``models``, ``differences``: over all levels, by model and metric: ``rps`` (ranked
    probability score: mean over the levels of the Brier score), ``exact`` (share whose most probable outcome came
    about), and at the matched ratio (see :mod:`forecast.evaluation.matched`) ``errors``, ``cautious``, ``dangerous``,
    ``low`` (shares of all cases), ``ratio``, and ``very_dangerous`` (share of LOW forecasts; not with two levels).
    """

    chosen: str
    cases: int
    people: int
    levels: tuple[LevelComparison, ...]
    models: Mapping[str, Mapping[str, Estimate]]
    differences: Mapping[str, Mapping[str, Difference]]
    target_ratio: float
    upper_shares: tuple[float, ...]
    replicates: int
    seed: int

    def level(self, name: str) -> LevelComparison:
        """Return the comparison of one level; ``KeyError`` when there is none of that name."""
        return {one.level: one for one in self.levels}[name]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, texts and numbers; a figure that does not exist is ``None``."""
        result: dict[str, Any] = plain(self)
        return result


def compare_models(
    probability: Mapping[str, Floats],
    happened: Bools,
    persons: Any,
    chosen: str,
    *,
    target_ratio: float = 2.0,
    replicates: int = 500,
    seed: int = 1,
    progress: Progress = SILENT,
    levels: Sequence[str] = (),
    shares: Sequence[float] | None = None,
    constant: Collection[str] = (),
) -> Comparison:
    """Compare the chosen model with every other on n cases that none of them was fitted or calibrated on.

    Parameters
    ----------
    probability : by model, (n, K-1) calibrated probabilities of reaching each level.
    happened : (n, K-1) whether the level was reached; a higher level implies the lower.
    persons : (n,) who each case is about; resamples draw these, the same for all models.
    target_ratio : cautious errors for each dangerous one, at which errors are counted.
    levels : names of the levels reached; by default "level 1" and so on.
    shares : (K-2,) share of cases in the band of each level above the first, or higher, the same for all models; by
        default the share that reached the level.
    constant : models that forecast the same for everybody: no AUC and no slope.

    Raises
    ------
    Problem
        ``model-unknown`` when ``chosen`` is not among the models.
    ValueError
        When shapes differ: a fault of the caller.
    """
    y = np.asarray(happened, dtype=bool)
    models = _checked(probability, y, persons, chosen)
    wanted = upper_shares(y) if shares is None else tuple(shares)
    people = person_codes(persons)
    progress.begin("Comparing models", replicates)
    found = _measure_all(
        models, y, people, ratio=target_ratio, shares=wanted, replicates=replicates, seed=seed, progress=progress
    )
    whole = {name: found[name, None] for name in models}
    names = tuple(levels) or tuple(f"level {k + 1}" for k in range(y.shape[1]))
    return Comparison(
        chosen=chosen,
        cases=len(y),
        people=int(people.max(initial=-1)) + 1,
        levels=tuple(
            _level(name, int(y[:, k].sum()), {m: found[m, k] for m in models}, chosen, constant)
            for k, name in enumerate(names)
        ),
        models={name: estimates(mine) for name, mine in whole.items()},
        differences=_differences(whole, chosen, COMPARED_OVER_LEVELS),
        target_ratio=target_ratio,
        upper_shares=wanted,
        replicates=replicates,
        seed=seed,
    )


def _checked(probability: Mapping[str, Floats], y: Bools, persons: Any, chosen: str) -> dict[str, Floats]:
    """Return the forecasts as arrays; raise what :func:`compare_models` says."""
    if chosen not in probability:
        raise Problem("model-unknown", name=chosen, known=", ".join(probability) or "none")
    models = {name: np.asarray(p, dtype=np.float64) for name, p in probability.items()}
    if any(p.shape != y.shape for p in models.values()) or len(persons) != len(y):
        raise ValueError(f"outcomes {y.shape}, persons {len(persons)} and forecasts differ in shape")
    return models


def _measure_all(
    models: Mapping[str, Floats],
    y: Bools,
    people: Ints,
    *,
    ratio: float,
    shares: Sequence[float],
    replicates: int,
    seed: int,
    progress: Progress,
) -> dict[tuple[str, int | None], dict[str, Floats]]:
    """Measure every model on the cases and on each resample: (1 + B,) arrays by (model, level or all) and metric."""
    outcome = y.sum(axis=1).astype(np.int64)
    bands = {name: MatchedBands(p, outcome, ratio, shares) for name, p in models.items()}
    ranked = {(name, k): Ranked(p[:, k], y[:, k]) for name, p in models.items() for k in range(y.shape[1])}
    names = [key for key in MATCHED if y.shape[1] > 1 or key != "very_dangerous"]
    labels, each = _averaged(models, y, outcome)

    def averages(weights: Floats) -> dict[str, Floats]:
        found = np.empty((len(weights), each.shape[1]))
        kernels.kernel(kernels.sums)(weights, each, found)
        return {str(i): column for i, column in enumerate(metrics.ratio(found.T, weights.sum(axis=1)))}

    def in_level(weights: Floats, one: Ranked) -> dict[str, Floats]:
        return {"auc": one.auc(weights), "calibration_slope": one.slope(weights)}

    def over_levels(weights: Floats, matched: MatchedBands) -> dict[str, Floats]:
        measured = matched.measure(weights)
        return {key: measured[key] for key in names}

    measures: dict[tuple[str, int | None] | None, Any] = {None: averages}
    measures |= {where: partial(in_level, one=one) for where, one in ranked.items()}
    measures |= {(name, None): partial(over_levels, matched=one) for name, one in bands.items()}
    found = resampled(measures, people, replicates=replicates, seed=seed, progress=progress)
    means = found.pop(None)
    for i, (where, metric) in enumerate(labels):
        found[where][metric] = means[str(i)]
    return {where: measured for where, measured in found.items() if where is not None}


def _averaged(
    models: Mapping[str, Floats], y: Bools, outcome: Ints
) -> tuple[list[tuple[tuple[str, int | None], str]], Floats]:
    """Return the figures that are means over cases: their (place, metric) and their value for each case, (n, m)."""
    columns: dict[tuple[tuple[str, int | None], str], Floats] = {}
    for name, p in models.items():
        square = (p - y) ** 2
        clipped = np.clip(p, metrics.CLIP, 1 - metrics.CLIP)
        surprise = -np.where(y, np.log(clipped), np.log1p(-clipped))
        for k in range(y.shape[1]):
            columns[(name, k), "brier"] = square[:, k]
            columns[(name, k), "log_loss"] = surprise[:, k]
        columns[(name, None), "rps"] = square.mean(axis=1)  # over the number of cuts (Epstein 1969; Murphy 1971)
        columns[(name, None), "exact"] = _exact(p, outcome)
    return list(columns), np.column_stack(list(columns.values()))


def _exact(p: Floats, outcome: Ints) -> Floats:
    """Return 1 where the most probable outcome (of equal ones the lowest) came about, (n,)."""
    reached = np.column_stack([np.ones(len(p)), p, np.zeros(len(p))])
    exact: Floats = (np.argmax(-np.diff(reached, axis=1), axis=1) == outcome).astype(np.float64)
    return exact


def _level(
    name: str, events: int, found: Mapping[str, Mapping[str, Floats]], chosen: str, constant: Collection[str]
) -> LevelComparison:
    figures = {model: estimates({key: mine[key] for key in LEVEL_METRICS}) for model, mine in found.items()}
    differences = _differences(found, chosen, COMPARED_IN_LEVEL)
    for model in constant:
        if model in figures:
            figures[model] = without_ranking(figures[model])
    for other in differences:
        if other in constant or chosen in constant:
            nothing = Difference(Estimate(None, None, None, SAME_FOR_ALL), NO_VERDICT)
            differences[other] = {**differences[other], "auc": nothing}
    return LevelComparison(name, events, figures, differences)


def _differences(
    found: Mapping[str, Mapping[str, Floats]], chosen: str, compared: Sequence[str]
) -> dict[str, dict[str, Difference]]:
    return {
        other: {key: _difference(key, found[chosen][key] - theirs[key]) for key in compared if key in theirs}
        for other, theirs in found.items()
        if other != chosen
    }


def _difference(metric: str, measured: Floats) -> Difference:
    figure = estimate(measured)
    return Difference(figure, verdict(figure, higher_is_better=metric in HIGHER_IS_BETTER))


def verdict(difference: Estimate, *, higher_is_better: bool) -> str:
    """Say in words what the interval of a difference, ours less theirs, says about ours."""
    if difference.low is None or difference.high is None:
        return NO_VERDICT
    if difference.low <= 0 <= difference.high:
        return ALIKE
    return BETTER if (difference.low > 0) == higher_is_better else WORSE
