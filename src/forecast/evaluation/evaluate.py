"""Evaluate the forecasts of one level: every model, other instruments, cut-offs and groups, on the same resamples."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation import kernels, metrics
from forecast.evaluation.bootstrap import (
    Estimate,
    Probe,
    estimate,
    estimates,
    person_codes,
    replicate,
    resampled,
    without_ranking,
)
from forecast.evaluation.calibration import reliability
from forecast.evaluation.confusions import confusion_of, named_cutoffs
from forecast.evaluation.curves import histogram, roc_points
from forecast.evaluation.groups import (
    GROUP_METRICS,
    NOT_RECORDED,
    Group,
    GroupEvaluation,
    by_attribute,
    find_groups,
    group_evaluation,
    group_probe,
    mean_over_groups,
)
from forecast.evaluation.results import LevelEvaluation
from forecast.evaluation.scores import Score, score_evaluation, score_of, score_probes
from forecast.problems import Problem
from forecast.progress import SILENT

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.progress import Progress
    from forecast.settings import Settings

    Measured = dict[tuple[str, ...], dict[str, Floats]]
    """(1 + B,) arrays by probe and measure, the point first."""

COMPARED = ("brier", "auc")
"""The metrics whose paired differences between models are reported."""


@dataclass(frozen=True)
class _Material:
    """What is evaluated, checked and put into arrays once."""

    y: Bools
    models: Mapping[str, Floats]
    chosen: str
    people: Ints
    cutoffs: Mapping[str, float]
    constant: frozenset[str]
    groups: tuple[Group, ...] = ()
    scores: tuple[Score, ...] = ()

    @property
    def forecast(self) -> Floats:
        return self.models[self.chosen]

    def fair(self, model: str, figures: dict[str, Estimate]) -> dict[str, Estimate]:
        """Return the figures of a model, without those that a forecast which is the same for all cannot have."""
        return without_ranking(figures) if model in self.constant else figures


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
    _check_lengths(y, persons, groups, *models.values(), *scores.values())
    m = _Material(
        y=np.asarray(y, dtype=bool),
        models={name: _probabilities(name, p) for name, p in models.items()},
        chosen=chosen,
        people=person_codes(persons),
        cutoffs=named_cutoffs(cutoffs),
        constant=frozenset(constant),
    )
    m = _with_groups_and_scores(m, groups, scores, score_cuts or {}, settings)
    replicates = settings.bootstrap_replicates
    progress.begin(f"Measuring: {words}", replicates)
    found = replicate(_probes(m), m.people, replicates=replicates, seed=seed, progress=progress)
    found |= _other_briers(m, replicates, seed)
    figures = _figures(m, found, settings.small_group_events)
    return LevelEvaluation(
        level=level, words=words, chosen=chosen, replicates=replicates, seed=seed, **_counts(m), **figures
    )


def _with_groups_and_scores(
    m: _Material, groups: pd.DataFrame, scores: Mapping[str, Any], cuts: Mapping[str, float], settings: Settings
) -> _Material:
    """Add the groups, and the other instruments with those of their own cases."""
    found = find_groups(groups, m.y, m.people, settings)
    beside = tuple(
        score_of(name, values, m.forecast, cuts.get(name), found, y=m.y, people=m.people, settings=settings)
        for name, values in scores.items()
    )
    return dataclasses.replace(m, groups=found, scores=beside)


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
    for score in m.scores:
        probes.update(score_probes(score, m.y))
    for group in m.groups:
        if group.judged:
            probes.update(_group_probes(m, group))
    return probes


def _group_probes(m: _Material, group: Group) -> dict[tuple[str, ...], Probe]:
    """Measure the chosen model in a group."""
    return {("group", group.attribute, group.value): group_probe(group, m.y, m.forecast, m.cutoffs)}


def _other_briers(m: _Material, replicates: int, seed: int) -> Measured:
    """Measure the Brier score of the other models in each judged group, for :meth:`mean_of_groups`.

    A mean over cases needs no ranking, so all models are added up at once, on the same resamples.
    """
    others = [name for name in m.models if name != m.chosen]
    groups = [group for group in m.groups if group.judged]
    if not others or not groups:
        return {}
    squares = np.column_stack([(m.models[name] - m.y) ** 2 for name in others] + [np.ones(len(m.y))])
    measures = {
        (group.attribute, group.value): partial(_sums, rows=group.rows, columns=squares[group.rows]) for group in groups
    }
    found = resampled(measures, m.people, replicates=replicates, seed=seed, progress=SILENT)
    return {
        ("group, other", *key, name): {"brier": metrics.ratio(sums["sums"][i], sums["sums"][-1])}
        for key, sums in found.items()
        for i, name in enumerate(others)
    }


def _sums(weights: Floats, *, rows: Ints, columns: Floats) -> dict[str, Floats]:
    found = np.empty((len(weights), columns.shape[1]))
    kernels.kernel(kernels.sums)(weights[:, rows], columns, found)
    return {"sums": found.T}


def _counts(m: _Material) -> dict[str, Any]:
    """Return the parts of the result that are counts and curves."""
    curves = {name: roc_points(m.y, p) for name, p in m.models.items()}
    curves |= {s.name: roc_points(m.y[s.rows], s.values[s.rows]) for s in m.scores}
    return {
        "cases": len(m.y),
        "people": len(np.unique(m.people)),
        "events": int(m.y.sum()),
        "reliability": reliability(m.y, m.forecast, m.people),
        "histogram": histogram(m.y, m.forecast),
        "curves": curves,
    }


def _figures(m: _Material, found: Measured, least: int) -> dict[str, Any]:
    """Return the parts of the result that carry intervals."""
    chosen = found["model", m.chosen]
    others = [name for name in m.models if name != m.chosen]
    told: dict[str, Any] = {"y": m.y, "people": m.people, "chosen": m.chosen, "least": least}
    told["constant"] = m.chosen in m.constant
    return {
        "base_rate": estimate(chosen["base_rate"]),
        "mean_forecast": estimate(chosen["mean_forecast"]),
        "models": {
            name: m.fair(name, estimates({metric: found["model", name][metric] for metric in metrics.METRICS}))
            for name in m.models
        },
        "differences": {
            name: m.fair(name, estimates({key: chosen[key] - found["model", name][key] for key in COMPARED}))
            for name in others
        },
        "scores": {score.name: score_evaluation(score, found, **told) for score in m.scores},
        "confusions": tuple(confusion_of(name, cut, chosen[f"confusion {name}"]) for name, cut in m.cutoffs.items()),
        "groups": _group_results(m, found, least),
        "means": _means(m, found),
    }


def _group_results(m: _Material, found: Measured, least: int) -> dict[str, tuple[GroupEvaluation, ...]]:
    results = []
    for group in m.groups:
        measured = found.get(("group", group.attribute, group.value))
        result = group_evaluation(group, measured, m.cutoffs, least=least)
        fair = dataclasses.replace(result, metrics=m.fair(m.chosen, dict(result.metrics)))
        results.append((group.attribute, fair))
    return by_attribute(results)


def _means(m: _Material, found: Measured) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Return the means over the judged groups of each attribute, by model and metric."""
    means: dict[str, dict[str, dict[str, Estimate]]] = {}
    for attribute in dict.fromkeys(group.attribute for group in m.groups):
        values = [g.value for g in m.groups if g.attribute == attribute and g.judged and g.value != NOT_RECORDED]
        ours = [found["group", attribute, value] for value in values]
        figures = {name: mean_over_groups([one[name] for one in ours]) for name in GROUP_METRICS}
        means[attribute] = {m.chosen: m.fair(m.chosen, figures)}
        for other in (name for name in m.models if name != m.chosen):
            theirs = [found["group, other", attribute, value, other]["brier"] for value in values]
            means[attribute][other] = {"brier": mean_over_groups(theirs)}
    return means
