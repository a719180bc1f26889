"""Tests of `forecast models costs`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.models.bundle import ModelBundle, write_bundle
from forecast.models.costs import read_costs

from .conftest import Ended

Run = Callable[..., Ended]


def test_costs_are_proposed_shown_and_written_unsigned(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    ended = run(
        "models", "costs", bundle.folder, table_file, "--ratio", 2, "--shares", "0.4,0.4,0.2", "--out", "c.toml"
    )
    assert ended.status == 0, ended.err
    for words in (
        "placed in",
        "share in MODERATE",
        "(proposed)",
        "very dangerous",
        "Not signed:",
        "Note: These are the",
    ):
        assert words in ended.out
    costs = read_costs(here / "c.toml", bundle.scale)
    assert not costs.signed
    assert "proposed for 2 cautious errors to one dangerous error and bands of 40 %, 40 %, 20 %" in costs.reason
    assert bundle.model_id in (here / "c.toml").read_text("utf-8")


def test_an_older_costs_file_is_replaced_only_when_asked(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    (here / "c.toml").write_text("signed", "utf-8")
    command = ("models", "costs", bundle.folder, table_file, "--ratio", 2, "--out", "c.toml")
    assert "[output-exists]" in run(*command).err
    assert (here / "c.toml").read_text("utf-8") == "signed"
    assert run(*command, "--overwrite").status == 0
    assert not read_costs(here / "c.toml", bundle.scale).signed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--ratio", "0"), "[costs-target]"),
        (("--ratio", "nan"), "[costs-target]"),
        (("--ratio", "2", "--shares", "0.5,0.5"), "[costs-target]"),
        (("--ratio", "2", "--shares", "a,b"), "not a list of numbers"),
        (("--ratio", "2", "--part", "test"), "[no-split-column]"),
        ((), "--ratio"),
    ],
)
def test_bad_targets_are_problems_and_write_nothing(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, arguments: tuple[str, ...], words: str
):
    ended = run("models", "costs", bundle.folder, table_file, *arguments, "--out", "c.toml")
    assert ended.status == 2
    assert words in ended.err
    assert not (here / "c.toml").exists()


def test_a_bundle_is_shown_with_its_cost_matrix(run: Run, bundle: ModelBundle, here: Path, table_file: Path):
    run("models", "costs", bundle.folder, table_file, "--ratio", 2, "--out", "c.toml")
    costs = read_costs(here / "c.toml", bundle.scale)
    kept = {name: bundle.manifest[name] for name in ("name", "experiment", "data", "versions", "metrics")}
    (here / "other").mkdir()
    write_bundle(here / "other", bundle.description, dataclasses.replace(bundle.forecaster, cutoffs=costs), kept)
    ended = run("models", "show", "other")
    assert ended.status == 0, ended.err
    assert f"0, {costs.matrix[0][1]:g}" in ended.out
    assert "(not signed)" in ended.out
