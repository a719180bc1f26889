"""Choose what is said of a level's reasons wherever people read them: whole people in 100 that add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forecast.explanations.reasons import whole_points
from forecast.explanations.strength import strength

if TYPE_CHECKING:
    from collections.abc import Collection

    from forecast.cases import Reason, Reasons


MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Told:
    """The reasons of one level in whole people in 100: ``start``, ``rows`` and ``remainder`` add up to ``shown``."""

    start: int
    rows: tuple[tuple[Reason, int], ...]
    remainder: int
    shown: int


def told(reasons: Reasons, always: Collection[str] = ()) -> Told:
    """Return the facts to print: those of whole people in 100, and those of none only where they must be named.

    ``always``: names of the features that must be. If no fact comes to one in 100, as in a forecast near zero, all are
    printed. The word of strength is that of the whole number which stands beside it.
    """
    start, points, remainder, shown = whole_points(reasons)
    known = tuple((_said(item, n, reasons), n) for item, n in zip(reasons.items, points, strict=True))
    rows = tuple((item, number) for item, number in known if number or item.feature in always)
    return Told(start, rows if any(number for _, number in rows) else known, remainder, shown)


def _said(item: Reason, points: int, reasons: Reasons) -> Reason:
    return replace(item, strength=strength(points, reasons.strengths)) if reasons.strengths else item


def shown_in_100(probability: float) -> int:
    """Return a probability as the whole figure that reasons show: of the figure rounded to 0.1, as they keep it."""
    return round(round(100 * probability, 1))


def signed(points: int) -> str:
    """Return points with their sign, a true minus: "+12", "−3"."""
    sign = {1: "+", 0: "", -1: MINUS}[(points > 0) - (points < 0)]
    return f"{sign}{abs(points)}"
