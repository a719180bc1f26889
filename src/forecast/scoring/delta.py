"""Compare with an earlier run: who has new records since, and how far a score is from the person's last one.

A run notes in its manifest until when its records were known. New is what was recorded, or withdrawn, strictly later.
A delta run notes which run it followed, so that a person's last score is found however many runs lie between.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.cases import AS_OF, PERSON_ID
from forecast.files import sha256
from forecast.problems import Problem
from forecast.records.instants import instant
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, TABLES, TIME
from forecast.scoring.from_records import NOT_SCORED
from forecast.scoring.manifest import companions

Known = Mapping[str, Mapping[str, str | None]]
"""For each table the latest `recorded_at` and `superseded_at`, in ISO 8601; None where there is none."""
WHEN = ("recorded_at", "superseded_at")
CUSTODY_ID = CUSTODY_EVENTS.key
QUARANTINED = "record-"
"""How the codes of a check begin, and no others."""


def known_until(records: Path) -> dict[str, dict[str, str | None]]:
    """Return the last moments at which anything in accepted records was recorded or withdrawn."""
    found: dict[str, dict[str, str | None]] = {}
    for name, batches in _times(records):
        latest: dict[str, datetime.datetime | None] = {}
        for batch in batches:
            for column in batch.schema.names[1:]:
                last = pc.max(batch.column(column)).as_py()
                held = latest.get(column)
                latest[column] = last if held is None or (last is not None and last > held) else held
        found[name] = {column: None if at is None else at.isoformat() for column, at in latest.items()}
    return found


def changed_people(records: Path, known: Known) -> pa.Array:
    """Return the people of whom a row of any table was recorded or withdrawn after ``known``."""
    changed: list[pa.Array] = []
    for name, batches in _times(records):
        for batch in batches:
            for column in batch.schema.names[1:]:
                at = instant_of(known, name, column)
                times = batch.column(column)
                later = times.is_valid() if at is None else pc.greater(times, pa.scalar(at, TIME))
                people = batch.column(PERSON_ID).filter(later, null_selection_behavior="drop")
                if len(people):
                    changed.append(people.unique())
    return pa.chunked_array(changed, pa.string()).unique()


def instant_of(known: Known, table: str, column: str) -> datetime.datetime | None:
    """Return one of the moments of ``known``."""
    text = known.get(table, {}).get(column)
    return None if text is None else datetime.datetime.fromisoformat(text)


def first_new_moment(known: Known) -> int | None:
    """Return the first microsecond, UTC, at which a custody event counts as new; None: all of them do."""
    at = instant_of(known, CUSTODY_EVENTS.name, "recorded_at")
    return None if at is None else (at - datetime.datetime.fromtimestamp(0, datetime.UTC)) // _MICROSECOND + 1


_MICROSECOND = datetime.timedelta(microseconds=1)


def _times(records: Path) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
    """Yield for each table batches of its people and its times of recording."""
    for table in TABLES:
        path = records / f"{table.name}.parquet"
        if path.is_file():
            yield table.name, _batches(path)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(path) as file:
            columns = [PERSON_ID, *(name for name in WHEN if name in file.schema_arrow.names)]
            for batch in file.iter_batches(columns=columns):
                yield batch.select(columns)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise Problem("records-not-canonical", path=path, detail="it cannot be read") from error


def restricted(records: Records, people: pa.Array) -> Records:
    """Return the records of those people alone."""
    kept = {}
    for table in TABLES:
        rows = getattr(records, table.name)
        kept[table.name] = rows.filter(pc.is_in(rows[PERSON_ID], value_set=people))
    return Records(**kept)


@dataclass(frozen=True)
class Previous:
    """An earlier run and those that it followed, newest first, all of them checked against their hashes."""

    outputs: tuple[Path, ...]
    manifests: tuple[Mapping[str, Any], ...]

    @property
    def known(self) -> Known:
        """Until when the newest run knew its records; not longer than its period, for it scored nothing after that."""
        return _known_of(self.manifests[0])

    @property
    def since(self) -> int | None:
        """The first moment, in microseconds, that any of the runs asked for; None: there is no first."""
        days = [manifest["period"]["since"] for manifest in self.manifests]
        return None if None in days else instant(datetime.date.fromisoformat(min(days)))

    def link(self, out: Path) -> dict[str, str]:
        """Return how the manifest of ``out`` names the run it followed."""
        relative = os.path.relpath(self.outputs[0].absolute(), out.absolute().parent)
        return {"file": Path(relative).as_posix(), "sha256": str(self.manifests[0]["output_sha256"])}


def open_previous(path: Path, levels: Sequence[str]) -> Previous:
    """Open an earlier run of records and all that it followed.

    Raise ``score-previous`` for one that is missing, was changed since, or has no scores of ``levels``.
    """
    outputs: list[Path] = []
    manifests: list[Mapping[str, Any]] = []
    wanted: str | None = None
    while True:
        manifest = _manifest(path, levels)
        if wanted is not None and manifest["output_sha256"] != wanted:
            raise Problem("score-previous", path=path, detail="it is not the run that a later one followed")
        if sha256(path) != manifest["output_sha256"]:
            raise Problem("score-previous", path=path, detail="it was changed after it was written")
        outputs.append(path)
        manifests.append(manifest)
        link = manifest.get("previous")
        if link is None:
            return Previous(tuple(outputs), tuple(manifests))
        path, wanted = path.absolute().parent / link["file"], link["sha256"]


def _manifest(path: Path, levels: Sequence[str]) -> dict[str, Any]:
    beside = companions(path)[1]
    for needed in (path, beside):
        if not needed.is_file():
            raise Problem("score-previous", path=path, detail=f"{needed.name} is not there")
    try:
        manifest: dict[str, Any] = json.loads(beside.read_text("utf-8"))
        columns = pq.read_schema(path).names
    except (OSError, ValueError, pa.ArrowException) as error:
        raise Problem("score-previous", path=path, detail="it cannot be read") from error
    try:
        _ = _known_of(manifest), manifest["output_sha256"], manifest["period"]["since"]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        detail = "its manifest is not that of a run on records"
        raise Problem("score-previous", path=path, detail=detail) from error
    lacking = [level for level in levels if f"p_{level}" not in columns]
    if lacking:
        raise Problem("score-previous", path=path, detail=f"it has no scores of the level '{lacking[0]}'")
    return manifest


def _known_of(manifest: Mapping[str, Any]) -> Known:
    known: Known = manifest["known_until"]
    before = manifest["period"]["before"]
    if before is None:
        return known
    end = datetime.datetime.combine(datetime.date.fromisoformat(before), datetime.time(), datetime.UTC) - _MICROSECOND
    return {
        table: {
            column: None if at is None else min(datetime.datetime.fromisoformat(at), end).isoformat()
            for column, at in times.items()
        }
        for table, times in known.items()
    }


def columns_of(previous: Previous, names: Sequence[str]) -> Iterator[pa.Table]:
    """Yield those columns of all the outputs, a row group at a time."""
    for path in previous.outputs:
        yield from _columns(path, names)


def _columns(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=list(names))


@dataclass(frozen=True)
class Mended:
    """People whom the last run that listed them did not score for rows in quarantine, and who are refused no more.

    ``settled``: those of their custody events that are done with: scored, or without a score for another cause.
    """

    people: pa.Array
    settled: pa.Array


def mended_people(previous: Previous, refused: Iterable[str]) -> Mended:
    """Return whose rows in quarantine were mended since; ``refused``: who is refused now."""
    held: set[str] = set()
    for table in columns_of(previous, [PERSON_ID, NOT_SCORED]):
        held.update(table[PERSON_ID].filter(_quarantined(table)).to_pylist())
    wanted = pa.array(sorted(held.difference(refused)), pa.string())
    settled: set[str] = set()
    waiting: set[str] = set()
    listed: set[str] = set()
    for path in previous.outputs if len(wanted) else ():
        here: set[str] = set()
        for table in _columns(path, [PERSON_ID, CUSTODY_ID, NOT_SCORED]):
            rows = table.filter(pc.is_in(table[PERSON_ID], value_set=wanted))
            quarantined = _quarantined(rows)
            settled.update(rows[CUSTODY_ID].filter(pc.invert(quarantined)).to_pylist())
            waiting.update(set(rows[PERSON_ID].filter(quarantined).to_pylist()) - listed)
            here.update(rows[PERSON_ID].to_pylist())
        listed |= here
    return Mended(pa.array(sorted(waiting), pa.string()), pa.array(sorted(settled), pa.string()))


def _quarantined(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.starts_with(table[NOT_SCORED], QUARANTINED), False)


def last_scores(previous: Previous, people: pa.Array, levels: Sequence[str]) -> pa.Table:
    """Return a row a person: the latest scored moment (by `as_of`, then custody id) of those ``people``."""
    names = [PERSON_ID, AS_OF, CUSTODY_ID, NOT_SCORED, *(f"p_{level}" for level in levels)]
    kept = []
    for table in columns_of(previous, names):
        scored = pc.and_(table[NOT_SCORED].is_null(), pc.is_in(table[PERSON_ID], value_set=people))
        kept.append(table.select([n for n in names if n != NOT_SCORED]).filter(scored))
    if not kept:
        kinds = [pa.string(), TIME, pa.string(), *[pa.float64()] * len(levels)]
        return pa.table({n: pa.array([], k) for n, k in zip([n for n in names if n != NOT_SCORED], kinds, strict=True)})
    rows = pa.concat_tables(kept).sort_by([(PERSON_ID, "ascending"), (AS_OF, "ascending"), (CUSTODY_ID, "ascending")])
    person = rows[PERSON_ID].combine_chunks()
    if not len(person):
        return rows
    last = [*pc.not_equal(person[:-1], person[1:]).to_pylist(), True]
    return rows.filter(pa.array(last))


def change_fields(levels: Sequence[str]) -> list[pa.Field]:
    """Return the columns that a delta run has beside the others."""
    fields = [pa.field("previous_case", pa.string())]
    for level in levels:
        fields += [pa.field(f"previous_p_{level}", pa.float64()), pa.field(f"change_{level}", pa.float64())]
    return fields


def with_changes(scored: pa.Table, last: pa.Table, levels: Sequence[str]) -> pa.Table:
    """Add the columns of :func:`change_fields`: changes in points in 100, to a tenth; null where there is no last."""
    place = pc.index_in(scored[PERSON_ID], value_set=last[PERSON_ID].combine_chunks())
    none = scored[NOT_SCORED].is_valid()
    place = pc.if_else(none, pa.scalar(None, pa.int32()), place)
    columns = [last[CUSTODY_ID].take(place)]
    for level in levels:
        before = last[f"p_{level}"].take(place)
        change = pc.round(pc.multiply(pc.subtract(scored[f"p_{level}"], before), 100.0), 1)
        columns += [before, change]
    for field, column in zip(change_fields(levels), columns, strict=True):
        scored = scored.append_column(field, column)
    return scored
