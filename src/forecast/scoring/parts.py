"""Write the parts of a run, each whole or not at all, and put them together into the final file.

The final file depends on the rows alone: whatever the sizes of the parts, its row groups and bytes are the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forecast.problems import Problem
from forecast.tables.source import regrouped

GROUP_ROWS = 1 << 16
"""Rows in a row group of the final file."""
UNFINISHED = ".part"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have ``write`` fill a file beside ``path``, bring it to the disk, and only then give it its name.

    Raise ``score-no-room`` if that fails: the disk is full, or the folder cannot be written.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        write(unfinished)
        flush(unfinished)
        unfinished.replace(path)
        flush(path.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise Problem("score-no-room", path=path, detail=_said(error)) from error


def write_text(path: Path, text: str) -> None:
    """Write a text by :func:`write_whole`."""
    write_whole(path, lambda to: to.write_bytes(text.encode()))


def flush(path: Path) -> None:
    """Have the operating system bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(error: OSError) -> str:
    return (error.strerror or str(error)).partition("\n")[0].rstrip(".")


def write_part(path: Path, table: pa.Table) -> None:
    """Write a part; parts are read once and thrown away, so they are packed lightly."""
    write_whole(path, lambda to: pq.write_table(table, to, compression="lz4", write_statistics=False))


def assemble(parts: Sequence[Path], out: Path, schema: pa.Schema) -> int:
    """Write the rows of all ``parts``, in their order, to the Parquet file ``out``; return how many there are.

    Nothing stands at ``out`` before all of it does.
    """
    rows = 0

    def write(path: Path) -> None:
        nonlocal rows
        with pq.ParquetWriter(path, schema) as writer:
            for group in regrouped(_tables(parts, schema), GROUP_ROWS):
                # in one chunk, so that nothing of the parts is left in it
                writer.write_table(group.combine_chunks(), row_group_size=GROUP_ROWS)
                rows += len(group)

    write_whole(out, write)
    return rows


def _tables(parts: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the row groups of the parts; the next one is read while the last one is written."""

    def read(place: tuple[Path, int]) -> pa.Table:
        with pq.ParquetFile(place[0]) as file:
            return file.read_row_group(place[1]).cast(schema)

    places = ((path, group) for path in parts for group in range(pq.read_metadata(path).num_row_groups))
    with ThreadPoolExecutor(1) as pool:
        ahead = None
        for place in places:
            following = pool.submit(read, place)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()
