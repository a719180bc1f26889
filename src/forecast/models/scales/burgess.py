"""Count seven facts, one point each, in the manner of Burgess (1928): the simplest scale there is, and our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.features import sanctions as names
from forecast.models.scales.history import STAND_IN_AGE, Term, ages, numbers, points

if TYPE_CHECKING:
    import pandas as pd

THEFT = f"{names.NOW}theft"
READS = (names.AGE, names.ARRESTS, names.ARRESTS_1Y, names.ARREST_AGE, names.VIOLENCE, THEFT)
_YOUNG, _SOME, _MANY, _CHILD = 25, 3, 10, 16


def terms(frame: pd.DataFrame) -> list[Term]:
    """Return the points by fact; where there was no earlier arrest, the first one is that at hand."""
    age = ages(frame, names.AGE, STAND_IN_AGE)
    arrests = numbers(frame, names.ARRESTS)
    return [
        Term("under_25", names.AGE, points(1, age < _YOUNG)),
        Term("three_arrests", names.ARRESTS, points(1, arrests >= _SOME)),
        Term("ten_arrests", names.ARRESTS, points(1, arrests >= _MANY)),
        Term("arrest_in_last_year", names.ARRESTS_1Y, points(1, numbers(frame, names.ARRESTS_1Y) > 0)),
        Term("any_violence", names.VIOLENCE, points(1, numbers(frame, names.VIOLENCE) > 0)),
        Term("first_arrest_under_16", names.ARREST_AGE, points(1, ages(frame, names.ARREST_AGE, age) < _CHILD)),
        Term("held_for_theft", THEFT, points(1, numbers(frame, THEFT) > 0)),
    ]
