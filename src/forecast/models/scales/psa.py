"""Compute the Public Safety Assessment of Arnold Ventures from custody history: a pre-trial scale of the United States.

Our mapping to England and Wales: a pending charge is bail that runs now; a misdemeanour is a summary offence and a
felony any other; a failure to appear is a sanction under the Bail Act; incarceration is a term of imprisonment. It was
found poor in Vermont (as a review says) and was never validated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features import sanctions as names
from forecast.models.scales.constants import PSA, constants
from forecast.models.scales.history import STAND_IN_AGE, Term, ages, numbers, points, total

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints

READS = (
    names.AGE, names.ON_BAIL, names.SUMMARY, names.INDICTABLE, names.PREVIOUS_VIOLENT, names.BAIL_2Y, names.PRISON,
)  # fmt: skip
_YOUNG, _YOUNGEST = 22, 20


def terms(frame: pd.DataFrame) -> list[Term]:
    """Return the points for new criminal activity, 0 to 13, by item."""
    return [
        Term("young", names.AGE, points(2, ages(frame, names.AGE, STAND_IN_AGE) <= _YOUNG)),
        Term("charge_pending", names.ON_BAIL, points(3, _any(frame, names.ON_BAIL))),
        Term("summary_sanction", names.SUMMARY, points(1, _any(frame, names.SUMMARY))),
        Term("other_sanction", names.INDICTABLE, points(1, _any(frame, names.INDICTABLE))),
        Term("violent_sanctions", names.PREVIOUS_VIOLENT, _steps(frame, names.PREVIOUS_VIOLENT, 1, 3)),
        Term("failed_to_appear", names.BAIL_2Y, _steps(frame, names.BAIL_2Y, 1, 2)),
        Term("imprisoned", names.PRISON, points(2, _any(frame, names.PRISON))),
    ]


def new_arrest(frame: pd.DataFrame) -> Ints:
    """Return the scale of new criminal activity, 1 to 6."""
    return _scaled("new_arrest_scale", total(0.0, terms(frame)))


def failure_to_appear(frame: pd.DataFrame) -> Ints:
    """Return the scale of failure to appear, 1 to 6."""
    older = numbers(frame, names.BAIL) > numbers(frame, names.BAIL_2Y)
    raw = 2 * _steps(frame, names.BAIL_2Y, 1, 2) + points(1, older)
    raw += points(1, _any(frame, names.ON_BAIL)) + points(1, _any(frame, names.PREVIOUS))
    return _scaled("failure_scale", raw)


def new_violence(frame: pd.DataFrame) -> Bools:
    """Return the flag of new violent criminal activity."""
    violent = _any(frame, names.NOW_VIOLENT)
    young = violent & (ages(frame, names.AGE, STAND_IN_AGE) <= _YOUNGEST)
    raw = points(2, violent) + points(1, young) + _steps(frame, names.PREVIOUS_VIOLENT, 1, 3)
    raw += points(1, _any(frame, names.ON_BAIL)) + points(1, _any(frame, names.PREVIOUS))
    found: Bools = raw >= constants(PSA)["violent_flag_from"]
    return found


def _any(frame: pd.DataFrame, name: str) -> Bools:
    found: Bools = numbers(frame, name) > 0
    return found


def _steps(frame: pd.DataFrame, name: str, one: int, two: int) -> Floats:
    """Return 1 from ``one`` on and 2 from ``two`` on."""
    values = numbers(frame, name)
    return points(1, values >= one) + points(1, values >= two)


def _scaled(table: str, raw: Floats) -> Ints:
    return np.array(constants(PSA)[table], dtype=np.int64)[raw.astype(np.int64)]
