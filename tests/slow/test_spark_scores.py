"""Tests on a real Spark of this machine: what comes out equals a local run, and what fails is told clearly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from forecast.problems import Problem
from forecast.records.partitions import load_records
from forecast.scoring import spark as on_spark
from forecast.scoring import spark_session
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.spark import score_on_spark
from forecast.scoring.spark_worker import REPORT
from forecast.settings import Settings
from tests.features.making import at, event, offence, one_person, records
from tests.scoring.spark_world import MASTER, assert_equal, read, written

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")]


def test_scores_and_reasons_equal_those_of_a_local_run(
    session: Any,
    scorer: RecordScorer,
    bundle_folder: Path,
    records_folder: Path,
    settings: Settings,
    tmp_path: Path,
) -> None:
    parts = score_on_spark(
        bundle_folder, records_folder, tmp_path, settings, master=MASTER, partitions=5, events_each=150
    )
    assert len(parts) == 5
    assert sorted(tmp_path.iterdir()) == parts
    expected = scorer.score(load_records(records_folder))
    found = read(parts)
    assert_equal(found, expected)
    assert len(found) > 100
    assert found["not_scored"].null_count > 100
    assert found["reasons_any"].null_count < len(found)


def test_a_problem_that_a_worker_meets_reaches_the_user_as_it_is_and_leaves_nothing(
    session: Any, bundle_folder: Path, settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    orphan = records(one_person([event("c", at(2012, 1, 1))], [offence("o", "of nobody", at(2012, 1, 1))]))
    folder = written(tmp_path / "records", orphan)
    with pytest.raises(Problem) as found:
        score_on_spark(bundle_folder, folder, tmp_path / "out", settings)
    assert found.value.code == "records-orphans"
    assert list((tmp_path / "out").iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_fault_in_a_worker_is_told_in_one_sentence(
    session: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        raise ZeroDivisionError("of something")
        yield

    with pytest.raises(Problem) as found, on_spark._told():
        on_spark._run(session.range(3).mapInArrow(fails, REPORT), tmp_path, 1, on_spark.SILENT)
    assert found.value.code == "spark-failed"
    assert "ZeroDivisionError: of something" in found.value.sentence
    assert "\tat " not in str(found.value)
    assert capfd.readouterr() == ("", "")


def test_a_session_that_runs_on_another_cluster_is_not_taken(session: Any, tmp_path: Path) -> None:
    with pytest.raises(Problem) as found, spark_session.opened("local[1]", tmp_path, 1):
        pass
    assert found.value.code == "spark-running"


def test_work_that_cannot_be_written_is_told_before_anything_runs(
    bundle_folder: Path, records_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Problem) as found:
        score_on_spark(bundle_folder, records_folder, tmp_path / "file" / "work", settings)
    assert found.value.code == "file-unwritable"
