"""Name the records of a person: by their ids, with their table where two tables hold the same id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from forecast.problems import Problem
from forecast.records.schema import PERSONS, TABLES, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from forecast.records.records import Records


def record_name(records: Records, table: str, record_id: str) -> str:
    """Return what people call a record: its id, `TABLE:ID` where that alone would name another record too."""
    return record_id if len(_holders(records, record_id)) == 1 else f"{table}:{record_id}"


def find_record(records: Records, name: str) -> tuple[Table, str]:
    """Return the table that holds a record, and its id without the table's name; rows of `persons` are no records.

    Raise ``correction-record-unknown``, and ``correction-record-ambiguous`` for an id that two tables hold.
    """
    before, colon, rest = name.partition(":")
    named = [t for t in TABLES if colon and t.name == before and t is not PERSONS and holds(records, t, rest)]
    if named:
        return named[0], rest
    found = _holders(records, name)
    if not found:
        raise Problem("correction-record-unknown", id=name)
    if len(found) > 1:
        raise Problem("correction-record-ambiguous", id=name, found=" and ".join(f"{t.name}:{name}" for t in found))
    return found[0], name


def rows_of(records: Records, table: Table, record_id: str) -> pa.Table:
    """Return all versions of a record."""
    rows: pa.Table = getattr(records, table.name)
    return rows.filter(pc.equal(rows[table.key], record_id))


def holds(records: Records, table: Table, record_id: str) -> bool:
    """Say whether a table has a record of that id."""
    return int(pc.index(getattr(records, table.name)[table.key], record_id).as_py()) >= 0


def _holders(records: Records, record_id: str) -> list[Table]:
    return [t for t in TABLES if t is not PERSONS and holds(records, t, record_id)]
