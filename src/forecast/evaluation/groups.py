"""Ask the same of every protected group: how well ranked, how well calibrated, which errors.

A protected attribute is used here for audit only. Groups too small to judge keep their counts and get no metric,
for a figure about twelve people would be read as a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import TOO_FEW, Estimate, Probe, estimate, estimates
from forecast.evaluation.confusions import Confusion, confusion_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeVar

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.metrics import Tallies
    from forecast.settings import Settings

    Result = TypeVar("Result")

NOT_RECORDED = "not recorded"

GROUP_METRICS: Mapping[str, Callable[[Tallies], Floats]] = {
    "base_rate": metrics.base_rate,
    "mean_forecast": metrics.mean_forecast,
    "observed_minus_forecast": metrics.observed_minus_forecast,
    "auc": metrics.auc,
    "brier": metrics.brier,
    "brier_skill": metrics.brier_skill,
    "log_loss": metrics.log_loss,
    "calibration_intercept": metrics.intercept,
    "calibration_slope": metrics.slope,
}
"""What is measured of each group, besides the confusion at each cut-off."""


@dataclass(frozen=True, slots=True)
class Group:
    """The cases with one ``value`` of a protected ``attribute``; ``rows`` are their positions."""

    attribute: str
    value: str
    rows: Ints
    people: int
    events: int
    judged: bool


@dataclass(frozen=True, slots=True)
class GroupEvaluation:
    """How the chosen forecast does in one group; no ``metrics`` and no ``confusions`` where it is not judged."""

    value: str
    cases: int
    people: int
    events: int
    judged: bool
    note: str = ""
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    confusions: tuple[Confusion, ...] = ()


def find_groups(frame: pd.DataFrame, y: Bools, people: Ints, settings: Settings) -> tuple[Group, ...]:
    """List the groups of each attribute (a column of texts, missing = "not recorded"), by value, that one last."""
    return tuple(
        _group(str(name), value, rows, y=y, people=people, settings=settings)
        for name in frame.columns
        for value, rows in _values(frame[name])
    )


def _values(column: pd.Series[str]) -> Iterator[tuple[str, Ints]]:
    texts = np.array([NOT_RECORDED if pd.isna(v) else str(v) for v in column.array], dtype=object)
    known = sorted(set(texts) - {NOT_RECORDED})
    if isinstance(column.dtype, pd.CategoricalDtype):  # a declared order, such as age bands, wins over the alphabet
        known = [str(v) for v in column.dtype.categories if str(v) in known]
    for value in [*known, NOT_RECORDED]:
        rows = np.flatnonzero(texts == value)
        if len(rows):
            yield value, rows


def _group(attribute: str, value: str, rows: Ints, *, y: Bools, people: Ints, settings: Settings) -> Group:
    events = int(y[rows].sum())
    rarer = min(events, len(rows) - events)
    judged = len(rows) >= settings.small_group_cases and rarer >= settings.small_group_events
    return Group(attribute, value, rows, len(np.unique(people[rows])), events, judged)


def within(group: Group, present: Bools, y: Bools, people: Ints, settings: Settings) -> Group:
    """Return the part of a group that is ``present`` (n,), counted and judged anew."""
    rows = group.rows[present[group.rows]]
    return _group(group.attribute, group.value, rows, y=y, people=people, settings=settings)


def by_attribute(results: Iterable[tuple[str, Result]]) -> dict[str, tuple[Result, ...]]:
    """Gather (attribute, result) pairs under their attributes, in the order given."""
    found: dict[str, list[Result]] = {}
    for attribute, result in results:
        found.setdefault(attribute, []).append(result)
    return {attribute: tuple(items) for attribute, items in found.items()}


def group_probe(group: Group, y: Bools, p: Floats, cutoffs: Mapping[str, float]) -> Probe:
    """Return what to measure of the chosen forecast ``p`` (n,) in a group."""
    confusions = {f"confusion {name}": partial(metrics.confusion, cutoff=cut) for name, cut in cutoffs.items()}
    return Probe(metrics.presort(y, p, group.rows), {**GROUP_METRICS, **confusions})


def group_evaluation(
    group: Group, measured: Mapping[str, Floats] | None, cutoffs: Mapping[str, float], *, least: int
) -> GroupEvaluation:
    """Turn the measurements of :func:`group_probe`, ``None`` for a group too small, into figures with intervals.

    Rates among fewer than ``least`` cases of the group are marked too.
    """
    counts = (group.value, len(group.rows), group.people, group.events, group.judged)
    if measured is None:
        return GroupEvaluation(*counts, note=TOO_FEW)
    figures = estimates({name: measured[name] for name in GROUP_METRICS})
    confusions = tuple(
        confusion_of(name, cut, measured[f"confusion {name}"], least=least) for name, cut in cutoffs.items()
    )
    return GroupEvaluation(*counts, metrics=figures, confusions=confusions)


def mean_over_groups(measured: list[Floats]) -> Estimate:
    """Return the plain mean of a metric over groups, (1 + B,) each, with its interval: each group counts the same.

    The NIJ recidivism forecasting challenge was judged by such a mean of the Brier scores of men and women.
    """
    if len(measured) < 2:
        return Estimate(None, None, None, "fewer than two groups are large enough to judge")
    return estimate(np.mean(measured, axis=0))
