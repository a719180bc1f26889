"""Measure what needs a pass over ranked cases, for many sets of weights, in machine code: compiled when first called.

Weights are (b, n), in the order of the cases. ``order``: (n,) cases in rising or falling order of a score; ``ends``:
(n,) whether the case at that place is the last of its run of equal scores, so that ties are exact.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast.cases import Bools, Floats, Ints


@cache
def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the compiled form of a function of this module."""
    from forecast.features.compiled import compiled

    return compiled(function)


def areas(weights: Floats, order: Ints, ends: Bools, happened: Floats, found: Floats) -> None:
    """Write the area under the ROC curve of each set of weights into ``found`` (b,).

    Scores in rising order; ``happened``: (n,) 1 for the outcome, in that order. No branch hangs on it: a processor
    cannot foresee such a coin toss.
    """
    for b in range(len(weights)):
        below, wins, everyone = 0.0, 0.0, 0.0
        events, others = 0.0, 0.0
        for j in range(len(order)):
            weight = weights[b, order[j]]
            event = weight * happened[j]
            events += event
            others += weight - event
            if ends[j]:
                wins += events * (below + 0.5 * others)
                below += others
                everyone += events
                events, others = 0.0, 0.0
        found[b] = wins / (everyone * below) if everyone * below > 0 else np.nan


def sums(weights: Floats, values: Floats, found: Floats) -> None:
    """Write the weighted sums of the columns of ``values`` (n, m) into ``found`` (b, m).

    In one fixed order, so that they are the same whatever the number of threads.
    """
    for b in range(len(weights)):
        found[b, :] = 0.0
        for i in range(len(values)):
            weight = weights[b, i]
            if weight != 0.0:
                for m in range(values.shape[1]):
                    found[b, m] += weight * values[i, m]


def sums_by_bin(weights: Floats, bins: Ints, happened: Floats, positive: Floats, negative: Floats) -> None:
    """Add up weights of the cases with and without the outcome in their bins, (b, G) each."""
    for b in range(len(weights)):
        for i in range(len(bins)):
            event = weights[b, i] * happened[i]
            positive[b, bins[i]] += event
            negative[b, bins[i]] += weights[b, i] - event


def parts_above(weights: Floats, orders: Ints, ends: Bools, shares: Floats, above: Floats) -> None:
    """Write which part of each case is in the band of an upper level or a higher one into ``above`` (b, U + 1, n).

    For each of the U upper levels the cases in falling order of its score, (U, n), of which ``shares`` (U,) go up; the
    run at the cut goes up in part. The last row of ``above`` is given as zero.
    """
    for b in range(len(weights)):
        total = weights[b, :].sum()
        for u in range(len(orders) - 1, -1, -1):
            left, start, size = shares[u] * total, 0, 0.0
            for j in range(orders.shape[1]):
                size += weights[b, orders[u, j]]
                if ends[u, j]:
                    part = 1.0 if size <= left else left / size
                    for place in range(start, j + 1):
                        i = orders[u, place]
                        above[b, u, i] = max(part, above[b, u + 1, i])
                    left = max(0.0, left - size)
                    start, size = j + 1, 0.0


def settled(weights: Floats, outcome: Ints, above: Floats, found: Floats) -> None:
    """Write the errors that the cut between LOW and the rest cannot move into ``found``: cautious, dangerous.

    Who reached the second level or more, but is in no upper band, is a dangerous error in LOW and above it alike.
    """
    for b in range(len(weights)):
        cautious, dangerous = 0.0, 0.0
        for i in range(len(outcome)):
            if outcome[i] >= 2:
                dangerous += weights[b, i] * (1.0 - above[b, 0, i])
            for u in range(above.shape[1] - 1):
                band = weights[b, i] * (above[b, u, i] - above[b, u + 1, i])
                if outcome[i] < u + 2:
                    cautious += band
                elif outcome[i] > u + 2:
                    dangerous += band
        found[b, 0], found[b, 1] = cautious, dangerous


def lowest_cut(
    weights: Floats, order: Ints, ends: Bools, outcome: Ints, below: Floats, target: float, found: Floats
) -> None:
    """Set the cut between LOW and the rest where cautious errors are ``target`` times the dangerous ones.

    ``order``: falling order of the first level's score. ``below``: (b, n) which part of a case is in no upper band.
    ``found``: (b, 4), given with the settled errors in its first two columns; gets the cautious and the dangerous
    errors, the LOW forecasts and those of them two levels too low. The first is NaN where no cut gives the ratio.
    """
    for b in range(len(weights)):
        first = 0.0
        for i in range(len(order)):
            if outcome[i] == 1:
                first += weights[b, i] * below[b, i]
        cautious, dangerous = found[b, 0], found[b, 1] + first
        # going up one run adds its cases without outcome to the cautious errors and takes those of the first level
        # from the dangerous ones, until they are in the ratio
        lacking = target * dangerous - cautious
        possible, slack = lacking >= 0.0, 1e-9 * weights[b, :].sum()
        none, one, far, low, low_far = 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(len(order)):
            i = order[j]
            free = weights[b, i] * below[b, i]
            none += free * (outcome[i] == 0)
            one += free * (outcome[i] == 1)
            far += free * (outcome[i] >= 2)
            if ends[j]:
                step = none + target * one
                up = 0.0 if lacking <= slack else min(1.0, lacking / step if step > 0.0 else 1.0)
                cautious += up * none
                dangerous -= up * one
                low += (1.0 - up) * (none + one + far)
                low_far += (1.0 - up) * far
                lacking -= up * step
                none, one, far = 0.0, 0.0, 0.0
        found[b, 0] = cautious if possible and lacking <= slack else np.nan
        found[b, 1], found[b, 2], found[b, 3] = dangerous, low, low_far
