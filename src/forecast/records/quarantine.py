"""Write what a check decided: accepted records in canonical form, refused rows as they were, values set aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from forecast.records.schema import CUSTODY_EVENTS, TEXT, Table
from forecast.records.source import RawTable
from forecast.records.values import shown

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet

    from forecast.cases import Ints

GROUP_ROWS = 1 << 17
VALUES_FILE = "values.parquet"


def write_accepted(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write a table's accepted rows in the canonical schema, sorted by person, ``recorded_at`` and key.

    The order is complete, so the same records give the same bytes, in whatever order they came.
    """
    emptied = {
        row[0]
        for row in con.execute(
            "SELECT DISTINCT col FROM faults WHERE tbl = $1 AND severity = 'set aside'", [table.name]
        ).fetchall()
    }
    columns = ", ".join(_emptied(table, c.name) if c.name in emptied else c.name for c in table.columns)
    query = f"SELECT {columns} FROM good_{table.name} ORDER BY person_id, recorded_at, {table.key}"
    schema = table.arrow
    # A dictionary of values that are nearly all different costs much and saves nothing.
    unique = (table.key, CUSTODY_EVENTS.key)
    shared = [c.name for c in table.columns if c.type == TEXT and c.name not in unique]
    with _writer(path, schema, use_dictionary=shared) as writer:
        for batch in con.sql(query).to_arrow_reader(GROUP_ROWS):
            arrays = [batch.column(i).cast(field.type) for i, field in enumerate(schema)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=GROUP_ROWS)


def _emptied(table: Table, column: str) -> str:
    rows = f"SELECT row FROM faults WHERE tbl = '{table.name}' AND col = '{column}' AND severity = 'set aside'"
    return f"CASE WHEN row IN ({rows}) THEN NULL ELSE {column} END AS {column}"


def write_refused(con: duckdb.DuckDBPyConnection, raw: RawTable, path: Path) -> int:
    """Write a table's refused rows with all their values as texts; return how many.

    ``row`` is the number of the row in the file or table, from 1; ``codes`` says what is wrong with it; ``text`` holds
    the line of a CSV file that could not be cut into fields.
    """
    found = con.sql(
        f"""SELECT row, list_sort(list(DISTINCT code)) AS codes FROM faults
        WHERE tbl = '{raw.name}' AND severity <> 'note' AND row IN (SELECT row FROM refused_{raw.name})
        GROUP BY row ORDER BY row"""
    ).to_arrow_table()
    rows, codes = found["row"].to_numpy(), found["codes"].combine_chunks()
    lines = dict(raw.malformed)
    names = _free_names(raw)
    schema = pa.schema(
        [(names[0], pa.int64()), (names[1], pa.list_(pa.string())), (names[2], pa.string())]
        + [(name, pa.string()) for name in raw.schema.names]
    )
    written = 0
    with _writer(path, schema) as writer:
        for numbers, places, texts in _pieces(raw, rows):
            line = pa.array([lines.get(int(n)) for n in numbers] if texts is None else [None] * len(places))
            values = texts or [pa.nulls(len(places), pa.string()) for _ in raw.schema.names]
            arrays = [pa.array(numbers), codes.take(pa.array(places)), line.cast(pa.string()), *values]
            writer.write_table(
                pa.Table.from_arrays([_as(a, f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)
            )
            written += len(places)
    return written


def _as(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array if array.type == kind else array.cast(kind)


def _free_names(raw: RawTable) -> list[str]:
    """Return the names of our own columns; where the file has one of that name, ours gets an underscore."""
    taken, names = set(raw.schema.names), []
    for name in ("row", "codes", "text"):
        while name in taken:
            name += "_"
        names.append(name)
    return names


def _pieces(raw: RawTable, rows: Ints) -> Iterator[tuple[Ints, Ints, list[pa.Array] | None]]:
    """Yield the refused rows: their numbers in the file, their places in ``rows`` and their values as texts."""
    malformed = np.flatnonzero(rows < 0)
    if len(malformed):
        order = malformed[::-1]  # the account holds them below zero
        yield -rows[order], order, None
    if len(malformed) == len(rows):
        return
    bad = -rows[malformed][::-1]
    stepped = bad - np.arange(len(bad))  # for the i-th malformed row: one more than the good rows before it
    first = 0
    for batch in raw.batches():
        low, high = np.searchsorted(rows, [first, first + len(batch)])
        if high > low:
            places = np.arange(low, high)
            numbers = rows[low:high] + 1
            taken = batch.take(pa.array(rows[low:high] - first))
            texts = [shown(taken.column(name)) for name in raw.schema.names]
            yield numbers + np.searchsorted(stepped, numbers, side="right"), places, texts
        first += len(batch)


def write_values(con: duckdb.DuckDBPyConnection, tables: dict[str, Table], path: Path) -> None:
    """Write the values that were set aside in accepted rows: where they stood, what was found, and why."""
    parts = [
        f"""SELECT DISTINCT tbl AS "table", f.row + 1 AS row, {table.key} AS key, col AS "column", found, f.code
        FROM faults f JOIN good_{name} g USING (row) WHERE tbl = '{name}' AND severity = 'set aside'"""
        for name, table in tables.items()
    ]
    query = " UNION ALL ".join(parts) + " ORDER BY ALL"
    kinds = [pa.string(), pa.int64(), *[pa.string()] * 4]
    names = ("table", "row", "key", "column", "found", "code")
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    with _writer(path, schema) as writer:
        for batch in con.sql(query).to_arrow_reader(GROUP_ROWS):
            writer.write_batch(batch.cast(schema))


def _writer(path: Path, schema: pa.Schema, **options: Any) -> pyarrow.parquet.ParquetWriter:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd", **options)
