"""Read the TOML mapping that says how a force's own export becomes the canonical records.

The format is documented in `docs/records.md`. Every key is checked; an unknown one is a problem that names the nearest.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.problems import CATALOGUE, Problem, Problems, nearest, raise_all
from forecast.records.schema import TABLES, TEXT, Table
from forecast.records.times import clock
from forecast.settings import from_mapping, key, read_toml

FILE_NAME = "records.toml"
FORMAT = 1
MISSING_TOKENS = ("", "NA", "N/A", "NULL", "null", "None")
SECTIONS = ("columns", "values", "same_as", "constants")


@dataclass(frozen=True, slots=True)
class Head:
    """The plain keys at the top of a mapping."""

    format: int = key("the format of the mapping", FORMAT, low=1)
    timezone: str = key("the zone of times that do not name one, as 'Europe/London'", "")
    ends_before: datetime.date | None = key("the first day that the records do not cover any more", None)
    time_format: str = key("how times are written, as '%d/%m/%Y %H:%M'; by default ISO 8601", "")
    date_format: str = key("how days are written, as '%d/%m/%Y'; by default 2017-12-31", "")
    delimiter: str = key("separator of CSV files", ",")
    missing: tuple[str, ...] = key("texts that mean 'no value'", MISSING_TOKENS)
    max_refused: float | None = key(
        "share of a table's rows that may be refused before the check fails", None, low=0, high=1
    )


@dataclass(frozen=True, slots=True)
class TableHead:
    """The plain keys of a table's section; an empty one takes what stands at the top."""

    file: str = key("the file in the folder, or the table in the database; by default named like the table", "")
    query: str = key("the query that gives the table's rows, where the records stand in a database", "")
    timezone: str = key("the zone of this table's times", "")
    time_format: str = key("how this table's times are written", "")
    date_format: str = key("how this table's days are written", "")
    delimiter: str = key("separator of this table's CSV file", "")
    close_versions: bool = key("whether a version stood until the next one of the same id was recorded", False)


@dataclass(frozen=True)
class TableMapping:
    """How one table is read: all by canonical column name.

    ``columns`` names the column of the file, ``values`` the canonical code of each of theirs, ``same_as`` another
    canonical column whose content stands in, ``constants`` the text that stands in every row. ``close_versions``:
    a version without ``superseded_at`` stood until the next one of the same id was recorded.
    """

    table: Table
    file: str = ""
    timezone: str = ""
    time_format: str = ""
    date_format: str = ""
    delimiter: str = ","
    missing: tuple[str, ...] = MISSING_TOKENS
    columns: Named[str, str] = field(default_factory=dict)
    values: Named[str, Named[str, str]] = field(default_factory=dict)
    same_as: Named[str, str] = field(default_factory=dict)
    constants: Named[str, str] = field(default_factory=dict)
    close_versions: bool = False
    query: str = ""

    def source(self, column: str) -> str:
        """Return the column of the file in which ``column`` stands, or would stand."""
        column = self.same_as.get(column, column)
        return self.columns.get(column, column)

    def assumptions(self) -> list[str]:
        """Say in sentences what is assumed rather than read."""
        name = self.table.name
        same = [f"{name}: {column} is assumed to be the same as {other}." for column, other in self.same_as.items()]
        same += [f"{name}: {column} is assumed to be '{text}'." for column, text in self.constants.items()]
        if self.close_versions:
            same.append(f"{name}: a version is assumed to have stood until the next one of its id was recorded.")
        return same


@dataclass(frozen=True)
class Mapping:
    """A whole mapping: ``tables`` by name, and ``limits``, the largest allowed share of rows for a code."""

    head: Head
    tables: Named[str, TableMapping]
    limits: Named[str, float] = field(default_factory=dict)
    path: Path | None = None

    def assumptions(self) -> list[str]:
        """Say in sentences what is assumed rather than read, over all tables."""
        return [sentence for table in self.tables.values() for sentence in table.assumptions()]


def load_mapping(path: Path | None, kinds: Sequence[Table] = TABLES) -> Mapping:
    """Read a mapping, or return the one that renames nothing; raise all the problems found in it."""
    content = read_toml(path) if path else {}
    where = path or FILE_NAME
    sections = {table.name: _section(content.pop(table.name, {}), table.name, where) for table in kinds}
    limits = _section(content.pop("limits", {}), "limits", where)
    found: list[Problem] = []
    try:
        head = from_mapping(Head, content, where)
    except (Problem, Problems) as error:
        found += error.items if isinstance(error, Problems) else [error]
        head = Head()
    if head.format > FORMAT:
        raise Problem("toml-version", path=where, found=head.format, newest=FORMAT)
    tables = {table.name: _table(table, sections[table.name], head, where, found) for table in kinds}
    shares = {code: _share(code, share, where, found) for code, share in limits.items()}
    raise_all(found)
    for zone in {t.timezone for t in tables.values() if t.timezone}:
        clock(zone)
    return Mapping(head, tables, shares, path)


def _section(value: Any, name: str, where: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Problem("toml-wrong-type", path=where, key=name, expected=f"a section [{name}]", found=repr(value))
    return dict(value)


def _share(code: str, share: Any, where: object, found: list[Problem]) -> float:
    known = [c for c in CATALOGUE if c.startswith("record-")]
    if code not in known:
        found.append(Problem("toml-unknown-key", path=where, key=f"limits.{code}", hint=nearest(code, known)))
    elif not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 <= share <= 1:
        found.append(Problem("setting-range", path=where, key=f"limits.{code}", found=share, low=0, high=1))
    else:
        return float(share)
    return 1.0


def _table(table: Table, content: dict[str, Any], head: Head, where: object, found: list[Problem]) -> TableMapping:
    """Return a table's section, checked; what is wrong with it goes to ``found``."""
    label = f"[{table.name}] of {where}"
    parts = {name: _section(content.pop(name, {}), f"{table.name}.{name}", where) for name in SECTIONS}
    try:
        plain = from_mapping(TableHead, content, label)
    except (Problem, Problems) as error:
        found += error.items if isinstance(error, Problems) else [error]
        plain = TableHead()
    for name, part in parts.items():
        _check_columns(table, name, part, label, found)
    values = {column: dict(_codes(column, codes, label, found)) for column, codes in parts["values"].items()}
    _check_standins(table, parts, label, found)
    if plain.query and plain.file:
        found.append(Problem("records-query-and-file", path=where, table=table.name))
    if plain.close_versions and "superseded_at" not in [c.name for c in table.columns]:
        found.append(
            Problem(
                "toml-unknown-key", path=label, key="close_versions", hint=f"Rows of {table.name} have no versions."
            )
        )
    return TableMapping(
        table,
        plain.file,
        plain.timezone or head.timezone,
        plain.time_format or head.time_format,
        plain.date_format or head.date_format,
        plain.delimiter or head.delimiter,
        head.missing,
        _texts("columns", parts["columns"], label, found),
        values,
        _texts("same_as", parts["same_as"], label, found),
        {column: _constant(value) for column, value in parts["constants"].items()},
        plain.close_versions,
        plain.query,
    )


def _check_columns(table: Table, name: str, part: dict[str, Any], label: str, found: list[Problem]) -> None:
    known = [c.name for c in table.columns]
    for column in [c for c in part if c not in known]:
        found.append(Problem("toml-unknown-key", path=label, key=f"{name}.{column}", hint=nearest(column, known)))
        del part[column]


def _check_standins(table: Table, parts: dict[str, dict[str, Any]], label: str, found: list[Problem]) -> None:
    """A column comes from one place; what stands in for it is a column of the same kind."""
    kinds = {c.name: c.type for c in table.columns}
    for column, other in parts["same_as"].items():
        like = [name for name, kind in kinds.items() if kind == kinds[column] and name != column]
        if other not in like or other in parts["same_as"]:
            allowed = ", ".join(like)
            found.append(
                Problem(
                    "toml-bad-value",
                    path=label,
                    key=f"same_as.{column}",
                    found=repr(other),
                    allowed=allowed,
                    hint=nearest(str(other), like),
                )
            )
    places = ("columns", "same_as", "constants")
    for column in kinds:
        named = [place for place in places if column in parts[place]]
        if len(named) > 1:
            found.append(Problem("column-twice", path=label, column=column, first=named[0], second=named[1]))
    for column in [c for c in parts["values"] if kinds[c] != TEXT]:
        found.append(
            Problem(
                "toml-wrong-type", path=label, key=f"values.{column}", expected="a column of codes", found="of times"
            )
        )


def _texts(name: str, part: dict[str, Any], label: str, found: list[Problem]) -> dict[str, str]:
    for column, value in part.items():
        if not isinstance(value, str):
            found.append(
                Problem(
                    "toml-wrong-type",
                    path=label,
                    key=f"{name}.{column}",
                    expected="a text in quotes",
                    found=repr(value),
                )
            )
    return {column: str(value) for column, value in part.items()}


def _codes(column: str, codes: Any, label: str, found: list[Problem]) -> dict[str, str]:
    """Return their code -> ours."""
    return _texts(f"values.{column}", _section(codes, f"values.{column}", label), label, found)


def _constant(value: Any) -> str:
    """Return the text of a TOML value; times and days in ISO 8601."""
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else str(value)
