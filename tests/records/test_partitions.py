"""Accepted records are read all at once or in pieces of whole people."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.arrange import arrange
from forecast.records.partitions import iter_people, load_records
from forecast.records.schema import OFFENCES, PERSONS, TABLES
from tests.records.making import check, event, offence, person, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine people; person i has i events, so the first has none; one report of the last."""
    work = tmp_path_factory.mktemp("records")
    pairs = [(i, j) for i in range(9) for j in range(i)]
    rows = {
        "persons": [person(f"P{i}", postcode_outward=f"DH{i}") for i in range(9)],
        "custody_events": [event(f"C{i}{j}", f"P{i}", station=f"S{j}") for i, j in pairs],
        "offences": [offence(f"O{i}{j}", f"C{i}{j}", f"P{i}") for i, j in pairs],
        "intelligence": [
            {
                "report_id": "I1",
                "person_id": "P8",
                "observed_at": person()["recorded_at"],
                "recorded_at": person()["recorded_at"],
            }
        ],
    }
    check(write(work / "in", rows), out=work / "out")
    return work / "out"


def test_loaded_records_have_the_canonical_schema(folder: Path) -> None:
    records = load_records(folder)
    for table in TABLES:
        assert getattr(records, table.name).schema.equals(table.arrow, check_metadata=True), table.name
    assert (len(records.persons), len(records.custody_events), len(records.orders)) == (9, 36, 0)


@pytest.mark.parametrize("events_each", [1, 5, 7, 1000])
def test_pieces_hold_whole_people_and_together_all_rows_in_order(events_each: int, folder: Path) -> None:
    pieces = list(iter_people(folder, events_each=events_each))
    whole = load_records(folder)
    for table in TABLES:
        assert pa.concat_tables([getattr(p, table.name) for p in pieces]).equals(getattr(whole, table.name))
    people = [set(p.persons["person_id"].to_pylist()) for p in pieces]
    assert sum(map(len, people)) == len(set.union(*people)) == 9
    for piece in pieces:
        arrange(piece)  # raises if a row's person or event lies in another piece
    assert (len(pieces) > 2) == (events_each < 10)


def test_a_folder_that_was_not_checked_is_told_to_be(tmp_path: Path, folder: Path) -> None:
    content = pq.read_table(folder / "offences.parquet")
    for name in ("persons", "custody_events"):
        (tmp_path / f"{name}.parquet").write_bytes((folder / f"{name}.parquet").read_bytes())
    for wrong in (None, content.take(list(range(len(content)))[::-1]), content.drop_columns(["code"])):
        if wrong is not None:
            pq.write_table(wrong, tmp_path / "offences.parquet")
        with pytest.raises(Problem, match="forecast data check") as raised:
            load_records(tmp_path)
        assert raised.value.code == "records-not-canonical"


def test_columns_of_another_width_are_not_canonical(tmp_path: Path, folder: Path) -> None:
    for table in (PERSONS, OFFENCES):
        (tmp_path / f"{table.name}.parquet").write_bytes((folder / f"{table.name}.parquet").read_bytes())
    events = pq.read_table(folder / "custody_events.parquet")
    wide = events.set_column(0, "custody_id", events["custody_id"].cast(pa.large_string()))
    pq.write_table(wide, tmp_path / "custody_events.parquet")
    with pytest.raises(Problem) as raised:
        list(iter_people(tmp_path))
    assert raised.value.code == "records-not-canonical"
