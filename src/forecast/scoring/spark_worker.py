"""Score in a worker of Spark: its share of people, by the same code as on one machine.

What a worker needs comes in one archive: the bundle, the settings, and who is refused. It writes its share as a Parquet
file and hands back a line of report, so that types stay exact and no score goes through the driver.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from forecast._version import __version__
from forecast.models.bundle import MANIFEST, load_bundle, read_manifest
from forecast.problems import Problem, Problems, raise_all
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.parts import write_text, write_whole
from forecast.scoring.spark_rows import gathered
from forecast.settings import Settings, from_mapping

if TYPE_CHECKING:
    from forecast.records.records import Records

REPORT = "part string, rows long, problems string"
"""What a worker hands back, in Spark's words."""
_JOB, _BUNDLE, _TEXTS, _STOPPED = "job.json", "bundle", "texts.toml", "stopped"
LIBRARIES = ("lightgbm", "numba", "numpy", "pandas", "pyarrow")


@dataclass(frozen=True)
class Job:
    """What all workers are told: plain data."""

    settings: Settings
    reasons: bool
    since: int | None
    before: int | None
    refused: Mapping[str, str] | None
    events_each: int


def versions() -> dict[str, str]:
    """Return the versions that scores hang on, and that have to be the same on all machines."""
    found = {"forecast": __version__}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def pack(job: Job, bundle: Path, archive: Path) -> None:
    """Write the archive of a job: the files that the bundle's manifest names, and the job itself."""
    plain = dataclasses.asdict(job) | {"versions": versions()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name in (MANIFEST, *read_manifest(bundle)["files"]):
            file.write(bundle / name, f"{_BUNDLE}/{name}")
        if job.settings.texts is not None:
            file.write(job.settings.texts, _TEXTS)
        file.writestr(_JOB, json.dumps(plain, default=str))


@lru_cache(maxsize=1)
def unpack(folder: Path) -> tuple[Job, RecordScorer]:
    """Return the job and the scorer of an unpacked archive; each worker does it once. LightGBM has one thread."""
    plain = json.loads((folder / _JOB).read_text("utf-8"))
    _check_versions(plain.pop("versions"))
    settings = from_mapping(Settings, plain.pop("settings"), folder / _JOB)
    if settings.texts is not None:
        settings = dataclasses.replace(settings, texts=folder / _TEXTS)
    job = Job(settings, **plain)
    return job, RecordScorer.open(load_bundle(folder / _BUNDLE, threads=1), settings, reasons=job.reasons)


def _check_versions(wanted: Mapping[str, str]) -> None:
    here = versions()
    if here != wanted:
        other = [f"{name} {here.get(name, 'none')} in place of {wanted[name]}" for name in wanted
                 if here.get(name) != wanted[name]]  # fmt: skip
        raise Problem("spark-versions", found=", ".join(other))


@dataclass(frozen=True)
class Worker:
    """Scores a partition; this is what `mapInArrow` calls in each worker.

    ``archive``: the name of the archive. ``out``: where parts are written; all machines see it under this name.
    """

    archive: str
    out: str

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score the people of a partition, and yield a report of one line."""
        from pyspark import SparkFiles, TaskContext

        context = TaskContext.get()
        assert context is not None  # there is one in a worker
        # A lost attempt at a partition may still be writing when the next one begins, so each has a name of its own.
        part = Path(self.out) / f"part-{context.partitionId():06d}-{context.taskAttemptId()}.parquet"
        rows, problems = reported(Path(SparkFiles.get(self.archive)), batches, part)
        yield pa.RecordBatch.from_arrays(
            [pa.array([part.name]), pa.array([rows]), pa.array([problems])], ["part", "rows", "problems"]
        )


def reported(folder: Path, batches: Iterable[pa.RecordBatch], part: Path) -> tuple[int, str]:
    """Score a partition by the job unpacked in ``folder``; return the rows written, and the problems as a text.

    Problems are handed back, not raised: Spark would try the task again and wrap them in a Java stack trace. They are
    also left beside the parts, for others to see that they may stop.
    """
    stopped = part.with_name(_STOPPED)
    try:
        job, scorer = unpack(folder)
        return scored(job, scorer, gathered(batches, job.events_each), part), ""
    except (Problem, Problems) as found:
        text = to_text(found)
        with contextlib.suppress(Problem):
            write_text(stopped, text)
        return 0, text


def scored(job: Job, scorer: RecordScorer, pieces: Iterable[Records], part: Path) -> int:
    """Write the scores of some people to a part, and return how many rows it has."""
    import pyarrow.parquet as pq

    rows = 0
    stopped = part.with_name(_STOPPED)

    def write(path: Path) -> None:
        nonlocal rows
        with pq.ParquetWriter(path, scorer.schema, compression="lz4", write_statistics=False) as writer:
            for records in pieces:
                if stopped.exists():
                    raise_all(from_text(stopped.read_text("utf-8")))
                table = scorer.score(records, since=job.since, before=job.before, refused=job.refused)
                writer.write_table(table)
                rows += len(table)

    write_whole(part, write)
    return rows


def to_text(found: Problem | Problems) -> str:
    """Return problems as a text from which :func:`from_text` makes them again."""
    items = found.items if isinstance(found, Problems) else (found,)
    return json.dumps([[item.code, item.facts] for item in items], default=str)


def from_text(text: str) -> list[Problem]:
    """Return the problems of a text."""
    return [Problem(code, **facts) for code, facts in json.loads(text)]
