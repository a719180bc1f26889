"""Score a table of cases or the records of a force, for operations: resumable, locked, every row and person counted.

Rows in = rows scored + rows not scored, always. Nothing appears under the final names before all of it is written. No
decision is ever written, and nobody without a custody event is ever listed.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.explanations.texts import texts_of
from forecast.files import refuse_existing, sha256
from forecast.models.bundle import versions
from forecast.problems import Problem, Problems
from forecast.progress import SILENT, Progress
from forecast.scoring.asked import SIZES, Asked, Period, deciding
from forecast.scoring.inputs import Unchecked, open_input, quarantine_of, refuse_quarantine, states
from forecast.scoring.lock import locked
from forecast.scoring.manifest import Scored, companions, of_manifest
from forecast.scoring.of_records import RecordsJob
from forecast.scoring.run import finish, is_own, run_parts, threads_for
from forecast.scoring.work import Work, digest

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.inputs import Input
    from forecast.scoring.of_tables import TableJob
    from forecast.scoring.work import Part
    from forecast.settings import Settings

__all__ = ["Scored", "companions", "score_file"]
KEPT = (
    "score-no-room",
    "score-unfinished",
    "score-other-run",
    "file-unwritable",
    "output-exists",
    "score-quarantine-taken",
    "extra-missing",
    "spark-no-java",
    "spark-master",
    "spark-unreachable",
    "spark-start",
    "spark-running",
    "spark-versions",
    "spark-failed",
)
"""Problems after which the work is kept: it can be gone on with."""

ALL_DONE = "All of it was done already: nothing was scored again."


def score_file(
    bundle: ModelBundle,
    path: Path | str,
    out: Path,
    settings: Settings,
    *,
    reasons: bool = True,
    overwrite: bool = False,
    resume: bool = False,
    restart: bool = False,
    since: datetime.date | None = None,
    before: datetime.date | None = None,
    since_run: Path | None = None,
    quarantine: Path | None = None,
    mapping: Path | None = None,
    engine: str = "local",
    master: str = "",
    progress: Progress = SILENT,
) -> Scored:
    """Score the table or the records in ``path`` into the Parquet file ``out``, in memory that does not grow with them.

    Parameters
    ----------
    path
        A CSV or Parquet file of cases; or the folder of records, accepted (`forecast data check`) or raw, or a DuckDB
        file of raw ones; or the address of a database, with `#TABLE` of cases, without of raw records. Raw records are
        checked first; their quarantine is kept beside the output.
    resume, restart
        Go on with the work that an ended run left, or throw it away. The result is the same to the byte.
    since, before
        Of records: moments of a forecast on these days, half-open, UTC.
    since_run
        The output of an earlier run: score only new moments of people with new records, beside their last score.
    quarantine, mapping
        Of accepted records: where their quarantine lies, if not beside them, and the mapping they were checked with.
        Of raw records: the mapping.
    engine, master
        "local", or "spark" with the address of its master.
    """
    period = Period(since, before)
    asked = Asked(
        reasons, overwrite, resume, restart, period, since_run, quarantine, mapping, engine=engine, master=master
    )
    asked.check()
    _check_output(path, out, asked)
    found = open_input(bundle, path, settings, asked)
    if engine == "spark":
        from forecast.scoring.spark_session import check_ready

        check_ready(master)  # before anything is copied or checked
    return _Run(bundle, out, settings, asked, found).go(progress)


def _check_output(path: Path | str, out: Path, asked: Asked) -> None:
    if out.suffix != ".parquet":
        raise Problem("output-format", path=out)
    before = [] if asked.since_run is None else [asked.since_run, *companions(asked.since_run)]
    for target in (out, *companions(out)):
        for source in [path, *before]:
            if isinstance(source, Path) and target.exists() and source.exists() and target.samefile(source):
                raise Problem("output-is-input", path=source)
        if target.is_dir():
            raise Problem("output-is-folder", path=target)
        if not asked.resume:
            refuse_existing(target, asked.overwrite)


@dataclass(frozen=True)
class _Run:
    """One run: what is asked of which model, and where it is written."""

    bundle: ModelBundle
    out: Path
    settings: Settings
    asked: Asked
    input: Input

    def go(self, progress: Progress) -> Scored:
        """Do the run, under its lock."""
        work, before, plan = Work(self.out), states(self.input.files()), self.plan()
        with locked(work.folder):
            of_use = True
            try:
                done = self._done(work, plan) or self._work(work, plan, before, progress)
                of_use = False
                return done
            except (Problem, Problems) as error:
                of_use = isinstance(error, Problem) and error.code in KEPT
                raise
            finally:
                if not (of_use and work.begun()):
                    work.remove()

    def _done(self, work: Work, plan: Mapping[str, Any]) -> Scored | None:
        """Return what the output says if all is done already; else see that nothing is replaced without leave."""
        if self.asked.resume and not work.begun() and (done := self._complete(digest(plan))) is not None:
            return dataclasses.replace(done, notes=(*done.notes, ALL_DONE))
        for target in () if is_own(work) else (self.out, *companions(self.out)):
            refuse_existing(target, self.asked.overwrite)
        if self.input.checked:
            refuse_quarantine(quarantine_of(self.out), replace=self.asked.overwrite or self.asked.resume)
        return None

    def plan(self) -> dict[str, Any]:
        """Return what the run is, and how it is cut into parts."""
        return {
            "format": 1,
            "model_id": self.bundle.model_id,
            "input": self.input.plan(),
            "options": self.asked.options(),
            "settings": deciding(self.settings),
            "parts": {name: getattr(self.settings, name) for name in SIZES},
            "versions": versions(),
        }

    def _complete(self, run: str) -> Scored | None:
        """Return what the output says if it is that of this very run, complete and unchanged.

        A database may hold something else by now; whoever allows to replace the output wants that scored.
        """
        if self.input.passing and self.asked.overwrite:
            return None
        try:
            manifest = json.loads(companions(self.out)[1].read_text("utf-8"))
            if manifest["run"] == run and manifest["output_sha256"] == sha256(self.out):
                return of_manifest(manifest, self.out, self._quarantine)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None

    def _work(self, work: Work, plan: Mapping[str, Any], before: object, progress: Progress) -> Scored:
        work.begin(plan, resume=self.asked.resume, restart=self.asked.restart)
        job = self.input.job(work, progress)
        if isinstance(job, RecordsJob):
            _ = job.known  # read from the files, so before it is asked whether they were changed
        parts = self._parts(job, work, progress)
        if states(self.input.files()) != before:
            raise Problem("score-input-changed", path=self.input.files()[0].parent)
        manifest = finish(job, work, parts, self._said(job, plan), progress)
        if isinstance(self.input, Unchecked):
            self.input.keep(work)
        return of_manifest(manifest, self.out, self._quarantine)

    def _parts(self, job: TableJob | RecordsJob, work: Work, progress: Progress) -> list[Part]:
        if self.asked.engine == "spark" and isinstance(job, RecordsJob):
            from forecast.scoring.of_spark import spark_parts

            return spark_parts(job, work, self.asked.master, progress)
        return run_parts(job, work, threads_for(self.settings.threads), progress)

    def _said(self, job: TableJob | RecordsJob, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of the manifest that every run has; none of them is a time."""
        said = {
            "format": 1,
            "model_id": self.bundle.model_id,
            "engine": self.asked.engine,
            "output": self.out.name,
            "reasons": self.asked.reasons,
            "notes": [*job.notes, *self._standing],
            "run": digest(plan),
            "versions": versions(),
            "trained_with": self.bundle.manifest.get("versions", {}),
        }
        if isinstance(job, RecordsJob) and job.previous is not None:
            said["previous"] = job.previous.link(self.out)
        return said

    @property
    def _standing(self) -> list[str]:
        """What is noted of the bundle itself."""
        signed = self.bundle.forecaster.cutoffs.signed
        return [] if signed else [texts_of(self.settings)["notes.not_signed"]]

    @property
    def _quarantine(self) -> Path | None:
        return quarantine_of(self.out) if self.input.checked else None
