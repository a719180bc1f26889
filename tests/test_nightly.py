"""Tests of the script that scores each night, with a command that only notes how it was called."""

from __future__ import annotations

import datetime
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "examples" / "nightly.sh"
TOLD = """#!/bin/sh
echo "$@" >> calls
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a command `forecast` and none of its scores."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "scores").mkdir()
    command = tmp_path / "bin" / "forecast"
    command.write_text(TOLD, "utf-8")
    command.chmod(0o755)
    return tmp_path


def night(place: Path) -> str:
    """Run the script; return how it called the command."""
    (place / "calls").unlink(missing_ok=True)
    environment = {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "FORECAST_NIGHTLY": str(place)}
    subprocess.run([SCRIPT], env=environment, check=True)
    return (place / "calls").read_text("utf-8") if (place / "calls").exists() else ""


def finished(place: Path, day: str) -> None:
    for name in (f"{day}.parquet", f"{day}.manifest.json"):
        (place / "scores" / name).touch()


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def test_the_first_night_scores_everything_and_the_next_what_is_new_since_the_last_whole_one(place: Path):
    assert "--since-run" not in night(place)
    for day in ("2020-01-01", "2020-01-03"):
        finished(place, day)
    (place / "scores" / "2020-01-04.parquet").touch()  # that night was ended before its manifest
    assert f"--out scores/{today()}.parquet --since-run scores/2020-01-03.parquet --resume" in night(place)


def test_a_second_start_goes_on_or_does_nothing(place: Path):
    finished(place, "2020-01-01")
    finished(place, today())
    work = place / "scores" / f".{today()}.parquet.work"
    work.mkdir()
    assert "--since-run scores/2020-01-01.parquet --resume" in night(place)
    work.rmdir()
    assert night(place) == ""
