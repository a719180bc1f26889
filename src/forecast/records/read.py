"""Read a raw table into canonical columns, batch by batch, and note every value that cannot be read.

The result of a row that is at fault is still a row: its faulty values are empty, and the account of faults says why.
Times come out in UTC microseconds *without* a zone, for DuckDB computes on those without further parts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem, raise_all
from forecast.records import values
from forecast.records.faults import REFUSED, SET_ASIDE, Faults
from forecast.records.schema import DAY, TEXT, TIME, Column, Table
from forecast.records.source import RawTable
from forecast.records.times import DAY as DAY_MICROS
from forecast.records.times import Clock, clock

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints

STAGED = pa.timestamp("us")
OPEN_ENDS = ("superseded_at", "ends_at")
"""Optional columns whose emptiness says that something still stands: a faulty value here costs the row."""
MAY_LIE_AHEAD = ("remanded_until", "starts_at", "ends_at")
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)
_EPOCH = datetime.date(1970, 1, 1)


def severity(column: Column) -> str:
    """Say what a faulty value in this column costs: the row, or only the value."""
    return REFUSED if column.required or column.name in OPEN_ENDS else SET_ASIDE


def comes_later(column: Column) -> bool:
    """Say whether the later of two readings of the clock is taken.

    What happened is dated early; what says from when something was known, or until when it lasted, is dated late. So
    nothing is thought known too early, and nothing seems recorded before it happened.
    """
    return not column.required or column.name == "recorded_at"


def staged_schema(table: Table) -> pa.Schema:
    """Return the schema of the staged rows: the number of the row, then the canonical columns, all of them nullable."""
    kinds = {TIME: STAGED}
    return pa.schema([("row", pa.int64())] + [(c.name, kinds.get(c.type, c.type)) for c in table.columns])


@dataclass
class Reader:
    """Converts one raw table. ``ends_before`` is the first day that the records cannot know of."""

    raw: RawTable
    faults: Faults
    ends_before: datetime.date

    def __post_init__(self) -> None:
        mapping = self.raw.mapping
        self.table = mapping.table
        self.missing = pa.array(list(mapping.missing), pa.string())
        self.clock: Clock | None = clock(mapping.timezone) if mapping.timezone else None
        self._check_types()

    def staged(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of :func:`staged_schema`; at the end the malformed rows are in the account of faults."""
        schema, first = staged_schema(self.table), 0
        for batch in self.raw.batches():
            rows = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            if batch.schema != self.raw.schema:  # parts of a table may differ in the widths of their columns
                raise_all([p for column in self.table.columns for p in self._wrong_type(column, batch.schema)])
            ids = self._ids(batch)
            columns = [self._column(column, batch, rows, ids) for column in self.table.columns]
            self.faults.flush()
            yield pa.RecordBatch.from_arrays([pa.array(rows), *columns], schema=schema)
        numbers = np.array([-number for number, _ in self.raw.malformed], dtype=np.int64)
        self.faults.add(self.table.name, "record-malformed", REFUSED, "", numbers)
        self.faults.flush()

    def _check_types(self) -> None:
        """Raise a problem for each column of a type that can never be read, and for a way of writing that is none."""
        found = [problem for column in self.table.columns for problem in self._wrong_type(column, self.raw.schema)]
        for key in ("time_format", "date_format"):
            written = getattr(self.raw.mapping, key)
            if written and (detail := values.check_written(written, self.faults.con)):
                found.append(Problem("records-time-format", key=key, found=written, detail=detail))
        raise_all(found)

    def _wrong_type(self, column: Column, schema: pa.Schema) -> Iterator[Problem]:
        """Yield a problem if the column is there but of a type that can never hold its values."""
        name = self.raw.mapping.source(column.name)
        if name not in schema.names or column.name in self.raw.mapping.constants:
            return
        kind = schema.field(name).type
        if not values.can_hold(kind, column.type):
            wanted = {TEXT: "text", TIME: "a time", DAY: "a day"}[column.type]
            yield Problem("records-column-type", path=self.raw.label, column=name, found=kind, wanted=wanted)

    def _ids(self, batch: pa.RecordBatch) -> pa.Array:
        given = self._given(self.table.column(self.table.key), batch)
        return values.texts(given, self.missing, {})[0]

    def _given(self, column: Column, batch: pa.RecordBatch) -> pa.Array:
        """Return what the file, or the mapping, gives for a column."""
        mapping = self.raw.mapping
        if column.name in mapping.constants:
            return pa.repeat(pa.scalar(mapping.constants[column.name]), len(batch))
        name = mapping.source(column.name)
        return batch.column(name) if name in batch.schema.names else pa.nulls(len(batch), pa.string())

    def _column(self, column: Column, batch: pa.RecordBatch, rows: Ints, ids: pa.Array) -> pa.Array:
        given = self._given(column, batch)
        noted = _Noted(self.faults, self.table, column, rows, given)
        if column.type == TEXT:
            array = self._text(column, given, noted)
        elif column.type == DAY:
            array = self._day(column, given, noted)
        else:
            array = self._time(column, given, noted, ids)
        if column.required:
            code = "record-key-missing" if column.name == self.table.key else "record-value-missing"
            noted.add(code, values.bools(array.is_null()) & ~noted.faulty)
        return array

    def _text(self, column: Column, given: pa.Array, noted: _Noted) -> pa.Array:
        text, unreadable = values.texts(given, self.missing, self.raw.mapping.values.get(column.name, {}))
        noted.add("record-unreadable", unreadable)
        if not column.values:
            return text
        listed = pc.is_in(text, value_set=pa.array(column.values, pa.string()))
        noted.add("record-code-unlisted", values.bools(pc.and_not(text.is_valid(), listed)))
        return pc.if_else(listed, text, pa.scalar(None, pa.string()))

    def _day(self, column: Column, given: pa.Array, noted: _Noted) -> pa.Array:
        """Return days; a time with a zone is the day that it begins in the zone of the records."""
        read = values.moments(given, self.missing, self._written(column), self.faults.con)
        micros = read.micros
        if self.clock is not None and read.fixed.any():
            micros = np.where(read.fixed, self.clock.to_local(micros), micros)
        split = read.there & (micros % DAY_MICROS != 0)
        noted.add("record-unreadable", read.unreadable | split)
        good = read.there & ~split
        good = self._possible(column, micros, good, noted)
        days = (micros // DAY_MICROS).astype(np.int32)
        return pa.array(days, mask=~good).cast(pa.date32())

    def _time(self, column: Column, given: pa.Array, noted: _Noted, ids: pa.Array) -> pa.Array:
        """Return times in UTC; those without a zone are read by the clock of the records."""
        read = values.moments(given, self.missing, self._written(column), self.faults.con, self.raw.mapping.date_format)
        noted.add("record-unreadable", read.unreadable)
        later, local = comes_later(column), read.there & ~read.fixed
        micros, good = read.micros, read.there
        if later and read.day_only.any():  # a day without a time of day: known when the day is over
            micros = np.where(read.day_only & read.there, micros + DAY_MICROS, micros)
            self.faults.note(self.table.name, "record-day-only", column.name, read.day_only & read.there, ids)
        if local.any():
            if self.clock is None:
                name = self.raw.mapping.source(column.name)
                raise Problem("records-timezone", path=self.raw.label, column=name, table=self.table.name)
            meant = self.clock.to_utc(micros, later=later)
            # A day begins although midnight may never have been shown: the clock then began with a later hour.
            gap, repeated = meant.gap & local & ~read.day_only, meant.repeated & local
            noted.add("record-clock-gap", gap)
            self.faults.note(self.table.name, "record-clock-repeated", column.name, repeated & ~read.day_only, ids)
            micros, good = np.where(local, meant.utc, micros), good & ~gap
        good = self._possible(column, micros, good, noted)
        return pa.array(micros, mask=~good).cast(STAGED)

    def _written(self, column: Column) -> str:
        """Return how the column's texts are written; constants are written as TOML writes them."""
        mapping = self.raw.mapping
        if column.name in mapping.constants:
            return ""
        return mapping.date_format if column.type == DAY else mapping.time_format

    def _possible(self, column: Column, micros: Ints, good: Bools, noted: _Noted) -> Bools:
        """Return ``good`` without what lies before 1900, after 2100, or after the end of the records."""
        wild = good & ((micros < _micros(FIRST_DAY)) | (micros >= _micros(LAST_DAY)))
        noted.add("record-date-impossible", wild)
        good = good & ~wild
        if column.name in MAY_LIE_AHEAD:
            return good
        end = _micros(self.ends_before)
        if column.type == TIME and self.clock is not None:
            end = int(self.clock.to_utc(np.array([end]), later=True).utc[0])
        # A day that is known when it is over is dated to the first moment of the next one, so that moment may be.
        ahead = good & (micros > end if column.type == TIME else micros >= end)
        noted.add("record-in-future", ahead)
        return good & ~ahead


@dataclass
class _Noted:
    """Notes the faults of one column of a batch."""

    faults: Faults
    table: Table
    column: Column
    rows: Ints
    given: pa.Array

    def __post_init__(self) -> None:
        self.faulty: Bools = np.zeros(len(self.rows), bool)

    def add(self, code: str, where: Bools) -> None:
        """Note a fault of the rows at ``where``."""
        if not where.any():
            return
        self.faulty = self.faulty | where
        places = np.flatnonzero(where)
        found = values.shown(self.given.take(pa.array(places)))
        self.faults.add(self.table.name, code, severity(self.column), self.column.name, self.rows[places], found)


def _micros(day: datetime.date) -> int:
    return (day - _EPOCH).days * DAY_MICROS
