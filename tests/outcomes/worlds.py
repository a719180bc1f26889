"""Small worlds for the outcomes room: rows written by hand, and a taxonomy of three codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from forecast.outcomes.build import Outcomes, follow
from forecast.outcomes.definition import Definition
from forecast.records.arrange import Arranged, arrange
from forecast.records.moments import moments
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, ORDERS, PERSONS, Table

PLAIN, SERIOUS, GRAVE, UNKNOWN = "8N", "34B", "28E", "999Z"
WEIGHTS = {PLAIN: 189_123, SERIOUS: 800_456, GRAVE: 465_000, UNKNOWN: 777_000}
"""GRAVE weighs much but is not serious by the taxonomy; what UNKNOWN says here must never be looked at."""
TICK = dt.timedelta(microseconds=1)
Row = dict[str, Any]


def at(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> dt.datetime:
    """Return a time in UTC."""
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


NOON = at(2010, 3, 1, 12)
"""When the first event of most worlds was recorded; its window ends on END."""
END = at(2012, 3, 1, 12)
LATE = at(2020)


@dataclass(frozen=True)
class Meanings:
    mask: np.ndarray[Any, Any]
    weight_milli: np.ndarray[Any, Any]
    unknown: np.ndarray[Any, Any]


class ThreeCodes:
    """A taxonomy in which "serious" is the second bit."""

    classes = ("violent", "serious")

    def encode(self, codes: pa.ChunkedArray) -> Meanings:
        texts = codes.to_pylist()
        mask = np.array([2 if code in (SERIOUS, UNKNOWN) else 1 for code in texts], dtype=np.uint64)
        weight = np.array([WEIGHTS[code] for code in texts], dtype=np.int64)
        return Meanings(mask, weight, np.array([code == UNKNOWN for code in texts], dtype=bool))


def person(person_id: str = "P", **more: Any) -> Row:
    """Return a row of `persons`."""
    return {"person_id": person_id, "recorded_at": at(1990)} | more


def event(custody_id: str, recorded: dt.datetime, person_id: str = "P", **more: Any) -> Row:
    """Return a row of `custody_events`: arrested and recorded at the same time, for an offence."""
    row = {"custody_id": custody_id, "person_id": person_id, "arrested_at": recorded, "recorded_at": recorded}
    return row | {"reason": "offence"} | more


def offence(custody_id: str, committed: dt.datetime, code: str = PLAIN, **more: Any) -> Row:
    """Return a row of `offences`, recorded when it was committed; its id is made of what it says."""
    row = {"offence_id": f"{custody_id}-{committed}-{code}", "custody_id": custody_id, "person_id": "P", "code": code}
    return row | {"committed_at": committed, "recorded_at": committed} | more


def order(starts: dt.datetime, ends: dt.datetime | None, kind: str = "prison", **more: Any) -> Row:
    """Return a row of `orders`, recorded when it began."""
    row = {"order_id": f"{kind}-{starts}-{ends}", "person_id": "P", "kind": kind, "starts_at": starts, "ends_at": ends}
    return row | {"recorded_at": starts} | more


def _table(rows: Sequence[Row], schema: Table) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.arrow)


def world(
    events: Sequence[Row], offences: Sequence[Row] = (), persons: Sequence[Row] = (), orders: Sequence[Row] = ()
) -> Arranged:
    """Return rows as arranged records; persons that are not given are made."""
    known = {row["person_id"] for row in persons}
    made = [person(name) for name in sorted({row["person_id"] for row in [*events, *orders]} - known)]
    return arrange(
        Records(
            _table([*persons, *made], PERSONS),
            _table(events, CUSTODY_EVENTS),
            _table(offences, OFFENCES),
            orders=_table(orders, ORDERS),
        )
    )


def instant(time: dt.datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (time - at(1970)) // TICK


def outcomes_of(arranged: Arranged, data_end: dt.datetime = LATE, **definition: Any) -> Outcomes:
    """Return the outcomes of all moments."""
    return follow(arranged, moments(arranged), ThreeCodes(), Definition(**definition), instant(data_end))


def row_of(outcomes: Outcomes, row: int = 0) -> Row:
    """Return the outcomes of one moment as plain values."""
    plain: Row = outcomes.to_table().slice(row, 1).to_pylist()[0]
    return plain


def after_first(second: Row, *offences: Row, data_end: dt.datetime = LATE, **definition: Any) -> Row:
    """Return the outcome of an event A recorded at NOON that is followed by ``second`` with its offences."""
    first = [event("A", NOON), second]
    return row_of(outcomes_of(world(first, [offence("A", NOON - 9 * TICK), *offences]), data_end, **definition))
