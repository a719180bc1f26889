"""Compute the static points of the OVP, the OASys Violence Predictor, version 1: violent reoffending.

Howard and Dixon (2012). Of its 100 points 60 can come from sanctions, age and sex; the rest (drink, temper, housing,
work, attitudes) comes from an interview and is left at 0. So its own probability is too low for almost everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features import sanctions as names
from forecast.models.calibration import sigmoid
from forecast.models.scales.constants import OVP, constants
from forecast.models.scales.history import History, Term, total

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints

READS = (names.AGE, names.SEX, names.PREVIOUS, names.PREVIOUS_VIOLENT, names.NOW_VIOLENT)


def points(h: History) -> list[Term]:
    """Return the points by item."""
    c = constants(OVP)
    violent = h.violent.astype(np.int64)
    other = np.maximum(h.previous + 1 - h.violent, 0)
    return [
        Term("sanctioned_before", names.PREVIOUS, np.where(h.previous > 0, float(c["any_previous"]), 0.0)),
        Term("violent_sanctions", names.PREVIOUS_VIOLENT, _table(c["violent"], violent)),
        Term("other_sanctions", names.PREVIOUS, _table(c["not_violent"], _place(c["not_violent_from"], other))),
        Term("age", names.AGE, _table(c["ages"], _place(c["ages_from"], h.age))),
        Term("male", names.SEX, np.where(h.female, 0.0, float(c["male"]))),
    ]


def terms(h: History) -> list[Term]:
    """Return the terms in log-odds that are added to the constant of the follow-up."""
    slope = constants(OVP)["slope"]
    return [Term(term.name, term.owner, slope * term.values) for term in points(h)]


def _place(ends: list[float], values: Floats) -> Ints:
    return np.searchsorted(np.array(ends), values, side="right").astype(np.int64)


def _table(values: list[float], place: Ints) -> Floats:
    return np.array(values, dtype=np.float64)[np.minimum(place, len(values) - 1)]


def probabilities(h: History) -> tuple[Floats, Floats]:
    """Return the scale's own probabilities of proven violent reoffending within one and two years."""
    c = constants(OVP)
    made = terms(h)
    return sigmoid(total(c["year_1"], made)), sigmoid(total(c["year_2"], made))
