"""Put one record right, or leave it out, and forecast again."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem, nearest
from forecast.records.checks import own
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, DAY, OFFENCES, TABLES, TIME, Column, Table
from forecast.records.taxonomy import load_taxonomy
from forecast.scoring.corrections import Corrected
from forecast.scoring.one import score_one
from forecast.scoring.record_names import find_record, holds, rows_of
from forecast.scoring.used import value_text

if TYPE_CHECKING:
    from forecast.explanations.texts import Texts
    from forecast.scoring.one import Ready

FIXED = ("person_id", "custody_id", "recorded_at", "superseded_at")
"""What a correction leaves: whose record it is (leave the record out instead), and when it was on record."""


def without_record(model: Ready, records: Records, custody_id: str, record_id: str) -> Corrected:
    """Return the forecast of a custody event as it is, and as if one record were not this person's.

    All versions of the record are left out; with a custody event go its offences. ``record_id`` may be `TABLE:ID`.

    Raises
    ------
    Problem : what :func:`find_record` raises, ``correction-presenting`` for the custody event at hand, and whatever
        :func:`score_one` raises.
    """
    table, found = find_record(records, record_id)
    if table is CUSTODY_EVENTS and found == custody_id:
        raise Problem("correction-presenting", id=found)
    before = score_one(records, model, custody_id=custody_id)
    left = without(records, table, found)
    after = score_one(left, model, custody_id=custody_id)
    texts = _texts(model)
    what = texts.say("correction.without", record=texts[f"correction.{table.name}"], id=found)
    return Corrected((what,), before, after, left)


def with_change(
    model: Ready, records: Records, custody_id: str, record: tuple[str, str], change: tuple[str, str]
) -> Corrected:
    """Return the forecast of a custody event as it is, and with one value of one record put right.

    Parameters
    ----------
    record : (table, id); all versions of the record are changed. change : (column, text); days as `2010-05-03`, times
        as `2010-05-03T14:05:00Z`, an empty text for no value.

    Raises
    ------
    Problem : ``correction-table``, ``correction-record-unknown``, ``correction-column``, ``correction-value`` where the
        schema has no such value, ``correction-impossible`` where a check of records would refuse it, and whatever
        :func:`score_one` raises.
    """
    table = next((t for t in TABLES if t.name == record[0]), None)
    if table is None:
        raise Problem("correction-table", table=record[0], hint=nearest(record[0], [t.name for t in TABLES]))
    if not holds(records, table, record[1]):
        raise Problem("correction-record-unknown", id=f"{record[0]}:{record[1]}")
    column = _column(table, change[0])
    value = _value(table, column, change[1])
    changed, was = _changed(records, table, record[1], column, value)
    _check(changed, table, record[1])
    before = score_one(records, model, custody_id=custody_id)
    after = score_one(changed, model, custody_id=custody_id)
    texts = _texts(model)
    what = texts.say(
        "correction.changed",
        record=texts[f"correction.{table.name}"],
        id=record[1],
        fact=texts[f"correction.{column.name}"],
        before=value_text(was, texts),
        after=value_text(value, texts),
    )
    return Corrected((what,), before, after, changed)


def _texts(model: Ready) -> Texts:
    return model.reasoner.texts


def without(records: Records, table: Table, record_id: str) -> Records:
    """Return the records without one; with a custody event go the offences that were held in it."""
    gone = [table, OFFENCES] if table is CUSTODY_EVENTS else [table]
    left = {}
    for each in gone:
        rows = getattr(records, each.name)
        left[each.name] = rows.filter(pc.not_equal(rows[table.key], record_id))
    return replace(records, **left)


def _column(table: Table, name: str) -> Column:
    """Return a column that a correction may change."""
    known = [c.name for c in table.columns if c.name not in FIXED and c.name != table.key]
    if name not in known:
        raise Problem("correction-column", column=name, where=table.name, hint=nearest(name, known))
    return table.column(name)


def _value(table: Table, column: Column, text: str) -> Any:
    """Return a text as a value of a column, or raise why the schema has no such value."""
    text = text.strip()
    if not text and not column.required:
        return None
    wanted, value = "it may not be empty", _text(text)
    if column.values:
        wanted = f"it is one of: {', '.join(column.values)}"
        value = _text(text if text in column.values else "")
    elif column.name == "code":
        wanted = "it is an offence code that the taxonomy knows, like 8N"
        value = _text(text if load_taxonomy().find(text) else "")
    elif column.type == DAY:
        wanted, value = "it is a day like 2010-05-03", _day(text)
    elif column.type == TIME:
        wanted, value = "it is a time with its zone, like 2010-05-03T14:05:00Z", _time(text)
    if value is None:
        found = text or "empty"
        raise Problem("correction-value", table=table.name, column=column.name, found=found, expected=wanted)
    return value


def _text(text: str) -> Any:
    return text or None


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> datetime.datetime | None:
    """Return a time that says its zone, None for anything else."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _changed(records: Records, table: Table, record_id: str, column: Column, value: Any) -> tuple[Records, Any]:
    """Return the records with a value of all versions of one record changed, and what stood there, newest version."""
    rows: pa.Table = getattr(records, table.name)
    mine = pc.equal(rows[table.key], record_id)
    was = rows.filter(mine).sort_by("recorded_at")[column.name][-1].as_py()
    new = pc.if_else(mine, pa.scalar(value, column.type), rows[column.name])
    place = rows.schema.get_field_index(column.name)
    changed = rows.set_column(place, rows.schema.field(place), new.cast(column.type))
    return replace(records, **{table.name: changed}), was


def _check(records: Records, table: Table, record_id: str) -> None:
    """Raise ``correction-impossible`` if the order of times in the record is one that a check of records refuses."""
    import duckdb

    rows = rows_of(records, table, record_id)
    times = [f.name for f in rows.schema if pa.types.is_timestamp(f.type)]
    for name in times:  # the checks compute on UTC without a zone
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, rows[name].cast(pa.timestamp("us")))
    with duckdb.connect() as con:
        con.register(table.name, rows.append_column("row", pa.array(range(len(rows)), pa.int64())))
        for check in own(table):
            if con.execute(check.query).fetchall():
                raise Problem("correction-impossible", table=table.name, id=record_id, check=check.code)
