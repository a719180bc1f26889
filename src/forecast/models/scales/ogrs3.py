"""Compute OGRS3, the Offender Group Reconviction Scale, version 3: proven reoffending within one and two years.

Howard, Francis, Soothill and Humphreys (2009). Each of its terms is in log-odds. Two public ports are not followed
where they differ: one has the constants of girls under 16 with the wrong sign, the other caps the number of sanctions
in one branch only (it is capped at 50 here for everybody; below that the cap changes nothing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features import sanctions as names
from forecast.models.calibration import sigmoid
from forecast.models.scales.constants import OGRS3, constants, offence_weights
from forecast.models.scales.history import OFFENCE, History, Term, total

if TYPE_CHECKING:
    from forecast.cases import Floats

READS = (names.AGE, names.SEX, names.PREVIOUS, names.FIRST_AGE)


def terms(h: History) -> list[Term]:
    """Return the terms that are added to the constant of the follow-up: one or two years."""
    c = constants(OGRS3)
    band = np.searchsorted(np.array(c["ages_from"]), h.age, side="right")
    male, female = np.array(c["male"])[band], np.array(c["female"])[band]
    return [
        Term("age", names.AGE, male),
        Term("sex", names.SEX, np.where(h.female, female - male, 0.0)),
        Term("sanctioned_before", names.PREVIOUS, _status(h.previous)),
        Term("rate_of_sanctions", names.PREVIOUS, _rate(h)),
        Term("offence", OFFENCE, offence_weights(OGRS3)[h.offence]),
    ]


def _status(previous: Floats) -> Floats:
    c = constants(OGRS3)
    return np.where(previous > 0, float(c["repeated_sanction"]), float(c["first_sanction"]))


def _rate(h: History) -> Floats:
    """Return the Copas term: sanctions for each year since the first, ten years added."""
    c = constants(OGRS3)
    sanctions = np.minimum(h.previous, c["most_previous"]) + 1.0
    rate: Floats = c["copas"] * np.log(sanctions / (c["copas_years"] + h.sanction_age - h.first_age))
    return rate


def probabilities(h: History) -> tuple[Floats, Floats]:
    """Return the scale's own probabilities of proven reoffending within one and two years."""
    c = constants(OGRS3)
    made = terms(h)
    return sigmoid(total(c["year_1"], made)), sigmoid(total(c["year_2"], made))
