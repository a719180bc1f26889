"""Slower tests on a real Spark: features, orders of ids, limits in time, and a session of the run's own."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.features.catalogue import whole_set
from forecast.features.compute import compute_batch
from forecast.features.compute import prepare as prepare_features
from forecast.features.matrix import build_matrix
from forecast.models.bundle import load_bundle
from forecast.records.partitions import load_records
from forecast.scoring import spark_session
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.spark import score_on_spark
from forecast.scoring.spark_rows import check_folder, gathered, packed
from forecast.scoring.spark_worker import REPORT
from forecast.settings import Settings
from tests.features.making import Row, at, event, offence, one_person, records
from tests.helpers import run_python
from tests.scoring.spark_world import MASTER, assert_equal, read, written

FEATURES = "extended+hart+sanctions"

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")]


def test_since_before_and_refused_people_reach_the_workers(
    session: Any,
    bundle_folder: Path,
    records_folder: Path,
    settings: Settings,
    tmp_path: Path,
) -> None:
    whole = load_records(records_folder)
    asked: dict[str, Any] = {
        "since": at(2010, 1, 1),
        "before": at(2014, 1, 1),
        "refused": dict.fromkeys(whole.persons["person_id"].to_pylist()[::2], "test-code: in quarantine"),
    }
    parts = score_on_spark(bundle_folder, records_folder, tmp_path, settings, reasons=False, partitions=3, **asked)
    expected = RecordScorer.open(load_bundle(bundle_folder, threads=1), settings, reasons=False).score(whole, **asked)
    assert_equal(read(parts), expected)
    assert "test-code: in quarantine" in expected["not_scored"].to_pylist()


def test_features_computed_in_workers_equal_the_matrix_to_the_bit(
    session: Any, records_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    chosen = whole_set(FEATURES)
    matrix = build_matrix(records_folder, tmp_path / "matrix.parquet", chosen, settings=settings)
    out = str(tmp_path)

    def features(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        number = TaskContext.get().partitionId()
        prepared = prepare_features(whole_set(FEATURES))
        tables = [compute_batch(piece, prepared) for piece in gathered(batches, 150)]
        pq.write_table(pa.concat_tables(tables), f"{out}/features-{number}.parquet")
        yield pa.RecordBatch.from_pylist([{"part": "", "rows": len(tables), "problems": ""}])

    with spark_session.opened(MASTER, tmp_path, 2) as spark:
        frame = packed(spark, records_folder, check_folder(records_folder), 3)
        pieces = [row.rows for row in frame.mapInArrow(features, REPORT).collect()]
    found = read(sorted(tmp_path.glob("features-*.parquet")))
    expected = pq.read_table(matrix.path)
    assert sum(pieces) > 3
    for name in expected.column_names:  # NaN is equal to itself only as bits
        assert bits(found[name]).equals(bits(expected[name])), name


def bits(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if pa.types.is_floating(array.type):
        return array.view(pa.int64() if array.type == pa.float64() else pa.int32())
    return array


def test_people_come_in_the_order_of_their_ids_bytes_and_times_keep_their_microseconds(
    session: Any, scorer: RecordScorer, bundle_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ids = ["a", "B", "é", "z", "\ufb01", "\U0001d4b3", "ab", "10", "9", "O'Neil; --"]
    rows: dict[str, list[Row]] = {}
    for number, person in enumerate(ids):
        when = at(2012, 3, 25, 1, 30) + number * 1_001
        mine = one_person(
            [event(f"{person}-1", at(1899, 12, 31, 23, 59) + number), event(f"{person}-2", when)],
            [offence(f"{person}-o", f"{person}-2", when - 1, proven_at=when + 1)],
        )
        mine["persons"][0]["born_on"] = datetime.date(1880, 2, 29) if number % 2 else datetime.date(1980, 1, 1)
        for name, listed in mine.items():
            rows.setdefault(name, []).extend({**row, "person_id": person} for row in listed)
    whole = records(rows)
    folder = written(tmp_path / "records [1] of a*b", whole)
    parts = score_on_spark(bundle_folder, folder, tmp_path / "out", settings, partitions=4)
    expected = scorer.score(whole)
    found = read(parts)
    assert_equal(found, expected)
    assert found["person_id"].unique().to_pylist() == sorted(ids, key=lambda text: text.encode())
    assert len(parts) > 1


def test_a_folder_without_people_gives_no_part(
    session: Any, bundle_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "records", records({}))
    assert score_on_spark(bundle_folder, folder, tmp_path / "out", settings) == []


def test_one_partition_gives_what_many_give(
    session: Any, scorer: RecordScorer, bundle_folder: Path, records_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    [part] = score_on_spark(bundle_folder, records_folder, tmp_path, settings, partitions=1)
    assert_equal(pq.read_table(part), scorer.score(load_records(records_folder)))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="loaded libraries are looked up in /proc")
def test_the_process_that_workers_are_forked_from_never_loaded_lightgbm(
    session: Any, bundle_folder: Path, records_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    score_on_spark(bundle_folder, records_folder, tmp_path, settings, partitions=2)

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        list(batches)
        libraries = Path(f"/proc/{os.getppid()}/maps").read_text("utf-8")
        own = "lib_lightgbm" in Path("/proc/self/maps").read_text("utf-8")
        yield pa.RecordBatch.from_pylist(
            [{"part": sys.executable, "rows": int(own), "problems": "lightgbm" if "lib_lightgbm" in libraries else ""}]
        )

    reports = session.range(2).repartition(2).mapInArrow(look, REPORT).collect()
    assert {each.part for each in reports} == {sys.executable}
    assert {each.problems for each in reports} == {""}
    assert max(each.rows for each in reports) == 1  # a worker that scored before did load it


RUN = """
import sys
from pathlib import Path
from forecast.scoring.spark import score_on_spark
from forecast.settings import Settings
before = list(sys.path)
for _ in range(2):
    parts = score_on_spark(*map(Path, sys.argv[1:4]), Settings(threads=1), master="local[2]", partitions=3)
from pyspark import SparkContext
assert SparkContext._gateway is None, "Java runs on"
assert sys.path == before
print(len(parts))
"""


@pytest.mark.timeout(600)
def test_a_run_with_a_session_of_its_own_says_nothing_and_leaves_nothing(
    scorer: RecordScorer, bundle_folder: Path, records_folder: Path, tmp_path: Path
) -> None:
    done = run_python(RUN, str(bundle_folder), str(records_folder), str(tmp_path / "a b"), timeout=600)
    assert (done.stdout, done.stderr) == ("3\n", "")
    parts = sorted((tmp_path / "a b").iterdir())
    assert [part.name for part in parts] == [f"part-{number:06d}.parquet" for number in range(3)]
    assert_equal(read(parts), scorer.score(load_records(records_folder)))


DIES = """
import threading, time
from pyspark import SparkContext
from pyspark.sql import SparkSession
from forecast.problems import Problem

def end_java():
    while SparkSession._instantiatedSession is None:
        time.sleep(0.1)
    time.sleep(2)
    SparkContext._gateway.proc.kill()

threading.Thread(target=end_java, daemon=True).start()
try:
"""


@pytest.mark.timeout(600)
def test_a_java_that_dies_is_told_and_leaves_nothing(bundle_folder: Path, records_folder: Path, tmp_path: Path) -> None:
    run = RUN.partition("for _")[0] + DIES
    run += "    score_on_spark(*map(Path, sys.argv[1:4]), Settings(threads=1), master='local[2]', partitions=200)\n"
    run += "except Problem as problem:\n    print(problem.code)\n"
    done = run_python(run, str(bundle_folder), str(records_folder), str(tmp_path / "out"), timeout=600)
    assert (done.stdout, done.stderr) == ("spark-failed\n", "")
    assert list((tmp_path / "out").iterdir()) == []
