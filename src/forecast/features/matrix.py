"""Write the matrix of features of a whole force, from Parquet to Parquet, a piece of its people at a time.

Reading and writing go on in one thread while others compute; pieces are written in their order, so the file has the
same bytes however many threads there are. Memory holds a few pieces, whatever the size of the force.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from forecast.features.compute import Prepared, compute, prepare
from forecast.features.spec import FeatureSet
from forecast.files import refuse_existing, whole_files
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.pieces import EVENTS_EACH, UnsortedError, iter_pieces
from forecast.records.schema import CUSTODY_EVENTS, TABLES

if TYPE_CHECKING:
    from forecast.records.records import Records
    from forecast.settings import Settings

MOST_THREADS = 8


@dataclass(frozen=True)
class MatrixResult:
    """What was written: ``rows`` forecast moments from ``events`` rows of custody events."""

    path: Path
    rows: int
    events: int
    features: tuple[str, ...]


def build_matrix(
    folder: Path,
    out: Path,
    feature_set: FeatureSet,
    *,
    settings: Settings,
    progress: Progress = SILENT,
    overwrite: bool = False,
    events_each: int = EVENTS_EACH,
) -> MatrixResult:
    """Compute a set of features for all forecast moments of the accepted records in ``folder``; write ``out``.

    Rows are in the order of person, moment and custody id. Records that are not in the order of people are sorted
    first, on the disk beside ``out``. Raise ``cases-none``, and write nothing, where there is no moment at all.
    """
    refuse_existing(out, overwrite)
    prepared = prepare(feature_set)
    try:
        return _write(folder, folder, out, prepared, settings, progress, events_each)
    except UnsortedError:
        progress.begin("sorting records")
        with _sorted_copy(folder, out) as copy:
            return _write(copy, folder, out, prepared, settings, progress, events_each)


def _write(
    folder: Path,
    named: Path,
    out: Path,
    prepared: Prepared,
    settings: Settings,
    progress: Progress,
    events_each: int,
) -> MatrixResult:
    """Write ``out`` from the records in ``folder``; ``named`` is the folder that people know them by."""
    import pyarrow.parquet as pq

    reads = frozenset(name for f in prepared.feature_set.features for name in f.reads)
    rows = events = 0
    progress.begin("features", _events(folder))
    with whole_files(out) as [temporary]:
        writer = pq.ParquetWriter(
            temporary,
            prepared.schema,
            compression=COMPRESSION,
            use_dictionary=["person_id"],
            write_statistics=False,
            store_schema=False,
        )
        with writer:
            for number, table in _computed(iter_pieces(folder, reads, events_each), prepared, settings):
                writer.write_table(table)
                rows, events = rows + len(table), events + number
                progress.advance(number)
        if not rows:  # raised in here, so that no empty file stays
            raise Problem("cases-none", path=named, steps=f"rows of custody events: {events:,}; forecast moments: 0")
    return MatrixResult(out, rows, events, prepared.feature_set.names)


COMPRESSION = "lz4"


def _events(folder: Path) -> int | None:
    import pyarrow.parquet as pq

    path = folder / f"{CUSTODY_EVENTS.name}.parquet"
    return pq.read_metadata(path).num_rows if path.is_file() else None


def _computed(pieces: Iterable[Records], prepared: Prepared, settings: Settings) -> Iterator[tuple[int, pa.Table]]:
    """Yield for each piece its number of events and its features, in the order of pieces."""
    threads = min(settings.threads or _cores(), MOST_THREADS)
    waiting: deque[Future[tuple[int, pa.Table]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for piece in pieces:
            waiting.append(pool.submit(_piece, piece, prepared))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _piece(records: Records, prepared: Prepared) -> tuple[int, pa.Table]:
    arranged = arrange(records)
    return len(records.custody_events), compute(arranged, moments(arranged), prepared)


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _sorted_copy(folder: Path, out: Path) -> Iterator[Path]:
    """Yield a folder with the records in the order of people, sorted by DuckDB, which spills to the disk."""
    import tempfile

    import duckdb

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forecast-sort-", dir=out.parent) as name:
        work = Path(name)
        with duckdb.connect(str(work / "sort.duckdb")) as con:
            con.execute("SET temp_directory = ?", [str(work / "spill")])
            con.execute("SET TimeZone = 'UTC'")
            for table in TABLES:
                source = folder / f"{table.name}.parquet"
                if source.is_file():
                    keys = list(dict.fromkeys(c for c in ("person_id", "recorded_at", table.key)))
                    con.execute(
                        f"COPY (SELECT * FROM read_parquet(?) ORDER BY {', '.join(keys)}) TO ? (FORMAT parquet)",
                        [str(source), str(work / source.name)],
                    )
        yield work
