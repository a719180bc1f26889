"""Tests that one person's records are those that stand among everybody's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest

from forecast.problems import Problem
from forecast.records.partitions import load_records
from forecast.records.people import load_person, person_in_custody
from forecast.records.schema import TABLES


@pytest.mark.parametrize("place", [0, 57, -1])
def test_a_person_has_the_rows_that_name_them_and_no_others(records_folder: Path, place: int):
    everybody = load_records(records_folder)
    person = everybody.persons["person_id"].to_pylist()[place]
    found = load_person(records_folder, person)
    for table in TABLES:
        rows = getattr(everybody, table.name)
        assert getattr(found, table.name).equals(rows.filter(pc.equal(rows["person_id"], person))), table.name


def test_nobody_has_no_rows(records_folder: Path):
    found = load_person(records_folder, "nobody")
    assert [len(getattr(found, table.name)) for table in TABLES] == [0] * len(TABLES)


def test_the_person_of_a_custody_event_is_found(records_folder: Path):
    event = load_records(records_folder).custody_events.slice(200, 1).to_pylist()[0]
    assert person_in_custody(records_folder, event["custody_id"]) == event["person_id"]
    with pytest.raises(Problem) as found:
        person_in_custody(records_folder, "nowhere")
    assert found.value.code == "case-unknown"


def test_tables_that_a_force_need_not_have_are_empty(records_folder: Path, tmp_path: Path):
    for table in TABLES:
        if not table.optional:
            shutil.copy(records_folder / f"{table.name}.parquet", tmp_path)
    person = load_records(tmp_path).custody_events["person_id"][0].as_py()
    found = load_person(tmp_path, person)
    assert len(found.custody_events) > 0
    assert len(found.orders) == len(found.intelligence) == 0
    (tmp_path / "offences.parquet").unlink()
    with pytest.raises(Problem) as problem:
        load_person(tmp_path, person)
    assert problem.value.code == "records-not-canonical"


def test_a_file_whose_body_is_damaged_is_a_problem_that_names_it(records_folder: Path, tmp_path: Path):
    folder = Path(shutil.copytree(records_folder, tmp_path / "records"))
    event = load_records(folder).custody_events.slice(0, 1).to_pylist()[0]
    path = folder / "custody_events.parquet"
    body = bytearray(path.read_bytes())
    body[4 : len(body) // 2] = bytes(len(body) // 2 - 4)  # head and foot stay
    path.write_bytes(body)
    for call in (
        lambda: person_in_custody(folder, event["custody_id"]),
        lambda: load_person(folder, event["person_id"]),
    ):
        with pytest.raises(Problem) as found:
            call()
        assert found.value.code == "file-format"
        assert found.value.facts["path"] == path
