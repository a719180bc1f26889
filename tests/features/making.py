"""Make small records: rows as dictionaries with the columns that matter, times as microseconds or datetimes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from forecast.records.instants import YEAR_US
from forecast.records.records import Records
from forecast.records.schema import (
    CUSTODY_EVENTS,
    INTELLIGENCE,
    OFFENCES,
    ORDER_KINDS,
    ORDERS,
    REASONS,
    TABLES,
    TIME,
    Table,
)

Row = dict[str, Any]
Rows = dict[str, list[Row]]
CODES = ("8N", "1", "34B", "46", "92E", "10D", "00806", "19C", "92A", "83")
START = 946_684_800_000_000  # 2000-01-01
_STEPS = (0, 1, 2, 60_000_000, 86_400_000_000, 40 * 86_400_000_000)
INSTANTS = sorted(
    {START + years * YEAR_US + step + sign for years in (0, 1, 2, 5) for step in _STEPS for sign in (-1, 0)}
)
DEFAULTS: dict[str, Row] = {
    "persons": {"recorded_at": 0, "sex": "M"},
    "custody_events": {"reason": "offence"},
    "offences": {"code": "8N"},
    "intelligence": {},
    "orders": {"kind": "bail"},
}


def at(*when: int) -> int:
    """Return a time in UTC as microseconds."""
    year, month, day, *rest = when
    moment = dt.datetime(year, month, day, *rest, tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def table(schema: Table, rows: list[Row]) -> pa.Table:
    """Return rows as a table of the canonical schema; columns not given are empty."""
    columns = []
    for column in schema.columns:
        values = [{**DEFAULTS[schema.name], **row}.get(column.name) for row in rows]
        if column.type == TIME:
            columns.append(pa.array(values, pa.int64()).cast(pa.timestamp("us")).cast(TIME))
        else:
            columns.append(pa.array(values, column.type))
    return pa.Table.from_arrays(columns, schema=schema.arrow)


def records(rows: Rows) -> Records:
    """Return records of rows by table name."""
    return Records(**{t.name: table(t, rows.get(t.name, [])) for t in TABLES})


def one_person(events: list[Row], offences: list[Row] | None = None, **others: list[Row]) -> Rows:
    """Return the rows of one person, born on 1980-01-01; ``person_id`` is filled in everywhere."""
    rows: Rows = {"persons": [{"born_on": dt.date(1980, 1, 1)}], "custody_events": events}
    rows |= {"offences": offences or [], **others}
    return {name: [{"person_id": "p", **row} for row in listed] for name, listed in rows.items()}


def event(custody_id: str, when: int, **more: Any) -> Row:
    """Return a custody event of an arrest that was recorded at once."""
    return {"custody_id": custody_id, "arrested_at": when, "recorded_at": when, **more}


def offence(offence_id: str, custody_id: str, when: int, **more: Any) -> Row:
    """Return an offence that was recorded when it was committed."""
    return {"offence_id": offence_id, "custody_id": custody_id, "committed_at": when, "recorded_at": when, **more}


instants = st.sampled_from(INSTANTS)
maybe = st.one_of(st.none(), st.none(), instants)


@st.composite
def histories(draw: st.DrawFn, people: int = 2, most: int = 6) -> Rows:
    """Draw records with ties, late recording, edits, withdrawals and impossible orders of time, of a few people."""
    rows: Rows = {t.name: [] for t in TABLES}
    for p in range(people):
        person = f"p{p}"
        rows["persons"].append(
            {"person_id": person, "born_on": draw(st.sampled_from([None, dt.date(1980, 1, 1), dt.date(2001, 1, 1)]))}
        )
        events = [f"{person}c{i}" for i in range(draw(st.integers(0, most)))]
        for custody in events:
            _versions(draw, rows, CUSTODY_EVENTS, {"custody_id": custody, "person_id": person}, "arrested_at")
        for i in range(draw(st.integers(0, most)) if events else 0):
            ids = {"offence_id": f"{person}o{i}", "person_id": person, "custody_id": draw(st.sampled_from(events))}
            _versions(draw, rows, OFFENCES, ids, "committed_at")
        for i in range(draw(st.integers(0, 2))):
            _versions(draw, rows, INTELLIGENCE, {"report_id": f"{person}r{i}", "person_id": person}, "observed_at")
        for i in range(draw(st.integers(0, 3))):
            _versions(draw, rows, ORDERS, {"order_id": f"{person}d{i}", "person_id": person}, "starts_at")
    return rows


def _versions(draw: st.DrawFn, rows: Rows, schema: Table, ids: Row, happened: str) -> None:
    """Add one or two versions of a row; the second one, if there is one, stands from when the first does not."""
    first = {**ids, happened: draw(instants), "recorded_at": draw(instants), "superseded_at": draw(maybe)}
    if first["superseded_at"] is not None and first["superseded_at"] <= first["recorded_at"]:
        first["superseded_at"] = first["recorded_at"] + 1
    made = [first]
    if first["superseded_at"] is not None and draw(st.booleans()):
        again = {**ids, happened: draw(instants), "recorded_at": first["superseded_at"], "superseded_at": None}
        made.append(again)
    for row in made:
        if schema is CUSTODY_EVENTS:
            row["reason"] = draw(st.sampled_from(REASONS))
        if schema is OFFENCES:
            row |= {"code": draw(st.sampled_from(CODES)), "proven_at": draw(maybe)}
        if schema is ORDERS:
            row |= {"kind": draw(st.sampled_from(ORDER_KINDS)), "ends_at": draw(maybe)}
    rows[schema.name] += made
