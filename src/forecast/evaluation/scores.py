"""Set other instruments beside the chosen forecast: ranking and errors, on the same cases and within each group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import TOO_FEW, Estimate, Probe, estimate, without_ranking
from forecast.evaluation.confusions import Confusion, confusion_of
from forecast.evaluation.groups import by_attribute, within
from forecast.evaluation.results import ScoreEvaluation, ScoreGroup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.groups import Group
    from forecast.settings import Settings

    Measured = Mapping[tuple[str, ...], Mapping[str, Floats]]

THEIRS, OURS = "score", "score, chosen"
"""Whose ranking and errors a probe measures."""


@dataclass(frozen=True)
class Score:
    """An instrument's ``values`` (n,), higher means more likely, and the ``forecast`` (n,) it is set beside.

    ``rows``: positions of the cases that have one, (m,). ``cut``, if one is declared: flagged from there on;
    ``matching_cut``: where the forecast flags as many of these cases. ``groups`` hold those of the cases only.
    """

    name: str
    values: Floats
    forecast: Floats
    rows: Ints
    cut: float | None
    matching_cut: float | None
    groups: tuple[Group, ...]


def score_of(
    name: str,
    values: Any,
    forecast: Floats,
    cut: float | None,
    groups: Sequence[Group],
    *,
    y: Bools,
    people: Ints,
    settings: Settings,
) -> Score:
    """Return a score, NaN where absent, with the parts of ``groups`` that have it; none without a declared cut."""
    given = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(given)
    rows = np.flatnonzero(present)
    if cut is None:
        return Score(name, given, forecast, rows, None, None, ())
    parts = tuple(within(group, present, y, people, settings) for group in groups)
    return Score(name, given, forecast, rows, float(cut), _matching_cut(given[rows], float(cut), forecast[rows]), parts)


def _matching_cut(score: Floats, cut: float, forecast: Floats) -> float:
    """Return the cut-off at which the forecast flags as many of these cases, (m,), as the score does at ``cut``."""
    flagged = int((score >= cut).sum())
    return float(np.sort(forecast)[-flagged]) if flagged else float(np.nextafter(1, 2))


def score_probes(score: Score, y: Bools) -> dict[tuple[str, ...], Probe]:
    """Return what to measure of a score and of the forecast, on the cases that have the score and in each group."""
    places = {(): score.rows} | {(g.attribute, g.value): g.rows for g in score.groups if g.judged}
    sides = ((THEIRS, score.values, score.cut), (OURS, score.forecast, score.matching_cut))
    return {
        (side, score.name, *place): Probe(metrics.presort(y, values, rows), _measures(cut))
        for place, rows in places.items()
        for side, values, cut in sides
    }


def _measures(cut: float | None) -> dict[str, Any]:
    confusion = {} if cut is None else {"confusion": partial(metrics.confusion, cutoff=cut)}
    return {"auc": metrics.auc, **confusion}


def score_evaluation(
    score: Score, found: Measured, *, y: Bools, people: Ints, chosen: str, constant: bool, least: int
) -> ScoreEvaluation:
    """Turn the measurements of :func:`score_probes` into figures with intervals.

    Parameters
    ----------
    chosen : the name of the chosen model.
    constant : whether its forecast is the same for all, and so has no ranking.
    least : rates among fewer cases of a group are marked.
    """
    theirs, ours = found[THEIRS, score.name], found[OURS, score.name]
    confusion, chosen_confusion = _confusions(score, theirs, ours, chosen)
    return ScoreEvaluation(
        cases=len(score.rows),
        people=len(np.unique(people[score.rows])),
        events=int(y[score.rows].sum()),
        auc=estimate(theirs["auc"]),
        chosen_auc=_auc(ours["auc"], constant),
        difference=_auc(ours["auc"] - theirs["auc"], constant),
        confusion=confusion,
        chosen_confusion=chosen_confusion,
        groups=by_attribute((g.attribute, _group(score, g, found, chosen, constant, least)) for g in score.groups),
    )


def _group(score: Score, group: Group, found: Measured, chosen: str, constant: bool, least: int) -> ScoreGroup:
    counts = (group.value, len(group.rows), group.people, group.events, group.judged)
    if not group.judged:
        return ScoreGroup(*counts, note=TOO_FEW)
    theirs, ours = (found[side, score.name, group.attribute, group.value] for side in (THEIRS, OURS))
    confusion, chosen_confusion = _confusions(score, theirs, ours, chosen, least)
    return ScoreGroup(
        *counts,
        auc=estimate(theirs["auc"]),
        chosen_auc=_auc(ours["auc"], constant),
        confusion=confusion,
        chosen_confusion=chosen_confusion,
    )


def _auc(measured: Floats, constant: bool) -> Estimate:
    figures = {"auc": estimate(measured)}
    return (without_ranking(figures) if constant else figures)["auc"]


def _confusions(
    score: Score, theirs: Mapping[str, Floats], ours: Mapping[str, Floats], chosen: str, least: int = 0
) -> tuple[Confusion | None, Confusion | None]:
    """Return the errors of the score at its cut and of the forecast at the matching one, if a cut is declared."""
    if score.cut is None or score.matching_cut is None:
        return None, None
    return (
        confusion_of(score.name, score.cut, theirs["confusion"], least=least),
        confusion_of(chosen, score.matching_cut, ours["confusion"], least=least),
    )
