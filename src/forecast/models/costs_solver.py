"""Propose a cost matrix for a wanted ratio of errors and wanted shares of bands; a person signs it, or does not.

The proposal has two numbers that a person can weigh. *Step*: what being one band too low costs, where being one band
too high costs 1; steps add up. *Price of the highest band*: what it costs to be in the highest band instead of the one
below in vain. With three bands and the ratio of cautious to dangerous errors held, the price moves people between the
middle band and its neighbours; with two bands there is no middle, so the ratio alone decides and the price is 1.

Each case's band can only rise with the step, whatever the price: cautious errors can only become more, dangerous ones
fewer. So halving finds the step for each price, and a search over prices finds the shares that come nearest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.costs import Costs, Matrix, as_matrix
from forecast.problems import Problem

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints

LOWEST, HIGHEST, HALVINGS = 1e-3, 1e3, 16
"""Steps that are tried: from one to the other by halving their logarithm."""

PRICES = 25
PRICE_RANGE = 50.0
"""Prices of the highest band that are tried: so many from 1/50 to 50, then more about the best."""

ENOUGH = 20_000
"""Cases on which prices are compared, at the most; the step and all that is reported are found on all cases."""

NEAR, MET = 0.02, 0.05
"""How far the reached ratio may lie from the wanted one: to stop at fewer digits, and to count as met at all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed cost matrix and what it does on the cases that it was made from.

    ``counts``: cases, ``[forecast][actual]``, lowest first. ``ratio``: cautious errors to one dangerous error.
    ``shares``: of each band. ``moved``: share of cases that the wanted shares of bands would put in another band at
    the least; None where no shares were wanted.
    """

    matrix: Matrix
    step: float
    price: float
    ratio: float
    shares: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    target_ratio: float
    target_shares: tuple[float, ...] | None
    moved: float | None


@dataclass(frozen=True, slots=True)
class _Tried:
    step: float
    price: float
    counts: Ints

    @property
    def ratio(self) -> float:
        """Cautious errors to one dangerous error; infinite without dangerous ones, NaN without any."""
        cautious, dangerous = int(np.tril(self.counts, -1).sum()), int(np.triu(self.counts, 1).sum())
        return cautious / dangerous if dangerous else (math.inf if cautious else math.nan)

    @property
    def shares(self) -> Floats:
        """Share of the cases in each band."""
        shares: Floats = self.counts.sum(axis=1) / self.counts.sum()
        return shares

    def off(self, target: float) -> float:
        """Return how far the ratio lies from the target, as the logarithm of their quotient."""
        ratio = self.ratio
        return abs(math.log(ratio / target)) if 0 < ratio < math.inf else math.inf

    def moved(self, shares: Sequence[float] | None) -> float:
        """Return the share of cases that would have to change bands for these shares, at the least."""
        return 0.0 if shares is None else float(np.abs(self.shares - np.array(shares)).sum() / 2)


def step_costs(bands: int, step: float, price: float = 1.0) -> Matrix:
    """Return the matrix in which one band too low costs ``step``, one too high 1, and the highest in vain ``price``."""
    vain = [1.0] * (bands - 2) + [price]

    def cost(band: int, outcome: int) -> float:
        return round((outcome - band) * step if band < outcome else sum(vain[outcome:band]), 10)

    return as_matrix([[cost(band, outcome) for outcome in range(bands)] for band in range(bands)])


def solve(
    probability: Floats, outcome: Ints, *, target_ratio: float, target_shares: Sequence[float] | None = None
) -> Proposal:
    """Propose a cost matrix that gives ``target_ratio`` cautious errors to one dangerous error on these cases.

    Parameters
    ----------
    probability : (n, K-1) probabilities of reaching each level, from a model that had not seen the cases.
    outcome : (n,) what followed, 0 to K-1.
    target_ratio : cautious errors (forecast too high) to one dangerous error (too low).
    target_shares : wanted shares of the bands, lowest first; met as nearly as the ratio allows.

    Raises
    ------
    Problem
        ``costs-target``, ``costs-no-errors``, or ``costs-target-unreachable`` (with the nearest ratio) where no costs
        come within 5 % of the ratio.
    """
    _check(probability, outcome, target_ratio, target_shares)
    cases = _Cases(probability, outcome, target_ratio)
    best = _best(cases, target_shares)
    final = _readable(cases, best, target_shares)
    matrix = step_costs(cases.bands, final.step, final.price)
    if final.off(target_ratio) > math.log1p(MET):
        shown = ", ".join(f"[{', '.join(f'{value:g}' for value in row)}]" for row in matrix)
        raise Problem(
            "costs-target-unreachable", wanted=f"{target_ratio:g}", nearest=_ratio_words(final.ratio), matrix=shown
        )
    return Proposal(
        matrix=matrix,
        step=final.step,
        price=final.price,
        ratio=final.ratio,
        shares=tuple(float(share) for share in final.shares),
        counts=tuple(tuple(int(count) for count in row) for row in final.counts),
        target_ratio=target_ratio,
        target_shares=None if target_shares is None else tuple(target_shares),
        moved=None if target_shares is None else final.moved(target_shares),
    )


@dataclass(frozen=True, slots=True)
class _Cases:
    """The cases that costs are tried on."""

    probability: Floats
    outcome: Ints
    target: float

    @property
    def bands(self) -> int:
        """How many bands there are."""
        return int(self.probability.shape[1]) + 1

    def thinned(self) -> _Cases:
        """Return every k-th case in the order of their forecasts, whatever order they came in."""
        order = np.lexsort((self.outcome, *self.probability.T[::-1]))
        rows = order[:: -(-len(order) // ENOUGH)]
        return _Cases(self.probability[rows], self.outcome[rows], self.target)

    def tried(self, step: float, price: float) -> _Tried:
        """Count forecasts against outcomes under a step and a price."""
        forecast = Costs(step_costs(self.bands, step, price)).bands(self.probability)
        cells = np.bincount(forecast * self.bands + self.outcome, minlength=self.bands**2)
        return _Tried(step, price, cells.reshape(self.bands, self.bands))

    def at_price(self, price: float) -> _Tried:
        """Return what the step does that comes nearest to the ratio at a price."""
        low, high = self.tried(LOWEST, price), self.tried(HIGHEST, price)
        for _ in range(HALVINGS):
            middle = self.tried(math.sqrt(low.step * high.step), price)
            if middle.ratio < self.target:
                low = middle
            else:
                high = middle
        return min(low, high, key=lambda tried: tried.off(self.target))


def _best(cases: _Cases, shares: Sequence[float] | None) -> _Tried:
    """Return, of the prices at which the ratio can be met, the one whose shares come nearest; then look closer."""
    if shares is None or cases.bands == 2:
        return cases.at_price(1.0)

    def rank(tried: _Tried) -> tuple[float, float, float]:
        miss = max(0.0, tried.off(cases.target) - math.log1p(NEAR))
        return miss, tried.moved(shares), abs(math.log(tried.price))

    width, few = math.log(PRICE_RANGE), cases.thinned()
    best = min((few.at_price(price) for price in _about(1.0, width, PRICES)), key=rank)
    for _ in range(2):
        width /= (PRICES - 1) / 2 if width > 1 else 4
        best = min([best, *(few.at_price(price) for price in _about(best.price, width, 9))], key=rank)
    return cases.at_price(best.price)


def _about(middle: float, width: float, count: int) -> Iterator[float]:
    """Yield prices about one, evenly on the scale of logarithms."""
    for at in np.linspace(-width, width, count):
        yield float(middle * math.exp(at))


def _readable(cases: _Cases, best: _Tried, shares: Sequence[float] | None) -> _Tried:
    """Round the price, find the step anew, and round that: to as few digits as keep the ratio, four at the most."""
    found = best
    for digits in (2, 3, 4):
        price = _rounded(best.price, digits)
        found = cases.tried(_rounded(cases.at_price(price).step, digits), price)
        if found.off(cases.target) <= math.log1p(NEAR) and found.moved(shares) <= best.moved(shares) + NEAR / 2:
            break
    return found


def _rounded(value: float, digits: int) -> float:
    """Round to so many significant digits."""
    return float(f"{value:.{digits}g}")


def _ratio_words(ratio: float) -> str:
    if math.isnan(ratio):
        return "no error of either kind"
    return "no dangerous error at all" if math.isinf(ratio) else f"{ratio:.3g}"


def _check(probability: Floats, outcome: Ints, ratio: float, shares: Sequence[float] | None) -> None:
    """Raise the problem of a target that is none, or of cases on which no error can be weighed."""
    bands = probability.shape[1] + 1
    if not 0 < ratio < math.inf:
        raise Problem("costs-target", name="ratio", found=ratio, wanted="a number above 0", example="2")
    if shares is not None and not (
        len(shares) == bands and all(0 <= share <= 1 for share in shares) and abs(sum(shares) - 1) < 0.005
    ):
        wanted = f"a share for each of the {bands} bands, lowest first, that add up to 1"
        example = "0.35,0.5,0.15" if bands == 3 else ",".join([f"{1 / bands:g}"] * bands)
        raise Problem("costs-target", name="shares", found=list(shares), wanted=wanted, example=example)
    missing = bands - len(np.unique(outcome))
    if missing:
        detail = f"of {bands} outcomes, {missing} followed in none of the {len(outcome):,} cases"
        raise Problem("costs-no-errors", detail=detail)
