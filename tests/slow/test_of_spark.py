"""Tests that a run on Spark is accounted for like a local one, and writes the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scoring.force import DAY, Force, hidden, manifest_of
from tests.scoring.spark_world import MASTER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


def test_spark_writes_the_bytes_of_a_local_run_and_counts_the_same_people(session: Any, force: Force, tmp_path: Path):
    here = force.score(tmp_path / "here.parquet", since=DAY)
    there = force.score(tmp_path / "there.parquet", since=DAY, engine="spark", master=MASTER)
    assert there.out.read_bytes() == here.out.read_bytes()
    assert (there.people, there.by_code, there.rows) == (here.people, here.by_code, here.rows)
    apart = {"engine": "", "output": "", "run": ""}
    assert manifest_of(there) | apart == manifest_of(here) | apart
    assert hidden(tmp_path) == []


def test_the_command_line_scores_on_spark(session: Any, force: Force, tmp_path: Path):
    from click.testing import CliRunner

    from forecast.cli.score import score

    words = ["--since", DAY.isoformat(), "--quiet", "--no-reasons"]
    for name, engine in (("here", []), ("there", ["--engine", "spark", "--master", MASTER])):
        out = str(tmp_path / f"{name}.parquet")
        ended = CliRunner().invoke(score, [str(force.bundle.folder), str(force.records), "--out", out, *words, *engine])
        assert ended.exit_code == 0, ended.output
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()
