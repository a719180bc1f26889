"""Records are written anew with persons for nominals: every row, no name."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.linking.apply import Applied, apply
from forecast.records.source import open_records
from tests.records.making import LONDON, event, offence, person, write, write_csv

OF = {"P1": "L-P1", "P2": "L-P1", "P3": "L-P3"}
RECORDED = {"P1": 2, "P2": 1, "P3": 3}


def rows_of(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def applied(folder: Path, out: Path) -> Applied:
    out.mkdir()
    return apply(open_records(folder), OF, RECORDED, out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    persons = [
        person("P1", sex="F", ethnicity="White", born_on=datetime.date(1980, 5, 3)),
        person("P2", sex=None, ethnicity="Asian", born_on=datetime.date(1980, 5, 3)),
        person("P3"),
    ]
    events = [event("C1", "P1"), event("C2", "P2"), event("C3", "P9")]
    return write(tmp_path / "raw", {"persons": persons, "custody_events": events, "offences": [offence()]})


def test_one_person_has_one_row_and_the_earliest_nominal_stands(folder: Path, tmp_path: Path) -> None:
    made = applied(folder, tmp_path / "out")
    first, second = rows_of(tmp_path / "out" / "persons.parquet")
    assert (first["person_id"], first["ethnicity"], first["sex"]) == ("L-P1", "Asian", "F")
    assert second["person_id"] == "L-P3"
    assert made.merged == 1
    assert made.conflicts == {"ethnicity": 1}
    assert made.filled == {"sex": 1}


def test_every_row_is_kept_and_an_unknown_id_stays_for_the_check_to_find(folder: Path, tmp_path: Path) -> None:
    made = applied(folder, tmp_path / "out")
    events = rows_of(tmp_path / "out" / "custody_events.parquet")
    assert [(row["custody_id"], row["person_id"]) for row in events] == [("C1", "L-P1"), ("C2", "L-P1"), ("C3", "P9")]
    assert made.unlinked == {"custody_events": 1}
    assert made.rows_in == {"persons": 3, "custody_events": 3, "offences": 1}


def test_a_nominal_that_stands_twice_among_persons_is_left_for_the_check(tmp_path: Path) -> None:
    rows = {"persons": [person("P1"), person("P1", sex="M"), person("P2")], "custody_events": [], "offences": []}
    made = applied(write(tmp_path / "raw", rows), tmp_path / "out")
    assert made.merged == 0
    assert len(rows_of(tmp_path / "out" / "persons.parquet")) == 3


def test_columns_that_nothing_reads_are_left_out(folder: Path, tmp_path: Path) -> None:
    persons = pq.read_table(folder / "persons.parquet")
    pq.write_table(persons.append_column("surname", pa.array(["Ashby"] * 3)), folder / "persons.parquet")
    made = applied(folder, tmp_path / "out")
    assert made.left_out == {"persons": ["surname"]}
    assert "surname" not in pq.read_schema(tmp_path / "out" / "persons.parquet").names


def test_csv_stays_csv_under_its_own_names_and_a_malformed_row_goes_no_further(tmp_path: Path) -> None:
    rows = {"persons": [person("P1"), person("P2"), person("P3")], "custody_events": [event()], "offences": [offence()]}
    folder = write_csv(tmp_path / "raw", rows, LONDON + '[persons]\nfile = "people.csv"\n')
    text = (folder / "persons.csv").read_text("utf-8")
    (folder / "persons.csv").unlink()
    (folder / "people.csv").write_text(text + "P3,Secret Name\n", "utf-8")
    made = applied(folder, tmp_path / "out")
    written = pacsv.read_csv(tmp_path / "out" / "people.csv")
    assert written["person_id"].to_pylist() == ["L-P1", "L-P3"]
    assert made.malformed == {"persons": ["P3,Secret Name"]}
    assert "Secret" not in "".join(p.read_text("utf-8") for p in (tmp_path / "out").iterdir())
    assert (tmp_path / "out" / "records.toml").is_file()
    assert open_records(tmp_path / "out").tables["custody_events"].name == "custody_events"


def test_a_table_outside_the_folder_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "persons.parquet").write_bytes((folder / "persons.parquet").read_bytes())
    (folder / "records.toml").write_text('[persons]\nfile = "../persons.parquet"\n', "utf-8")
    with pytest.raises(Problem) as raised:
        applied(folder, tmp_path / "out")
    assert raised.value.code == "link-file-elsewhere"
