"""Find out whose records lie in quarantine: these people are marked as not scored, and never dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.problems import CATALOGUE, Problem
from forecast.records.mapping import TableMapping, load_mapping
from forecast.records.quarantine import VALUES_FILE
from forecast.records.result import CHECK_FILE
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS, TABLES
from forecast.records.values import texts

CUSTODY, PERSON = CUSTODY_EVENTS.key, PERSONS.key


@dataclass(frozen=True, slots=True)
class Held:
    """A custody event that lies in quarantine and nowhere else."""

    custody_id: str | None
    person_id: str
    why: str


@dataclass(frozen=True)
class Refusals:
    """What a quarantine means for scoring.

    ``people``: "CODE: sentence" for each person with a row in quarantine, whether among the accepted or not.
    ``only_here``: those of them who are not among the accepted. ``events``: custody events that were not accepted.
    ``rows``: rows in quarantine; ``nobody``: those of them that name no person.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    only_here: frozenset[str] = frozenset()
    events: tuple[Held, ...] = ()
    rows: int = 0
    nobody: int = 0


@dataclass
class _Row:
    table: str
    person: str | None
    custody: str | None
    why: str


def rows_refused(records: Path) -> int:
    """Return how many rows the check of accepted records refused."""
    return sum(_check(records)["totals"].values())


def find_quarantine(records: Path, named: Path | None) -> Path | None:
    """Return the quarantine of accepted records: the one that is ``named``, else a folder beside them with their check.

    None where nothing was refused. Raise ``score-quarantine-missing`` where rows were, and nobody knows where they lie,
    and ``score-quarantine-other`` if the one named is of another check.
    """
    ours = records / CHECK_FILE
    if named is not None:
        if not _same_check(named, ours):
            raise Problem("score-quarantine-other", path=named, records=records)
        return named
    refused = rows_refused(records)
    if not refused:
        return None
    for folder in _beside(records):
        if is_quarantine(folder) and _same_check(folder, ours):
            return folder
    raise Problem("score-quarantine-missing", path=records, count=f"{refused:,}")


def is_quarantine(folder: Path) -> bool:
    """Say whether a folder looks like the quarantine of a check; one that may not be looked into does not."""
    try:
        return (folder / CHECK_FILE).is_file() and (folder / VALUES_FILE).is_file()
    except OSError:
        return False


def _beside(records: Path) -> list[Path]:
    try:
        return sorted(records.absolute().parent.iterdir())
    except OSError:
        return []


def _same_check(folder: Path, check: Path) -> bool:
    try:
        return (folder / CHECK_FILE).read_bytes() == check.read_bytes()
    except OSError:
        return False


def _check(folder: Path) -> dict[str, Any]:
    """Return what a check wrote of its totals and findings."""
    path = folder / CHECK_FILE
    try:
        found = json.loads(path.read_text("utf-8"))
        return {
            "totals": {str(each["table"]): int(each["quarantined"]) for each in found["totals"]},
            "findings": {(str(f["table"]), str(f["code"])): str(f["sentence"]) for f in found["findings"]},
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem("records-not-canonical", path=path, detail="it is not what a check writes") from error


def read_refusals(quarantine: Path | None, records: Path, mapping: Path | None = None) -> Refusals:
    """Return what the ``quarantine`` of ``records`` means; ``mapping`` says what the force calls its columns.

    Raise ``score-quarantine-other`` if it does not hold as many rows of each table as its check refused: people whose
    records are not whole would be scored.
    """
    if quarantine is None:
        return Refusals()
    rows = list(_rows(quarantine, records, mapping))
    wanted = {row.custody for row in rows if row.custody is not None}
    owners = dict(_pairs(records / f"{CUSTODY_EVENTS.name}.parquet", CUSTODY, wanted))
    accepted = _known_people(records, rows)
    people: dict[str, str] = {}
    events: dict[tuple[str, str | None], Held] = {}
    nobody = 0
    for row in rows:
        person = _resolved(row.person, accepted) or owners.get(row.custody or "")
        if person is None:
            nobody += 1
            continue
        people.setdefault(person, row.why)
        if row.table == CUSTODY_EVENTS.name and row.custody not in owners:
            events.setdefault((person, row.custody), Held(row.custody, person, row.why))
    order = sorted(events, key=lambda key: (key[0], key[1] or ""))
    only_here = frozenset(people) - accepted - set(owners.values())
    return Refusals(people, only_here, tuple(events[key] for key in order), len(rows), nobody)


def _rows(quarantine: Path, records: Path, mapping: Path | None) -> Iterator[_Row]:
    """Yield the rows in quarantine with their ids as the check would have read them."""
    rules, check = load_mapping(mapping), _check(quarantine)
    said = check["findings"]
    for table in TABLES:
        path = quarantine / f"{table.name}.parquet"
        held, there = check["totals"].get(table.name, 0), path.is_file()
        found, m = _table(path) if there else pa.table({}), rules.tables[table.name]
        if len(found) != held:
            raise Problem("score-quarantine-other", path=quarantine, records=records)
        if not held:
            continue
        persons = _ids(found, m, PERSON, path)
        custody = _ids(found, m, CUSTODY, path) if table in (CUSTODY_EVENTS, OFFENCES) else [None] * len(found)
        for person, event, codes in zip(persons, custody, _codes(found, path), strict=True):
            yield _Row(table.name, person, event, _why(table.name, codes, said))


def _ids(found: pa.Table, m: TableMapping, column: str, path: Path) -> list[str | None]:
    """Return the ids in a column of a quarantined table, read as the check reads them."""
    if column in m.constants:
        return [m.constants[column]] * len(found)
    source = m.source(column)
    if source not in found.column_names:
        raise Problem("score-quarantine-column", path=path, column=source)
    missing = pa.array(m.missing, pa.string())
    ids: list[str | None] = texts(found[source].combine_chunks(), missing, m.values.get(column, {}))[0].to_pylist()
    return ids


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        detail = str(error).partition("\n")[0]
        raise Problem("file-format", path=path, expected="Parquet", detail=detail) from error


def _codes(found: pa.Table, path: Path) -> list[list[str]]:
    """Return the codes of each row; the column is the only list in the file."""
    names = [f.name for f in found.schema if pa.types.is_list(f.type) and pa.types.is_string(f.type.value_type)]
    codes: list[list[str]] = found[names[0]].to_pylist() if names else []
    if not all(codes) or not names:
        raise Problem("records-not-canonical", path=path, detail="its rows do not say why they were refused")
    return codes


def _why(table: str, codes: list[str], said: Mapping[tuple[str, str], str]) -> str:
    code = codes[0]
    sentence = said.get((table, code)) or (CATALOGUE[code].sentence if code in CATALOGUE else "refused by the check.")
    return f"{code}: {sentence}"


def _pairs(path: Path, key: str, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (key, person) of the accepted rows whose key is wanted."""
    values = pa.array(sorted(wanted), pa.string())
    if not len(values):
        return
    for batch in _accepted(path, [key, PERSON]):
        found = batch.filter(pc.is_in(batch.column(key), value_set=values))
        yield from zip(found.column(key).to_pylist(), found.column(PERSON).to_pylist(), strict=True)


def _known_people(records: Path, rows: Iterable[_Row]) -> frozenset[str]:
    """Return those of the people whom rows name who are among the accepted."""
    wanted = {form for row in rows if row.person is not None for form in _forms(row.person)}
    values = pa.array(sorted(wanted), pa.string())
    known: set[str] = set()
    for batch in _accepted(records / f"{PERSONS.name}.parquet", [PERSON]):
        people = batch.column(PERSON)
        known.update(people.filter(pc.is_in(people, value_set=values)).to_pylist())
    return frozenset(known)


def _accepted(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield columns of a table of accepted records."""
    try:
        with pq.ParquetFile(path) as file:
            if any(file.schema_arrow.field(name).type != pa.string() for name in columns):
                raise Problem("records-not-canonical", path=path, detail="its ids are no texts")
            yield from file.iter_batches(columns=columns)
    except (pa.ArrowException, OSError, KeyError) as error:
        detail = "it is not there" if isinstance(error, FileNotFoundError) else "it cannot be read"
        raise Problem("records-not-canonical", path=path, detail=detail) from error


def _forms(person: str) -> list[str]:
    """Return the ids that a text in quarantine may stand for: a number 7.0 in a file was read as 7."""
    whole = re.fullmatch(r"(-?\d+)\.0", person)
    return [person, whole[1]] if whole else [person]


def _resolved(person: str | None, accepted: frozenset[str]) -> str | None:
    if person is None:
        return None
    forms = _forms(person)
    return next((form for form in forms if form in accepted), forms[-1])
