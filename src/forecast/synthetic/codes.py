"""Name the numbers that the kernels and the table makers share: groups, columns, reasons, disposals, times."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.synthetic.groups import GROUPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

VIOLENCE_SERIOUS, SEXUAL, ROBBERY, BREACH = 0, 3, 4, GROUPS.index("breach_justice")
LAST_VIOLENT = 2  # the first three groups are violence against the person

DAY = 86_400.0
YEAR = 365.25 * DAY
NEVER = np.iinfo(np.int64).min
"""No time; the same bits as numpy's NaT."""


def seconds(day: str) -> int:
    """Return the seconds from 1970 to the first moment of a day."""
    return int(np.datetime64(day, "s").astype(np.int64))


FIRST_DAY, RECORDS_START, RECORDS_END = "1930-01-01", seconds("1985-01-01"), seconds("2018-01-01")
CLOCK_START = seconds(FIRST_DAY)
DIVERSION_START = seconds("2015-01-01")

# columns of the rows that the kernels write
E_PERSON, E_ARRESTED, E_REASON, E_DISPOSAL, E_DISPOSED, E_RELEASED, E_REMANDED = range(7)
O_PERSON, O_COMMITTED, O_GROUP, O_EVENT, O_ROLE, O_CHARGED, O_PROVEN, O_ORIGIN = range(8)
R_PERSON, R_KIND, R_START, R_END = range(4)
LEADING, FURTHER, REPEATED = range(3)
# places in forecast.records.schema's REASONS, DISPOSALS and ORDER_KINDS (a test compares them)
OFFENCE, BREACH_ARREST, BAIL, WARRANT, RECALL = range(5)
NO_ACTION, RESOLUTION, PENALTY, CAUTION, DIVERSION, CHARGE, OTHER = range(7)
PRISON, SUSPENDED, COMMUNITY, BAIL_ORDER, REGISTER = range(5)


class Rules(NamedTuple):
    """The parameters as the kernels read them; arrays over the 18 groups unless said otherwise."""

    share: Floats
    arrest: Floats
    historic: Floats
    charge: Floats
    prison: Floats
    prison_days: Floats
    low_level: Ints
    rhythm: Ints
    cluster: Ints
    month: Ints  # the month (0-11) of each day from FIRST_DAY
    season: Floats  # (rhythms, 12)
    week: Floats  # (rhythms, 168), hours from Monday 00:00
    bound: float  # no product of age, season and week is above it
    age: Floats  # (121,) relative rate at each year of age
    exposure_effect: float
    repeat_group: float
    violence_escalation: float
    habit: float
    excitement: float
    excitement_days: float
    further: float
    breach_share: float
    bail_return: float
    warrant: float
    recall: float
    remand: float
    proven: float
    prison_priors: float
    diversion: float
    diversion_effect: float
    seed: int


class People(NamedTuple):
    """Latent people as the kernels read them; times in seconds from 1970."""

    born: Floats
    starts: Floats
    desists: Floats
    leaves: Floats
    rate: Floats  # arrests a second at relative rate 1
    exposure: Floats
    taste: Floats  # (people, clusters), positive


class Rows(NamedTuple):
    """Where the kernels write: matrices of rows and, in ``used``, how many of each are full."""

    events: Ints
    offences: Ints
    orders: Ints
    used: Ints


class State(NamedTuple):
    """What the kernels remember of the person they are at."""

    now: Floats
    queue: Floats  # (slots, 4): when, what, which offence row, how long
    weights: Floats  # (groups,) cumulated
    stream: NDArray[np.uint64]


def record(fields: NamedTuple) -> Any:
    """Return one structured row that holds all fields: compiled code hands it on as one pointer, many times faster."""
    parts = {name: np.asarray(value) for name, value in zip(fields._fields, fields, strict=True)}
    row = np.zeros(1, dtype=[(name, part.dtype, part.shape) for name, part in parts.items()])
    for name, part in parts.items():
        row[name][0] = part
    return row


def records(fields: NamedTuple) -> Any:
    """Return a structured array, one row for each place along the first axis of the fields."""
    parts = {name: np.asarray(value) for name, value in zip(fields._fields, fields, strict=True)}
    size = len(next(iter(parts.values())))
    rows = np.zeros(size, dtype=[(name, part.dtype, part.shape[1:]) for name, part in parts.items()])
    for name, part in parts.items():
        rows[name] = part
    return rows
