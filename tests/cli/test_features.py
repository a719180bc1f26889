"""Tests of `forecast features`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.features.catalogue import SETS, whole_set

from .conftest import Ended

Run = Callable[..., Ended]


def test_the_sets_are_listed(run: Run) -> None:
    ended = run("features", "list")
    assert ended.status == 0
    assert all(name in ended.out for name in SETS)
    assert "unverified" in ended.out


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_listed_with_the_meaning_of_each_feature(run: Run, name: str) -> None:
    ended = run("features", "list", name)
    assert ended.status == 0
    for feature in whole_set(name).features:
        assert feature.name in ended.out
        assert feature.phrase in ended.out
        assert feature.contested in ended.out
        assert f"\n{feature.name}\n  known: {feature.known}\n  reads: {feature.reads[0].split('.')[0]}: " in ended.out


def test_the_columns_that_a_feature_reads_are_listed_by_table(run: Run) -> None:
    said = run("features", "list", "hart").out
    assert "keeps no versions of it.\n  reads: persons: sex\n" in said
    assert "recorded_at, superseded_at; persons: born_on\n" in said


def test_a_set_that_does_not_exist_is_a_problem(run: Run) -> None:
    assert "[features-set-unknown]" in run("features", "list", "hrat").err


def test_the_set_of_the_published_scales_is_listed(run: Run) -> None:
    said = run("features", "list", "sanctions").out
    assert "sanction_previous" in said
    assert "offences: code, proven_at, custody_id, recorded_at, superseded_at" in said


def test_cases_are_built_with_the_flow_shown_and_described(run: Run, here: Path, records_folder: Path) -> None:
    (here / "assembly.toml").write_text('name = "ours"\nsince = 2008-01-01\nobserved_until = 2018-01-01\n', "utf-8")
    ended = run("features", "build", records_folder, "--assembly", "assembly.toml", "--out", "cases.parquet", "--quiet")
    assert ended.status == 0
    assert "Before 2008-01-01" in ended.out
    assert "with a complete outcome window" in ended.out
    assert (here / "cases.toml").is_file()
    again = run("features", "build", records_folder, "--out", "cases.parquet", "--quiet")
    assert "[output-exists]" in again.err
    assert run("data", "describe", "cases.toml", "--file", "cases.parquet", "--quiet").status == 0


def test_unchecked_records_are_refused_and_the_check_is_named(run: Run, force_folder: Path) -> None:
    csv_only = force_folder.parent / "empty"
    csv_only.mkdir(exist_ok=True)
    ended = run("features", "build", csv_only, "--out", "cases.parquet", "--quiet")
    assert ended.status == 2
    assert "[records-not-canonical]" in ended.err
    assert "forecast data check" in ended.err


def test_the_proof_is_printed_and_a_planted_leak_exits_with_2(run: Run, records_folder: Path) -> None:
    good = run("features", "prove", records_folder, "--cases", 60, "--quiet")
    assert good.status == 0
    assert "No feature saw the future" in good.out
    assert "If facts counted from when they happened" in good.out or "would change nothing" in good.out
    bad = run("features", "prove", records_folder, "--cases", 60, "--plant-leak", "--set", "hart", "--quiet")
    assert bad.status == 2
    assert "[features-leak]" in bad.err
    assert "leaks_on_purpose" in bad.err


def test_the_proof_checks_as_many_moments_as_asked_and_names_what_it_cannot_prove(
    run: Run, records_folder: Path
) -> None:
    ended = run("features", "prove", records_folder, "--cases", 61, "--set", "hart", "--quiet")
    unproven = len(whole_set("hart").unversioned)
    assert f"{len(whole_set('hart').features) - unproven} features at 61 random moments" in ended.out
    assert f"Not proven, for {unproven} more" in ended.out
    assert "`persons`, of which the records keep no versions" in ended.out


@pytest.mark.parametrize("command", [("prove",), ("matrix", "--out", "matrix.parquet")], ids=["prove", "matrix"])
def test_records_that_are_none_or_give_no_moment_are_a_problem(
    run: Run, here: Path, records_folder: Path, command: tuple[str, ...]
) -> None:
    import pyarrow.parquet as pq

    (here / "file").write_text("x", "utf-8")
    (here / "empty").mkdir()
    for source in records_folder.glob("*.parquet"):
        pq.write_table(pq.read_table(source).slice(0, 0), here / "empty" / source.name)
    (here / "empty" / "check.json").write_text("{}", "utf-8")
    for name, code in (("nowhere", "file-missing"), ("file", "records-not-canonical"), ("empty", "cases-none")):
        ended = run("features", command[0], name, *command[1:], "--quiet")
        assert ended.status == 2
        assert f"[{code}]" in ended.err
    assert not (here / "matrix.parquet").exists()


def test_a_matrix_of_an_unchecked_export_is_refused(run: Run, here: Path, records_folder: Path) -> None:
    import shutil

    (here / "export").mkdir()
    for source in records_folder.glob("*.parquet"):
        shutil.copy(source, here / "export")
    ended = run("features", "matrix", "export", "--out", "matrix.parquet", "--quiet")
    assert ended.status == 2
    assert "[records-not-canonical]" in ended.err
    assert "check.json" in ended.err


def test_the_features_alone_are_written_for_every_moment(run: Run, here: Path, records_folder: Path) -> None:
    import pyarrow.parquet as pq

    ended = run("features", "matrix", records_folder, "--set", "core41", "--out", "matrix.parquet", "--quiet")
    assert ended.status == 0
    table = pq.read_table(here / "matrix.parquet")
    assert table.num_columns == 3 + 41
    assert f"{table.num_rows:,} moments" in ended.out
    assert "[output-exists]" in run("features", "matrix", records_folder, "--out", "matrix.parquet", "--quiet").err
