"""The matrix from Parquet to Parquet: the same rows as in memory, whatever the pieces, the threads and the order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.features.catalogue import load_set, whole_set
from forecast.features.compute import compute_batch, prepare
from forecast.features.matrix import build_matrix
from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import TABLES
from forecast.settings import Settings
from tests.features.making import CODES, Rows, at, event, offence, records

DAY = 86_400_000_000
SETTINGS = Settings(threads=2)


def some_people(people: int = 40, seed: int = 5) -> Rows:
    """Return people with up to 12 events each; some rows are edited and some recorded late."""
    rng = np.random.default_rng(seed)
    rows: Rows = {t.name: [] for t in TABLES}
    for p in range(people):
        person, start = f"p{p:03}", at(2005, 1, 1)
        rows["persons"].append({"person_id": person})
        for i in range(int(rng.integers(0, 12))):
            when = start + int(rng.integers(0, 3000)) * DAY + i
            custody = f"{person}c{rng.integers(1 << 30)}"
            reason = ("offence", "breach", "bail")[int(rng.integers(3))]
            rows["custody_events"].append(event(custody, when, person_id=person, reason=reason))
            for j in range(int(rng.integers(0, 3))):
                late = int(rng.integers(0, 2)) * int(rng.integers(0, 900)) * DAY
                code = CODES[int(rng.integers(len(CODES)))]
                one = offence(f"{custody}o{j}", custody, when - 9, person_id=person, code=code)
                one["recorded_at"] = when + late
                rows["offences"].append(one)
        rows["orders"].append(
            {"order_id": f"{person}d", "person_id": person, "starts_at": start, "recorded_at": start, "kind": "bail"}
        )
    return rows


def keep(folder: Path, made: Records, *, order: bool = True) -> Path:
    """Write records as `forecast data check` does: sorted by person, recording and key."""
    folder.mkdir()
    for schema in TABLES:
        table: pa.Table = getattr(made, schema.name)
        keys = dict.fromkeys(["person_id", "recorded_at", schema.key], "ascending")
        table = table.sort_by(list(keys.items())) if order else table.take(pa.array(np.arange(len(table))[::-1]))
        pq.write_table(table, folder / f"{schema.name}.parquet", row_group_size=37)
    return folder


@pytest.fixture(scope="module")
def made() -> Records:
    return records(some_people())


@pytest.fixture(scope="module")
def folder(made: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keep(tmp_path_factory.mktemp("matrix") / "records", made)


@pytest.mark.parametrize("events_each", [1, 7, 100_000], ids=["a person a piece", "small pieces", "one piece"])
@pytest.mark.parametrize("name", ["extended", "hart"])
def test_the_matrix_holds_the_bits_of_the_batch(
    made: Records, folder: Path, tmp_path: Path, name: str, events_each: int
) -> None:
    wanted = compute_batch(made, prepare(load_set(name)))
    result = build_matrix(folder, tmp_path / "m.parquet", load_set(name), settings=SETTINGS, events_each=events_each)
    found = pq.read_table(tmp_path / "m.parquet")
    assert (result.rows, result.events) == (len(wanted), len(made.custody_events))
    assert str(found.to_pylist()) == str(wanted.to_pylist())
    assert [f.type for f in found.schema] == [f.type for f in wanted.schema]


def test_records_out_of_order_are_sorted_first(made: Records, folder: Path, tmp_path: Path) -> None:
    unsorted = keep(tmp_path / "unsorted", made, order=False)
    for source, out in ((folder, "a"), (unsorted, "b")):
        build_matrix(source, tmp_path / out, load_set("hart"), settings=SETTINGS, events_each=9)
    assert str(pq.read_table(tmp_path / "a").to_pylist()) == str(pq.read_table(tmp_path / "b").to_pylist())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "unsorted"]


def test_threads_change_no_byte(folder: Path, tmp_path: Path) -> None:
    for threads in (1, 3):
        build_matrix(
            folder, tmp_path / str(threads), load_set("core41"), settings=Settings(threads=threads), events_each=5
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes()


def test_contested_columns_come_from_the_person_when_allowed(made: Records, folder: Path, tmp_path: Path) -> None:
    build_matrix(folder, tmp_path / "m", whole_set("hart"), settings=SETTINGS)
    wanted = compute_batch(made, prepare(whole_set("hart")))
    assert str(pq.read_table(tmp_path / "m").to_pylist()) == str(wanted.to_pylist())


def test_a_column_of_another_type_is_a_problem(made: Records, tmp_path: Path) -> None:
    source = keep(tmp_path / "records", made)
    table = pq.read_table(source / "offences.parquet")
    at = table.schema.get_field_index("committed_at")
    pq.write_table(
        table.set_column(at, "committed_at", table["committed_at"].cast(pa.int64())), source / "offences.parquet"
    )
    with pytest.raises(Problem) as caught:
        build_matrix(source, tmp_path / "m", load_set("hart"), settings=SETTINGS)
    assert caught.value.code == "records-not-canonical"
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("order", [True, False], ids=["in order", "sorted first"])
def test_records_without_a_moment_are_a_problem_and_leave_no_file(tmp_path: Path, order: bool) -> None:
    returns = [event(f"c{i}", at(2010, 1, 1 + i), person_id=f"p{i}", reason="bail") for i in range(9)]
    people = [{"person_id": f"p{i}"} for i in range(9)]
    source = keep(tmp_path / "records", records({"persons": people, "custody_events": returns}), order=order)
    with pytest.raises(Problem) as caught:
        build_matrix(source, tmp_path / "m", load_set("hart"), settings=SETTINGS, events_each=3)
    assert caught.value.code == "cases-none"
    assert str(source) in caught.value.sentence
    assert [p.name for p in tmp_path.iterdir()] == ["records"]


def test_a_result_that_is_there_is_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("mine")
    with pytest.raises(Problem) as caught:
        build_matrix(folder, tmp_path / "m", load_set("hart"), settings=SETTINGS)
    assert caught.value.code == "output-exists"
