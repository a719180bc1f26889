"""Load the accepted records of one person, without reading all the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecast.problems import Problem
from forecast.records.pieces import open_canonical
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, TABLES, Table

if TYPE_CHECKING:
    import pyarrow as pa

CUSTODY_ID, PERSON_ID = "custody_id", "person_id"


def load_person(folder: Path, person_id: str) -> Records:
    """Return the accepted records of a person; tables without a row of theirs are empty.

    Rows lie in the order of people, so only the parts of each file are read in which the person may be.
    """
    found = {t.name: _rows(folder, t, person_id) for t in TABLES if not t.optional or _path(folder, t).is_file()}
    return Records(**found)


def person_in_custody(folder: Path, custody_id: str) -> str:
    """Return the person of a custody event; raise ``case-unknown`` where there is no such event."""
    path = _path(folder, CUSTODY_EVENTS)
    _check(path, CUSTODY_EVENTS, [CUSTODY_ID, PERSON_ID])
    rows = _read(path, [CUSTODY_ID, PERSON_ID], (CUSTODY_ID, "=", custody_id))
    if not len(rows):
        raise Problem("case-unknown", path=folder, key=CUSTODY_ID, id=custody_id)
    return str(rows[PERSON_ID][0].as_py())


def _path(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.parquet"


def _check(path: Path, table: Table, columns: list[str]) -> None:
    open_canonical(path, table, columns, coded=False).close()


def _read(path: Path, columns: list[str], wanted: tuple[str, str, str]) -> pa.Table:
    """Return the rows of a file that meet a condition; raise ``file-format`` where its body is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=columns, filters=[wanted])
    except (pa.ArrowException, OSError) as error:
        detail = str(error).partition("\n")[0]
        raise Problem("file-format", path=path, expected="Parquet", detail=detail) from error


def _rows(folder: Path, table: Table, person_id: str) -> pa.Table:
    columns = [c.name for c in table.columns]
    _check(_path(folder, table), table, columns)
    found = _read(_path(folder, table), columns, (PERSON_ID, "=", person_id))
    return found.select(columns).cast(table.arrow)
