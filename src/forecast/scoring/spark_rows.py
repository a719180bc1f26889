"""Turn the tables of accepted records into one table of rows that Spark can sort by person, and rows back into records.

A packed row is (person_id, table, recorded_at, key, and for each table a struct of its other columns, null for rows of
the other tables). So a person's rows of all tables come to one worker, next to each other and in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from forecast.records.pieces import open_canonical
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, TABLES, Column, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PERSON, TABLE, RECORDED, KEY = "person_id", "table", "recorded_at", "key"
ORDER = (PERSON, TABLE, RECORDED, KEY)
_EVENTS = TABLES.index(CUSTODY_EVENTS)


def rest(table: Table) -> list[Column]:
    """Return the columns of a table that lie in its struct."""
    return [c for c in table.columns if c.name not in (PERSON, RECORDED, table.key)]


def check_folder(folder: Path) -> dict[str, int]:
    """Return the rows of each table that is there; raise ``records-not-canonical`` for any other form."""
    rows = {}
    for table in TABLES:
        path = folder / f"{table.name}.parquet"
        if table.optional and not path.is_file():
            continue
        with open_canonical(path, table, [c.name for c in table.columns], coded=False) as file:
            rows[table.name] = file.metadata.num_rows
    return rows


def packed(spark: SparkSession, folder: Path, names: Iterable[str], partitions: int) -> DataFrame:
    """Return the rows of the tables called ``names``, people in the order of partitions and within each.

    Spark orders texts by their bytes in UTF-8, as Arrow, DuckDB and Python do. All rows of a person are in one
    partition; where there are few people, some partitions are empty.
    """
    known = frozenset(names)
    parts = [_packed(spark, folder, i) for i, table in enumerate(TABLES) if table.name in known]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.unionAll(part)
    return whole.repartitionByRange(partitions, PERSON).sortWithinPartitions(*ORDER)


def _packed(spark: SparkSession, folder: Path, number: int) -> DataFrame:
    from pyspark.sql import functions as f

    table = TABLES[number]
    rows = spark.read.schema(spark_schema(table)).parquet(spark_path(folder / f"{table.name}.parquet"))
    structs = [
        f.struct(*(c.name for c in rest(t))).alias(t.name) if t is table else f.lit(None).cast(_struct(t)).alias(t.name)
        for t in TABLES
    ]
    tag = f.lit(number).alias(TABLE)
    return rows.select(PERSON, tag, RECORDED, f.col(table.key).alias(KEY), *structs)


def spark_path(path: Path) -> str:
    """Return a path as Spark reads it: of this file system, with the signs that it would take for patterns escaped."""
    escaped = "".join(f"\\{c}" if c in "\\*?[]{}" else c for c in str(path.resolve()))
    return f"file://{escaped}"


def spark_schema(table: Table) -> str:
    """Return the schema of a table's file in Spark's words."""
    return ", ".join(f"`{c.name}` {_word(c.type)}" for c in table.columns)


def _struct(table: Table) -> str:
    return "struct<" + ", ".join(f"`{c.name}`: {_word(c.type)}" for c in rest(table)) + ">"


def _word(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return "date" if pa.types.is_date(kind) else "string"


def gathered(batches: Iterable[pa.RecordBatch], events_each: int) -> Iterator[Records]:
    """Yield the records of whole people, about ``events_each`` custody events at a time.

    Batches are cut anywhere, but their rows are in the order of people: the last person waits for the next batch.
    """
    held: list[pa.RecordBatch] = []
    events = 0
    for batch in batches:
        if not len(batch):
            continue
        held.append(batch)
        events += _events(batch)
        if events >= events_each:
            whole, held = _cut(held)
            events = sum(map(_events, held))
            if whole:
                yield unpacked(pa.Table.from_batches(whole))
    if held:
        yield unpacked(pa.Table.from_batches(held))


def _events(batch: pa.RecordBatch) -> int:
    return int((batch.column(TABLE).to_numpy() == _EVENTS).sum())


def _cut(held: list[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
    """Return the rows of all people but the last one, and the rows of the last."""
    last = held[-1].column(PERSON)[-1]
    for i in range(len(held) - 1, -1, -1):
        start = pc.index(held[i].column(PERSON), last).as_py()
        if start:  # 0: the person fills this batch; -1: has no row in it
            cut = len(held[i]) if start < 0 else start
            return [*held[:i], held[i].slice(0, cut)], [b for b in (held[i].slice(cut), *held[i + 1 :]) if len(b)]
    return [], held


def unpacked(rows: pa.Table) -> Records:
    """Return packed rows as records of the canonical schema."""
    number = rows[TABLE].combine_chunks()
    return Records(**{t.name: _unpacked(rows.filter(pc.equal(number, i)), t) for i, t in enumerate(TABLES)})


def _unpacked(rows: pa.Table, table: Table) -> pa.Table:
    columns: dict[str, Any] = {table.key: rows[KEY], PERSON: rows[PERSON], RECORDED: rows[RECORDED]}
    fields = rows[table.name].combine_chunks()
    columns |= {c.name: fields.field(c.name) for c in rest(table)}
    return pa.Table.from_arrays([columns[c.name] for c in table.columns], schema=table.arrow)
