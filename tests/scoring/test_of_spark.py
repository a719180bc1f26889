"""Tests that a run on Spark is accounted for like a local one, and writes the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.force import DAY, Force, hidden, manifest_of
from tests.scoring.spark_world import MASTER, small_session

pytestmark = [pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with small_session(tmp_path_factory.mktemp("spark")) as found:
        yield found


def test_spark_writes_the_bytes_of_a_local_run_and_counts_the_same_people(session: Any, force: Force, tmp_path: Path):
    here = force.score(tmp_path / "here.parquet", since=DAY)
    there = force.score(tmp_path / "there.parquet", since=DAY, engine="spark", master=MASTER)
    assert there.out.read_bytes() == here.out.read_bytes()
    assert (there.people, there.by_code, there.rows) == (here.people, here.by_code, here.rows)
    apart = {"engine": "", "output": "", "run": ""}
    assert manifest_of(there) | apart == manifest_of(here) | apart
    assert hidden(tmp_path) == []
