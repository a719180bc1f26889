"""Copy tables of a database into Parquet files, in parts, so that a copy can go on behind the last whole part.

A copy comes in the order of a key. A part ends before the last key that arrived, for rows of that key may still be
missing: so everything before :attr:`PartFiles.after` is in the files exactly once, and nothing from it on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from forecast.problems import Problem, nearest

if TYPE_CHECKING:
    from forecast.progress import Progress

UNREACHABLE = "database-unreachable"
PART_ROWS = 1 << 17
WAITS: tuple[float, ...] = (2.0, 10.0, 30.0)
"""Seconds before each further try, once a connection was lost."""


class LostError(Exception):
    """The connection was lost; the text says how, without secrets."""


@dataclass(frozen=True)
class Wanted:
    """What to copy: a table or query, the columns of it (None: all), and by which columns its rows are put in order.

    Without ``order_by`` a table comes in the order of its primary key; what has none, in the order of all its columns.
    """

    source: str
    columns: tuple[str, ...] | None = None
    order_by: tuple[str, ...] = ()

    def chosen(self, place: str, there: Sequence[str]) -> list[str]:
        """Return the columns to copy of those that are ``there``; raise where the order asks for another one."""
        for name in self.order_by:
            if name not in there:
                raise Problem("database-column-missing", place=place, column=name, hint=nearest(name, there))
        return [name for name in there if self.columns is None or name in self.columns]


@dataclass
class PartFiles:
    """The part files of one copy: `00000.parquet` and so on in ``folder``."""

    folder: Path
    part_rows: int = 0
    files: list[Path] = field(default_factory=list)
    after: str | None = None
    """The first key that is in no file yet, once there is a file; None: the copy cannot go on, only start again."""
    _held: list[pa.RecordBatch] = field(default_factory=list)
    _keys: list[pa.Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.part_rows = self.part_rows or PART_ROWS
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def add(self, batch: pa.RecordBatch, keys: pa.Array | None) -> None:
        """Take the next rows, and their keys as texts where they come in the order of one."""
        if not len(batch):
            return
        self._held.append(batch)
        self._keys.append(pa.nulls(len(batch), pa.string()) if keys is None else keys)
        if sum(map(len, self._held)) >= self.part_rows:
            self._cut()

    def forget(self) -> None:
        """Drop the rows that are in no file yet; without a key to go on from, the files too."""
        self._held, self._keys = [], []
        if self.after is None:
            for file in self.files:
                file.unlink(missing_ok=True)
            self.files = []

    def close(self, schema: pa.Schema) -> None:
        """Write what is left; a table without rows has one empty file."""
        if self._held or not self.files:
            self._write(pa.Table.from_batches(self._held, schema))
        self._held, self._keys = [], []

    def _cut(self) -> None:
        """Write the rows before the last key; if there are none, all of them, and then no going on from here."""
        rows, keys = pa.Table.from_batches(self._held), pa.concat_arrays(self._keys)
        last = keys[-1].as_py()
        first = 0 if last is None else keys.index(keys[-1]).as_py()
        self.after = last if first else None
        self._write(rows.slice(0, first) if first else rows)
        self._held = rows.slice(first).to_batches() if first else []
        self._keys = [keys.slice(first)] if first else []

    def _write(self, rows: pa.Table) -> None:
        file = self.folder / f"{len(self.files):05}.parquet"
        self.files.append(file)
        write_part(rows, file)


def write_part(rows: pa.Table, file: Path) -> None:
    """Write a part; a full disk is a problem, not a lost connection."""
    import pyarrow.parquet as pq

    try:
        pq.write_table(rows, file, compression="zstd")
    except OSError as error:
        raise _unwritable(file.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> Problem:
    return Problem("file-unwritable", path=folder, detail=error.strerror or str(error).partition("\n")[0])


def again(work: Callable[[], None], place: str, progress: Progress) -> None:
    """Run ``work`` until the connection holds; after the last try raise ``database-lost``."""
    for number, wait in enumerate((*WAITS, None), 1):
        try:
            return work()
        except (LostError, Problem) as lost:
            # The first time nobody answers the address is wrong; later, the database is still away.
            if isinstance(lost, Problem) and (lost.code != UNREACHABLE or number == 1):
                raise
            detail = lost.facts["detail"] if isinstance(lost, Problem) else str(lost)
            if wait is None:
                raise Problem("database-lost", place=place, tries=number, detail=detail) from lost
            progress.begin(f"connection lost ({detail}); starting again in {wait:.0f} s, try {number + 1}")
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")
