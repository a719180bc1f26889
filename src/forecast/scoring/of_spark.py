"""Have a Spark cluster score records, and account for its parts as for those of a local run."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from forecast.cases import PERSON_ID
from forecast.problems import Problem
from forecast.scoring.from_records import NOT_SCORED
from forecast.scoring.manifest import added
from forecast.scoring.of_records import RecordsJob, counted
from forecast.scoring.work import Part, Work

if TYPE_CHECKING:
    from forecast.progress import Progress

EVENTS_EACH = 250_000
"""Custody events in a piece when people are only counted."""


def spark_parts(job: RecordsJob, work: Work, master: str, progress: Progress) -> list[Part]:
    """Return the parts that Spark made, in the order of people, then that of the quarantine.

    They are made all or none: a resumed run asks the cluster again.
    """
    from forecast.scoring.spark import score_on_spark

    if job.previous is not None:
        raise Problem("score-spark-delta")
    folder = work.parts / "spark"
    shutil.rmtree(folder, ignore_errors=True)
    since, before = job.ends
    scorer = job.scorer.scorer
    files = score_on_spark(
        scorer.bundle.folder,
        job.folder.absolute(),
        folder,
        scorer.settings,
        reasons=scorer.reasons,
        since=since,
        before=before,
        refused=job.refusals.people or None,
        master=master or None,
        progress=progress,
    )
    parts, listed = [], [pa.array([], pa.string())]
    for file in files:
        table = pq.read_table(file, columns=[PERSON_ID, NOT_SCORED])
        parts.append(Part({"scores": file}, counted(table)))
        listed.append(table[PERSON_ID].unique())
    return [*parts, _rest(job, work, pa.concat_arrays(listed))]


def _rest(job: RecordsJob, work: Work, listed: pa.Array) -> Part:
    """Return the part of the quarantine, with the counts of all people."""
    pieces = dataclasses.replace(job, events_each=EVENTS_EACH).pieces()
    counts = [{"people": job.people_of(p, job.wanted(p), listed)} for p in pieces if p is not None]
    tables, own = job.of_quarantine()
    return work.keep(0, tables, added([own, *counts]))
