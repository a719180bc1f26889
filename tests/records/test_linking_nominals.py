"""The table of nominals is read as the force writes it: CSV, Parquet or DuckDB, in its own words."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from forecast.records.linking.fields import COMPARED
from forecast.records.linking.nominals import UNDATED, Load, changed, read_load
from forecast.records.source import open_records
from tests.records.making import LONDON, event, offence, person, write, write_csv

ROWS = {"persons": [person("P1"), person("P2"), person("P7")], "custody_events": [event()], "offences": [offence()]}


def read(path: Path) -> Load:
    return read_load(path, open_records(path), path.parent)


def test_a_csv_file_in_the_words_of_the_force_is_read_by_its_own_mapping(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "raw", ROWS)
    (folder / "nominals.csv").write_text(
        "REF;given;surname;DOB;made\nP2;Mary;Ashby;03/05/1980;2010-06-01 12:00\nP1;Bill J;Beckley;31/02/1980;\n",
        "utf-8",
    )
    (folder / "nominals.toml").write_text(
        LONDON + 'delimiter = ";"\ndate_format = "%d/%m/%Y"\n[nominals.columns]\n'
        'nominal_id = "REF"\nforenames = "given"\nborn_on = "DOB"\nrecorded_at = "made"\n',
        "utf-8",
    )
    load = read(folder)
    rows = load.nominals.set_index("nominal_id")
    assert list(rows.index) == ["P1", "P2", "P7"]
    assert rows.loc["P2", "born"] == "1980-05-03"
    noon = datetime.datetime(2010, 6, 1, 11, tzinfo=datetime.UTC)  # British summer time
    assert rows.loc["P2", "recorded_at"] == int(noon.timestamp()) * 1_000_000
    assert rows.loc["P1", "recorded_at"] == UNDATED
    assert rows.loc["P1", "born"] is None
    assert load.set_aside == {"born_on": 1}
    assert load.bare == 1
    assert [rows.loc["P7", name] for name in COMPARED] == [None] * len(COMPARED)


def test_a_table_of_a_duckdb_file_is_read(tmp_path: Path) -> None:
    folder, path = write(tmp_path / "raw", ROWS), tmp_path / "force.duckdb"
    with duckdb.connect(path) as con:
        for table in ROWS:
            con.execute(f"CREATE TABLE {table} AS FROM '{folder / table}.parquet'").fetchall()
        con.execute(
            "CREATE TABLE nominals AS SELECT * FROM (VALUES ('P1', 'Ann', 'Ashby', DATE '1980-05-03'), "
            "('P2', 'Ann', 'Ashby', NULL)) t(nominal_id, forenames, surname, born_on)"
        ).fetchall()
    load = read(path)
    assert load.nominals["nominal_id"].tolist() == ["P1", "P2", "P7"]
    assert load.nominals["surname"].tolist() == ["ashby", "ashby", None]


def test_a_nominal_is_changed_when_what_is_compared_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "raw", ROWS)
    head = "nominal_id,forenames,surname,born_on\n"
    (folder / "nominals.csv").write_text(head + "P1,Ann,Ashby,1980-05-03\nP2,Bob,Beckley,\n", "utf-8")
    before = read(folder).nominals
    (folder / "nominals.csv").write_text(head + "P2,Bob,Beckley,1981-01-01\nP1,ann,ASHBY,1980-05-03\n", "utf-8")
    assert changed(before, read(folder).nominals, COMPARED) == {"P2"}
    assert changed(before, read(folder).nominals, ("surname",)) == set()
