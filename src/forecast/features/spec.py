"""Declare what a feature is: how it is computed, what it reads, when that becomes known, and how to speak about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Protocol

from forecast.records.instants import YEAR_US

WINDOW_YEARS = (1, 2, 5)
"""The windows of history, in years of 365.25 days; besides there is 'ever'."""
WINDOWS_US = tuple(years * YEAR_US for years in WINDOW_YEARS)
NEVER_HART = 100.0
"""What the HART replica writes where something never happened; everywhere else that is a missing value."""


class Op(IntEnum):
    """How a column is computed from what the kernel keeps of a person at a moment.

    *Prior* facts were recorded strictly before the moment, stand, and are of another custody event. *Presenting* facts
    are those of the custody event itself, recorded by the moment.
    """

    COUNT = 0  # prior facts of a class, ever or in a window
    HARM = 1  # sum of their severity weights
    FLAG = 2  # whether there is a presenting fact of a class
    SINCE = 3  # years since the latest prior fact of a class
    FIRST_AGE = 4  # age at the earliest prior fact of a class
    PRESENT_COUNT = 5
    PRESENT_HARM = 6
    RUNNING = 7  # orders of a class that run at the moment
    AGE = 8
    KINDS = 9  # how many of the offence groups there are, ever or in a window
    PRESENT_KINDS = 10
    TOP_SHARE = 11  # share of the commonest group in all prior offences
    SHARE = 12  # prior facts of one class as a share of those of another
    MEAN_GAP = 13  # mean years between successive prior facts of a class
    LAST_GAP = 14  # years between the latest two prior arrests
    TEMPO = 15  # prior facts of a class a year, since the first
    ACCELERATION = 16  # facts of the last year less the yearly mean of the four years before
    FREE = 17  # years since the latest arrest, offence or end of imprisonment
    SAME_KIND = 18  # prior offences of a group that is among the presenting ones
    PERSON = 19  # a column of `persons`, as it stands


class Kind(IntEnum):
    """What values a feature takes; each kind has its Arrow type in the matrix."""

    COUNT = 0  # int32
    FLAG = 1  # int8, 0 or 1
    REAL = 2  # float32: years and shares
    HARM = 3  # float64: exact to the thousandth
    CATEGORY = 4  # text


JOIN = "+"
"""Stands between the names of sets that are joined."""
RAISES, LOWERS, UNCLEAR = "raises", "lowers", "unclear"


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A feature of the catalogue.

    ``subject`` is the class of facts it speaks of, ``other`` the class a share is of; ``window`` is a place in
    :data:`WINDOW_YEARS`, or -1 for 'ever'. ``never`` is the number that stands where something never happened; NaN
    is a missing value. ``reads`` names table.column; ``known`` and ``missing`` are sentences for people.
    ``direction`` is the expected one: raises, lowers or unclear. ``contested`` says why it is, and is empty where it is
    not; ``protected`` names the protected attribute or the contested kind of information.
    """

    name: str
    phrase: str
    unit: str
    op: Op
    kind: Kind
    reads: tuple[str, ...]
    known: str
    missing: str
    direction: str
    subject: str = ""
    other: str = ""
    window: int = -1
    never: float = float("nan")
    contested: str = ""
    protected: str = ""
    default_on: bool = True

    @property
    def unversioned(self) -> bool:
        """Whether it rests on `persons`, whose rows have no versions: what stood there at a moment is not on record."""
        return any(column.startswith("persons.") for column in self.reads)

    def digest(self, taxonomy: str) -> str:
        """Return a short hash of all that decides its values, under a version of the offence taxonomy.

        What only people read, and whether it is on, do not count.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _SAID}
        facts = [(name, v.name if isinstance(v, IntEnum) else repr(v)) for name, v in values.items()]
        window = WINDOW_YEARS[self.window] if self.window >= 0 else "ever"
        return hashlib.sha256(repr((facts, window, taxonomy)).encode()).hexdigest()[:12]


_SAID = ("phrase", "unit", "known", "missing", "direction", "contested", "protected", "default_on")
"""What of a feature is for people and decisions, and changes no value."""


class Allowance(Protocol):
    """A declared exception: who allowed which contested features, and why."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the features."""

    @property
    def reason(self) -> str:
        """Why they may be features."""

    @property
    def allowed_by(self) -> str:
        """Who allowed it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """An exception declared in code: ``allowed_by`` allows ``columns`` for ``reason``."""

    columns: tuple[str, ...]
    reason: str
    allowed_by: str


@dataclass(frozen=True)
class FeatureSet:
    """The features of a matrix, in the order of its columns; ``note`` says what is to be known about the set.

    Several sets can be joined into one, `extended+hart`; ``sets`` then says of each feature which sets it belongs to.
    """

    name: str
    features: tuple[FeatureSpec, ...]
    note: str = ""
    allowed: tuple[Allowance, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(f.name for f in self.features)

    @property
    def unversioned(self) -> frozenset[str]:
        """The names of the features of which no record can prove when they became known."""
        return frozenset(f.name for f in self.features if f.unversioned)

    def feature(self, name: str) -> FeatureSpec:
        """Return the feature called ``name``."""
        return next(f for f in self.features if f.name == name)

    @property
    def joined(self) -> bool:
        """Whether it is made of several sets."""
        return len(self.name.split(JOIN)) > 1

    def sets_of(self, name: str) -> tuple[str, ...]:
        """Return the sets that a feature belongs to."""
        return self.sets.get(name, (self.name,))

    def of_set(self, name: str) -> tuple[FeatureSpec, ...]:
        """Return the features of one of the joined sets, in their order."""
        return tuple(f for f in self.features if name in self.sets_of(f.name))

    def only(self, names: Sequence[str]) -> FeatureSet:
        """Return the set with these features alone, in their order in the set."""
        return replace(self, features=tuple(f for f in self.features if f.name in names))

    def digests(self, taxonomy: str) -> dict[str, str]:
        """Return a short hash of each feature's meaning, by which other code or another taxonomy is noticed."""
        return {f.name: f.digest(taxonomy) for f in self.features}
