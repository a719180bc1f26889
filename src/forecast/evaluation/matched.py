"""Count errors at a matched ratio: give every model bands that err on the side of caution equally, then count.

Terms as in HART: a *cautious* error forecasts a higher band than the outcome, a *dangerous* one a lower, a *very
dangerous* one is LOW with an outcome two levels up or more. Errors of two models can only be set side by side where
the two err alike, for any model has few dangerous errors that calls everybody HIGH. So for every model

1. each band above MODERATE gets the same share of cases, those with the highest probability of its level;
2. the cut between LOW and the rest is set where cautious : dangerous errors are in the target ratio.

Lowering that cut can only add cautious errors and take dangerous ones away, so there is one such cut. It rarely falls
between two cases: the cases at a cut (all with one probability) go up in part, as if drawn by lot among them. Cuts are
set anew on each resample, so that an interval holds what setting them on these cases leaves to chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation import kernels
from forecast.evaluation.metrics import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Bools, Floats, Ints

MATCHED = ("errors", "cautious", "dangerous", "low", "very_dangerous", "ratio")
"""What :meth:`MatchedBands.measure` gives: shares of all cases, but ``very_dangerous``, a share of the LOW forecasts,
and ``ratio``, the cautious errors for each dangerous one."""


class MatchedBands:
    """The bands of one model's probabilities at a ratio of errors and given shares of the upper bands.

    Parameters
    ----------
    probability : (n, K-1) of reaching each level.
    outcome : (n,) the level reached, 0 to K-1.
    target_ratio : cautious errors for each dangerous one.
    shares : (K-2,) for each level above the first the share of cases to be placed in its band or a higher one.
    """

    def __init__(self, probability: Floats, outcome: Ints, target_ratio: float, shares: Sequence[float]) -> None:
        falling = [falling_order(column) for column in probability.T]
        upper = falling[1:]
        n = len(outcome)
        self._order, self._ends = falling[0]
        self._upper_order = np.array([order for order, _ in upper], dtype=np.int64).reshape(len(upper), n)
        self._upper_ends = np.array([ends for _, ends in upper], dtype=bool).reshape(len(upper), n)
        self._outcome = outcome
        self._shares = np.asarray(shares, dtype=np.float64)
        self._target = float(target_ratio)

    def measure(self, weights: Floats) -> dict[str, Floats]:
        """Return each of :data:`MATCHED`, (b,), for weights (b, n); NaN where no cut gives the ratio."""
        above = np.zeros((len(weights), len(self._shares) + 1, weights.shape[1]))
        kernels.kernel(kernels.parts_above)(weights, self._upper_order, self._upper_ends, self._shares, above)
        found = np.zeros((len(weights), 4))
        kernels.kernel(kernels.settled)(weights, self._outcome, above, found)
        below = np.ascontiguousarray(1 - above[:, 0])
        cut = kernels.kernel(kernels.lowest_cut)
        cut(weights, self._order, self._ends, self._outcome, below, self._target, found)
        cautious, dangerous, low, far = np.where(np.isnan(found[:, :1]), np.nan, found).T
        total = weights.sum(axis=1)
        return {
            "errors": ratio(cautious + dangerous, total),
            "cautious": ratio(cautious, total),
            "dangerous": ratio(dangerous, total),
            "low": ratio(low, total),
            "very_dangerous": ratio(far, low),
            "ratio": ratio(cautious, dangerous),
        }


def falling_order(p: Floats) -> tuple[Ints, Bools]:
    """Return the cases in falling order of ``p`` (n,), and whether each place ends a run of equal ones."""
    order = np.argsort(-p, kind="stable")
    return order, np.append(np.diff(p[order]) != 0, True)[: len(p)]


def upper_shares(happened: Bools) -> tuple[float, ...]:
    """Return the shares of cases that reached each level above the first: as many forecasts of it as it happened."""
    return tuple(float(share) for share in happened[:, 1:].mean(axis=0))
