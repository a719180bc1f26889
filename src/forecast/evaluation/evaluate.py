"""Evaluate the forecasts of one level: every model, other instruments, cut-offs and groups, on the same resamples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import Estimate, Probe, estimate, estimates, person_codes, replicate
from forecast.evaluation.calibration import reliability
from forecast.evaluation.confusions import Confusion, confusion_of, named_cutoffs
from forecast.evaluation.curves import histogram, roc_points
from forecast.evaluation.groups import (
    GROUP_METRICS,
    NOT_RECORDED,
    Group,
    GroupEvaluation,
    find_groups,
    group_evaluation,
    group_probe,
    mean_over_groups,
)
from forecast.evaluation.results import LevelEvaluation, ScoreEvaluation
from forecast.problems import Problem

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.progress import Progress
    from forecast.settings import Settings

    Measured = dict[tuple[str, ...], dict[str, Floats]]
    """(1 + B,) arrays by probe and measure, the point first."""

RANKING = ("auc", "calibration_slope")
SAME_FOR_ALL = "none: the same forecast for everybody"
COMPARED = ("brier", "auc")
"""The metrics whose paired differences between models are reported."""


@dataclass(frozen=True)
class _Material:
    """What is evaluated, checked and put into arrays once."""

    y: Bools
    models: Mapping[str, Floats]
    chosen: str
    people: Ints
    groups: tuple[Group, ...]
    cutoffs: Mapping[str, float]
    scores: Mapping[str, Floats]
    score_cuts: Mapping[str, float]
    constant: frozenset[str]

    @property
    def forecast(self) -> Floats:
        return self.models[self.chosen]


def evaluate_level(
    level: str,
    words: str,
    y: Any,
    models: Mapping[str, Any],
    persons: Any,
    groups: pd.DataFrame,
    *,
    chosen: str,
    cutoffs: Mapping[str, float] | Sequence[float],
    scores: Mapping[str, Any],
    settings: Settings,
    seed: int,
    progress: Progress,
    score_cuts: Mapping[str, float] | None = None,
    constant: Collection[str] = (),
) -> LevelEvaluation:
    """Evaluate forecasts of one level on n cases that no model was fitted on.

    Parameters
    ----------
    level, words : its name and what is forecast, such as "arrested again within 2 years".
    y : (n,) whether the outcome happened.
    models : by name, (n,) probabilities; ``chosen`` names the one that is to be used, the others are baselines.
    persons : (n,) who each case is about; intervals resample these.
    groups : (n, k) protected attributes as texts, missing = not recorded; for audit only.
    cutoffs : probabilities from which a forecast counts as flagged, by name or as a list.
    scores : by name, (n,) scores of other instruments, NaN where absent; higher means more likely.
    score_cuts : from which value such a score counts as flagged, by its name, where one is declared.
    constant : models that forecast the same for everybody. Pooled over folds such forecasts differ a little, by chance
        and against the outcome, so that an AUC or a calibration slope of them would mislead; they get none.
    settings : replicates, and how small a group may be.

    Raises
    ------
    Problem
        ``model-unknown`` when ``chosen`` is not among ``models``.
    ValueError
        When shapes differ or a probability lies outside [0, 1]: a fault of the caller.
    """
    if chosen not in models:
        raise Problem("model-unknown", name=chosen, known=", ".join(models) or "none")
    outcome = np.asarray(y, dtype=bool)
    people = person_codes(persons)
    _check_lengths(outcome, people, groups, *models.values(), *scores.values())
    m = _Material(
        y=outcome,
        models={name: _probabilities(name, p) for name, p in models.items()},
        chosen=chosen,
        people=people,
        groups=find_groups(groups, outcome, people, settings),
        cutoffs=named_cutoffs(cutoffs),
        scores={name: np.asarray(values, dtype=np.float64) for name, values in scores.items()},
        score_cuts={name: float(cut) for name, cut in (score_cuts or {}).items()},
        constant=frozenset(constant),
    )
    replicates = settings.bootstrap_replicates
    progress.begin(f"Measuring: {words}", replicates)
    found = replicate(_probes(m), people, replicates=replicates, seed=seed, progress=progress)
    return LevelEvaluation(
        level=level,
        words=words,
        chosen=chosen,
        replicates=replicates,
        seed=seed,
        **_counts(m),
        **_figures(m, found, settings.small_group_events),
    )


def _check_lengths(*columns: Any) -> None:
    """Raise ``ValueError`` when the columns are not all of one length: no caller should pass that."""
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise ValueError(f"outcomes, persons, groups, forecasts and scores differ in length: {lengths}")


def _probabilities(name: str, p: Any) -> Floats:
    """Return the forecasts as an array, or raise ``ValueError`` when one is no probability."""
    result = np.asarray(p, dtype=np.float64)
    if not ((result >= 0) & (result <= 1)).all():
        raise ValueError(f"the forecasts of '{name}' are not all probabilities in [0, 1]")
    return result


def _probes(m: _Material) -> dict[tuple[str, ...], Probe]:
    """List what is measured on each resample."""
    cuts = {f"confusion {name}": partial(metrics.confusion, cutoff=cut) for name, cut in m.cutoffs.items()}
    extra = {"base_rate": metrics.base_rate, "mean_forecast": metrics.mean_forecast, **cuts}
    probes: dict[tuple[str, ...], Probe] = {}
    for name, p in m.models.items():
        measures: dict[str, Any] = {**metrics.METRICS, **(extra if name == m.chosen else {})}
        probes["model", name] = Probe(metrics.presort(m.y, p), measures)
    for name in m.scores:
        probes.update(_score_probes(m, name))
    for group in m.groups:
        if group.judged:
            probes.update(_group_probes(m, group))
    return probes


def _score_probes(m: _Material, name: str) -> dict[tuple[str, ...], Probe]:
    """Measure a score, and the chosen model on the same cases."""
    score, rows = m.scores[name], _present(m.scores[name])
    ours: dict[str, Any] = {"auc": metrics.auc}
    theirs = dict(ours)
    if name in m.score_cuts:
        theirs["confusion"] = partial(metrics.confusion, cutoff=m.score_cuts[name])
        ours["confusion"] = partial(metrics.confusion, cutoff=_matching_cut(m, name))
    return {
        ("score", name): Probe(metrics.presort(m.y, score, rows), theirs),
        ("score, chosen", name): Probe(metrics.presort(m.y, m.forecast, rows), ours),
    }


def _group_probes(m: _Material, group: Group) -> dict[tuple[str, ...], Probe]:
    """Measure the chosen model in a group, and the Brier score of the others, for :meth:`mean_of_groups`."""
    key = (group.attribute, group.value)
    others = {name: p for name, p in m.models.items() if name != m.chosen}
    return {("group", *key): group_probe(group, m.y, m.forecast, m.cutoffs)} | {
        ("group, other", *key, name): Probe(metrics.presort(m.y, p, group.rows), {"brier": metrics.brier})
        for name, p in others.items()
    }


def _present(score: Floats) -> Ints:
    rows: Ints = np.flatnonzero(~np.isnan(score))
    return rows


def _matching_cut(m: _Material, name: str) -> float:
    """Return the cut-off at which the chosen model flags as many of the scored cases as the score's own cut does."""
    rows = _present(m.scores[name])
    flagged = int((m.scores[name][rows] >= m.score_cuts[name]).sum())
    return float(np.sort(m.forecast[rows])[-flagged]) if flagged else float(np.nextafter(1, 2))


def _counts(m: _Material) -> dict[str, Any]:
    """Return the parts of the result that are counts and curves."""
    drawn = {**m.models, **m.scores}
    rows = {name: _present(values) for name, values in drawn.items()}
    return {
        "cases": len(m.y),
        "people": len(np.unique(m.people)),
        "events": int(m.y.sum()),
        "reliability": reliability(m.y, m.forecast, m.people),
        "histogram": histogram(m.y, m.forecast),
        "curves": {name: roc_points(m.y[rows[name]], drawn[name][rows[name]]) for name in drawn},
    }


def _figures(m: _Material, found: Measured, least: int) -> dict[str, Any]:
    """Return the parts of the result that carry intervals."""
    chosen = found["model", m.chosen]
    others = [name for name in m.models if name != m.chosen]
    return {
        "base_rate": estimate(chosen["base_rate"]),
        "mean_forecast": estimate(chosen["mean_forecast"]),
        "models": {
            name: _fair(m, name, {metric: found["model", name][metric] for metric in metrics.METRICS})
            for name in m.models
        },
        "differences": {
            name: _fair(m, name, {metric: chosen[metric] - found["model", name][metric] for metric in COMPARED})
            for name in others
        },
        "scores": {name: _score(m, name, found) for name in m.scores},
        "confusions": tuple(confusion_of(name, cut, chosen[f"confusion {name}"]) for name, cut in m.cutoffs.items()),
        "groups": _group_results(m, found, least),
        "means": _means(m, found),
    }


def _fair(m: _Material, name: str, measured: dict[str, Floats]) -> dict[str, Estimate]:
    """Turn measurements into figures, without those that a forecast which is the same for all cannot have."""
    nothing = Estimate(None, None, None, SAME_FOR_ALL)
    barred = RANKING if name in m.constant else ()
    return {metric: nothing if metric in barred else figure for metric, figure in estimates(measured).items()}


def _score(m: _Material, name: str, found: Measured) -> ScoreEvaluation:
    theirs, ours, rows = found["score", name], found["score, chosen", name], _present(m.scores[name])
    confusion: Confusion | None = None
    chosen_confusion: Confusion | None = None
    if name in m.score_cuts:
        confusion = confusion_of(name, m.score_cuts[name], theirs["confusion"])
        chosen_confusion = confusion_of(m.chosen, _matching_cut(m, name), ours["confusion"])
    return ScoreEvaluation(
        cases=len(rows),
        people=len(np.unique(m.people[rows])),
        events=int(m.y[rows].sum()),
        auc=estimate(theirs["auc"]),
        chosen_auc=estimate(ours["auc"]),
        difference=estimate(ours["auc"] - theirs["auc"]),
        confusion=confusion,
        chosen_confusion=chosen_confusion,
    )


def _group_results(m: _Material, found: Measured, least: int) -> dict[str, tuple[GroupEvaluation, ...]]:
    results: dict[str, list[GroupEvaluation]] = {}
    for group in m.groups:
        measured = found.get(("group", group.attribute, group.value))
        results.setdefault(group.attribute, []).append(group_evaluation(group, measured, m.cutoffs, least=least))
    return {attribute: tuple(items) for attribute, items in results.items()}


def _means(m: _Material, found: Measured) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Return the means over the judged groups of each attribute, by model and metric."""
    means: dict[str, dict[str, dict[str, Estimate]]] = {}
    for attribute in dict.fromkeys(group.attribute for group in m.groups):
        values = [g.value for g in m.groups if g.attribute == attribute and g.judged and g.value != NOT_RECORDED]
        ours = [found["group", attribute, value] for value in values]
        means[attribute] = {m.chosen: {name: mean_over_groups([one[name] for one in ours]) for name in GROUP_METRICS}}
        for other in (name for name in m.models if name != m.chosen):
            theirs = [found["group, other", attribute, value, other]["brier"] for value in values]
            means[attribute][other] = {"brier": mean_over_groups(theirs)}
    return means
