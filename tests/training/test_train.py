"""Tests of whole training runs: what they write, and that nothing is left of one that fails."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.models.bundle import load_bundle
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.synthetic.table import make_table
from forecast.tables.library import load
from forecast.tables.toml_text import to_toml
from forecast.training.material import Material, prepare
from forecast.training.said import split_sentence
from forecast.training.train import Trained, train
from tests.helpers import small_experiment

FILES = {
    "comparison.json",
    "evaluation.json",
    "importance.json",
    "manifest.json",
    "report.html",
    "run.json",
    "model/design.json",
    "model/uncertainty.json",
    *(f"model/level{k}-booster{i}.txt" for k in (1, 2) for i in (1, 2)),
}


def names_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_writes_the_bundle_the_figures_the_report_and_when_it_ran(trained: Trained, material: Material):
    folder = trained.folder
    assert names_under(folder) == FILES
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["name"] == "small"
    assert manifest["data"]["cases"] == len(material.cases)
    assert manifest["flow"] == dict(material.cases.counts)
    assert manifest["experiment"]["boosting_rounds"] == material.experiment.boosting_rounds
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert run == {"trained_on": datetime.date.today().isoformat(), "mlflow_run": None}
    assert trained.model_id in (folder / "report.html").read_text("utf-8")
    assert load_bundle(folder).model_id == trained.model_id


def test_the_figures_kept_are_the_figures_returned(trained: Trained):
    kept = json.loads((trained.folder / "evaluation.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps([e.to_dict() for e in trained.evaluations]))
    manifest = json.loads((trained.folder / "manifest.json").read_text("utf-8"))
    for e in trained.evaluations:
        assert e.cases == manifest["data"]["cases"]
        assert set(e.models) == {"boosting", "base-rate"}
        for name, figures in e.models.items():
            auc = figures["auc"]
            assert manifest["metrics"][e.level][name]["auc"] == [auc.value, auc.low, auc.high]


def test_importance_names_every_feature_of_every_level(trained: Trained, material: Material):
    kept = json.loads((trained.folder / "importance.json").read_text("utf-8"))
    assert list(kept) == ["any", "serious"]
    for weights in kept.values():
        assert {name for name, _ in weights} == {f.name for f in material.description.features}
        sizes = [size for _, size in weights]
        assert sizes == sorted(sizes, reverse=True)


def test_an_output_that_exists_is_not_touched_without_leave(
    material: Material, settings: Settings, trained: Trained, quick_report: None
):
    with pytest.raises(Problem) as found:
        train(material, trained.folder, settings, tracked=False)
    assert found.value.code == "output-exists"


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_no_bundle_is_never_replaced(material: Material, settings: Settings, tmp_path: Path, what: str):
    out = tmp_path / "papers"
    if what == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("years of work", "utf-8")
    else:
        out.write_text("years of work", "utf-8")
    before = names_under(tmp_path)
    with pytest.raises(Problem) as found:
        train(material, out, settings, overwrite=True, tracked=False)
    assert found.value.code == "output-not-bundle"
    assert names_under(tmp_path) == before


@pytest.mark.parametrize("old", ["bundle", "empty folder"])
def test_overwriting_replaces_all_of_an_older_bundle(
    material: Material, settings: Settings, tmp_path: Path, quick_report: None, old: str
):
    out = tmp_path / "bundle"
    out.mkdir()
    if old == "bundle":
        (out / "manifest.json").write_text("{}", "utf-8")
        (out / "left-over.txt").write_text("old", "utf-8")
    train(material, out, settings, overwrite=True, tracked=False)
    assert names_under(out) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_the_folder_that_one_stands_in_can_be_the_output(
    material: Material, settings: Settings, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    train(material, Path(), settings, overwrite=True, tracked=False)
    assert names_under(tmp_path / "here") == FILES


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("in the middle")


def refused(*_: object, **__: object) -> None:
    raise Problem("tracking-failed", uri="sqlite:///x", detail="full")


@pytest.mark.parametrize(
    ("where", "fails", "error"),
    [("write_report", broken, RuntimeError), ("track", refused, Problem), ("write_bundle", broken, RuntimeError)],
    ids=["report", "tracking", "bundle"],
)
@pytest.mark.parametrize("older", [False, True], ids=["new", "over an older bundle"])
def test_a_failure_in_the_middle_leaves_nothing_and_an_older_bundle_as_it_was(
    material: Material,
    settings: Settings,
    tmp_path: Path,
    quick_report: None,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    fails: Any,
    error: type[Exception],
    older: bool,
):
    out = tmp_path / "models" / "bundle"
    if older:
        train(material, out, settings, tracked=False)
    before = {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    monkeypatch.setattr(f"forecast.training.train.{where}", fails)
    with pytest.raises(error):
        train(material, out, settings, overwrite=older, tracked=True)
    assert out.exists() == older
    assert {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()} == before
    assert [p.name for p in out.parent.iterdir()] == (["bundle"] if older else [])


@pytest.fixture(scope="module")
def long_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic table that spans ten years, with a flag, and its description."""
    folder = tmp_path_factory.mktemp("long")
    table = make_table(people=800, seed=5)
    rng = np.random.default_rng(5)
    table["as_of"] = pd.Timestamp("2005-01-01") + pd.to_timedelta(rng.integers(0, 3650, len(table)), unit="D")
    table["sample"] = np.where(rng.random(len(table)) < 0.7, "A", "B")
    table.to_csv(folder / "cases.csv", index=False, date_format="%Y-%m-%d")
    raw = dict(load("synthetic").raw)
    raw["split"] = {"column": "sample", "train": ["A"], "test": ["B"]}
    (folder / "long.toml").write_text(to_toml(raw), "utf-8")
    return folder


def long_material(long_table: Path, settings: Settings, **changes: Any) -> Material:
    experiment = small_experiment(long_table / "cases.csv", table=str(long_table / "long.toml"), **changes)
    return prepare(experiment, settings)


def test_a_split_in_time_says_what_was_purged_and_who_returned(
    long_table: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    material = long_material(long_table, settings, split="time", test_from=datetime.date(2012, 1, 1))
    fold = material.repeats[0][0]
    done = train(material, tmp_path / "bundle", settings, tracked=False)
    assert fold.purged > 50
    assert any(note.startswith(f"{fold.purged} cases were purged") for note in done.notes)
    assert any("of people who are in the training part too" in note for note in done.notes)
    manifest = json.loads((done.folder / "manifest.json").read_text("utf-8"))
    assert manifest["data"]["cases"] == len(fold.train)
    assert done.evaluations[0].cases == len(fold.test)
    assert "time" in split_sentence(material)
    assert manifest["experiment"]["test_from"] == "2012-01-01"


def test_a_replicate_is_called_overlapping_and_no_evidence(
    long_table: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    start = datetime.date(2012, 1, 1)
    material = long_material(long_table, settings, split="time", test_from=start, replicate="hart")
    done = train(material, tmp_path / "bundle", settings, tracked=False)
    assert material.repeats[0][0].overlapping > 50
    assert any(note.startswith("Overlapping, not evidence") for note in done.notes)
    assert split_sentence(material).startswith("Overlapping, not evidence.")


def test_the_bundle_of_a_flagged_table_is_the_model_that_was_tested(
    long_table: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    from forecast.training.testing import held_out_forecasts

    material = long_material(long_table, settings, split="flag")
    fold = material.repeats[0][0]
    done = train(material, tmp_path / "bundle", settings, tracked=False)
    tested = held_out_forecasts(material, [fold], 1)
    frame = material.cases.features.iloc[fold.test]
    again = load_bundle(done.folder, threads=1).forecaster.forecast(frame).probability
    np.testing.assert_array_equal(again, tested.probability["boosting"])
    assert "flag" in split_sentence(material)


def test_folds_drawn_anew_say_how_far_the_figures_move(
    material: Material, settings: Settings, tmp_path: Path, quick_report: None
):
    repeated = prepare(dataclasses.replace(material.experiment, repeats=3, boosting_rounds=5), settings)
    done = train(repeated, tmp_path / "bundle", settings, tracked=False)
    notes = [note for note in done.notes if note.startswith("Folds drawn 3 times")]
    assert len(notes) == 2
    assert "'serious'" in notes[1]


def test_incomplete_follow_up_is_said(long_table: Path, settings: Settings, tmp_path: Path, quick_report: None):
    raw = dict(load("synthetic").raw)
    raw["outcome"] = {**raw["outcome"], "follow_up": "as published", "follow_up_reason": "so it was published"}
    (tmp_path / "open.toml").write_text(to_toml(raw), "utf-8")
    experiment = small_experiment(long_table / "cases.csv", table=str(tmp_path / "open.toml"), boosting_rounds=5)
    done = train(prepare(experiment, settings), tmp_path / "bundle", settings, tracked=False)
    assert any("so it was published" in note for note in done.notes)


def test_the_figures_come_from_people_that_the_models_had_not_seen(trained: Trained, material: Material):
    on_training_cases = load_bundle(trained.folder, threads=1).forecaster.forecast(material.cases.features).probability
    happened = material.cases.outcomes["any"].to_numpy()
    flattering = float(np.mean((on_training_cases[:, 0] - happened) ** 2))
    assert flattering < (trained.evaluations[0].models["boosting"]["brier"].value or 0)


def test_a_missing_file_is_named_before_anything_is_fitted(settings: Settings, tmp_path: Path):
    with pytest.raises(Problem) as found:
        prepare(small_experiment(tmp_path / "nowhere.csv"), settings)
    assert found.value.code == "file-missing"


@pytest.mark.parametrize("kind", ["logistic", "blend", "two-feature", "base-rate"])
def test_every_model_can_go_into_a_bundle_with_its_report(
    kind: str, material: Material, settings: Settings, tmp_path: Path
):
    experiment = dataclasses.replace(material.experiment, model=kind, beside=(), boosting_rounds=5)
    done = train(dataclasses.replace(material, experiment=experiment), tmp_path / "bundle", settings, tracked=False)
    frame = material.cases.features
    bundle = load_bundle(done.folder, threads=1)
    assert bundle.forecaster.forecast(frame).probability.shape == (len(frame), 2)
    assert done.model_id in (done.folder / "report.html").read_text("utf-8")


def test_a_scale_of_two_levels_gives_two_bands(
    table_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    raw = dict(load("synthetic").raw)
    raw["outcome"] = {k: v for k, v in raw["outcome"].items() if k != "serious"} | {"scale": ["none", "any"]}
    (tmp_path / "two.toml").write_text(to_toml(raw), "utf-8")
    experiment = small_experiment(table_file, table=str(tmp_path / "two.toml"), cutoffs=(0.5,))
    material = prepare(experiment, settings)
    done = train(material, tmp_path / "bundle", settings, tracked=False)
    bundle = load_bundle(done.folder, threads=1)
    assert [e.level for e in done.evaluations] == ["any"]
    made = bundle.forecaster.forecast(material.cases.features)
    np.testing.assert_array_equal(made.band, made.probability[:, 0] >= 0.5)
    assert bundle.scale.bands == ("LOW", "HIGH")


def test_a_split_in_time_gives_figures_for_returning_and_for_new_people_apart(
    table_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    experiment = small_experiment(
        table_file, split="time", test_from=datetime.date(2014, 7, 1), boosting_rounds=5, beside=()
    )
    trained = train(prepare(experiment, settings), tmp_path / "timed", settings, tracked=False)
    groups = {g.value: g.cases for g in trained.evaluations[0].groups["returning people"]}
    assert set(groups) == {"new", "in the training part too"}
    assert sum(groups.values()) == trained.evaluations[0].cases
    assert any("in the training part too" in note for note in trained.notes)
