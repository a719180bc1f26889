"""Run the checks of one set of records: stage its rows, then look for all that is wrong with them, in DuckDB."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.problems import Problem, raise_all
from forecast.progress import Progress
from forecast.records import checks
from forecast.records.faults import Faults
from forecast.records.mapping import TableMapping
from forecast.records.read import Reader, staged_schema
from forecast.records.schema import CUSTODY_EVENTS, INTELLIGENCE, OFFENCES, ORDERS, PERSONS, TABLES, Table
from forecast.records.source import Source
from forecast.records.times import SECOND, clock

if TYPE_CHECKING:
    import duckdb


class Examination:
    """One check under way.

    Staged rows are Parquet files seen as views named like the tables; faults, refused rows and what the checks share
    are tables of ``con``. ``rows`` counts what came in, the malformed rows of CSV files too.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, source: Source, work: Path, progress: Progress) -> None:
        self.con, self.source, self.work, self.progress = con, source, work, progress
        self.faults = Faults(con)
        self.tables = {t.name: t for t in TABLES if t.name in source.tables}
        self.rows: dict[str, int] = {}

    def stage(self, ends_before: datetime.date) -> None:
        """Read each table into canonical columns, with its rows numbered; what cannot be read is a fault."""
        for name, reader in _readers(self.source, self.faults, ends_before).items():
            self.progress.begin(f"reading {name}")
            file = self.work / f"{name}.parquet"
            self.rows[name] = self._write(reader, file) + len(reader.raw.malformed)
            self.con.execute(self._view(reader.raw.mapping, f"read_parquet('{quoted(file)}')"))

    def _view(self, mapping: TableMapping, rows: str) -> str:
        """Return the statement that makes the view of a table's staged rows, their versions closed if so declared."""
        table = mapping.table
        if not mapping.close_versions:
            return f"CREATE VIEW {table.name} AS SELECT * FROM {rows}"
        self._make(checks.following(table, rows))
        return f"""CREATE VIEW {table.name} AS SELECT t.* REPLACE (coalesce(superseded_at, next) AS superseded_at)
          FROM {rows} t LEFT JOIN following_{table.name} f USING (row)"""

    def _write(self, reader: Reader, file: Path) -> int:
        """Write a table's staged rows, quickly rather than small, and return how many there are."""
        import pyarrow.parquet as pq

        rows, schema = 0, staged_schema(reader.table)
        with pq.ParquetWriter(file, schema, compression="lz4", use_dictionary=False, write_statistics=False) as writer:
            for batch in reader.staged():
                writer.write_batch(batch)
                rows += len(batch)
                self.progress.advance(len(batch))
        return rows

    def run(self) -> None:
        """Run the checks in the order in which refusals pass: from persons to their events to their offences."""
        self.progress.begin("checking", len(self.tables) + 1)
        self._table(PERSONS)
        self._table(CUSTODY_EVENTS)
        self._stays()
        self._make(checks.HELD)
        self._unknown_codes()
        self._add(checks.TAXONOMY, *checks.HELD_WRONGLY)
        for table in (OFFENCES, INTELLIGENCE, ORDERS):
            if table.name in self.tables:
                self._table(table)
        zone = self.source.mapping.tables[CUSTODY_EVENTS.name].timezone
        self._make(checks.ARRESTS)
        self._add(*checks.persons_by_events(clock(zone).ahead // SECOND if zone else 0), *checks.NOTES)
        self.progress.advance()

    def _table(self, table: Table) -> None:
        """Run the checks of a table by itself and against its persons or events."""
        self._add(*checks.own(table))
        if self._make(checks.many(table)):
            self._add(*checks.repeated(table))
        if table is not PERSONS and self._make(checks.lost(table)):
            self._add(*checks.orphans(table))
        self._settle(table)
        self.progress.advance()

    def _stays(self) -> None:
        """Make the table of custody events that stand, without those that are copies of another one."""
        self._make(checks.STAYS)
        if self._make(checks.SAME_MINUTE):
            self._add(checks.DUPLICATE_EVENT)
            if self._settle(CUSTODY_EVENTS):
                self._make(checks.STAYS)
                self._make(checks.SAME_MINUTE)

    def _make(self, statement: str) -> int:
        """Run a statement that makes a table and return how many rows it has."""
        [(rows,)] = self.con.execute(statement).fetchall()
        return int(rows)

    def _settle(self, table: Table) -> int:
        """Note which rows of the table are refused by now; return how many more than before."""
        name = table.name
        self.con.execute(f"CREATE TABLE IF NOT EXISTS refused_{name} (row BIGINT)")
        self.con.execute(f"CREATE VIEW IF NOT EXISTS good_{name} AS FROM {name} ANTI JOIN refused_{name} r USING (row)")
        refused = f"SELECT DISTINCT row FROM faults WHERE tbl = '{name}' AND severity = 'refused'"
        return self._make(f"INSERT INTO refused_{name} ({refused} EXCEPT FROM refused_{name})")

    def _add(self, *these: checks.Check) -> None:
        for check in these:
            found = "found" if "found" in check.query.partition("FROM")[0] else "NULL"
            self.con.execute(
                f"INSERT INTO faults SELECT $1, row, $2, $3, $4, {found} FROM ({check.query})",
                [check.table, check.code, check.severity, check.column],
            )

    def _unknown_codes(self) -> None:
        """Make the table of offence codes that the taxonomy does not know."""
        import pyarrow as pa

        from forecast.records.taxonomy import load_taxonomy

        found = self.con.execute("SELECT DISTINCT code FROM offences WHERE code <> '' ORDER BY 1").fetchall()
        codes = pa.array([row[0] for row in found], pa.string())
        unknown = codes.filter(pa.array(load_taxonomy().encode(codes).unknown))
        self.con.register("unknown_now", pa.table({"code": unknown}))
        self._make("CREATE TABLE unknown_codes AS SELECT code FROM unknown_now")
        self.con.unregister("unknown_now")


def _readers(source: Source, faults: Faults, ends_before: datetime.date) -> dict[str, Reader]:
    """Return the reader of each table; raise all that is wrong with their columns."""
    found: list[Problem] = []
    readers: dict[str, Reader] = {}
    for name, raw in source.tables.items():
        try:
            readers[name] = Reader(raw, faults, ends_before)
        except Problem as problem:
            found.append(problem)
    raise_all(found)
    return readers


def quoted(path: Path | str) -> str:
    """Return a path as it stands between the single quotes of a SQL text."""
    return str(path).replace("'", "''")
