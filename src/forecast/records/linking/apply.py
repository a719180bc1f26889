"""Write the records of a force anew, with the ids of persons in the place of the ids of nominals.

Only columns that the mapping reads are written: what else the export holds, names above all, stays behind. The persons
rows of the nominals of one person become one: the row of the nominal that was put on record first stands, what it lacks
comes from the next one that has it, and where they contradict each other the first one stands and the case is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem
from forecast.records import values
from forecast.records.mapping import FILE_NAME, TableMapping
from forecast.records.source import RawTable, Source

NEVER_COMPARED = ("person_id", "recorded_at")
"""Columns of persons in which the rows of one person differ by nature."""


@dataclass
class Applied:
    """What was written: rows in and out by table, and what became of the rows of persons.

    ``merged``: rows that went into another row; ``filled`` and ``conflicts``: by column, persons whose value came from
    a later nominal, or whose nominals contradict each other; ``unlinked``: rows that name no nominal there is;
    ``left_out``: columns that nothing reads; ``malformed``: rows with too few or too many fields, which go no further:
    who knows what stands in them.
    """

    rows_in: dict[str, int] = field(default_factory=dict)
    rows_out: dict[str, int] = field(default_factory=dict)
    merged: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    unlinked: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    malformed: dict[str, list[str]] = field(default_factory=dict)


def apply(source: Source, of: Mapping[str, str], recorded: Mapping[str, int], folder: Path) -> Applied:
    """Write the tables of ``source`` into ``folder``, and the mapping beside them.

    ``of``: the person of each nominal; ``recorded``: when each nominal was put on record.
    """
    import shutil

    made = Applied()
    persons = _Persons(of)
    for raw in source.tables.values():
        batches = _with_persons(raw, persons, made)
        if raw.name == "persons":
            batches = iter([_one_row_each(pa.Table.from_batches(batches, _schema(raw)), raw, recorded, made)])
        made.rows_out[raw.name] = _write(batches, raw, folder)
        if raw.malformed:
            made.malformed[raw.name] = [text for _, text in raw.malformed]
        if made.rows_in[raw.name] != made.rows_out[raw.name] + (made.merged if raw.name == "persons" else 0):
            raise RuntimeError(f"{raw.name}: {made.rows_in[raw.name]} rows in, {made.rows_out[raw.name]} out")
    if source.mapping.path is not None:
        shutil.copyfile(source.mapping.path, folder / FILE_NAME)
    return made


class _Persons:
    """Looks up the persons of nominals."""

    def __init__(self, of: Mapping[str, str]) -> None:
        self.nominals = pa.array(list(of), pa.string())
        self.persons = pa.array(list(of.values()), pa.string())

    def of(self, nominals: pa.Array) -> pa.Array:
        return self.persons.take(pc.index_in(nominals, value_set=self.nominals))


_NOMINAL = "\x00nominal"
"""Column of ours, while persons are merged: no file can have one of that name."""


def _columns(raw: RawTable) -> list[str]:
    unread = set(raw.unread())
    return [name for name in raw.schema.names if name not in unread]


def _schema(raw: RawTable) -> pa.Schema:
    id_ = raw.mapping.source("person_id")
    fields = [pa.field(n, pa.string()) if n == id_ else raw.schema.field(n) for n in _columns(raw)]
    return pa.schema([*fields, pa.field(_NOMINAL, pa.string())])


def _with_persons(raw: RawTable, persons: _Persons, made: Applied) -> Iterator[pa.RecordBatch]:
    """Yield the batches with persons for nominals; an id that no nominal has stays, for the check to refuse."""
    names, id_ = _columns(raw), raw.mapping.source("person_id")
    missing = pa.array(list(raw.mapping.missing), pa.string())
    made.left_out |= {raw.name: sorted(raw.unread())} if raw.unread() else {}
    made.rows_in[raw.name] = 0
    for batch in raw.batches():
        nominal = values.texts(batch.column(id_), missing, {})[0]
        person = persons.of(nominal)
        lost = int(pc.sum(pc.and_(nominal.is_valid(), person.is_null())).as_py() or 0)
        if lost:
            made.unlinked[raw.name] = made.unlinked.get(raw.name, 0) + lost
        made.rows_in[raw.name] += len(batch)
        columns = [pc.coalesce(person, nominal) if n == id_ else batch.column(n) for n in names]
        schema = _schema(raw)
        yield pa.RecordBatch.from_arrays(
            [c.cast(f.type) for c, f in zip([*columns, nominal], schema, strict=True)], schema=schema
        )


def _one_row_each(persons: pa.Table, raw: RawTable, recorded: Mapping[str, int], made: Applied) -> pa.Table:
    """Return the table with one row for each person whose nominals have one each; any others stay as they are."""
    id_ = raw.mapping.source("person_id")
    ids, nominals = persons[id_].to_pylist(), persons[_NOMINAL].to_pylist()
    rows_of = Counter(nominals)
    places: dict[str, list[int]] = {}
    for place, (person, nominal) in enumerate(zip(ids, nominals, strict=True)):
        if nominal is not None and person is not None:
            places.setdefault(person, []).append(place)
    groups = [p for p in places.values() if len(p) > 1 and all(rows_of[nominals[i]] == 1 for i in p)]
    groups = [sorted(p, key=lambda i: (recorded.get(nominals[i], 0), nominals[i])) for p in groups]
    keep = np.ones(len(ids), bool)
    keep[[i for group in groups for i in group[1:]]] = False
    made.merged = int((~keep).sum())
    for name in (n for n in persons.schema.names if n not in (id_, _NOMINAL)):
        column = _merged(persons[name].combine_chunks(), groups, raw.mapping, name, made)
        persons = persons.set_column(persons.schema.get_field_index(name), persons.schema.field(name), column)
    return persons.filter(pa.array(keep))


def _merged(column: pa.Array, groups: Sequence[list[int]], mapping: TableMapping, name: str, made: Applied) -> pa.Array:
    """Return a column in which the first row of each group has the first value that there is in the group."""
    missing = pa.array(list(mapping.missing), pa.string())
    texts = values.texts(pa.array(values.shown(column)), missing, {})[0].to_pylist()
    source, filled, conflicts = np.arange(len(column)), 0, 0
    for group in groups:
        there = [i for i in group if texts[i] is not None]
        if there:
            source[group[0]] = there[0]
            filled += there[0] != group[0]
            conflicts += len({texts[i] for i in there}) > 1
    said = [c.name for c in mapping.table.columns if mapping.source(c.name) == name]
    if not set(said) & set(NEVER_COMPARED):
        made.filled |= {said[0]: filled} if filled else {}
        made.conflicts |= {said[0]: conflicts} if conflicts else {}
    return column.take(pa.array(source))


def _write(batches: Iterator[pa.RecordBatch | pa.Table], raw: RawTable, folder: Path) -> int:
    """Write a table as it was found, CSV or Parquet, under the name that the mapping expects; return its rows."""
    place = folder / _name(raw)
    place.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([f for f in _schema(raw) if f.name != _NOMINAL])
    rows = 0
    if not raw.plain:
        import pyarrow.parquet as pq

        with pq.ParquetWriter(place, schema, compression="zstd", compression_level=1) as writer:
            for batch in batches:
                writer.write(batch.select(schema.names))
                rows += batch.num_rows
        return rows
    import pyarrow.csv as pacsv

    with pa.output_stream(place, compression="gzip" if place.suffix == ".gz" else None) as stream:
        options = pacsv.WriteOptions(delimiter=raw.mapping.delimiter)
        with pacsv.CSVWriter(stream, schema, write_options=options) as csv_writer:
            for batch in batches:
                csv_writer.write(batch.select(schema.names))
                rows += batch.num_rows
    return rows


def _name(raw: RawTable) -> Path:
    """Return where the table goes: where the mapping will look for it."""
    ending = ".csv" if raw.plain else ".parquet"
    if not raw.mapping.file:
        return Path(raw.name + ending)
    file = Path(raw.mapping.file)
    if file.is_absolute() or ".." in file.parts:
        raise Problem("link-file-elsewhere", table=raw.name, file=raw.mapping.file)
    return file if file.name.endswith((ending, f"{ending}.gz")) else file / f"part{ending}"
