"""Tests of `forecast models update`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.synthetic.table import write_table

from .conftest import Ended

Run = Callable[..., Ended]


def test_an_update_is_told_level_by_level_and_shown_with_the_bundle(run: Run, here: Path, bundle: ModelBundle):
    write_table(here / "later.csv", people=500, seed=77)
    ended = run("models", "update", bundle.folder, "later.csv", "--out", "new", "--grade", "tested")
    assert ended.status == 0, ended.err
    new = load_bundle(here / "new", threads=1)
    for words in ("forecast before", "observed", *bundle.scale.words, "Note: The bundle does not tell", "Not tested"):
        assert words in ended.out
    assert f"Bundle {new.model_id} in new, updated from {bundle.model_id}." in ended.out
    shown = run("models", "show", "new")
    assert shown.status == 0, shown.err
    assert f"from {bundle.model_id} on {new.manifest['updates'][0]['cases']:,} cases of later.csv" in shown.out
    assert "AUC" not in shown.out


def test_cases_that_the_model_was_fitted_on_are_a_problem(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    ended = run("models", "update", bundle.folder, table_file, "--out", "new")
    assert ended.status == 2
    assert "[update-seen]" in ended.err
    assert not (here / "new").exists()
