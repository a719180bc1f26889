"""A session of Spark, a bundle fitted on the small force's records, and records as Spark hands them to a worker."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import load_bundle, write_bundle
from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import TABLES
from forecast.scoring import spark_session
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.spark_rows import KEY, ORDER, PERSON, RECORDED, TABLE, rest
from forecast.settings import Settings
from forecast.tables.assemble import write_cases
from forecast.tables.assembly import Assembly, AssemblyHead
from forecast.tables.origin import origin_of
from forecast.training.fit import Trainer
from forecast.training.material import prepare
from tests.helpers import small_experiment

MASTER = "local[2]"
TINY_BATCHES = "97"


@contextmanager
def small_session(folder: Path) -> Iterator[Any]:
    """Yield a session that Arrow batches of 97 rows leave, so that people with long records are cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(spark_session._SESSION, "spark.sql.execution.arrow.maxRecordsPerBatch", TINY_BATCHES)
        try:
            with spark_session.opened(MASTER, folder, 2) as session:
                yield session
        except Problem as problem:
            if problem.code not in ("spark-no-java", "extra-missing"):
                raise
            pytest.skip(str(problem))


def read(parts: list[Path]) -> pa.Table:
    """Return the rows of all parts."""
    return pa.concat_tables([pq.read_table(part) for part in parts])


def assert_equal(found: pa.Table, expected: pa.Table) -> None:
    """Compare all columns to the bit, and name those that differ."""
    assert found.schema.equals(expected.schema)
    assert [name for name in expected.column_names if not found[name].equals(expected[name])] == []


def bundle_of_records(records: Path, folder: Path, settings: Settings) -> Path:
    """Fit a small boosted model on cases made of records, and return the folder of its bundle."""
    head = AssemblyHead(features="core41", observed_until=datetime.date(2018, 1, 1), since=datetime.date(2009, 1, 1))
    made = write_cases(records, folder / "cases.parquet", Assembly(head))
    material = prepare(small_experiment(made.cases, table=str(made.description), allow_refused=True), settings)
    forecaster = Trainer(material.description, material.experiment, threads=1).forecasters(["boosting"], material.cases)
    bundle = folder / "bundle"
    bundle.mkdir()
    data = {"file": made.cases.name, "sha256": "0" * 64, "cases": len(material.cases), "cases_sha256": ""}
    write_bundle(
        bundle,
        material.description,
        forecaster["boosting"],
        {"data": {**data, "made": dict(origin_of(made.cases).made)}},
    )
    return bundle


def packed_here(records: Records) -> pa.Table:
    """Return records packed and sorted as Spark does it, by Arrow alone."""
    parts = []
    for number, table in enumerate(TABLES):
        rows = getattr(records, table.name)
        columns = {PERSON: rows[PERSON], TABLE: pa.repeat(pa.scalar(number, pa.int32()), len(rows))}
        columns |= {RECORDED: rows["recorded_at"], KEY: rows[table.key]}
        for each in TABLES:
            kind = pa.struct([(c.name, c.type) for c in rest(each)])
            if each is table:
                arrays = [rows[c.name].combine_chunks() for c in rest(each)]
                columns[each.name] = pa.StructArray.from_arrays(arrays, fields=list(kind))
            else:
                columns[each.name] = pa.nulls(len(rows), kind)
        parts.append(pa.table(columns))
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in ORDER])


def cut(rows: pa.Table, size: int) -> Iterator[pa.RecordBatch]:
    """Yield rows in batches of ``size``, as Spark does."""
    for start in range(0, len(rows), size):
        yield rows.slice(start, size).combine_chunks().to_batches()[0]


def written(folder: Path, records: Records) -> Path:
    """Write records as a folder of Parquet files."""
    folder.mkdir()
    for table in TABLES:
        pq.write_table(getattr(records, table.name), folder / f"{table.name}.parquet")
    return folder


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of Spark on this machine, or a skip that says why there is none."""
    with small_session(tmp_path_factory.mktemp("spark")) as found:
        yield found


@pytest.fixture(scope="module")
def bundle_folder(records_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of_records(records_folder, tmp_path_factory.mktemp("bundle"), settings)


@pytest.fixture(scope="module")
def scorer(bundle_folder: Path, settings: Settings) -> RecordScorer:
    return RecordScorer.open(load_bundle(bundle_folder, threads=1), settings)
