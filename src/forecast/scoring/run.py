"""Do a job part by part, in a few threads, and make one output of the parts.

What a part holds hangs on the job alone, and the output on the rows alone: threads, an end by force and a resumed run
change no byte.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from forecast.files import sha256, to_json
from forecast.progress import Progress
from forecast.scoring.manifest import added, companions, reconciled
from forecast.scoring.parts import assemble, write_text
from forecast.scoring.work import Part, Work, put

if TYPE_CHECKING:
    import pyarrow as pa

MOST_THREADS = 4
"""Memory holds a piece or two a thread."""
FINISHING = "finishing.json"


class Job(Protocol):
    """What is to be done: pieces that are always the same, and the tables and counts that each of them gives."""

    @property
    def label(self) -> str:
        """What is being done, for the progress."""

    @property
    def total(self) -> int | None:
        """The size of all pieces, if it is known."""

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """The files that are written, by name, with their columns: "scores", and for tables "refused"."""

    @property
    def notes(self) -> list[str]:
        """What a reader of the output has to know."""

    def pieces(self) -> Iterator[Any]:
        """Yield the pieces in order."""

    def size(self, piece: Any) -> int:
        """Return how far a piece brings the work on."""

    def made(self, piece: Any) -> tuple[Mapping[str, pa.Table], Mapping[str, Any]]:
        """Return the tables and the counts of a piece."""

    def manifest(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of the manifest that are those of this kind of job."""


def run_parts(job: Job, work: Work, threads: int, progress: Progress) -> list[Part]:
    """Make all parts of a job that the work folder does not hold yet; return all of them in order."""
    progress.begin(job.label, job.total)
    done: list[Part] = []
    waiting: deque[tuple[Future[Part], int]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for index, piece in enumerate(job.pieces()):
            waiting.append((pool.submit(_part, job, work, index, piece), job.size(piece)))
            del piece
            while len(waiting) > threads:
                _take(waiting, done, progress)
        while waiting:
            _take(waiting, done, progress)
    finally:
        pool.shutdown(cancel_futures=True)
    return done


def _take(waiting: deque[tuple[Future[Part], int]], done: list[Part], progress: Progress) -> None:
    future, size = waiting.popleft()
    done.append(future.result())
    progress.advance(size)


def _part(job: Job, work: Work, index: int, piece: Any) -> Part:
    found = work.find(index)
    if found is not None:
        return found
    tables, counts = job.made(piece)
    return work.keep(index, tables, counts)


def threads_for(asked: int) -> int:
    """Return how many threads work on pieces: as many as the settings say, 0 meaning all cores, but few."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(asked or cores, MOST_THREADS))


def finish(job: Job, work: Work, parts: list[Part], said: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Make the final files of the parts and the manifest, give them their names, and return the manifest.

    ``said``: the keys of the manifest that every run has.
    """
    counts = added(part.counts for part in parts)
    reconciled(counts)
    progress.begin("putting the parts together")
    work.final.mkdir(exist_ok=True)
    places = dict(zip(("scores", "refused"), (work.out, companions(work.out)[0]), strict=True))
    for name, schema in job.schemas.items():
        assemble([part.files[name] for part in parts], work.final / places[name].name, schema)
    manifest = dict(said) | job.manifest(counts) | {"output_sha256": sha256(work.final / work.out.name)}
    last = companions(work.out)[1]
    write_text(work.final / last.name, to_json(manifest))
    # From here on a resumed run knows the output as its own.
    write_text(work.folder / FINISHING, to_json({"sha256": manifest["output_sha256"]}))
    put((work.final / path.name, path) for path in (*places.values(), last))
    return manifest


def is_own(work: Work) -> bool:
    """Say whether the output is what an earlier end of this very run gave its name, before it was ended."""
    import json

    try:
        mark = json.loads((work.folder / FINISHING).read_text("utf-8"))
        return bool(mark["sha256"] == sha256(work.out))
    except (OSError, ValueError, KeyError, TypeError):
        return False
