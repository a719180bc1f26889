"""Addresses of databases are told from paths, cut from the names of tables, and never shown with a password."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.problems import Problem
from forecast.records.places import Place, address, is_url, parse_place, shown, table_name, without_secrets


@pytest.mark.parametrize("text", ["postgresql://h/d", "sqlite:///x.db", "env:FORECAST_DATABASE", "mssql+pyodbc://h/d"])
def test_an_address_is_told_from_a_path(text: str) -> None:
    assert is_url(text)
    assert parse_place(f"{text}#custody.events") == Place(text, "custody.events")
    assert parse_place(text) == Place(text)


@pytest.mark.parametrize("text", ["force", "/data/force", "./a:b", "C:\\force", "env.parquet", "force.duckdb"])
def test_a_path_is_no_address(text: str) -> None:
    assert not is_url(text)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql://me:sekrit@host:5432/force?sslmode=require", "postgresql://me@host:5432/force"),
        ("postgresql://me@host/force?password=sekrit", "postgresql://me@host/force"),
        ("postgresql:///force", "postgresql:///force"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dsekrit", "mssql+pyodbc:///"),
        ("postgresql://me:se/krit@host/force", "postgresql://..."),
        ("postgresql://me:12/sekrit@host/force", "postgresql://..."),
        ("postgresql://me:se@krit@host/force", "postgresql://..."),
        ("postgresql://[me:sekrit@host/force", "postgresql://..."),
        ("env:FORECAST_DATABASE", "env:FORECAST_DATABASE"),
    ],
)
def test_what_people_see_of_an_address_holds_no_password(url: str, seen: str) -> None:
    assert shown(url) == seen
    assert "krit" not in f"{Place(url, 'x')!r} {Place(url, 'x')}"
    assert shown(url, "custody.events") == f"{seen}#custody.events"
    assert shown(url, "SELECT 1 AS secret") == seen


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=5, max_size=12).map(lambda text: f"QX{text}"))
def test_no_password_whatever_it_looks_like_is_shown_or_quoted(password: str) -> None:
    url = f"postgresql://me:{password}@host/force"
    assert "QX" not in shown(url)
    if said := complaint(url):
        assert "QX" not in said
    else:
        assert "QX" not in without_secrets(f'FATAL: the password "{password}" is not right\nQX', url)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:p#s3cret@localhost/db#t",
        "postgresql://u:12#s3cret@localhost/db#t",
        "postgresql://u:12#34s3cret@localhost:5432/db",
        "postgresql://u:p#s3cret/x@localhost/db#custody.events",
        'postgresql://u:p#"s3cret@localhost/db#"Odd Name"',
        "postgresql://u@localhost/db?password=p#s3cret#t",
        "u:p#s3cret@localhost/db#t",
    ],
)
def test_a_password_with_a_hash_in_it_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Problem) as problem:
        parse_place(text)
    assert problem.value.code == "database-address"
    said = "".join(traceback.format_exception(problem.value))
    assert "s3cret" not in said
    assert "u:" not in problem.value.sentence
    assert "12" not in problem.value.sentence


@pytest.mark.parametrize("table", ['"a@b/c#d"', 'custody."Events 1/2"', "SELECT a/b FROM t WHERE c = '@#'"])
def test_what_is_odd_in_the_name_of_a_table_stands_between_double_quotes(table: str) -> None:
    assert parse_place(f"postgresql://h/d#{table}") == Place("postgresql://h/d", table)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=8).map(lambda text: f"{text}QX"))
def test_no_end_of_a_password_is_shown_as_a_table(password: str) -> None:
    try:
        said = str(parse_place(f"postgresql://me:{password}@host/force#custody.events"))
    except Problem as problem:
        said = str(problem)
    assert "QX" not in said


def complaint(url: str) -> str:
    try:
        address(url)
    except Problem as problem:
        return str(problem)
    return ""


def test_an_address_in_the_environment_is_read_there_and_shown_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE", "postgresql://me:sekrit@host/force")
    assert address("env:FORCE") == "postgresql://me:sekrit@host/force"
    assert str(parse_place("env:FORCE#custody.events")) == "env:FORCE#custody.events"
    monkeypatch.setenv("FORCE", "sekrit")
    with pytest.raises(Problem, match=r"FORCE, from which .* holds none") as problem:
        address("env:FORCE")
    assert "sekrit" not in str(problem.value)
    with pytest.raises(Problem, match=r"NOWHERE.* is not set"):
        address("env:NOWHERE")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("events", (None, "events")),
        ("custody.events", ("custody", "events")),
        ('"odd.name"', (None, "odd.name")),
        ('custody."My ""Table"""', ("custody", 'My "Table"')),
        ("CUSTODY EVENTS", (None, "CUSTODY EVENTS")),
    ],
)
def test_the_name_of_a_table_is_cut_at_its_dot(text: str, names: tuple[str | None, str]) -> None:
    assert table_name("postgresql://h/d", text) == names


@pytest.mark.parametrize("text", ["a.b.c", ".events", "events.", '"events'])
def test_what_is_no_name_of_a_table_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as problem:
        table_name("postgresql://h/d", text)
    assert problem.value.code == "database-not-table"
