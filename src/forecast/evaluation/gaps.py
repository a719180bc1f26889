"""Measure error gaps between protected groups: who is flagged, who in vain, who is missed, and how precisely.

For each attribute and rate: the largest less the smallest value over the groups that are large enough. Of many equal
groups some will differ by chance, so that this is biased upwards, the more the smaller the groups; each group is
therefore also set against all other cases whose value is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation import kernels
from forecast.evaluation.bootstrap import TOO_FEW, Estimate, estimate, resampled
from forecast.evaluation.groups import NOT_RECORDED
from forecast.evaluation.metrics import ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.groups import Group
    from forecast.progress import Progress

ONE_GROUP = "fewer than two groups are large enough to judge"

RATE_WORDS: Mapping[str, str] = {
    "selection_rate": "of 100, flagged",
    "false_positive_rate": "of 100 without the outcome, flagged",
    "false_negative_rate": "of 100 with the outcome, missed",
    "precision": "of 100 flagged, had the outcome",
    "calibration_error": "of 100, what followed less what was forecast",
    "highest_band": "of 100, in the highest band",
    "lowest_band": "of 100, in the lowest band",
    "cautious": "of 100, band higher than the outcome (cautious error)",
    "dangerous": "of 100, band lower than the outcome (dangerous error)",
    "very_dangerous": "of 100 in the lowest band, outcome two levels up (very dangerous error)",
}


@dataclass(frozen=True)
class Rate:
    """A share: the sum of ``above`` (n,) over that of ``below`` (n,), both of a case."""

    above: Floats
    below: Floats


@dataclass(frozen=True, slots=True)
class GroupRate:
    """A rate in one group, and less the same rate in all other cases whose value is recorded; ``base``: its cases."""

    value: str
    base: int
    rate: Estimate
    against_rest: Estimate


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest less the smallest value of a rate over the groups of an attribute, and where they are."""

    attribute: str
    rate: str
    gap: Estimate
    highest: str
    lowest: str
    groups: tuple[GroupRate, ...]


def level_rates(y: Bools, p: Floats, cutoff: float) -> dict[str, Rate]:
    """Return the rates of forecasts p (n,) of outcomes y (n,), flagged at or above a cut-off."""
    flagged = (p >= cutoff).astype(np.float64)
    happened, every = y.astype(np.float64), np.ones(len(p))
    return {
        "selection_rate": Rate(flagged, every),
        "false_positive_rate": Rate(flagged * (1 - happened), 1 - happened),
        "false_negative_rate": Rate((1 - flagged) * happened, happened),
        "precision": Rate(flagged * happened, flagged),
        "calibration_error": Rate(happened - p, every),
    }


def band_rates(outcome: Ints, band: Ints, levels: int) -> dict[str, Rate]:
    """Return the rates of bands (n,) against the level reached (n,), both 0 to ``levels`` - 1."""
    every, lowest = np.ones(len(band)), (band == 0).astype(np.float64)
    rates = {
        "highest_band": Rate((band == levels - 1).astype(np.float64), every),
        "lowest_band": Rate(lowest, every),
        "cautious": Rate((band > outcome).astype(np.float64), every),
        "dangerous": Rate((band < outcome).astype(np.float64), every),
    }
    return rates | ({"very_dangerous": Rate(lowest * (outcome >= 2), lowest)} if levels > 2 else {})


def error_gaps(
    rates: Mapping[str, Rate],
    groups: Sequence[Group],
    people: Ints,
    *,
    least: int,
    replicates: int,
    seed: int,
    progress: Progress,
) -> tuple[Gap, ...]:
    """Measure the gap of each rate between the judged groups of each attribute, "not recorded" left out.

    ``least``: a rate among fewer cases of a group is too few to judge and takes no part.
    """
    columns = np.column_stack([column for rate in rates.values() for column in (rate.above, rate.below)])
    recorded = [group for group in groups if group.value != NOT_RECORDED]
    judged = [group for group in recorded if group.judged]
    measures = {(group.attribute, group.value): _sums(columns, group.rows) for group in recorded}
    found = resampled(measures, people, replicates=replicates, seed=seed, progress=progress)
    sums = {key: measured["sums"] for key, measured in found.items()}
    gaps = []
    for attribute in dict.fromkeys(group.attribute for group in groups):
        total = np.sum([measured for key, measured in sums.items() if key[0] == attribute], axis=0)
        ours = {group.value: sums[attribute, group.value] for group in judged if group.attribute == attribute}
        for i, name in enumerate(rates):
            gaps.append(_gap(attribute, name, {v: s[2 * i : 2 * i + 2] for v, s in ours.items()}, total, i, least))
    return tuple(gaps)


def _sums(columns: Floats, rows: Ints) -> Callable[[Floats], dict[str, Floats]]:
    mine = np.ascontiguousarray(columns[rows])

    def measure(weights: Floats) -> dict[str, Floats]:
        found = np.empty((len(weights), mine.shape[1]))
        kernels.kernel(kernels.sums)(weights[:, rows], mine, found)
        return {"sums": found.T}

    return measure


def _gap(attribute: str, name: str, ours: Mapping[str, Floats], total: Floats, i: int, least: int) -> Gap:
    """Turn (2, 1 + B) sums by group into the gap, its two ends and each group against the rest."""
    everyone = total[2 * i : 2 * i + 2] if ours else np.zeros((2, 1))
    rates = {value: ratio(*sums) for value, sums in ours.items() if sums[1, 0] >= least}
    groups = []
    for value, sums in ours.items():
        if value not in rates:
            nothing = Estimate(None, None, None, TOO_FEW)
            groups.append(GroupRate(value, round(float(sums[1, 0])), nothing, nothing))
            continue
        against = estimate(rates[value] - ratio(*(everyone - sums)))
        groups.append(GroupRate(value, round(float(sums[1, 0])), estimate(rates[value]), against))
    if len(rates) < 2:
        return Gap(attribute, name, Estimate(None, None, None, ONE_GROUP), "", "", tuple(groups))
    values = np.array(list(rates.values()))
    gap = estimate(values.max(axis=0) - values.min(axis=0))
    names = list(rates)
    ends = names[int(np.argmax(values[:, 0]))], names[int(np.argmin(values[:, 0]))]
    return Gap(attribute, name, gap, *ends, tuple(groups))
