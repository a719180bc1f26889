"""Compute the static predictors of 2026: of all (ARP), violent (VRP) and serious violent (SVRP) reoffending in 2 years.

HM Prison and Probation Service; the successors of OGRS4. Each term is in log-odds. The step from the first to the
second sanction follows the 2026 formula, constant plus slope times years; an older port multiplies the constant by the
years, which gives 95 % for a second sanction on the day of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.features import sanctions as names
from forecast.models.calibration import sigmoid
from forecast.models.scales.constants import constants, offence_weights
from forecast.models.scales.history import OFFENCE, History, Term, total

if TYPE_CHECKING:
    from forecast.cases import Floats

READS = (names.AGE, names.SEX, names.PREVIOUS, names.FIRST_AGE)
READS_VIOLENCE = (names.PREVIOUS_VIOLENT, names.NOW_VIOLENT)
MOST_MONTHS = 36


def terms(scale: str, h: History) -> list[Term]:
    """Return the terms that are added to the constant of a predictor."""
    c = constants(scale)
    male, female = _powers(c["age_male"], h.age), _powers(c["age_female"], h.age)
    made = [
        Term("age", names.AGE, male),
        Term("sex", names.SEX, np.where(h.female, c["female"] + female - male, 0.0)),
        Term("offence", OFFENCE, offence_weights(scale)[h.offence]),
        *_sanctions(scale, h),
        Term("offence_free_months", names.AGE, _powers(c["offence_free"], np.clip(h.months, 0, MOST_MONTHS))),
    ]
    return made + _violence(scale, h) if "violent" in c else made


def _sanctions(scale: str, h: History) -> list[Term]:
    c, n, years = constants(scale), h.previous + 1.0, h.sanction_age - h.first_age
    second = c["second_sanction"] + h.by_sex(c["gap_male"], c["gap_female"]) * years
    rate = np.log(n / (c["copas_years"] + years))
    more = np.where(h.female, _powers(c["copas_female"], rate), _powers(c["copas_male"], rate))
    return [
        Term("first_sanction", names.PREVIOUS, np.where(n == 1, c["first_sanction"], 0.0)),
        Term("second_sanction", names.PREVIOUS, np.where(n == 2, second, 0.0)),
        Term("rate_of_sanctions", names.PREVIOUS, np.where(n >= 3, more, 0.0)),
        Term("number_of_sanctions", names.PREVIOUS, c["sanctions"] * n),
    ]


def _violence(scale: str, h: History) -> list[Term]:
    c, violent = constants(scale), h.violent
    rate = np.log(np.maximum(violent, 1.0) / (c["violent_years"] + h.sanction_age - h.first_age))
    never, owner = h.by_sex(c["never_violent_male"], c["never_violent_female"]), names.PREVIOUS_VIOLENT
    return [
        Term("never_violent", owner, np.where(violent == 0, never, 0.0)),
        Term("once_violent", owner, np.where(violent == 1, c["once_violent"], 0.0)),
        Term("number_of_violent_sanctions", owner, c["violent"] * violent),
        Term("rate_of_violent_sanctions", owner, np.where(violent > 0, c["violent_rate"] * rate, 0.0)),
    ]


def _powers(coefficients: Sequence[float], x: Floats) -> Floats:
    """Return a polynomial without a constant."""
    total = np.zeros(len(x))
    for coefficient in reversed(coefficients):
        total = (total + coefficient) * x
    return total


def probability(scale: str, h: History) -> Floats:
    """Return a predictor's own probability of proven reoffending within two years."""
    return sigmoid(total(constants(scale)["constant"], terms(scale, h)))
