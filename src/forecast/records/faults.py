"""Keep account of what is wrong with which row: one line a row, problem and column, in a table of DuckDB."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

    from forecast.cases import Bools, Ints

REFUSED, SET_ASIDE, NOTE = "refused", "set aside", "note"
"""The row goes to quarantine; the value is emptied and the row stays; nothing changes, but people should know."""

EXAMPLES = 5
SCHEMA = pa.schema(
    [
        (name, pa.int64() if name == "row" else pa.string())
        for name in ("tbl", "row", "code", "severity", "col", "found")
    ]
)


class Faults:
    """The account of one check. ``row`` counts a table's rows from 0; malformed rows of CSV files are below 0."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.notes: dict[tuple[str, str, str], int] = defaultdict(int)
        self.examples: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._waiting: list[pa.Table] = []
        con.execute(
            "CREATE TABLE faults (tbl VARCHAR, row BIGINT, code VARCHAR, severity VARCHAR, col VARCHAR, found VARCHAR)"
        )

    def add(self, table: str, code: str, severity: str, column: str, rows: Ints, found: pa.Array | None = None) -> None:
        """Note a problem of ``rows``; ``found`` holds the texts that were found in the column."""
        count = len(rows)
        if not count:
            return
        same = [pa.repeat(pa.scalar(text, pa.string()), count) for text in (table, code, severity, column)]
        texts = pa.nulls(count, pa.string()) if found is None else found
        columns = [same[0], pa.array(rows, pa.int64()), *same[1:], texts]
        self._waiting.append(pa.Table.from_arrays(columns, schema=SCHEMA))

    def note(self, table: str, code: str, column: str, where: Bools, ids: pa.Array) -> None:
        """Count rows that are merely worth a note, without keeping a line for each; there may be very many."""
        count = int(np.count_nonzero(where))
        if not count:
            return
        self.notes[table, code, column] += count
        examples = self.examples[table, code, column]
        places = np.flatnonzero(where)[: EXAMPLES - len(examples)]
        examples += [str(text) for text in ids.take(pa.array(places)).to_pylist() if text is not None]

    def flush(self) -> None:
        """Move what was added to DuckDB, where it may go to disk."""
        if not self._waiting:
            return
        self.con.register("new_faults", pa.concat_tables(self._waiting))
        self.con.execute("INSERT INTO faults SELECT * FROM new_faults")
        self.con.unregister("new_faults")
        self._waiting.clear()
