"""Show how much the base rates hang on choices: the definition, censoring, who left, and time in prison."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from forecast.outcomes.build import Outcomes, follow
from forecast.outcomes.censoring import ipcw_weights
from forecast.outcomes.definition import COUNTED, SERIOUS, Definition
from forecast.records.arrange import Arranged
from forecast.records.moments import Moments

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.records.taxonomy import Taxonomy

LONG_INSIDE_DAYS = 30
_Z = 1.959964
_COLUMNS = ["choice", "cases", "any", "any_low", "any_high", "serious", "serious_low", "serious_high"]


def base_rates(
    arranged: Arranged, moments: Moments, taxonomy: Taxonomy, definition: Definition, data_end: int
) -> pd.DataFrame:
    """Return one row a choice: how many cases it rests on, and the rates of any and serious with 95 % intervals.

    Intervals are normal ones with people, not cases, as units; censoring weights are taken as known. A choice that
    leaves no case has missing rates.
    """
    import pandas as pd

    as_defined = follow(arranged, moments, taxonomy, definition, data_end)
    rows = list(_same_definition(as_defined))
    for label, changed in _other_definitions(definition):
        other = follow(arranged, moments, taxonomy, changed, data_end)
        rows.append(_row(label, other, other.complete))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _same_definition(outcomes: Outcomes) -> Iterator[list[object]]:
    done, gone = outcomes.complete, outcomes.died | outcomes.moved
    yield _row("as defined: complete windows", outcomes, done)
    months = outcomes.definition.horizon_months
    for label, also in (("end of the data", ()), ("death and moving too", ("died", "moved"))):
        any_, serious = (ipcw_weights(outcomes, months, level, also) for level in ("any", "serious"))
        yield _weighted(f"weighted for censoring (IPCW): {label}", outcomes, any_, serious)
    yield _row("without those who died or moved away", outcomes, done & ~gone)
    free = outcomes.days_in_prison <= LONG_INSIDE_DAYS
    yield _row(f"without those over {LONG_INSIDE_DAYS} days in prison", outcomes, done & free)
    yield _row("diverted", outcomes, done & outcomes.diverted)
    yield _row("not diverted", outcomes, done & ~outcomes.diverted)


def _other_definitions(definition: Definition) -> Iterator[tuple[str, Definition]]:
    for counted in COUNTED:
        yield f"counted by {counted}", dataclasses.replace(definition, counted=counted)
    for serious in SERIOUS:
        yield f"serious by {serious}", dataclasses.replace(definition, serious=serious)
    yield "bail, warrant and recall counted too", dataclasses.replace(definition, excluded_reasons=())


def _row(label: str, outcomes: Outcomes, keep: Bools) -> list[object]:
    weights = keep.astype(np.float64)
    return _weighted(label, outcomes, weights, weights)


def _weighted(label: str, outcomes: Outcomes, any_: Floats, serious: Floats) -> list[object]:
    """Return a row; cases are those that weigh anything in the rate of ``any``."""
    people = outcomes.moments.person
    rates = (*_rate(outcomes.any, any_, people), *_rate(outcomes.serious, serious, people))
    return [label, int((any_ > 0).sum()), *rates]


def _rate(reached: Bools, weights: Floats, person: Ints) -> tuple[float, float, float]:
    """Return a weighted share and its 95 % interval; the variance is that of a ratio, linearised, clustered by person.

    With one person or none there is no interval.
    """
    total = weights.sum()
    if total == 0:
        return np.nan, np.nan, np.nan
    rate = float((weights * reached).sum() / total)
    off = np.bincount(person, weights * (reached - rate))
    clusters = len(np.unique(person[weights > 0]))
    if clusters < 2:
        return rate, np.nan, np.nan
    error = float(np.sqrt((off**2).sum() * clusters / (clusters - 1)) / total)
    return rate, max(0.0, rate - _Z * error), min(1.0, rate + _Z * error)
