"""Tests of `forecast data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended

Run = Callable[..., Ended]


def test_make_table_writes_into_the_data_folder(run: Run, here: Path):
    ended = run("data", "make-table", "--people", 100)
    assert ended.status == 0
    rows = len((here / "data" / "synthetic" / "cases.csv").read_text("utf-8").splitlines()) - 1
    assert f"{rows:,} cases of 100 people, all made up" in ended.out


def test_make_table_replaces_nothing_without_leave(run: Run, here: Path):
    assert run("data", "make-table", "--people", 100, "--out", "a.csv").status == 0
    first = (here / "a.csv").read_bytes()
    ended = run("data", "make-table", "--people", 100, "--out", "a.csv", "--seed", 2)
    assert ended.status == 2
    assert "output-exists" in ended.err
    assert (here / "a.csv").read_bytes() == first
    assert run("data", "make-table", "--people", 100, "--out", "a.csv", "--seed", 2, "--overwrite").status == 0
    assert (here / "a.csv").read_bytes() != first


@pytest.mark.parametrize("option", [("--seed", -1), ("--people", 3), ("--seed", "x")], ids=str)
def test_numbers_out_of_range_are_a_wrong_use(run: Run, option: tuple[str, object]):
    ended = run("data", "make-table", *option)
    assert ended.status == 2
    assert option[0] in ended.err


def test_describe_shows_features_rates_and_what_may_leak(run: Run, table_file: Path):
    ended = run("data", "describe", "synthetic", "--file", table_file, "--quiet")
    assert ended.status == 0
    assert ended.err == ""
    for word in ("synthetic", "people:", "Features", "years_since_last", "Base rates", "age band", "made up"):
        assert word in ended.out


def test_describe_finds_the_table_that_make_table_made(run: Run):
    run("data", "make-table", "--people", 100)
    assert run("data", "describe", "synthetic").status == 0


def test_fetch_copies_from_a_folder(run: Run, tmp_path: Path):
    ended = run("data", "fetch", "compas", "--from", tmp_path / "nowhere", "--quiet")
    assert ended.status == 2
    assert "problem [" in ended.err


def test_a_force_is_made_and_checked_and_nothing_is_replaced_without_leave(run: Run, here: Path) -> None:
    made = run("data", "make-force", "--people", 200, "--seed", 3, "--out", "force", "--quiet")
    assert made.status == 0
    assert "a force that never was" in made.out
    assert run("data", "make-force", "--people", 200, "--out", "force", "--quiet").status == 2
    checked = run("data", "check", "force", "--out", "records", "--quarantine", "bad", "--quiet")
    assert checked.status == 0
    assert "record-offence-unknown" in checked.out
    assert "Accepted records: records" in checked.out
    assert (here / "records" / "offences.parquet").is_file()
    assert (here / "bad" / "offences.parquet").is_file()
    assert run("data", "check", "force", "--out", "records", "--quiet").status == 2


def test_a_check_whose_threshold_fails_writes_the_quarantine_and_exits_with_2(
    run: Run, here: Path, force_folder: Path
) -> None:
    arguments = ("data", "check", force_folder, "--out", "records", "--quarantine", "bad", "--quiet")
    ended = run(*arguments, "--max-refused", 0.0001)
    assert ended.status == 2
    assert "[records-too-many-refused]" in ended.err
    assert "quarantined" in ended.out
    assert not (here / "records").exists()
    assert (here / "bad" / "offences.parquet").is_file()


def test_records_that_are_not_there_are_a_problem(run: Run) -> None:
    ended = run("data", "check", "nowhere", "--quiet")
    assert ended.status == 2
    assert "[file-missing]" in ended.err or "[records-" in ended.err


def test_a_file_in_place_of_the_folder_is_told_so_and_nothing_foreign_is_replaced(
    run: Run, here: Path, force_folder: Path
) -> None:
    ended = run("data", "check", force_folder / "persons.parquet", "--quiet")
    assert (ended.status, "[records-not-folder]" in ended.err) == (2, True)
    (here / "mine").write_text("notes", "utf-8")
    ended = run("data", "check", force_folder, "--out", "mine", "--overwrite", "--quiet")
    assert (ended.status, "[output-not-check]" in ended.err) == (2, True)
    assert "add --overwrite" not in ended.err
