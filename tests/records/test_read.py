"""Files of any make are read into the canonical types without losing anything in silence."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem, Problems
from tests.records.making import LONDON, accepted, at, check, event, found, good, offence, person, write, write_csv

LATE, EARLY = "2010-10-31 01:30:00", at("2010-10-31 00:30")


def test_an_hour_that_came_twice_is_early_for_what_happened_and_late_for_what_was_recorded(tmp_path: Path) -> None:
    rows = good()
    rows["custody_events"][0].update(arrested_at=LATE, recorded_at=LATE, released_at="")
    rows["offences"][0].update(committed_at=LATE, recorded_at=LATE)
    result = check(write_csv(tmp_path / "in", rows), out=tmp_path / "out")
    [kept], [offence_] = accepted(tmp_path / "out", "custody_events"), accepted(tmp_path / "out", "offences")
    assert (kept["arrested_at"], kept["recorded_at"]) == (EARLY, at("2010-10-31 01:30"))
    assert (offence_["committed_at"], offence_["recorded_at"]) == (EARLY, at("2010-10-31 01:30"))
    assert {code for _, code, _ in found(result)} == {"record-clock-repeated"}
    assert {f.examples for f in result.findings} == {("C1",), ("O1",)}


def test_an_hour_that_never_was_is_refused_with_its_own_code(tmp_path: Path) -> None:
    rows = good()
    rows["offences"].append(offence("O2", committed_at="2010-03-28 01:30:00"))
    rows["custody_events"][0]["released_at"] = "2011-03-27 01:30:00"
    result = check(write_csv(tmp_path / "in", rows), quarantine=tmp_path / "bad")
    assert found(result) == {
        ("offences", "record-clock-gap", "committed_at"): 1,
        ("custody_events", "record-clock-gap", "released_at"): 1,
    }
    assert found(result, "refused") == {("offences", "record-clock-gap", "committed_at"): 1}
    [bad] = pq.read_table(tmp_path / "bad" / "offences.parquet").to_pylist()
    assert (bad["committed_at"], bad["row"], bad["codes"]) == ("2010-03-28 01:30:00", 2, ["record-clock-gap"])


def test_times_of_mixed_zones_are_read_exactly_and_those_without_one_by_the_declared_clock(tmp_path: Path) -> None:
    texts = ["2010-03-28T01:30:00+01:00", "2010-03-28T00:30:00Z", "2010-03-28 00:30", "2010-03-27T19:30:00.000-0500"]
    rows = good()
    rows["offences"] = [offence(f"O{i}", committed_at=text) for i, text in enumerate(texts)]
    assert not check(write_csv(tmp_path / "in", rows), out=tmp_path / "out").findings
    assert {row["committed_at"] for row in accepted(tmp_path / "out", "offences")} == {at("2010-03-28 00:30")}


@pytest.mark.parametrize("as_csv", [True, False], ids=["CSV", "Parquet"])
def test_times_without_a_zone_need_a_declared_one(as_csv: bool, tmp_path: Path) -> None:
    rows = good()
    folder = write_csv(tmp_path / "in", rows, "") if as_csv else write(tmp_path / "in", rows)
    if as_csv:
        rows["offences"][0]["committed_at"] = "2010-05-31 23:00"
        write_csv(folder, rows, "")
    else:
        naive = pq.read_table(folder / "offences.parquet")
        place = naive.schema.get_field_index("committed_at")
        column = naive["committed_at"].cast(pa.timestamp("us"))
        pq.write_table(naive.set_column(place, "committed_at", column), folder / "offences.parquet")
    with pytest.raises(Problem, match='timezone = "Europe/London"') as raised:
        check(folder)
    assert raised.value.code == "records-timezone"
    assert raised.value.facts["column"] == "committed_at"


def test_a_day_without_a_time_begins_for_what_happened_and_is_over_for_what_was_recorded(tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0].update(committed_at="2010-06-01", recorded_at="2010-06-01")
    result = check(write_csv(tmp_path / "in", rows), out=tmp_path / "out")
    [kept] = accepted(tmp_path / "out", "offences")
    assert (kept["committed_at"], kept["recorded_at"]) == (at("2010-05-31 23:00"), at("2010-06-01 23:00"))
    # Known only when the day was over, so not when the custody record was opened.
    assert found(result) == {
        ("offences", "record-day-only", "recorded_at"): 1,
        ("offences", "record-offence-after-opening", "recorded_at"): 1,
    }


def _retyped(folder: Path, table: str, **types: Any) -> Path:
    path = folder / f"{table}.parquet"
    content = pq.read_table(path)
    for name, kind in types.items():
        place = content.schema.get_field_index(name)
        column = content[name]
        coded = pa.types.is_dictionary(kind)
        column = column.cast(kind.value_type).dictionary_encode() if coded else column.cast(kind)
        content = content.set_column(place, name, column)
    pq.write_table(content, path, version="2.6")
    return path


@pytest.mark.parametrize(
    "kind",
    [
        pa.int8(),
        pa.int32(),
        pa.uint64(),
        pa.float64(),
        pa.decimal128(5, 0),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
        pa.dictionary(pa.int32(), pa.int64()),
    ],
    ids=str,
)
def test_ids_of_any_width_and_kind_of_text_meet_each_other(kind: pa.DataType, tmp_path: Path) -> None:
    rows = {
        "persons": [person("7")],
        "custody_events": [event("C1", "7")],
        "offences": [offence("O1", "C1", "7")],
    }
    folder = write(tmp_path / "in", rows)
    _retyped(folder, "persons", person_id=kind, sex=pa.dictionary(pa.int32(), pa.string()))
    assert not check(folder, out=tmp_path / "out").findings
    assert accepted(tmp_path / "out", "persons")[0]["person_id"] == "7"
    assert accepted(tmp_path / "out", "persons")[0]["sex"] == "F"


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")])
@pytest.mark.parametrize("zone", [None, "Europe/London", "America/New_York"])
def test_timestamps_of_any_unit_and_zone_are_the_same_instant(
    kind: pa.TimestampType, zone: str | None, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", good(), 'timezone = "UTC"')
    _retyped(folder, "offences", committed_at=pa.timestamp(kind.unit, zone or "UTC"))
    if zone is None:
        _retyped(folder, "offences", committed_at=pa.timestamp(kind.unit))
    assert not check(folder, out=tmp_path / "out").findings
    assert accepted(tmp_path / "out", "offences")[0]["committed_at"] == at("2010-05-31 23:00")


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("ns"), pa.timestamp("s", "UTC")], ids=str)
def test_days_of_any_type_are_the_same_day(kind: pa.DataType, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    _retyped(folder, "persons", born_on=kind)
    assert not check(folder, out=tmp_path / "out").findings
    assert accepted(tmp_path / "out", "persons")[0]["born_on"] == datetime.date(1980, 5, 3)


def test_a_birthday_exported_as_midnight_in_summer_is_the_day_it_was_in_london(tmp_path: Path) -> None:
    rows = good()
    rows["persons"][0]["born_on"] = "1980-05-02T23:00:00Z"
    check(write_csv(tmp_path / "in", rows), out=tmp_path / "out")
    assert accepted(tmp_path / "out", "persons")[0]["born_on"] == datetime.date(1980, 5, 3)


def test_nanoseconds_and_times_of_day_that_would_be_lost_are_unreadable_and_not_rounded(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    for table, column, nanoseconds in (("offences", "committed_at", 1), ("persons", "born_on", 1_000)):
        content = pq.read_table(folder / f"{table}.parquet")
        value = pa.array([1_000_000_000_000_000_000 + nanoseconds]).cast(pa.timestamp("ns", "UTC"))
        place = content.schema.get_field_index(column)
        pq.write_table(content.set_column(place, column, value), folder / f"{table}.parquet", version="2.6")
    result = check(folder, quarantine=tmp_path / "bad")
    assert found(result, "refused") == {("offences", "record-unreadable", "committed_at"): 1}
    assert found(result, "set aside") == {("persons", "record-unreadable", "born_on"): 1}
    [row] = pq.read_table(tmp_path / "bad" / "offences.parquet").to_pylist()
    assert row["committed_at"].startswith("2001-09-09 01:46:40.000000001")


@pytest.mark.parametrize("text", ["yesterday", "2010-02-30 10:00", "2010-13-01", "31/05/2010", "2010-05-31 25:00"])
def test_a_text_that_is_no_time_is_refused_and_kept_as_it_was(text: str, tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0]["committed_at"] = text
    result = check(write_csv(tmp_path / "in", rows), quarantine=tmp_path / "bad")
    assert found(result, "refused") == {("offences", "record-unreadable", "committed_at"): 1}
    assert pq.read_table(tmp_path / "bad" / "offences.parquet")["committed_at"].to_pylist() == [text]


def test_a_faulty_end_costs_the_row_since_without_it_the_row_would_stand_for_ever(tmp_path: Path) -> None:
    rows = good()
    times = {"recorded_at": at("2010-01-01"), "starts_at": at("2010-01-01")}
    rows["orders"] = [{"order_id": "D1", "person_id": "P1", "kind": "bail", "ends_at": "soon", **times}]
    rows["offences"].append(offence("O2", superseded_at="9999-12-31 00:00:00"))
    result = check(write_csv(tmp_path / "in", rows))
    assert found(result, "refused") == {
        ("orders", "record-unreadable", "ends_at"): 1,
        ("offences", "record-date-impossible", "superseded_at"): 1,
    }


def test_a_date_that_stands_for_none_can_be_declared_as_missing(tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0]["superseded_at"] = "9999-12-31 00:00:00"
    folder = write_csv(tmp_path / "in", rows, LONDON + 'missing = ["", "9999-12-31 00:00:00"]')
    assert not check(folder).findings


def test_a_byte_order_mark_and_gzip_change_nothing(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", good())
    persons = (folder / "persons.csv").read_bytes()
    (folder / "persons.csv").write_bytes(b"\xef\xbb\xbf" + persons)
    (folder / "offences.csv.gz").write_bytes(gzip.compress((folder / "offences.csv").read_bytes()))
    (folder / "offences.csv").unlink()
    assert not check(folder).findings


def test_lines_with_too_many_or_too_few_fields_lie_in_quarantine_and_keep_the_numbers_of_the_others(
    tmp_path: Path,
) -> None:
    rows = good()
    rows["offences"] = [offence("O1"), offence("O2"), offence("O3", code="99999")]
    folder = write_csv(tmp_path / "in", rows)
    header, first, second, third = (folder / "offences.csv").read_text("utf-8").splitlines()
    text = "\n".join((header, first, "a,b", second, "x," * 9, third))
    (folder / "offences.csv").write_text(text, "utf-8")
    result = check(folder, quarantine=tmp_path / "bad")
    total = result.totals[2]
    assert (total.rows, total.accepted, total.quarantined) == (5, 2, 3)
    kept = {row["row"]: row for row in pq.read_table(tmp_path / "bad" / "offences.parquet").to_pylist()}
    assert {n: row["codes"] for n, row in kept.items()} == {
        2: ["record-malformed"],
        4: ["record-malformed"],
        5: ["record-offence-unknown"],
    }
    assert (kept[2]["text"], kept[4]["text"], kept[5]["offence_id"]) == ("a,b", "x," * 9, "O3")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"person_id,recorded_at\nP1,2010-01-01Z\xff\n", "file-encoding"),
        (b'person_id,recorded_at\n"P1,2010-01-01\n', "file-open-quote"),
        (b"person_id,person_id,recorded_at\n1,2,3\n", "records-header-twice"),
    ],
    ids=["nothing", "not UTF-8", "an open quote", "a name twice"],
)
def test_a_csv_file_that_cannot_be_told_apart_is_a_problem(content: bytes, code: str, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", good())
    (folder / "persons.csv").write_bytes(content)
    with pytest.raises(Problem) as raised:
        check(folder)
    assert raised.value.code == code


FORCE = """
timezone = "Europe/London"
delimiter = ";"
time_format = "%d/%m/%Y %H:%M"
date_format = "%d/%m/%Y"
missing = ["", "UNKNOWN"]
ends_before = 2017-12-31

[persons]
file = "NOMINALS.csv"
[persons.columns]
person_id = "Nominal"
born_on = "DOB"
sex = "Sex"
[persons.constants]
recorded_at = 1990-01-01T00:00:00
[persons.values.sex]
"1" = "M"
"2" = "F"

[custody_events]
file = "custody"
[custody_events.columns]
custody_id = "Custody No"
person_id = "Nominal"
arrested_at = "Arrest"
reason = "Why"
[custody_events.same_as]
recorded_at = "arrested_at"
[custody_events.values.reason]
"New offence" = "offence"
"Fail to appear" = "warrant"

[offences.columns]
offence_id = "Ref"
custody_id = "Custody No"
person_id = "Nominal"
code = "HO"
committed_at = "From"
[offences.same_as]
recorded_at = "committed_at"
"""


def test_an_export_with_its_own_names_and_codes_is_read_by_a_mapping_alone(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "custody").mkdir(parents=True)
    (folder / "records.toml").write_text(FORCE, "utf-8")
    (folder / "NOMINALS.csv").write_text("Nominal;DOB;Sex;Nickname\n1;03/05/1980;2;Ann\n2;UNKNOWN;1;Bob\n", "utf-8")
    header = "Custody No;Nominal;Arrest;Why\n"
    (folder / "custody" / "2010.csv").write_text(f"{header}C1;1;01/06/2010 10:00;New offence\n", "utf-8")
    (folder / "custody" / "2011.csv").write_text(f"{header}C2;2;01/06/2011 10:00;Fail to appear\n", "utf-8")
    (folder / "offences.csv").write_text("Ref;Custody No;Nominal;HO;From\nA;C1;1;8N;31/05/2010 23:00\n", "utf-8")
    result = check(folder, out=tmp_path / "out")
    assert found(result) == {("persons", "record-no-birth", "born_on"): 1}
    people, events = accepted(tmp_path / "out", "persons"), accepted(tmp_path / "out", "custody_events")
    assert [(p["sex"], p["born_on"]) for p in people] == [("F", datetime.date(1980, 5, 3)), ("M", None)]
    assert [(e["reason"], e["recorded_at"]) for e in events] == [
        ("offence", at("2010-06-01 09:00")),
        ("warrant", at("2011-06-01 09:00")),
    ]
    told = "\n".join(result.assumptions)
    assert "recorded_at is assumed to be the same as arrested_at" in told
    assert "read as Europe/London" in told
    assert "nothing reads: Nickname" in told
    assert "The records end before 2017-12-31" in told


def test_a_duckdb_file_is_read_like_a_folder(tmp_path: Path) -> None:
    folder, file = write(tmp_path / "in", good()), tmp_path / "force.duckdb"
    with duckdb.connect(file) as con:
        for path in folder.glob("*.parquet"):
            con.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_parquet('{path}')")
    check(folder, out=tmp_path / "one")
    check(file, out=tmp_path / "two")
    for name in ("persons", "custody_events", "offences"):
        assert (tmp_path / "one" / f"{name}.parquet").read_bytes() == (
            tmp_path / "two" / f"{name}.parquet"
        ).read_bytes()


def test_all_the_tables_and_columns_that_are_not_there_are_named_at_once(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", good())
    (folder / "offences.csv").unlink()
    (folder / "persons.csv").write_text("person,recorded_at\nP1,2010-01-01\n", "utf-8")
    with pytest.raises(Problems) as raised:
        check(folder)
    assert [p.code for p in raised.value.items] == ["records-column-missing", "records-table-missing"]
    assert "Did you mean 'person'?" in str(raised.value)
    assert "[persons.columns] of records.toml" in str(raised.value)


@pytest.mark.parametrize("name", ["persons.parquet", "persons.csv", "bad.duckdb"])
def test_a_file_that_is_no_database_is_not_taken_for_one(name: str, tmp_path: Path) -> None:
    folder = write_csv(write(tmp_path / "in", good()), good())
    (folder / "bad.duckdb").write_text("no database, although it is called one", "utf-8")
    with pytest.raises(Problem, match="Give the folder that holds the tables, or a DuckDB file") as raised:
        check(folder / name)
    assert raised.value.code == "records-not-folder"


def test_a_broken_database_is_a_problem_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "broken.duckdb").write_bytes(bytes(8) + b"DUCK" + bytes(9_000))
    with pytest.raises(Problem) as raised:
        check(tmp_path / "broken.duckdb")
    assert raised.value.code == "records-database"


def test_parts_of_a_table_may_differ_in_their_types_and_not_in_their_columns(tmp_path: Path) -> None:
    rows = {"persons": [person("7")], "custody_events": [event("C1", "7")], "offences": [offence("O1", "C1", "7")]}
    folder = write(tmp_path / "in", rows)
    path = _retyped(folder, "offences", person_id=pa.int16())
    (folder / "offences").mkdir()
    first = path.rename(folder / "offences" / "1.parquet")
    content = pq.read_table(first)
    more = content.set_column(0, "offence_id", pa.array(["O2"], pa.large_string()))
    pq.write_table(more.set_column(2, "person_id", pa.array(["8"])), folder / "offences" / "2.parquet")
    result = check(folder, quarantine=tmp_path / "bad")
    assert found(result) == {("offences", "record-other-person", "person_id"): 1}
    [bad] = pq.read_table(tmp_path / "bad" / "offences.parquet").to_pylist()
    assert (bad["row"], bad["offence_id"], bad["person_id"]) == (2, "O2", "8")
    pq.write_table(content.drop_columns(["code"]), folder / "offences" / "3.parquet")
    with pytest.raises(Problem, match=r"3\.parquet: the column 'code'"):
        check(folder)


def test_a_csv_file_with_a_header_and_no_rows_holds_none(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", good())
    (folder / "intelligence.csv").write_text("report_id,person_id,observed_at,recorded_at\n", "utf-8")
    assert check(folder, out=tmp_path / "out").totals[3].rows == 0
    assert accepted(tmp_path / "out", "intelligence") == []


def test_a_table_that_is_there_in_two_files_is_a_problem(tmp_path: Path) -> None:
    folder = write_csv(write(tmp_path / "in", good()), {"offences": good()["offences"]})
    with pytest.raises(Problem) as raised:
        check(folder)
    assert raised.value.code == "records-table-twice"


def test_a_column_of_a_type_that_cannot_hold_times_is_one_problem_and_not_one_a_row(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    _retyped(folder, "offences", committed_at=pa.int64())
    with pytest.raises(Problem) as raised:
        check(folder)
    assert raised.value.code == "records-column-type"


@pytest.mark.parametrize("days", ["", 'date_format = "%d/%m/%Y"\n'], ids=["no way for days", "a way for days"])
@pytest.mark.parametrize(
    ("text", "committed", "recorded"),
    [
        ("01/06/2009 10:00", "2009-06-01 09:00", "2009-06-01 09:00"),
        ("01/06/2009 10:00:07", "2009-06-01 09:00:07", "2009-06-01 09:00:07"),
        ("01/06/2009", "2009-05-31 23:00", "2009-06-01 23:00"),
        ("2009-06-01T10:00:00Z", "2009-06-01 10:00", "2009-06-01 10:00"),
        ("2009-06-01T10:00:00.25+02:00", "2009-06-01 08:00:00.25", "2009-06-01 08:00:00.25"),
    ],
)
def test_with_a_declared_way_an_exact_time_and_a_day_alone_are_read_too(
    text: str, committed: str, recorded: str, days: str, tmp_path: Path
) -> None:
    header = f'{LONDON}{days}time_format = "%d/%m/%Y %H:%M"\n'
    rows = good()
    rows["persons"][0]["born_on"] = "" if days else "1980-05-03"
    other = offence("O2", committed_at="01/06/2008 10:00", recorded_at="01/06/2008 10:00")
    rows["offences"] = [offence(committed_at=text, recorded_at=text), other]
    result = check(write_csv(tmp_path / "in", rows, header), out=tmp_path / "out")
    assert not found(result, "refused")
    one = next(row for row in accepted(tmp_path / "out", "offences") if row["offence_id"] == "O1")
    assert (one["committed_at"], one["recorded_at"]) == (at(committed), at(recorded))
    [seen] = [f.count for f in result.findings if f.code == "record-day-only"] or [0]
    assert seen == (len(text) == 10)


@pytest.mark.parametrize("text", ["2009-06-01 10:00", "06/13/2009 10:00", "1/6", "2009-06-01", "10:00", "31/02/2009"])
def test_with_a_declared_way_nothing_is_guessed(text: str, tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0]["committed_at"] = text
    result = check(write_csv(tmp_path / "in", rows, LONDON + 'time_format = "%d/%m/%Y %H:%M"\n'))
    assert found(result, "refused") == {("offences", "record-unreadable", "committed_at"): 1}


def test_a_way_of_writing_times_that_is_none_is_a_problem(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", {"persons": good()["persons"]} | good(), LONDON + 'time_format = "%Q"')
    with pytest.raises((Problem, Problems), match="time_format"):
        check(folder)
