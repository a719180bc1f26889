"""Tests of the registry on the command line: `forecast models`, `forecast stage` and `forecast retrain`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.cli.registry import history_text
from forecast.ledger import Ledger
from forecast.models.bundle import ModelBundle
from forecast.registry.store import Registry
from forecast.settings import load_settings
from tests.registry.conftest import comparison, empty_store, signed_bundles  # noqa: F401

from .conftest import Ended

Run = Callable[..., Ended]
BY = ("--by", "A. Analyst", "--why", "new data")


@pytest.fixture
def first(run: Run, here: Path, empty_store: Path, signed_bundles: dict[str, ModelBundle]) -> str:  # noqa: F811
    """The id of a model that was registered by the command line."""
    (here / "models").mkdir()
    shutil.copy(empty_store, here / "models" / "mlflow.db")
    ended = run("models", "register", "custody", signed_bundles["first"].folder, *BY)
    assert ended.status == 0, ended.err
    assert "It expires on" in ended.out
    return signed_bundles["first"].model_id


def test_the_life_of_a_model_as_far_as_its_first_signature(run: Run, here: Path, first: str):
    listed = run("models", "list").out
    assert all(word in listed for word in (first, "challenger", "none signed", "Times are in UTC."))
    assert "Next to be signed: engage." in run("stage", "show", "custody", first).out
    shown = run("stage", "show", "custody", first[:8], "engage").out
    assert "new: fill in each TODO" in shown
    assert "# what this stage is to achieve" in shown
    ended = run("stage", "sign", "custody", first, "engage", *BY)
    assert ended.status == 2
    assert "[stage-todo]" in ended.err
    path = here / "models" / "registry" / "custody" / first / "stages" / "engage.toml"
    path.write_text(path.read_text("utf-8").replace("TODO", "done"), "utf-8")
    assert "stage engage, by A. Analyst" in run("stage", "sign", "custody", "challenger", "engage", *BY).out
    assert "Next to be signed: evolve." in run("stage", "show", "custody", first).out
    history = run("models", "history", "custody")
    assert history.status == 0
    assert all(word in history.out for word in ("registered", "signed engage", "new data", "The chain of the ledger"))
    assert "no model of 'custody' was live" in run("models", "history", "custody", "--on", "2026-05-03").out


def test_a_promotion_without_evidence_or_by_nobody_is_refused_with_what_to_do(run: Run, first: str):
    ended = run("models", "promote", "custody", first, *BY)
    assert (ended.status, ended.out) == (2, "")
    assert "[promotion-no-evidence]" in ended.err
    assert f"forecast models compare custody {first} FILE" in ended.err
    assert "[ledger-nobody]" in run("models", "promote", "custody", first, "--by", " ", "--why", "x").err
    assert "Missing option '--by'" in run("models", "promote", "custody", first, "--why", "x").err
    assert "[rollback-nothing]" in run("models", "rollback", "custody", *BY).err


def test_a_refused_promotion_is_in_the_history_with_the_checks_that_failed(run: Run, first: str):
    registry = Registry(load_settings())
    registry.ledger.append("compared", "A. Analyst", {**comparison(first, None), "name": "custody"})
    ended = run("models", "promote", "custody", first, *BY)
    assert "[promotion-refused]" in ended.err
    assert "stage signed: The stage 'live' is not signed" in ended.err
    assert "new data (failed: stage signed)" in history_text(registry.line("custody"))


def test_a_comparison_is_printed_as_a_gate_and_kept(run: Run, first: str, tmp_path: Path):
    from forecast.synthetic.table import write_table

    later = tmp_path / "later.csv"
    write_table(later, people=300, seed=9)
    ended = run("models", "compare", "custody", first, later, "--by", "A. Analyst", "--quiet")
    assert ended.status == 0, ended.err
    assert "beside the base rate (nothing is live yet)" in ended.out
    assert "any: calibration slope" in ended.out
    assert "FAILED  stage signed" in ended.out
    assert "told    any: error rates of groups" in ended.out
    assert "The gate is closed" in ended.out
    assert Registry(load_settings()).ledger.entries()[-1].kind == "compared"


def test_a_broken_ledger_is_said_and_nothing_is_answered(run: Run, here: Path, first: str):
    ledger = Ledger(here / "models" / "registry" / "ledger.jsonl")
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b"new data", b"old data"))
    for command in (("models", "history", "custody"), ("models", "list")):
        ended = run(*command)
        assert (ended.status, ended.out) == (2, "")
        assert "broken at entry 1" in ended.err


def test_a_bundle_that_was_never_registered_is_scored_with_while_the_ledger_is_broken(
    run: Run,
    here: Path,
    first: str,
    table_file: Path,
    signed_bundles: dict[str, ModelBundle],  # noqa: F811
):
    ledger = Ledger(here / "models" / "registry" / "ledger.jsonl")
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b"new data", b"old data"))
    never = signed_bundles["second"].folder
    ended = run("score", never, table_file, "--out", "a.parquet", "--quiet", "--no-reasons")
    assert ended.status == 0, ended.err
    assert "Note: Whether this model is registered or retired was not looked up" in ended.out
    ended = run("score", signed_bundles["first"].folder, table_file, "--out", "b.parquet", "--quiet", "--no-reasons")
    assert ended.status == 2
    assert "[registered-ledger]" in ended.err
    assert "At a desk" in ended.err


def test_compare_says_in_its_help_that_it_writes_to_the_ledger(run: Run):
    assert "The figures go into the ledger" in run("models", "compare", "--help").out


def test_nothing_registered_is_said(run: Run):
    assert "Nothing is registered" in run("models", "list").out
    ended = run("models", "history", "custody")
    assert ended.status == 2
    assert "[registry-unknown]" in ended.err


def test_an_expired_model_is_not_scored_with(
    run: Run, here: Path, first: str, table_file: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = here / "models" / "registry" / "custody" / first
    scored = run("score", folder, table_file, "--out", "scores.parquet", "--quiet", "--no-reasons")
    assert "expire" not in scored.out
    later = Registry(load_settings()).clock().replace(year=2090)
    monkeypatch.setattr("forecast.registry.expiry.notes_on_use.__defaults__", (lambda: later,))
    for command in (
        ("score", folder, table_file, "--out", "b.parquet"),
        ("explain", folder, table_file, "--id", "C000001"),
    ):
        ended = run(*command)
        assert ended.status == 2
        assert "[model-expired]" in ended.err
    assert not (here / "b.parquet").exists()


def test_an_experiment_in_folds_is_not_retrained(run: Run, experiment_file: Path):
    ended = run("retrain", experiment_file, "--name", "custody", "--by", "A. Analyst")
    assert ended.status == 2
    assert "[retrain-split]" in ended.err
