"""Small records for tests: plain rows that are in order, to be put out of order one value at a time."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from forecast.records.check import check_records
from forecast.records.result import CheckResult
from forecast.records.schema import TABLES, TIME

Rows = list[dict[str, Any]]
TODAY = datetime.date(2018, 1, 1)
LONDON = 'timezone = "Europe/London"\n'


def at(text: str) -> datetime.datetime:
    """Return a time in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def person(id_: str = "P1", **changes: Any) -> dict[str, Any]:
    return {
        "person_id": id_,
        "recorded_at": at("2008-01-01"),
        "born_on": datetime.date(1980, 5, 3),
        "sex": "F",
        **changes,
    }


def event(id_: str = "C1", person_id: str = "P1", **changes: Any) -> dict[str, Any]:
    return {
        "custody_id": id_,
        "person_id": person_id,
        "arrested_at": at("2010-06-01 10:00"),
        "recorded_at": at("2010-06-01 11:00"),
        "released_at": at("2010-06-01 20:00"),
        "reason": "offence",
        "station": "North",
        **changes,
    }


def offence(id_: str = "O1", custody_id: str = "C1", person_id: str = "P1", **changes: Any) -> dict[str, Any]:
    return {
        "offence_id": id_,
        "custody_id": custody_id,
        "person_id": person_id,
        "code": "8N",
        "committed_at": at("2010-05-31 23:00"),
        "recorded_at": at("2010-06-01 11:00"),
        **changes,
    }


def good() -> dict[str, Rows]:
    """Return one person with one event and one offence, all in order."""
    return {"persons": [person()], "custody_events": [event()], "offences": [offence()]}


def write(folder: Path, rows: Mapping[str, Rows], mapping: str = "") -> Path:
    """Write rows as Parquet of the canonical types."""
    folder.mkdir(exist_ok=True)
    for table in TABLES:
        if table.name in rows:
            fields = [pa.field(c.name, c.type) for c in table.columns]  # nullable: the rows may lack what is required
            pq.write_table(pa.Table.from_pylist(rows[table.name], pa.schema(fields)), folder / f"{table.name}.parquet")
    if mapping:
        (folder / "records.toml").write_text(mapping, "utf-8")
    return folder


def write_csv(folder: Path, rows: Mapping[str, Rows], mapping: str = LONDON) -> Path:
    """Write rows as CSV; times as '2010-06-01 10:00:00Z' unless they are texts already."""
    folder.mkdir(exist_ok=True)
    for name, content in rows.items():
        names = list(dict.fromkeys(key for row in content for key in row))
        columns = {key: [_text(row.get(key)) for row in content] for key in names}
        pacsv.write_csv(pa.table(columns), folder / f"{name}.csv")
    (folder / "records.toml").write_text(mapping, "utf-8")
    return folder


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return "" if value is None else str(value)


def check(path: Path, **options: Any) -> CheckResult:
    """Check records with no threshold and a fixed day of today."""
    return check_records(path, **({"max_refused": 1.0, "today": TODAY} | options))


def found(result: CheckResult, severity: str = "") -> dict[tuple[str, str, str], int]:
    """Return (table, code, column) -> count."""
    return {(f.table, f.code, f.column): f.count for f in result.findings if severity in ("", f.severity)}


def accepted(out: Path, table: str) -> Rows:
    content = pq.read_table(out / f"{table}.parquet")
    assert content.schema.field("recorded_at").type == TIME
    return content.to_pylist()
