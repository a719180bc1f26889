"""Tests that records survive the way to a worker of Spark: packed, cut anywhere, and unpacked."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.problems import Problem
from forecast.records.arrange import arrange
from forecast.records.records import Records
from forecast.records.schema import INTELLIGENCE, TABLES
from forecast.scoring.spark_rows import check_folder, gathered, spark_path, unpacked
from tests.features.making import Rows, histories, records
from tests.scoring.spark_world import cut, packed_here, written


def people_of(piece: Records) -> set[str]:
    return {person for table in TABLES for person in getattr(piece, table.name)["person_id"].to_pylist()}


@settings(max_examples=60, deadline=None)
@given(histories(people=5), st.integers(1, 12), st.integers(1, 8))
def test_pieces_hold_whole_people_and_lose_nothing_wherever_batches_are_cut(rows: Rows, size: int, events: int) -> None:
    whole = arrange(records(rows)).records
    pieces = list(gathered(cut(packed_here(whole), size), events))
    for table in TABLES:
        together = pa.concat_tables([getattr(piece, table.name) for piece in pieces])
        assert together.equals(getattr(whole, table.name)), table.name
        assert together.schema.equals(table.arrow, check_metadata=True)
    people = [people_of(piece) for piece in pieces]
    assert sum(len(some) for some in people) == len(set.union(*people))


def test_a_piece_is_handed_out_as_soon_as_it_has_enough_events_of_whole_people() -> None:
    events = [{"person_id": f"p{i // 3}", "custody_id": f"c{i}", "arrested_at": i, "recorded_at": i} for i in range(30)]
    rows = packed_here(records({"persons": [{"person_id": f"p{i}"} for i in range(10)], "custody_events": events}))
    sizes = [len(piece.custody_events) for piece in gathered(cut(rows, 4), 6)]
    assert sum(sizes) == 30
    assert max(sizes) <= 6


def test_one_person_with_more_rows_than_a_piece_stays_whole() -> None:
    events = [{"person_id": "p", "custody_id": f"c{i:02}", "arrested_at": i, "recorded_at": i} for i in range(50)]
    rows = packed_here(records({"persons": [{"person_id": "p"}], "custody_events": events}))
    assert [len(piece.custody_events) for piece in gathered(cut(rows, 3), 5)] == [50]


def test_no_rows_give_no_piece() -> None:
    assert list(gathered([], 10)) == []


def test_unpacking_nothing_gives_empty_tables_of_the_canonical_schema() -> None:
    empty = unpacked(packed_here(records({})))
    assert all(getattr(empty, table.name).schema.equals(table.arrow) for table in TABLES)


def test_only_the_tables_that_are_there_are_counted(tmp_path: Path) -> None:
    folder = written(tmp_path / "records", records({"persons": [{"person_id": "p"}]}))
    (folder / f"{INTELLIGENCE.name}.parquet").unlink()
    assert check_folder(folder) == {"persons": 1, "custody_events": 0, "offences": 0, "orders": 0}


def test_records_of_another_form_are_refused_before_spark_starts(tmp_path: Path) -> None:
    folder = written(tmp_path / "records", records({}))
    offences = folder / "offences.parquet"
    pq.write_table(pq.read_table(offences).drop_columns(["proven_at"]), offences)
    with pytest.raises(Problem) as found:
        check_folder(folder)
    assert found.value.code == "records-not-canonical"
    assert "proven_at" in found.value.sentence


def test_the_signs_of_patterns_in_a_path_are_escaped(tmp_path: Path) -> None:
    assert spark_path(tmp_path / "a [1]*") == f"file://{tmp_path.resolve()}/a \\[1\\]\\*"
