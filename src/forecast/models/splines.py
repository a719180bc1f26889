"""Restricted cubic splines: smooth curves that are straight beyond their outer knots (Harrell 2015, section 2.4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Floats

QUANTILES = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Where Harrell puts five knots."""
FEWEST_KNOTS = 3


def knots_of(values: Floats) -> tuple[float, ...]:
    """Return knots at quantiles of (n,) present values, each once; none if fewer than three differ."""
    if not len(values):
        return ()
    knots = tuple(float(knot) for knot in np.unique(np.quantile(values, QUANTILES)))
    return knots if len(knots) >= FEWEST_KNOTS else ()


def curve(values: Floats, knots: tuple[float, ...], bend: float) -> Floats:
    """Return the term of the spline that bends at the knot ``bend``, (n,); a missing value stays NaN.

    Divided by the squared distance of the outer knots, as Harrell does, so that it is on the scale of the values.
    """
    before, last = knots[-2], knots[-1]

    def cubed(knot: float) -> Floats:
        above: Floats = np.maximum(values - knot, 0.0) ** 3
        return above

    share = (last - bend) / (last - before)
    term: Floats = cubed(bend) - cubed(before) * share + cubed(last) * (share - 1)
    return term / (last - knots[0]) ** 2
