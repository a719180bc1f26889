"""Copy the records of single forecast moments, so that what was on record then can be cut out and tampered with.

Each moment gets a person of its own with a full copy of the record: one run of the features over all copies then
answers for all moments at once, and nothing that is done to one copy can reach another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, INTELLIGENCE, OFFENCES, ORDERS, PERSONS, TIME, Table

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints
    from forecast.records.arrange import Arranged
    from forecast.records.moments import Moments

TABLES = (CUSTODY_EVENTS, OFFENCES, INTELLIGENCE, ORDERS)
LATEST = int(np.iinfo(np.int64).max)
"""Stands for a missing time: later than any."""
_LINKS = ("person_id", "custody_id", "offence_id", "report_id", "order_id")


@dataclass(frozen=True)
class Copies:
    """Records in which every moment has a person of its own.

    ``as_of``: (moments,) microseconds. ``custody``: (moments,) the renamed id of the presenting event. ``case``: for
    each table the moment that each of its rows was copied for.
    """

    records: Records
    as_of: Ints
    custody: list[str]
    case: dict[str, Ints]

    def table(self, schema: Table) -> pa.Table:
        """Return one of the tables."""
        table: pa.Table = getattr(self.records, schema.name)
        return table

    def at(self, schema: Table) -> Ints:
        """Return for each row of a table the ``as_of`` of its moment."""
        return self.as_of[self.case[schema.name]]

    def own(self, schema: Table) -> Bools:
        """Say for each row whether it belongs to the presenting event of its moment."""
        table = self.table(schema)
        if "custody_id" not in table.column_names:
            return np.zeros(len(table), dtype=bool)
        own = pa.array(self.custody).take(pa.array(self.case[schema.name]))
        same: Bools = pc.equal(table["custody_id"], own).to_numpy()
        return same

    def changed(self, schema: Table, table: pa.Table, case: Ints) -> Copies:
        """Return copies with another table in place of one."""
        records = replace(self.records, **{schema.name: table.cast(schema.arrow)})
        return replace(self, records=records, case={**self.case, schema.name: case})

    def kept(self, schema: Table, keep: Bools) -> Copies:
        """Return copies with only the rows of a table under a mask."""
        return self.changed(schema, self.table(schema).filter(pa.array(keep)), self.case[schema.name][keep])

    def added(self, schema: Table, rows: pa.Table, case: Ints) -> Copies:
        """Return copies with more rows in a table."""
        table = pa.concat_tables([self.table(schema), rows.cast(schema.arrow)])
        return self.changed(schema, table, np.concatenate([self.case[schema.name], case]))


def copy_moments(arranged: Arranged, picked: Moments) -> Copies:
    """Return a copy of the whole record of its person for each of the ``picked`` moments."""
    starts = {
        CUSTODY_EVENTS: arranged.event_starts,
        OFFENCES: arranged.offence_starts,
        INTELLIGENCE: arranged.intelligence_starts,
        ORDERS: arranged.order_starts,
    }
    cases = np.arange(len(picked), dtype=np.int64)
    case = {PERSONS.name: cases}
    tables = {PERSONS.name: _renamed(arranged.records.persons.take(pa.array(picked.person)), cases)}
    for schema, offsets in starts.items():
        rows, of = _rows(offsets, picked.person)
        case[schema.name] = of
        tables[schema.name] = _renamed(getattr(arranged.records, schema.name).take(pa.array(rows)), of)
    custody = arranged.records.custody_events["custody_id"].take(pa.array(picked.event_row))
    names = _prefixed(custody.combine_chunks(), cases).to_pylist()
    return Copies(Records(**tables), picked.as_of, names, case)


def _rows(starts: Ints, person: Ints) -> tuple[Ints, Ints]:
    """Return the rows of each person, one after the other, and which of the persons each belongs to."""
    sizes = starts[person + 1] - starts[person]
    case = np.repeat(np.arange(len(person), dtype=np.int64), sizes)
    before = np.cumsum(sizes) - sizes
    rows = np.arange(len(case), dtype=np.int64) - before[case] + starts[person][case]
    return rows, case


def _renamed(table: pa.Table, case: Ints) -> pa.Table:
    """Give each moment ids of its own; the order of ids within a moment stays what it was."""
    for name in _LINKS:
        if name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, table.schema.field(name), _prefixed(table[name].combine_chunks(), case))
    return table


def _prefixed(ids: pa.Array, case: Ints) -> pa.Array:
    number = pc.utf8_lpad(pc.cast(pa.array(case), pa.string()), width=9, padding="0")
    return pc.binary_join_element_wise(number, ids, "/")


def times(table: pa.Table, column: str, missing: int) -> Ints:
    """Return a column of times as microseconds, with a value for what is missing."""
    values: Ints = pc.fill_null(table[column].cast(pa.int64()), missing).to_numpy()
    return values


def set_times(table: pa.Table, column: str, at: Ints, where: Bools | None = None) -> pa.Table:
    """Return the table with a column of times set, everywhere or under a mask."""
    place, new = table.column_names.index(column), pa.array(at).cast(TIME)
    value = new if where is None else pc.if_else(pa.array(where), new, table[column].combine_chunks())
    return table.set_column(place, table.schema.field(column), value)


def set_null(table: pa.Table, column: str, where: Bools) -> pa.Table:
    """Return the table with a column emptied under a mask."""
    place = table.column_names.index(column)
    value = pc.if_else(pa.array(where), pa.scalar(None, table[column].type), table[column].combine_chunks())
    return table.set_column(place, table.schema.field(column), value)


Tamper = Callable[[Copies], Copies]
