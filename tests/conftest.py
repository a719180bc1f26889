"""Small bundles trained once a session on the synthetic table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.settings import Settings
from forecast.training.material import Material, prepare
from forecast.training.pages import Pages
from forecast.training.train import Trained, train
from tests.helpers import small_bundle, small_experiment

if TYPE_CHECKING:
    from forecast.evaluation.further import Further


GROUPS = {
    "spark": ("test_spark",),
    "database": ("test_databases", "test_to_database", "test_inputs"),
    "linking": ("test_link",),
    "registry": ("test_registry", "test_promotion", "test_stages", "test_register", "test_retrain"),
    "records scored": ("test_run", "test_delta", "test_refusals", "test_work"),
    "one case": ("test_one", "test_from_records", "test_record_corrections", "test_leave_one_out", "test_whole_case"),
}
"""Files by how their names begin whose tests share what is costly to make: one worker runs all of a group."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = next((name for name, files in GROUPS.items() if item.path.stem.startswith(files)), None)
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic table of 600 people as CSV."""
    from forecast.synthetic.table import write_table

    path = tmp_path_factory.mktemp("table") / "cases.csv"
    write_table(path, people=600, seed=3)
    return path


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("installation")
    return Settings(
        data_folder=folder / "data",
        models_folder=folder / "models",
        threads=1,
        bootstrap_replicates=50,
        small_group_cases=20,
        small_group_events=5,
    )


@pytest.fixture(scope="session")
def material(table_file: Path, settings: Settings) -> Material:
    return prepare(small_experiment(table_file), settings)


@pytest.fixture(scope="session")
def trained(material: Material, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The whole of a training run, report included; not tracked."""
    return train(material, tmp_path_factory.mktemp("trained") / "bundle", settings, tracked=False)


@pytest.fixture(scope="session")
def bundle(trained: Trained) -> ModelBundle:
    """The boosted bundle of :func:`trained`."""
    return load_bundle(trained.folder, threads=1)


@pytest.fixture(scope="session")
def bundle_of(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelBundle]:
    """Return the bundle of a kind of model, fitted when it is first asked for."""
    folder, made = tmp_path_factory.mktemp("kinds"), dict[str, ModelBundle]()

    def of(kind: str) -> ModelBundle:
        if kind not in made:
            made[kind] = small_bundle(kind, material, folder / kind)
        return made[kind]

    return of


@pytest.fixture(scope="session")
def features(material: Material) -> pd.DataFrame:
    """The features of the first 200 cases."""
    return material.cases.features.iloc[:200].reset_index(drop=True)


@pytest.fixture(scope="session")
def force_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of a small synthetic force, as it hands them over: unchecked."""
    from forecast.synthetic.force import write_force

    folder = tmp_path_factory.mktemp("force") / "force"
    write_force(folder, people=400, seed=5)
    return folder


@pytest.fixture(scope="session")
def records_folder(force_folder: Path) -> Path:
    """The accepted records of the small synthetic force."""
    from forecast.records.check import check_records

    folder = force_folder.parent / "records"
    check_records(force_folder, out=folder, quarantine=force_folder.parent / "quarantine").raise_problems()
    return folder


@pytest.fixture
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a stub in place of the report and leave its further measures out: both take longer than a small fit."""

    def stub(context: object, path: Path) -> None:
        path.write_text("<html></html>", encoding="utf-8")

    class Nothing:
        def to_dict(self) -> dict[str, object]:
            return {}

    def pages(*_: object, **__: object) -> Pages:
        return Pages((), (), cast("Further", Nothing()), None, {})

    monkeypatch.setattr("forecast.training.train.pages_of", pages)
    monkeypatch.setattr("forecast.training.evaluate_bundle.pages_of", pages)
    monkeypatch.setattr("forecast.training.train.write_report", stub)
    monkeypatch.setattr("forecast.training.evaluate_bundle.write_report", stub)


@pytest.fixture(scope="session")
def limited(material: Material, bundle: ModelBundle) -> ModelBundle:
    """The bundle of :func:`trained` with its limits, measured on its own margins in place of out-of-fold ones."""
    from forecast.models.uncertainty import fit_uncertainty

    model, cases = bundle.forecaster.model, material.cases
    margins = model.margins(cases.features)
    uncertainty = fit_uncertainty(
        [bundle.description.feature(name) for name in model.features],
        cases.features,
        margins[None] + np.array([-0.1, 0.0, 0.1])[:, None, None],
        margins,
        cases.outcomes.to_numpy(dtype=bool),
        persons=cases.keys["person_id"],
        calibration=bundle.forecaster.calibration,
        seed=1,
    )
    return dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, uncertainty=uncertainty))
