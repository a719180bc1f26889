from __future__ import annotations

import csv
import datetime
import gzip
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as pdt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.tables import reader as module
from forecast.tables import source as source_module
from forecast.tables.describe import describe
from forecast.tables.description import Description, build
from forecast.tables.library import load
from forecast.tables.reader import open_table, read_cases
from forecast.tables.source import Source

Table = Callable[..., Path]
RealTable = Callable[[Description], Path]
Read = Callable[..., tuple[Cases, pd.DataFrame]]


def same(first: Cases, second: Cases) -> None:
    for name in ("keys", "features", "outcomes", "protected", "benchmarks"):
        pdt.assert_frame_equal(getattr(first, name), getattr(second, name))
    if first.part is not None or second.part is not None:
        pdt.assert_series_equal(first.part, second.part)
    assert dict(first.counts) == dict(second.counts)


def test_good_rows_become_cases_with_the_types_that_are_promised(table: Table, read: Read) -> None:
    cases, refused = read(table(6))
    assert refused.empty
    assert cases.keys[CASE_ID].tolist() == [f"C{i}" for i in range(6)]
    assert cases.keys[PERSON_ID].tolist()[:3] == ["P0", "P0", "P1"]
    assert cases.keys[AS_OF].iloc[1] == pd.Timestamp("2014-02-02")
    assert cases.features["age"].dtype == np.float64
    assert cases.features["offence"].tolist()[:2] == ["violence", "theft"]
    assert cases.features["bail"].tolist() == [1, 0, 0, 0, 0, 1]
    assert cases.outcomes.dtypes.tolist() == [bool, bool]
    assert cases.outcomes["serious"].tolist() == [False, False, True] * 2
    assert cases.protected["age_band"].astype(str).tolist() == ["under 25"] * 5 + ["25-34"]
    assert cases.benchmarks["decile"].tolist() == [1, 2, 3, 4, 5, 6]
    assert cases.part is None
    assert dict(cases.counts) == {"rows read": 6, "refused": 0, "cases": 6}


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"id": ""}, "row-key-missing", "id"),
        ({"person": " "}, "row-key-missing", "person"),
        ({"as_of": "NA"}, "row-key-missing", "as_of"),
        ({"as_of": "03/04/2014"}, "row-not-a-date", "as_of"),
        ({"as_of": "2014-02-30"}, "row-not-a-date", "as_of"),
        ({"priors": "many"}, "row-not-a-number", "priors"),
        ({"priors": "-1"}, "row-out-of-range", "priors"),
        ({"age": "17"}, "row-under-18", "age"),
        ({"age": "120"}, "row-out-of-range", "age"),
        ({"age": ""}, "row-age-missing", "age"),
        ({"offence": "piracy"}, "row-unknown-category", "offence"),
        ({"offence": ""}, "row-value-missing", "offence"),
        ({"bail": "perhaps"}, "row-unknown-category", "bail"),
        ({"again": ""}, "row-outcome-missing", "again"),
        ({"again": "2"}, "row-unknown-category", "again"),
        ({"again": "1", "again_on": "2017-01-02"}, "row-outcome-in-future", "again_on"),
        ({"again": "1", "again_on": "2013-12-31"}, "row-outcome-before", "again_on"),
        ({"again": "1", "again_on": "2016-12-30"}, "row-outcome-after-window", "again_on"),
        ({"again": "1", "again_on": ""}, "row-outcome-undated", "again_on"),
        ({"again": "1", "again_on": "soon"}, "row-not-a-date", "again_on"),
        ({"again": "0", "again_on": "", "grave": "1"}, "row-outcome-order", "grave"),
        ({"as_of": "2015-01-03", "again_on": "2015-06-01"}, "row-follow-up-incomplete", "as_of"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_one_clear_code(
    table: Table, read: Read, change: dict[str, str], code: str, column: str
) -> None:
    cases, refused = read(table(6, {4: change}))
    assert refused[["row", "code", "column", "also"]].to_numpy().tolist() == [[5, code, column, ""]]
    assert "C4" not in cases.keys[CASE_ID].tolist()
    assert len(cases) == 5
    assert "{" not in refused["sentence"].iloc[0]


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": "2015-01-02", "again": "0", "again_on": "", "grave": "0"},
        {"age": "18"},
        {"as_of": "2014-06-01", "again_on": "2016-05-31"},
        {"as_of": "2014-06-01 23:10:00", "again_on": "2014-06-01"},
        {"sex": "", "decile": "not scored"},
    ],
)
def test_a_row_at_the_edge_is_kept(table: Table, read: Read, change: dict[str, str]) -> None:
    cases, refused = read(table(6, {4: change}))
    assert (len(cases), len(refused)) == (6, 0)


def test_refused_rows_are_raised_one_problem_for_each_code_and_column(
    table: Table, description: Description, problems_of: Callable[..., list[Problem]]
) -> None:
    path = table(8, {1: {"priors": "x"}, 2: {"priors": "y"}, 3: {"bail": "?"}})
    found = problems_of(read_cases, description, path)
    assert [p.code for p in found] == ["rows-refused"] * 2
    assert "2 rows refused" in found[0].sentence
    assert "row 2 (id C1), row 3 (id C2)" in found[0].sentence


def test_an_outcome_after_today_is_refused_where_no_data_end_is_declared(table: Table, content: dict[str, Any]) -> None:
    del content["outcome"]["observed_until"]
    d = build(content, "tiny.toml")
    today = datetime.date.today()
    tomorrow = today + datetime.timedelta(days=1)
    _, refused = read_cases(
        d, table(6, {1: {"again_on": str(tomorrow)}, 4: {"again_on": str(today)}}), allow_refused=True
    )
    codes = refused[["row", "code"]].to_numpy().tolist()
    assert codes == [[2, "row-outcome-in-future"], [5, "row-outcome-after-window"]]


def test_incomplete_follow_up_is_kept_as_published_with_a_reason(table: Table, content: dict[str, Any]) -> None:
    content["outcome"] |= {"follow_up": "as published", "follow_up_reason": "a test"}
    cases, _ = read_cases(build(content, "tiny.toml"), table(6, {4: {"as_of": "2015-05-03"}}))
    assert len(cases) == 6


def test_a_missing_column_is_named_with_the_nearest_one(
    tmp_path: Path, rows: Any, write: Any, description: Description, problems_of: Callable[..., list[Problem]]
) -> None:
    made = [{{"priors": "prior", "sex": "gender_"}.get(k, k): v for k, v in row.items()} for row in rows(3)]
    found = problems_of(read_cases, description, write(tmp_path / "x.csv", made))
    assert {(p.code, p.facts["column"]) for p in found} == {("column-missing", "priors"), ("column-missing", "sex")}
    assert "Did you mean 'prior'?" in str(found[0])


def test_a_table_without_any_outcome_cannot_be_learnt_from_but_can_be_scored(
    tmp_path: Path, rows: Any, write: Any, description: Description, only_code: Callable[..., str]
) -> None:
    later = ("again", "again_on", "grave", "sex", "decile", "name")
    path = write(tmp_path / "x.csv", [{k: v for k, v in row.items() if k not in later} for row in rows(5)])
    assert only_code(read_cases, description, path) == "outcome-missing"
    [chunk] = open_table(description, path, learning=False).chunks(100)
    assert len(chunk.cases) == 5
    assert chunk.cases.outcomes.empty


def faulty_file(folder: Path, fault: str, good: Path) -> Path:
    """Write a file with a fault that only shows behind its first rows, where that is possible."""
    raw = good.read_bytes()
    header, first = raw.split(b"\n")[:2]
    late = raw + first.replace(b"violence", "é".encode("latin-1")) + b"\n"
    frame = pd.read_csv(good, dtype=str)
    contents = {
        "no bytes": ("x.csv", b""),
        "header alone": ("x.csv", header + b"\n"),
        "parquet of no rows": ("x.parquet", frame.iloc[:0].to_parquet()),
        "late latin-1": ("x.csv", late),
        "late latin-1 in gzip": ("x.csv.gz", gzip.compress(late)),
        "late latin-1 in the id": ("x.csv", raw + "é".encode("latin-1") + first + b"\n"),
        "cut gzip": ("x.csv.gz", gzip.compress(raw)[:-3000]),
        "cut parquet": ("x.parquet", frame.to_parquet()[:-40]),
        "spoilt parquet": ("x.parquet", frame.to_parquet()[:40] + bytes(3000) + frame.to_parquet()[3040:]),
        "open quote": ("x.csv", raw + b'"C9999,\n'),
    }
    name, content = contents[fault]
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no bytes", "file-empty"),
        ("header alone", "file-empty"),
        ("parquet of no rows", "file-empty"),
        ("late latin-1", "file-encoding"),
        ("late latin-1 in gzip", "file-encoding"),
        ("late latin-1 in the id", "file-encoding"),
        ("cut gzip", "file-format"),
        ("cut parquet", "file-format"),
        ("spoilt parquet", "file-format"),
        ("open quote", "file-open-quote"),
    ],
)
@pytest.mark.parametrize("learning", [True, False], ids=["learning", "scoring"])
def test_a_bad_file_gives_one_problem_and_never_another_exception(
    tmp_path: Path, table: Table, description: Description, only_code: Callable[..., str],
    fault: str, code: str, learning: bool,
) -> None:  # fmt: skip
    path = faulty_file(tmp_path, fault, table(1200, name="good.csv"))

    def use() -> None:
        for _ in open_table(description, path, learning=learning).chunks(50):
            pass

    assert only_code(use) == code


def test_a_folder_in_place_of_a_file_is_a_problem(
    tmp_path: Path, description: Description, only_code: Callable[..., str]
) -> None:
    assert only_code(read_cases, description, tmp_path) == "file-format"


def test_a_table_of_malformed_rows_alone_has_no_rows_left(
    tmp_path: Path, rows: Any, write: Any, description: Description, only_code: Callable[..., str]
) -> None:
    path = write(tmp_path / "x.csv", rows(1))
    path.write_text(path.read_text().split("\n")[0] + "\n1,2\n3\n")
    assert only_code(read_cases, description, path, allow_refused=True) == "no-rows-left"
    assert only_code(read_cases, description, path) == "rows-refused"
    [chunk] = open_table(description, path, learning=False).chunks(10)
    assert (chunk.read, len(chunk.cases), chunk.refused["row"].tolist()) == (2, 0, [1, 2])


@pytest.mark.parametrize("rows_a_chunk", [1, 2, 3, 100])
def test_every_row_with_an_id_that_stands_twice_is_refused_also_across_chunks(
    table: Table, description: Description, rows_a_chunk: int
) -> None:
    path = table(9, {4: {"id": "C1"}, 7: {"id": " C1 "}, 8: {"id": "C3"}})
    chunks = list(open_table(description, path, learning=True).chunks(rows_a_chunk))
    kept = [row for chunk in chunks for row in chunk.rows.tolist()]
    refused = pd.concat([chunk.refused for chunk in chunks])
    assert kept == [1, 3, 6, 7]
    assert refused[["row", "case_id", "code"]].to_numpy().tolist() == [
        [2, "C1", "row-duplicate-id"],
        [4, "C3", "row-duplicate-id"],
        [5, "C1", "row-duplicate-id"],
        [8, "C1", "row-duplicate-id"],
        [9, "C3", "row-duplicate-id"],
    ]


def test_reading_twice_with_one_reader_gives_the_same(table: Table, description: Description) -> None:
    reader = open_table(description, table(9, {4: {"id": "C1"}}), learning=True)
    first, second = ([c.rows.tolist() for c in reader.chunks(4)] for _ in range(2))
    assert first == second


def test_finding_duplicates_leaves_nothing_in_the_working_folder(
    table: Table, description: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(9)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    open_table(description, path, learning=True)
    assert not list(work.iterdir())


def test_a_cohort_leaves_rows_out_and_counts_them_by_the_first_condition(table: Table, content: dict[str, Any]) -> None:
    content["cohort"] = [
        {"column": "as_of", "since": datetime.date(2014, 2, 1), "before": datetime.date(2014, 12, 1), "why": "2014"},
        {"column": "sex", "keep": ["M"], "why": "men"},
    ]
    cases, _ = read_cases(build(content, "tiny.toml"), table(12))
    assert dict(cases.counts) == {
        "rows read": 12,
        "outside the cohort (2014)": 2,
        "outside the cohort (men)": 2,
        "refused": 0,
        "cases": 8,
    }


def test_the_edges_of_a_cohort_are_half_open(table: Table, content: dict[str, Any]) -> None:
    content["cohort"] = [
        {"column": "as_of", "since": datetime.date(2014, 2, 2), "before": datetime.date(2014, 4, 4), "why": "w"}
    ]
    cases, _ = read_cases(build(content, "tiny.toml"), table(6))
    assert cases.keys[CASE_ID].tolist() == ["C1", "C2"]


def test_a_cohort_date_that_cannot_be_read_is_refused_not_left_out(table: Table, content: dict[str, Any]) -> None:
    content["cohort"] = [{"column": "again_on", "before": datetime.date(2016, 1, 1), "why": "w"}]
    path = table(6, {0: {"again_on": "soon"}})
    _, refused = read_cases(build(content, "tiny.toml"), path, allow_refused=True)
    assert refused[["row", "code", "column"]].to_numpy().tolist() == [[1, "row-not-a-date", "again_on"]]


def test_nobody_left_in_the_cohort_is_a_problem(table: Table, content: dict[str, Any], only_code: Any) -> None:
    content["cohort"] = [{"column": "sex", "keep": ["X"], "why": "w"}]
    assert only_code(read_cases, build(content, "tiny.toml"), table(4)) == "no-rows-left"


def test_scoring_refuses_a_row_outside_the_cohort_and_says_why(table: Table, content: dict[str, Any]) -> None:
    content["cohort"] = [
        {"column": "sex", "keep": ["M"], "why": "made for men"},
        {"column": "again_on", "before": datetime.date(2000, 1, 1), "applies": "outcomes", "why": "never asked"},
    ]
    [chunk] = open_table(build(content, "tiny.toml"), table(6), learning=False).chunks(10)
    assert chunk.refused["row"].tolist() == [1, 5]
    assert "made for men" in chunk.refused["sentence"].iloc[0]


def test_scoring_notes_a_condition_whose_column_is_not_there(
    tmp_path: Path, rows: Any, write: Any, content: dict[str, Any]
) -> None:
    content["cohort"] = [{"column": "sex", "keep": ["M"], "why": "made for men"}]
    path = write(tmp_path / "x.csv", [{k: v for k, v in row.items() if k != "sex"} for row in rows(3)])
    reader = open_table(build(content, "tiny.toml"), path, learning=False)
    assert reader.notes == ["Not checked, for the column 'sex' is not there: made for men"]
    assert sum(len(chunk.cases) for chunk in reader.chunks(10)) == 3


@pytest.mark.parametrize(
    ("age", "texts", "refused_rows"),
    [
        pytest.param({"kind": "ordered", "levels": ["15-17", "18-24", "25-34"]}, ["15-17", "18-24", "25-34"], [1],
                     id="ordered groups"),
        pytest.param({"kind": "category"}, ["under 18", "18-24", "30"], [1], id="groups as a category"),
        pytest.param({"kind": "band"}, ["15-17", "18-24", "48 or older"], [1], id="band"),
    ],
)  # fmt: skip
def test_people_under_18_are_refused_however_age_is_described(
    table: Table, content: dict[str, Any], age: dict[str, Any], texts: list[str], refused_rows: list[int]
) -> None:
    content["features"]["age"] = {"phrase": "age", **age}
    path = table(3, {i: {"age": text} for i, text in enumerate(texts)})
    _, refused = read_cases(build(content, "tiny.toml"), path, allow_refused=True)
    assert refused["row"].tolist() == refused_rows
    assert set(refused["code"]) == {"row-under-18"}


def test_an_age_column_that_is_no_feature_is_checked_and_must_be_readable(
    table: Table, content: dict[str, Any]
) -> None:
    del content["features"]["age"]
    content["two_feature"] = []
    path = table(6, {1: {"age": "12"}, 2: {"age": "young"}})
    _, refused = read_cases(build(content, "tiny.toml"), path, allow_refused=True)
    assert refused[["row", "code"]].to_numpy().tolist() == [[2, "row-under-18"], [3, "row-not-a-number"]]


def test_a_lower_minimum_age_needs_a_reason_and_then_holds(table: Table, content: dict[str, Any]) -> None:
    content |= {"minimum_age": 16, "minimum_age_reason": "a test"}
    _, refused = read_cases(
        build(content, "tiny.toml"), table(6, {1: {"age": "16"}, 2: {"age": "15"}}), allow_refused=True
    )
    assert refused["row"].tolist() == [3]


def test_a_sum_may_stand_before_its_parts_and_is_missing_where_one_is(table: Table, content: dict[str, Any]) -> None:
    total = {"total": {"kind": "number", "phrase": "all", "sum_of": ["priors", "bail"]}}
    content["features"] = total | content["features"]
    cases, _ = read_cases(build(content, "tiny.toml"), table(6, {1: {"priors": ""}}))
    assert list(cases.features) == ["total", "age", "priors", "offence", "bail"]
    np.testing.assert_array_equal(cases.features["total"], [1, np.nan, 2, 3, 4, 6])


def test_the_split_flag_is_read_and_an_unknown_value_refused(table: Table, content: dict[str, Any]) -> None:
    content["split"] = {"column": "name", "train": ["a"], "test": ["b"]}
    content["dropped"] = []
    path = table(4, {0: {"name": "a"}, 1: {"name": "b"}, 2: {"name": ""}, 3: {"name": "c"}})
    cases, refused = read_cases(build(content, "tiny.toml"), path, allow_refused=True)
    assert cases.part is not None
    assert cases.part.tolist() == ["train", "test", None]
    assert refused[["row", "code", "column"]].to_numpy().tolist() == [[4, "row-unknown-category", "name"]]


def test_memory_stays_bounded_by_the_chunk(
    table: Table, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 1 << 14)
    path = table(20_000)
    reader = open_table(description, path, learning=False)
    before, most = pa.total_allocated_bytes(), 0
    for chunk in reader.chunks(1_000):
        assert chunk.read <= 1_000
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < path.stat().st_size / 4


# --- Any table ------------------------------------------------------------------------------------------

COLUMNS = {
    "id": st.sampled_from(["C1", "C2", "C3", "C4", "C5", " C1"]),
    "person": st.sampled_from(["P1", "P2"]),
    "name": st.just("secret"),
    "as_of": st.dates(datetime.date(2013, 1, 1), datetime.date(2015, 6, 1)).map(str),
    "age": st.integers(15, 60).map(str),
    "priors": st.integers(-1, 20).map(str),
    "offence": st.sampled_from(["theft", "violence", "piracy"]),
    "bail": st.sampled_from(["yes", "no", "1"]),
    "sex": st.sampled_from(["M", "F"]),
    "decile": st.integers(1, 10).map(str),
    "again": st.sampled_from(["0", "1"]),
    "again_on": st.sampled_from(["", "2015-02-03", "2018-01-01"]),
    "grave": st.sampled_from(["0", "1"]),
}
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
ROW = st.fixed_dictionaries(
    {
        name: st.integers(0, 19).flatmap(lambda k, good=good: ANYTHING if k == 0 else good)
        for name, good in COLUMNS.items()
    }
)


def as_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(COLUMNS), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_parquet(path: Path, rows: list[dict[str, str]]) -> Path:
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in COLUMNS}), path)
    return path


def read_in(description: Description, path: Path, rows: int) -> tuple[list[int], Cases, pd.DataFrame]:
    """Return the rows used, the cases (maybe none) and the refused rows, read in chunks of ``rows`` rows."""
    chunks = list(open_table(description, path, learning=True).chunks(rows))
    refused = pd.concat([chunk.refused for chunk in chunks], ignore_index=True)
    joined = module._joined([chunk.cases for chunk in chunks], module._flow(chunks, len(refused)))
    return [row for chunk in chunks for row in chunk.rows.tolist()], joined, refused


@settings(
    deadline=None, max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking takes minutes
@given(rows=st.lists(ROW, min_size=1, max_size=25), chunk=st.integers(1, 8))
def test_any_table_is_accounted_for_row_by_row_alike_from_csv_and_parquet_in_any_chunks(
    tmp_path_factory: pytest.TempPathFactory, tiny: str, rows: list[dict[str, str]], chunk: int
) -> None:
    cohort = [{"column": "sex", "keep": ["M", "F"], "why": "sex is recorded"}]
    d = build(tomllib.loads(tiny) | {"cohort": cohort}, "tiny.toml")
    folder = tmp_path_factory.mktemp("any")
    csv_path, parquet_path = as_csv(folder / "x.csv", rows), as_parquet(folder / "x.parquet", rows)
    used, cases, refused = read_in(d, csv_path, 1000)
    for path, size in ((parquet_path, 1000), (csv_path, chunk), (parquet_path, chunk)):
        other_used, other, other_refused = read_in(d, path, size)
        assert used == other_used
        pdt.assert_frame_equal(refused, other_refused)
        same(cases, other)
    outside = sum(count for step, count in cases.counts.items() if step.startswith("outside"))
    assert cases.counts["rows read"] == len(rows) == len(cases) + len(refused) + outside
    ids = [*zip(used, cases.keys[CASE_ID], strict=True), *zip(refused["row"], refused["case_id"], strict=True)]
    for row, case_id in ids:
        text = pc.utf8_trim_whitespace(pa.scalar(rows[row - 1]["id"])).as_py()
        assert case_id == (None if text in d.head.missing else text)


# --- A table that nobody has seen before -----------------------------------------------------------------

OTHER = """
format = 1
name = "harbour"
title = "Cases of the harbour police"
delimiter = ";"
two_feature = ["age_group", "all_priors"]

[keys]
case = "Fall"
person = "Fall"
age = "age_group"

[split]
column = "set"
train = ["L"]
test = ["T"]

[features.age_group]
kind = "band"
phrase = "age"
column = "Alter"

[features.all_priors]
kind = "number"
phrase = "earlier thefts and frauds"
sum_of = ["thefts", "frauds"]

[features.thefts]
kind = "top-coded"
phrase = "earlier thefts"

[features.frauds]
kind = "number"
phrase = "earlier frauds"
column = "Betrüge"

[features.risk]
kind = "ordered"
phrase = "risk said by the officer"
levels = ["low", "mid", "high"]
words = ["low", "middling", "high"]

[features.port]
kind = "category"
phrase = "port"

[features.employed]
kind = "flag"
phrase = "in work"
true = ["J"]
false = ["N"]

[[exceptions]]
columns = ["age_group"]
reason = "a test"
allowed_by = "the tests"

[[cohort]]
column = "booked"
since = 2020-01-01
before = 2021-01-01
why = "booked in 2020"

[outcome]
scale = ["none", "any"]
horizon_months = 12

[outcome.any]
column = "later"
true = ["yes"]
false = ["no"]
words = "booked again within a year"
"""
OTHER_ROWS = """Fall;Alter;thefts;Betrüge;risk;port;employed;set;booked;later
1;18-22;10 or more;1;low;"Nord; West";J;L;2020-01-01;yes
2;48 or older;0;0;high;Ost;N;T;2020-12-31;no
3;23-27;2;;mid;;;L;2020-06-01;no
4;23-27;2;1;mid;Ost;N;L;2021-01-01;no
5;23-27;2;1;mid;Ost;N;L;2019-12-31;yes
"""


def test_a_new_table_needs_a_toml_file_and_no_python(tmp_path: Path) -> None:
    (tmp_path / "harbour.toml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "cases.csv").write_text("\ufeff" + OTHER_ROWS, encoding="utf-8")
    d = load(str(tmp_path / "harbour.toml"))
    cases, refused = read_cases(d, tmp_path / "cases.csv")
    assert refused.empty
    assert cases.keys[CASE_ID].tolist() == ["1", "2", "3"]
    assert cases.keys[AS_OF].isna().all()
    assert cases.features["age_group"].tolist() == [20, 48, 25]
    np.testing.assert_array_equal(cases.features["all_priors"], [11, 0, np.nan])
    assert cases.features["risk"].tolist() == [0, 2, 1]
    assert cases.features["port"].tolist() == ["Nord; West", "Ost", None]
    np.testing.assert_array_equal(cases.features["employed"], [1, 0, np.nan])
    assert cases.outcomes["any"].tolist() == [True, False, False]
    assert cases.part is not None
    assert cases.part.tolist() == ["train", "test", "train"]
    assert cases.counts["outside the cohort (booked in 2020)"] == 2
    summary = describe(d, tmp_path / "cases.csv", Settings())
    assert (summary.cases, summary.undeclared) == (3, [])


# --- Real data, where it is at hand ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "count", "rate"),
    [
        ("compas:general", 7_214, 0.4507),
        ("compas:general-corrected", 6_216, 0.3625),
        ("compas:violent", 4_743, 0.1634),
        ("nij:round1", 18_022, 0.2980),
        ("nij:round2", 12_651, 0.2571),
        ("nij:round3", 9_398, 0.1906),
        ("nij:round2-release", 12_651, 0.2571),
        ("nij:round3-release", 9_398, 0.1906),
    ],
)
def test_the_real_tables_have_the_published_numbers(real_table: RealTable, label: str, count: int, rate: float) -> None:
    d = load(label)
    cases, refused = read_cases(d, real_table(d))
    assert refused.empty
    assert len(cases) == count
    assert cases.outcomes["any"].mean() == pytest.approx(rate, abs=5e-5)
    assert not cases.features.isna().all().any()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect the columns that are asked for, whoever asks."""
    asked: set[str] = set()
    original = Source.pieces

    def pieces(self: Source, columns: Any, rows: int) -> Any:
        asked.update(columns)
        return original(self, columns, rows)

    monkeypatch.setattr(Source, "pieces", pieces)
    return asked


@pytest.mark.parametrize("label", ["compas:general", "compas:general-corrected", "compas:violent", "nij:round2"])
def test_nothing_that_names_a_person_is_ever_asked_for(real_table: RealTable, asked: set[str], label: str) -> None:
    d = load(label)
    path = real_table(d)
    describe(d, path, Settings())
    for _ in open_table(d, path, learning=False).chunks(50_000):
        pass
    barred = {name for block in d.dropped for name in block.columns}
    assert {"name", "first", "last", "dob", "c_case_number"} <= barred or label.startswith("nij")
    assert asked
    assert not asked & barred
    assert not {name for name in asked if re.search(r"dob|birth|^name$|^first$|^last$", name)}


def test_scoring_never_asks_for_an_outcome_or_an_attribute_kept_for_audit(
    table: Table, description: Description, asked: set[str]
) -> None:
    for _ in open_table(description, table(5), learning=False).chunks(10):
        pass
    assert asked == {"id", "person", "as_of", "age", "priors", "offence", "bail"}


def numeric_parquet(path: Path, out: Path, **changes: Any) -> Path:
    """Write a CSV table as Parquet with its numbers as numbers; ``changes``: other values of a column."""
    frame = pd.read_csv(path, dtype={"id": str, "person": str})
    for column, values in changes.items():
        frame[column] = values
    frame.to_parquet(out)
    return out


def test_numbers_of_parquet_are_read_like_their_texts(
    table: Table, description: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(60)
    file = numeric_parquet(path, tmp_path / "n.parquet", priors=[0.1 + i / 7 if i % 5 else None for i in range(60)])
    quick, _ = read_cases(description, file)
    monkeypatch.setattr(Description, "plain_numbers", lambda _: frozenset())
    slow, _ = read_cases(description, file)
    same(quick, slow)
    assert quick.features["priors"].isna().sum() == 12


def test_a_number_of_parquet_out_of_range_or_infinite_is_refused_and_quoted(
    table: Table, description: Description, tmp_path: Path
) -> None:
    file = numeric_parquet(table(30), tmp_path / "n.parquet", priors=[-1.5, float("inf")] + [2.0] * 28)
    cases, refused = read_cases(description, file, allow_refused=True)
    assert refused["code"].tolist() == ["row-out-of-range", "row-not-a-number"]
    assert "-1.5" in refused["sentence"].iloc[0]
    assert len(cases) == 28


def test_a_token_that_is_a_number_means_no_value_in_parquet_too(
    content: dict[str, Any], table: Table, tmp_path: Path
) -> None:
    description = build(content | {"missing": ["", "nan", "-1"]}, "tiny")
    file = numeric_parquet(table(30), tmp_path / "n.parquet", priors=[-1] + [2] * 29)
    cases, _ = read_cases(description, file)
    assert np.isnan(cases.features["priors"].iloc[0])
