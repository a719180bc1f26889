"""Hold what is asked of a scoring run beside its input and output."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.files import sha256
from forecast.problems import Problem
from forecast.records.instants import instant

if TYPE_CHECKING:
    import datetime

    from forecast.settings import Settings

SIZES = ("chunk_rows", "score_events")
"""Settings that cut a run into parts: a resumed run needs the same ones, but they change no score."""


@dataclass(frozen=True)
class Period:
    """The half-open period of moments, whole days of UTC; None: no end on that side."""

    since: datetime.date | None = None
    before: datetime.date | None = None

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """The period in microseconds since 1970."""
        since, before = (None if day is None else instant(day) for day in (self.since, self.before))
        return since, before

    def to_json(self) -> dict[str, str | None]:
        """Return the days as texts."""
        return {name: None if day is None else day.isoformat() for name, day in dataclasses.asdict(self).items()}


@dataclass(frozen=True)
class Asked:
    """What is asked for; see :func:`forecast.scoring.batch.score_file`."""

    reasons: bool = True
    overwrite: bool = False
    resume: bool = False
    restart: bool = False
    period: Period = field(default_factory=Period)
    since_run: Path | None = None
    quarantine: Path | None = None
    mapping: Path | None = None
    engine: str = "local"
    master: str = ""

    def check(self) -> None:
        """Raise if options contradict each other."""
        since, before = self.period.since, self.period.before
        if self.resume and self.restart:
            raise Problem("score-choose", first="--resume", second="--restart")
        if since is not None and before is not None and since >= before:
            raise Problem("score-choose", first=f"--since {since}", second=f"--before {before}")
        if self.master and self.engine != "spark":
            raise Problem("score-choose", first="--master", second=f"--engine {self.engine}")
        if self.engine == "spark" and self.since_run is not None:
            raise Problem("score-spark-delta")

    def check_table(self, label: str) -> None:
        """Raise if an option does not go with a table of cases."""
        named = {
            "--since": self.period.since,
            "--before": self.period.before,
            "--since-run": self.since_run,
            "--quarantine": self.quarantine,
            "--mapping": self.mapping,
            "--engine spark": None if self.engine == "local" else self.engine,
        }
        for option, value in named.items():
            if value is not None:
                raise Problem("score-records-option", option=option, path=label)

    def options(self) -> dict[str, Any]:
        """Return what of this decides the output."""
        said: dict[str, Any] = {"reasons": self.reasons, "engine": self.engine, "period": self.period.to_json()}
        if self.since_run is not None:
            said["since_run"] = sha256(self.since_run)
        return said


def deciding(settings: Settings) -> dict[str, Any]:
    """Return the settings on which scores may hang: all but folders, threads and sizes of parts."""
    values = {
        name: value
        for name, value in dataclasses.asdict(settings).items()
        if name not in ("data_folder", "models_folder", "threads", *SIZES)
    }
    return {
        name: (sha256(value) if value.is_file() else str(value)) if isinstance(value, Path) else value
        for name, value in values.items()
    }
