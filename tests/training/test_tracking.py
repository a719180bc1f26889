"""Tests of tracked runs."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forecast.files import sha256
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.training import tracking
from forecast.training.material import Material
from forecast.training.train import Trained, train


@pytest.fixture(scope="module")
def tracked(
    material: Material, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Trained, Settings]:
    """A tracked run in a store of its own."""
    folder = tmp_path_factory.mktemp("tracked")
    here = dataclasses.replace(settings, models_folder=folder / "models")
    return train(material, folder / "bundle", here, tracked=True), here


@pytest.fixture(scope="module")
def run(tracked: tuple[Trained, Settings]) -> Any:
    from mlflow import MlflowClient

    done, settings = tracked
    return MlflowClient(f"sqlite:///{settings.models_folder}/mlflow.db").get_run(done.run_id)


def test_a_run_has_every_parameter_of_the_experiment(run: Any, material: Material):
    wanted = {f.name for f in dataclasses.fields(material.experiment)}
    assert set(run.data.params) == wanted | {f"settings.{f.name}" for f in dataclasses.fields(Settings)}
    assert run.data.params["boosting_rounds"] == str(material.experiment.boosting_rounds)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "small"


def test_a_run_has_every_metric_with_its_interval(run: Any, tracked: tuple[Trained, Settings]):
    for e in tracked[0].evaluations:
        for model, figures in e.models.items():
            for metric, figure in figures.items():
                for end, value in (("", figure.value), (".low", figure.low), (".high", figure.high)):
                    assert run.data.metrics.get(f"{e.level}.{model}.{metric}{end}") == value
    assert {"any.boosting.auc", "any.boosting.auc.low", "serious.boosting.brier.high"} <= set(run.data.metrics)


def test_a_run_is_tagged_with_what_it_depends_on(run: Any, tracked: tuple[Trained, Settings], material: Material):
    tags = run.data.tags
    assert tags["data_sha256"] == sha256(material.path)
    assert tags["model_id"] == tracked[0].model_id
    assert tags["git_revision"] == tracking.git_revision()
    assert {"forecast", "python", "lightgbm", "numpy"} <= set(tags)


def test_a_run_keeps_the_bundle_as_its_artefacts_beside_the_store(run: Any, tracked: tuple[Trained, Settings]):
    done, settings = tracked
    kept = settings.models_folder / "artefacts" / run.info.run_id / "artifacts"
    names = {p.relative_to(kept).as_posix() for p in kept.rglob("*") if p.is_file()}
    there = {p.relative_to(done.folder).as_posix() for p in done.folder.rglob("*") if p.is_file()}
    assert names == there - {"run.json"}
    assert run.info.run_id in (done.folder / "run.json").read_text("utf-8")


@pytest.fixture
def something(tmp_path: Path) -> dict[str, Any]:
    """The arguments of a run that has hardly anything to say."""
    (tmp_path / "artefact").mkdir()
    (tmp_path / "artefact" / "x.txt").write_text("x", "utf-8")
    return {"parameters": {"long": "x" * 900}, "evaluations": (), "tags": {}, "folder": tmp_path / "artefact"}


def test_each_run_goes_to_the_store_of_its_own_settings(tracked: object, tmp_path: Path, something: dict[str, Any]):
    for name in ("one", "two"):
        tracking.track(name, Settings(models_folder=tmp_path / name), **something)
        assert (tmp_path / name / "mlflow.db").is_file()
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_the_variable_names_another_store_and_stays_as_it_was(
    tracked: object, tmp_path: Path, something: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    uri = f"sqlite:///{tmp_path}/elsewhere.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    tracking.track("x", Settings(models_folder=tmp_path / "unused"), **something)
    assert (tmp_path / "elsewhere.db").is_file()
    assert not (tmp_path / "unused" / "mlflow.db").exists()
    assert os.environ["MLFLOW_TRACKING_URI"] == uri


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "nonsense://x", "sqlite:////proc/no/store.db"])
def test_a_store_that_does_not_take_the_run_is_a_problem(
    uri: str, tmp_path: Path, something: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Problem) as found:
        tracking.track("x", Settings(models_folder=tmp_path), **something)
    assert found.value.code == "tracking-failed"
    assert uri in found.value.sentence
    assert "\n" not in found.value.sentence


def test_a_damaged_store_is_a_problem(tmp_path: Path, something: dict[str, Any]):
    (tmp_path / "mlflow.db").write_bytes(b"junk " * 1000)
    with pytest.raises(Problem) as found:
        tracking.track("x", Settings(models_folder=tmp_path), **something)
    assert found.value.code == "tracking-failed"


def test_outside_a_repository_the_revision_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(tracking, "__file__", str(tmp_path / "tracking.py"))
    assert tracking.git_revision() == "none"
    monkeypatch.setenv("PATH", "")
    assert tracking.git_revision() == "none"


def test_changes_that_are_not_committed_mark_the_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words], check=True, cwd=tmp_path)

    git("init", "-q")
    (tmp_path / "a.txt").write_text("1", "utf-8")
    git("add", "a.txt")
    git("commit", "-q", "-m", "one")
    monkeypatch.chdir(tmp_path)
    clean = tracking.git_revision()
    assert len(clean) == 40
    (tmp_path / "a.txt").write_text("2", "utf-8")
    assert tracking.git_revision() == f"{clean}+changes"


TRACKED_TRAINING = """
import sys
from pathlib import Path
from forecast.settings import Settings
from forecast.training.experiment import Experiment
from forecast.training.material import prepare
from forecast.training.train import train
here = Path(sys.argv[2])
settings = Settings(models_folder=here / "models", threads=1, bootstrap_replicates=50)
experiment = Experiment(name="x", table="synthetic", file=sys.argv[1], cutoffs=(0.4, 0.2), beside=("base-rate",),
                        model="two-feature", folds=2, calibration_folds=2)
print(train(prepare(experiment, settings), here / "bundle", settings).run_id)
import mlflow.telemetry.client as client
print(client.get_telemetry_client())
"""


def test_a_tracked_training_sends_no_telemetry_and_leaves_nothing_in_the_home_folder(table_file: Path, tmp_path: Path):
    home, work, cache = tmp_path / "home", tmp_path / "work", tmp_path / "cache"
    for folder in (home, work, cache):
        folder.mkdir()
    # No variable of continuous integration is there: with one, MLflow would keep quiet by itself.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "MPLCONFIGDIR": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRACKED_TRAINING, str(table_file), str(work)],
        env=environment,
        cwd=work,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run_id, client = done.stdout.split()
    assert len(run_id) == 32
    assert client == "None"
    assert list(home.rglob("*")) == []
