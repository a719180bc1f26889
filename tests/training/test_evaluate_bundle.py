"""Tests of the evaluation of a bundle on another file."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from forecast.models.bundle import ModelBundle, load_bundle, write_bundle
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.synthetic.table import write_table
from forecast.tables.description import build
from forecast.tables.reader import read_cases
from forecast.training.evaluate_bundle import evaluate_bundle
from forecast.training.fit import Trainer
from forecast.training.material import Material


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("new") / "new.csv"
    write_table(path, people=400, seed=77)
    return path


def test_the_figures_are_those_that_scikit_learn_computes(
    bundle: ModelBundle, new_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    evaluations = evaluate_bundle(bundle, new_file, tmp_path / "r.html", settings).levels
    cases, _ = read_cases(bundle.description, new_file)
    p = bundle.forecaster.forecast(cases.features).probability
    for k, e in enumerate(evaluations):
        happened = cases.outcomes[e.level]
        figures = e.models["boosting"]
        assert (e.cases, e.events) == (len(cases), happened.sum())
        assert figures["auc"].value == pytest.approx(roc_auc_score(happened, p[:, k]))
        assert figures["brier"].value == pytest.approx(brier_score_loss(happened, p[:, k]))
        assert figures["log_loss"].value == pytest.approx(log_loss(happened, p[:, k]))
        base = e.models["base rate of these cases"]
        assert base["brier"].value == pytest.approx(happened.mean() * (1 - happened.mean()))
        assert base["auc"].value is None
        assert figures["auc"].value > 0.6
    kept = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps([e.to_dict() for e in evaluations]))


def report_of(bundle: ModelBundle, path: Path, settings: Settings, tmp_path: Path) -> str:
    evaluate_bundle(bundle, path, tmp_path / "report.html", settings)
    return (tmp_path / "report.html").read_text("utf-8")


def test_the_report_has_the_further_pages_on_these_cases(
    bundle: ModelBundle, new_file: Path, settings: Settings, tmp_path: Path
):
    text = report_of(bundle, new_file, settings, tmp_path)
    for title in (
        "All models at a glance",
        "How facts move the forecasts",
        "Comparison of all models",
        "From which threshold the forecast is of use",
        "Calibration, smoothly and within groups",
        "Over the test period",
        "Error gaps between groups",
        "What the features tell of protected attributes",
        "How sure the figures are",
        "base rate of these cases",
        "These costs are not signed",
    ):
        assert title in text, title
    assert "The forest after HART" not in text
    assert "Learning curve" not in text


def test_the_report_of_a_forest_shows_its_votes_on_these_cases(
    material: Material, new_file: Path, settings: Settings, tmp_path: Path
):
    experiment = dataclasses.replace(material.experiment, model="forest")
    trainer = Trainer(material.description, experiment, threads=1)
    forecaster = trainer.forecasters(["forest"], material.cases)["forest"]
    (tmp_path / "forest").mkdir()
    facts = {"data": {"sha256": "0" * 64, "cases_sha256": ""}, "experiment": dataclasses.asdict(experiment)}
    write_bundle(tmp_path / "forest", material.description, forecaster, facts)
    forest = load_bundle(tmp_path / "forest", threads=1)
    text = report_of(forest, new_file, settings, tmp_path)
    cases, _ = read_cases(forest.description, new_file)
    assert "The forest after HART" in text
    assert f"Forecast and what followed: these cases ({len(cases):,} cases" in text
    assert "no ratio of errors was aimed at" in text
    assert "These sizes are not signed." in text
    low = int((forest.forecaster.model.plurality(cases.features) == 0).sum())
    assert f"{low:,}</td></tr>" in text


def test_later_cases_are_read_when_it_is_said_until_when_they_were_seen(
    bundle: ModelBundle, new_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    table = pd.read_csv(new_file)
    table["as_of"] = (pd.to_datetime(table["as_of"]) + pd.DateOffset(years=4)).dt.strftime("%Y-%m-%d")
    table.to_csv(tmp_path / "later.csv", index=False)
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, tmp_path / "later.csv", tmp_path / "r.html", settings)
    assert found.value.code == "rows-refused"
    known = datetime.date(2021, 1, 1)
    done = evaluate_bundle(bundle, tmp_path / "later.csv", tmp_path / "r.html", settings, observed_until=known)
    assert done.levels[0].cases == len(table)


def test_the_report_warns_where_the_file_is_the_one_the_model_was_fitted_on(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path
):
    text = report_of(bundle, table_file, settings, tmp_path)
    assert "the cases that the model was fitted on" in text
    assert bundle.model_id in text


def test_the_report_on_another_file_does_not_warn(
    bundle: ModelBundle, new_file: Path, settings: Settings, tmp_path: Path
):
    assert "the cases that the model was fitted on" not in report_of(bundle, new_file, settings, tmp_path)


def flagged(bundle: ModelBundle, table_file: Path, folder: Path) -> tuple[ModelBundle, Path]:
    """Return the bundle with a description that knows a split flag, and a file that has it."""
    table = pd.read_csv(table_file)
    table["sample"] = np.where(np.arange(len(table)) % 3, "A", "B")
    table.to_csv(folder / "flagged.csv", index=False)
    raw = {**bundle.description.raw, "split": {"column": "sample", "train": ["A"], "test": ["B"]}}
    (folder / "bundle").mkdir()
    facts = {"data": {"sha256": "0" * 64, "cases_sha256": ""}}
    write_bundle(folder / "bundle", build(raw, "a test"), bundle.forecaster, facts)
    return load_bundle(folder / "bundle"), folder / "flagged.csv"


def test_a_part_takes_only_the_rows_with_that_flag(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    with_flag, path = flagged(bundle, table_file, tmp_path)
    everything = evaluate_bundle(with_flag, path, tmp_path / "all.html", settings).levels[0].cases
    parts = [
        evaluate_bundle(with_flag, path, tmp_path / f"{p}.html", settings, part=p).levels[0].cases
        for p in ("train", "test")
    ]
    assert sum(parts) == everything
    assert parts[1] == -(-everything // 3)


def test_a_part_of_a_table_without_a_flag_is_a_problem(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path
):
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, table_file, tmp_path / "r.html", settings, part="test")
    assert found.value.code == "no-split-column"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["r.html", "r.json"])
def test_neither_report_nor_figures_are_replaced_without_leave(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path, quick_report: None, name: str
):
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, table_file, tmp_path / "r.html", settings)
    assert found.value.code == "output-exists"
    evaluate_bundle(bundle, table_file, tmp_path / "r.html", settings, overwrite=True)
    assert (tmp_path / name).read_text("utf-8") != "mine"


def test_the_input_is_never_the_output(bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path):
    mine = Path(shutil.copy(table_file, tmp_path / "cases.csv"))
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, mine, mine, settings, overwrite=True)
    assert found.value.code == "output-is-input"
    assert mine.read_bytes() == table_file.read_bytes()


def test_a_report_that_fails_leaves_no_figures_either(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise RuntimeError("no drawing today")

    monkeypatch.setattr("forecast.training.evaluate_bundle.write_report", broken)
    with pytest.raises(RuntimeError):
        evaluate_bundle(bundle, table_file, tmp_path / "out" / "r.html", settings)
    assert not list((tmp_path / "out").iterdir())


def test_rows_that_cannot_be_read_stop_it_unless_allowed(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False)
    table.loc[3, "priors"] = "many"
    table.to_csv(tmp_path / "dirty.csv", index=False)
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, tmp_path / "dirty.csv", tmp_path / "r.html", settings)
    assert found.value.code == "rows-refused"
    done = evaluate_bundle(bundle, tmp_path / "dirty.csv", tmp_path / "r.html", settings, allow_refused=True)
    assert done.levels[0].cases == len(table) - 1


def test_a_file_without_outcomes_says_what_to_use_instead(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path
):
    pd.read_csv(table_file).drop(columns=["rearrested", "serious"]).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(Problem) as found:
        evaluate_bundle(bundle, tmp_path / "new.csv", tmp_path / "r.html", settings)
    assert found.value.code == "outcome-missing"
    assert "forecast score" in found.value.next_step


def test_a_bundle_with_settings_of_few_replicates_says_so(
    bundle: ModelBundle, new_file: Path, settings: Settings, tmp_path: Path, quick_report: None
):
    few = dataclasses.replace(settings, bootstrap_replicates=60)
    assert evaluate_bundle(bundle, new_file, tmp_path / "r.html", few).levels[0].replicates == 60
