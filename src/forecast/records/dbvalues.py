"""Turn values as drivers of databases give them into Arrow arrays, each exactly, and parts of a table into one form."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.problems import Problem
from forecast.records.copying import write_part

_WHOLE = pa.int64()
_KINDS: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: _WHOLE,
    float: pa.float64(),
    datetime.date: pa.date32(),
    str: pa.string(),
}
_UNREADABLE = (bytes, bytearray, memoryview, tuple, set)


def array_of(values: Sequence[Any], place: str, column: str) -> pa.Array:
    """Return values as an array of their own type; as texts if they are of several, or of one that Arrow lacks."""
    kinds = {type(value) for value in values if value is not None}
    for kind in kinds:
        if issubclass(kind, _UNREADABLE):
            raise Problem("database-column-type", place=place, column=column, found=kind.__name__)
    if not kinds:
        return pa.nulls(len(values))
    only = kinds.pop() if len(kinds) == 1 else None
    if only is not None and issubclass(only, datetime.datetime):
        return _times(values)
    if only in _KINDS:
        try:
            return pa.array(values, _KINDS[only])
        except (pa.ArrowInvalid, OverflowError):  # a whole number beyond 64 bits
            pass
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _times(values: Sequence[datetime.datetime | None]) -> pa.Array:
    """Return times with a zone in UTC, times without as they are, and a mixture of both as texts."""
    zoned = {value.tzinfo is not None for value in values if value is not None}
    if len(zoned) == 2:
        return pa.array([None if value is None else value.isoformat() for value in values], pa.string())
    return pa.array(values, pa.timestamp("us", "UTC" if zoned.pop() else None))


def _text(value: Any) -> str:
    """Return a value as people write it: no exponent in a decimal, times in ISO 8601."""
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def common_schema(files: list[Path]) -> list[Path]:
    """Give all parts of a table one schema: where the types of a column differ, or all is empty, it becomes text."""
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(file) for file in files]
    wanted = pa.schema([(name, _common({s.field(name).type for s in schemas})) for name in schemas[0].names])
    for file, schema in zip(files, schemas, strict=True):
        if schema != wanted:
            write_part(pq.read_table(file).cast(wanted), file)
    return files


def _common(kinds: set[pa.DataType]) -> pa.DataType:
    there = kinds - {pa.null()}
    return there.pop() if len(there) == 1 else pa.string()
