"""Pieces hold whole people, in order, and nothing is lost or read twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from forecast.problems import Problem
from forecast.records.pieces import UnsortedError, iter_pieces
from forecast.records.records import Records
from tests.features.making import records
from tests.features.test_matrix import keep, some_people


@pytest.fixture(scope="module")
def made() -> Records:
    return records(some_people())


@pytest.fixture(scope="module")
def folder(made: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keep(tmp_path_factory.mktemp("pieces") / "records", made)


@pytest.mark.parametrize("events_each", [1, 5, 64, 10_000])
def test_no_row_is_lost_and_no_person_is_cut(made: Records, folder: Path, events_each: int) -> None:
    pieces = list(iter_pieces(folder, frozenset({"orders.kind"}), events_each))
    for name in ("persons", "custody_events", "offences", "orders"):
        found = pa.concat_tables([getattr(piece, name) for piece in pieces])
        assert sorted(found["person_id"].to_pylist()) == sorted(getattr(made, name)["person_id"].to_pylist())
    people = [set(piece.persons["person_id"].to_pylist()) for piece in pieces]
    assert sum(map(len, people)) == len(set().union(*people))
    for piece, ids in zip(pieces, people, strict=True):
        assert set(piece.offences["person_id"].to_pylist()) <= ids


def test_a_table_of_which_nothing_is_read_is_left_alone(folder: Path) -> None:
    assert all(len(piece.orders) == 0 for piece in iter_pieces(folder, frozenset(), 50))


def test_rows_out_of_order_are_noticed(made: Records, tmp_path: Path) -> None:
    source = keep(tmp_path / "unsorted", made, order=False)
    with pytest.raises(UnsortedError):
        list(iter_pieces(source, frozenset(), 5))


def test_a_folder_without_records_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(iter_pieces(tmp_path, frozenset()))
    assert caught.value.code == "records-not-canonical"
