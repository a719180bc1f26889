"""Score a force's records on Spark: features, forecasts and reasons by the same code as on one machine.

Each worker takes a range of people and scores it as a local run scores a piece, so keys, probabilities, bands and
reasons are equal bit for bit, however many workers and partitions there are.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.models.bundle import load_bundle
from forecast.problems import Problem, raise_all
from forecast.progress import SILENT
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.spark_rows import check_folder, packed
from forecast.scoring.spark_session import failures, last_word, opened
from forecast.scoring.spark_worker import REPORT, Job, Worker, from_text, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import DataFrame, SparkSession

    from forecast.progress import Progress
    from forecast.settings import Settings

EVENTS_EACH = 50_000
ROWS_A_PARTITION = 250_000
"""Rows of records that Spark sorts at a time, roughly."""
_LOOK = 0.5
"""Seconds between two looks at how far the workers are."""


def score_on_spark(
    bundle_folder: Path,
    records_folder: Path,
    work: Path,
    settings: Settings,
    *,
    reasons: bool = True,
    since: int | None = None,
    before: int | None = None,
    refused: Mapping[str, str] | None = None,
    master: str | None = None,
    progress: Progress = SILENT,
    partitions: int | None = None,
    events_each: int = EVENTS_EACH,
) -> list[Path]:
    """Score accepted records; return Parquet files in ``work``, in the order of people, of RecordScorer's schema.

    ``since``, ``before``, ``refused``: see :meth:`RecordScorer.score`. ``master``: by default this machine, with as
    many threads as the settings say. ``work`` and ``records_folder`` are seen by all machines under the same path.
    Nothing is left in ``work`` after a failure.
    """
    RecordScorer.open(load_bundle(bundle_folder, threads=1), settings, reasons=reasons)  # says now what does not fit
    rows = check_folder(records_folder)
    job = Job(settings, reasons, since, before, refused, events_each)
    with ExitStack() as stack:
        scratch = stack.enter_context(_scratch(work))
        archive = scratch / f"{scratch.name}.zip"
        pack(job, bundle_folder, archive)
        spark = stack.enter_context(opened(master, scratch, settings.threads))
        stack.enter_context(_told())
        spark.sparkContext.addArchive(archive.as_uri())
        wanted = partitions or _partitions(spark, sum(rows.values()))
        frame = packed(spark, records_folder, rows, wanted)
        written = _run(frame.mapInArrow(Worker(archive.name, str(scratch)), REPORT), scratch, wanted, progress)
        return [each.replace(part_file(work.resolve(), number)) for number, each in enumerate(written)]


def part_file(folder: Path, number: int) -> Path:
    """Return the name of a part; names are in the order of parts."""
    return folder / f"part-{number:06d}.parquet"


def _partitions(spark: SparkSession, rows: int) -> int:
    return max(int(spark.sparkContext.defaultParallelism), math.ceil(rows / ROWS_A_PARTITION))


@contextmanager
def _scratch(work: Path) -> Iterator[Path]:
    """Yield a folder of this run's own in ``work``, and remove it with all that is left in it."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="spark-", dir=work.resolve()))
    except OSError as error:
        raise Problem("file-unwritable", path=work, detail=error.strerror or str(error)) from error
    try:
        yield folder
    except OSError as error:
        raise Problem("file-unwritable", path=work, detail=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what Spark raises into a problem with the one line that says what happened."""
    try:
        yield
    except failures() as error:
        raise Problem("spark-failed", detail=last_word(str(error))) from None  # it cannot be read once Java has ended


def _run(job: DataFrame, scratch: Path, partitions: int, progress: Progress) -> list[Path]:
    """Run the job to its end, and return the parts that it wrote, in order; raise the problems that workers met."""
    progress.begin("scoring on Spark", partitions)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(job.collect)
        try:
            _watch(running, scratch, progress)
            reports = running.result()
        except KeyboardInterrupt:
            job.sparkSession.sparkContext.cancelAllJobs()  # else the pool would wait for its end
            raise
    raise_all(next((from_text(each.problems) for each in reports if each.problems), []))
    return [scratch / each.part for each in sorted(reports, key=lambda each: each.part) if each.rows]


def _watch(running: Future[Any], scratch: Path, progress: Progress) -> None:
    """Report parts as they appear."""
    seen = 0
    while not running.done():
        wait([running], timeout=_LOOK)
        there = sum(1 for _ in scratch.glob("part-*.parquet"))
        progress.advance(there - seen)
        seen = there
