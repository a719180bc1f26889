"""Scoring runs on the records of the small force, and records as they stood on an earlier day."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.result import CHECK_FILE
from forecast.records.schema import TABLES, TIME
from forecast.scoring.batch import Scored, score_file
from forecast.scoring.work import Work
from forecast.settings import Settings

DAY = datetime.date(2017, 9, 1)


@dataclasses.dataclass(frozen=True)
class Force:
    """The accepted records of the small force, their quarantine, and how they are scored."""

    folder: Path
    bundle: ModelBundle
    settings: Settings

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    def score(self, out: Path, records: Path | None = None, **asked: Any) -> Scored:
        """Score records in parts of 300 events."""
        settings = asked.pop("settings", self.settings)
        if records is not None and "quarantine" not in asked and (records / CHECK_FILE).is_file():
            asked["quarantine"] = self.quarantine
        return score_file(self.bundle, records or self.records, out, settings, **asked)


def read(out: Path) -> pa.Table:
    return pq.read_table(out)


def manifest_of(done: Scored) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.manifest_file.read_text("utf-8"))
    return found


def written(folder: Path) -> dict[str, bytes]:
    """Return the files that a run wrote, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def code_of(call: Any) -> str:
    try:
        call()
    except Problem as problem:
        return problem.code
    return "no problem"


def as_of(records: Path, folder: Path, day: datetime.date) -> Path:
    """Write records as they stood at the first moment of a day: what was recorded before, and not yet withdrawn."""
    folder.mkdir()
    at = pa.scalar(datetime.datetime.combine(day, datetime.time(), datetime.UTC), TIME)
    for table in TABLES:
        rows = pq.read_table(records / f"{table.name}.parquet")
        rows = rows.filter(pc.less(rows["recorded_at"], at))
        if "superseded_at" in rows.column_names:
            place = rows.column_names.index("superseded_at")
            ended = rows["superseded_at"]
            stood = pc.if_else(pc.greater_equal(ended, at), pa.scalar(None, TIME), ended)
            rows = rows.set_column(place, rows.schema.field(place), stood)
        pq.write_table(rows, folder / f"{table.name}.parquet")
    shutil.copy(records / CHECK_FILE, folder / CHECK_FILE)
    return folder


class Stopped(BaseException):
    """A run ends in the middle, as by a signal."""


def stopped_after(parts: int, force: Force, out: Path, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> None:
    """Begin a run and end it when it has written so many parts."""
    original, done = Work.keep, iter(range(1000))

    def keep(self: Work, *arguments: Any) -> Any:
        if next(done) >= parts:
            raise Stopped
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Work, "keep", keep)
        with pytest.raises(Stopped):
            force.score(out, **asked)
