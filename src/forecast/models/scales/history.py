"""Hold what the scales read of n cases, as arrays, and the terms that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.features import sanctions as names
from forecast.features.sanctions import NOW
from forecast.records.actuarial import load_actuarial

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints

STAND_IN_AGE = 30.0
"""Stands for an age that is not known: the scales have no place for that. It says nothing of the person."""
OFFENCE = "offence"
"""Owner of the term of the offence: the flag of the category that was chosen, another one from row to row."""
OFFENCES = tuple(NOW + name for name in load_actuarial().names)
"""The flags of the offences at hand, the most serious first."""


class Term(NamedTuple):
    """One term of a scale: its name, the feature to which an explanation gives it, and (n,) values."""

    name: str
    owner: str
    values: Floats


@dataclass(frozen=True)
class History:
    """What OGRS3, the predictors and the OVP read; all (n,). Ages are whole years, as the scales want them.

    ``age``: at the start of follow-up. ``sanction_age``: at the current sanction; ``first_age``: at the first one,
    which is the current one where there is none before. ``previous``: sanctions before the current one; ``violent``:
    violent ones, the current one included. ``offence``: place of the category in ``actuarial.toml``. ``months``: whole
    months without an offence from the start of follow-up to the assessment, which at arrest are 0.
    """

    female: Bools
    age: Floats
    sanction_age: Floats
    first_age: Floats
    previous: Floats
    violent: Floats
    offence: Ints
    months: Floats

    def __len__(self) -> int:
        """Return how many cases there are."""
        return len(self.age)

    def by_sex(self, male: float, female: float) -> Floats:
        """Return one number or the other, by sex."""
        return np.where(self.female, female, male)


def history(frame: pd.DataFrame) -> History:
    """Return the history of cases from the features of the `sanctions` set.

    The scales know two sexes: X and what is not recorded count as male, as most people in custody are. An age that is
    not known counts as 30. The current event counts as a sanction, violent if an offence of it would make it so. What a
    scale does not read need not be in ``frame``: whether all that it reads is there, is seen when the scale is made.
    """
    age = ages(frame, names.AGE, STAND_IN_AGE)
    previous = numbers(frame, names.PREVIOUS)
    first = np.minimum(ages(frame, names.FIRST_AGE, age), age)
    return History(
        female=is_female(frame),
        age=age,
        sanction_age=age,
        first_age=np.where(previous > 0, first, age),
        previous=previous,
        violent=numbers(frame, names.PREVIOUS_VIOLENT) + (numbers(frame, names.NOW_VIOLENT) > 0),
        offence=chosen_offence(frame),
        months=np.zeros(len(frame)),
    )


def is_female(frame: pd.DataFrame) -> Bools:
    """Say who is recorded as female."""
    return np.asarray((frame[names.SEX] == "F").fillna(False), dtype=bool)


def numbers(frame: pd.DataFrame, name: str) -> Floats:
    """Return a count or a flag; nothing on record is 0."""
    if name not in frame:
        return np.zeros(len(frame))
    values: Floats = np.nan_to_num(frame[name].to_numpy(dtype=np.float64), nan=0.0)
    return values


def ages(frame: pd.DataFrame, name: str, missing: Floats | float) -> Floats:
    """Return an age in whole years, ``missing`` where it is not known."""
    if name not in frame:
        return np.zeros(len(frame)) + missing
    years = np.floor(frame[name].to_numpy(dtype=np.float64))
    return np.where(np.isnan(years), missing, years)


def points(worth: float, said: Bools) -> Floats:
    """Return points where something is so, else 0."""
    return np.where(said, float(worth), 0.0)


def chosen_offence(frame: pd.DataFrame) -> Ints:
    """Return the place of the most serious category of the offences at hand; of none, the last: `other`."""
    found = np.full(len(frame), len(OFFENCES) - 1, dtype=np.int64)
    for place in range(len(OFFENCES) - 1, -1, -1):
        found[numbers(frame, OFFENCES[place]) > 0] = place
    return found


def total(base: float, terms: list[Term]) -> Floats:
    """Return a base with the terms added in their order, one by one, so that a row alone has the bits of the batch."""
    found = np.full(len(terms[0].values), base)
    for term in terms:
        found += term.values
    return found
