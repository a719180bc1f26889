"""A check accounts for every row, fails past its thresholds, and gives the same bytes whatever the order of rows."""

from __future__ import annotations

import datetime
import errno
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from forecast.problems import CATALOGUE, Problem
from forecast.records.check import full_disk_told
from forecast.records.mapping import load_mapping
from forecast.records.result import declared_end
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES
from forecast.settings import Settings
from tests.records.making import Rows, check, event, good, offence, person, write


def many(people: int = 40) -> dict[str, Rows]:
    ids = range(people)
    return {
        "persons": [person(f"P{i}", postcode_outward=f"DH{i}") for i in ids],
        "custody_events": [event(f"C{i}", f"P{i}") for i in ids],
        "offences": [offence(f"O{i}", f"C{i}", f"P{i}") for i in ids],
    }


def test_accepted_rows_have_the_canonical_schema_and_order_and_the_same_bytes_whatever_order_they_came_in(
    tmp_path: Path,
) -> None:
    rows = many()
    rows["offences"] += [
        offence(f"N{i}", f"C{i}", f"P{i}", code="105A") for i in range(40)
    ]  # recorded at the same time
    check(write(tmp_path / "a", rows), out=tmp_path / "one", settings=Settings(threads=1))
    for table in rows.values():
        random.Random(1).shuffle(table)
    check(write(tmp_path / "b", rows), out=tmp_path / "two", settings=Settings(threads=2))
    for table in (CUSTODY_EVENTS, OFFENCES):
        one, two = (tmp_path / name / f"{table.name}.parquet" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        content = pq.read_table(one)
        assert content.schema.equals(table.arrow, check_metadata=True)
        assert content["person_id"].to_pylist() == sorted(content["person_id"].to_pylist())


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
"""


def with_small_disk(size: int, program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run a program whose files may not grow beyond a size, as if the disk were full."""
    command = [sys.executable, "-c", FULL + program, str(size), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=arguments[0].parent)


def test_a_disk_that_is_full_while_records_are_staged_is_a_problem_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", many(400))
    program = "from forecast.cli import main\nmain(['data', 'check', sys.argv[2], '--out', sys.argv[3], '--quiet'])"
    done = with_small_disk(4_000, program, folder, tmp_path / "out")
    assert done.returncode == 2
    assert "file-unwritable" in done.stderr
    assert f"{tmp_path} cannot be written: File too large" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("limit", ["the disk", "the share of the disk that DuckDB takes"])
def test_a_disk_that_is_full_when_duckdb_spills_is_a_problem(limit: str, tmp_path: Path) -> None:
    program = f"""
import duckdb
from pathlib import Path
from forecast.problems import Problem
from forecast.records.check import full_disk_told
work = Path(sys.argv[2])
try:
    with full_disk_told(work), duckdb.connect(config={{"temp_directory": str(work / "spill"), "threads": 1}}) as con:
        con.execute("SET memory_limit = '20MB'")
        if {limit != "the disk"}:
            con.execute("SET max_temp_directory_size = '1MB'")
        con.execute("CREATE TABLE t AS SELECT md5(i::text) AS a FROM range(800000) t(i)").fetchall()
except Problem as problem:
    print(problem.code, problem.sentence)
"""
    done = with_small_disk(500_000 if limit == "the disk" else 1 << 30, program, tmp_path / "work")
    assert done.stdout.startswith(f"file-unwritable {tmp_path} cannot be written: "), done.stderr


def test_other_faults_of_files_are_told_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), full_disk_told(tmp_path):
        raise PermissionError(errno.EACCES, "not yours")
    with duckdb.connect() as con:
        con.execute("SET temp_directory = ''; SET memory_limit = '5MB'")
        with pytest.raises(duckdb.OutOfMemoryException), full_disk_told(tmp_path):
            con.execute("CREATE TABLE t AS SELECT md5(i::text) AS a FROM range(800000) t(i)").fetchall()


def test_too_many_refused_rows_fail_the_check_which_still_writes_the_quarantine(tmp_path: Path) -> None:
    rows = many()
    rows["offences"][3]["code"] = "99999"
    folder = write(tmp_path / "in", rows)
    result = check(folder, out=tmp_path / "out", quarantine=tmp_path / "bad", max_refused=0.02)
    [problem] = result.problems
    assert problem.code == "records-too-many-refused"
    assert "1 of 40 rows are refused (2.5%); at most 2.0%" in problem.sentence
    assert not (tmp_path / "out").exists()
    assert pq.read_metadata(tmp_path / "bad" / "offences.parquet").num_rows == 1
    assert json.loads((tmp_path / "bad" / "check.json").read_text("utf-8"))["failed"] == [problem.sentence]
    with pytest.raises(Problem, match="Mend the causes"):
        result.raise_problems()


def test_the_mapping_sets_the_threshold_and_limits_for_single_problems(tmp_path: Path) -> None:
    rows = many()
    rows["offences"][3]["code"] = "99999"
    rows["persons"][3]["born_on"] = None
    lenient = write(tmp_path / "in", rows, "max_refused = 0.05")
    assert not check(lenient, max_refused=None).problems
    assert check(lenient, max_refused=0).problems  # what is said on the command line wins
    strict = write(tmp_path / "in", rows, 'max_refused = 0.05\n[limits]\n"record-no-birth" = 0.01')
    [problem] = check(strict).problems
    assert problem.code == "records-too-many-of"
    assert "record-no-birth" in problem.sentence


@pytest.mark.parametrize("where", ["in", "in/..", "other"])
def test_nothing_that_is_not_an_older_check_is_ever_replaced(where: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "diary.txt").write_text("dear diary", "utf-8")
    with pytest.raises(Problem) as raised:
        check(folder, out=tmp_path / where, overwrite=True)
    assert raised.value.code in ("output-is-input", "output-not-check")
    assert (folder / "persons.parquet").exists()


@pytest.mark.parametrize(("out", "bad"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_accepted_and_refused_rows_never_lie_in_one_folder(out: str, bad: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    with pytest.raises(Problem) as raised:
        check(folder, out=tmp_path / out, quarantine=tmp_path / bad)
    assert raised.value.code == "records-one-folder"


def test_an_older_check_is_replaced_when_allowed(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good())
    check(folder, out=tmp_path / "out")
    with pytest.raises(Problem, match="--overwrite"):
        check(folder, out=tmp_path / "out")
    check(folder, out=tmp_path / "out", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_a_file_is_never_replaced_by_a_check(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine", "utf-8")
    with pytest.raises(Problem) as raised:
        check(write(tmp_path / "in", good()), out=tmp_path / "notes", overwrite=True)
    assert raised.value.code == "output-not-check"


@pytest.mark.parametrize(("line", "end"), [("ends_before = 2018-01-01", datetime.date(2018, 1, 1)), ("", None)])
def test_the_declared_end_of_the_records_goes_with_them(line: str, end: datetime.date | None, tmp_path: Path) -> None:
    result = check(write(tmp_path / "in", good(), line), out=tmp_path / "out")
    assert result.ends_before == end
    assert json.loads((tmp_path / "out" / "check.json").read_text("utf-8"))["ends_before"] == (end and end.isoformat())
    assert declared_end(tmp_path / "out") == end


@pytest.mark.parametrize("content", ["{", "[]", '{"ends_before": "soon"}', '{"ends_before": 7}'])
def test_an_account_that_no_check_wrote_is_a_problem(content: str, tmp_path: Path) -> None:
    assert declared_end(tmp_path) is None
    (tmp_path / "check.json").write_text(content, "utf-8")
    with pytest.raises(Problem) as raised:
        declared_end(tmp_path)
    assert raised.value.code == "records-not-canonical"


@pytest.mark.parametrize("empty", ["persons", "custody_events"])
def test_a_needed_table_without_rows_fails_the_check(empty: str, tmp_path: Path) -> None:
    rows = good() | {"offences": [], "custody_events": []} | {empty: []}
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out", quarantine=tmp_path / "bad")
    assert {p.code for p in result.problems} == {"records-empty"}
    assert empty in {p.facts["table"] for p in result.problems}
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "bad" / "check.json").is_file()


def test_records_without_any_row_name_both_tables_that_are_needed(tmp_path: Path) -> None:
    rows: dict[str, Rows] = {"persons": [], "custody_events": [], "offences": []}
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out", quarantine=tmp_path / "bad", max_refused=0.0)
    assert [t.rows for t in result.totals] == [0, 0, 0]
    assert [(p.code, p.facts["table"]) for p in result.problems] == [
        ("records-empty", "persons"),
        ("records-empty", "custody_events"),
    ]


def test_every_code_of_a_row_is_explained_on_the_page_about_records() -> None:
    page = (Path(__file__).parents[2] / "docs" / "records.md").read_text("utf-8")
    codes = {code for code in CATALOGUE if code.startswith("record-")}
    assert codes == set(re.findall(r"`(record-[a-z0-9-]+)`", page))


def test_the_mapping_on_the_page_about_records_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "records.md").read_text("utf-8")
    [shown] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "records.toml").write_text(shown, "utf-8")
    mapping = load_mapping(tmp_path / "records.toml")
    assert mapping.tables["persons"].values["sex"] == {"1": "M", "2": "F"}
    assert len(mapping.assumptions()) == 3
