"""A registry in a folder of its own with a clock that tests set, small bundles, and stores that are up or down."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.ledger import Entry
from forecast.models.bundle import ModelBundle
from forecast.registry.lines import COMPARED
from forecast.registry.register import register
from forecast.registry.stages import schema, sign, stage_file
from forecast.registry.store import Registry
from forecast.settings import Settings
from forecast.training.material import Material
from tests.helpers import small_bundle

NAME = "custody"
START = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORECAST_DATA", "FORECAST_SETTINGS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime.datetime = START

    def __call__(self) -> datetime.datetime:
        self.now += datetime.timedelta(seconds=1)
        return self.now

    def on(self, day: str) -> None:
        self.now = datetime.datetime.fromisoformat(f"{day}T09:00:00+00:00")


@dataclass
class House:
    """A registry, its clock, and short ways to do what people do."""

    registry: Registry
    clock: Clock
    bundles: dict[str, ModelBundle] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.registry.ledger.entries()]

    def register(self, which: str) -> str:
        register(self.registry, NAME, self.bundles[which].folder, who="A. Analyst", why="new data")
        return self.bundles[which].model_id

    def fill_in(self, model: str, stage: str, **changes: str) -> Path:
        path = stage_file(self.registry, self.registry.line(NAME).model(model), stage)
        path.parent.mkdir(exist_ok=True)
        values = {f.name: '["a design report"]' if "documents" in f.name else '"said"' for f in fields(schema(stage))}
        values |= {"signed_by": '""', "signed_on": '""', **changes}
        path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()), "utf-8")
        return path

    def fill_in_live(self, model: str, since: str, until: str) -> Path:
        path = self.fill_in(model, "live", shadow_scores='["../scores.parquet"]', shadow_from=since, shadow_until=until)
        write_scores(path.parent.parent / "scores.parquet", [model] * 120)
        return path

    def sign(self, model: str, stage: str) -> Entry:
        return sign(self.registry, NAME, model, stage, who="C. Superintendent", why="the board agreed")

    def sign_up_to_live(self, model: str) -> None:
        """Sign every stage up to live; the shadow months pass."""
        for stage in ("engage", "evolve", "embed", "shadow"):
            self.fill_in(model, stage)
            self.sign(model, stage)
        began = self.clock.now.date()
        self.clock.now += datetime.timedelta(days=100)
        self.fill_in_live(model, began.isoformat(), self.clock.now.date().isoformat())
        self.sign(model, "live")

    def compare(self, model: str, **changes: Any) -> Entry:
        """Enter figures as a comparison with today's champion gives them: all good, but for the changes."""
        champion = self.registry.line(NAME).champion
        return self.registry.ledger.append(COMPARED, "A. Analyst", comparison(model, champion, **changes))

    def ready(self, which: str) -> str:
        model = self.register(which)
        self.sign_up_to_live(model)
        self.compare(model)
        return model


def write_scores(path: Path, models: list[str], scored: int | None = None, model: str | None = None) -> None:
    """Write scores as `forecast score` does, by the model of each row, with their manifest beside them."""
    frame = pd.DataFrame({"case_id": [f"C{i}" for i in range(len(models))], "p_any": 0.3, "model_id": models})
    frame.to_parquet(path, index=False)
    manifest = {"model_id": model or models[0], "rows": {"scored": len(models) if scored is None else scored}}
    path.with_name(f"{path.stem}.manifest.json").write_text(json.dumps(manifest), "utf-8")


def comparison(model: str, champion: str | None, **changes: Any) -> dict[str, Any]:
    """Return a comparison in which every check passes, with changes to the figures of the level "any"."""
    top = {
        key: changes.pop(key)
        for key in ("overlapping", "unshown", "cases", "tested", "holds_test", "notes")
        if key in changes
    }
    level = {
        "events": 400,
        "brier": [0.2, 0.19, 0.21],
        "reference_brier": [0.21, 0.2, 0.22],
        "brier_difference": [-0.01, -0.02, -0.001],
        "slope": [1.02, 0.9, 1.15],
        "groups": [{"attribute": "sex", "value": "F", "cases": 600, "gap": [0.01, -0.02, 0.04]}],
        "too_few": [],
        "error_gaps": [
            {
                "attribute": "sex",
                "rate": "false_positive_rate",
                "gap": [0.061, 0.04, 0.082],
                "highest": "M",
                "lowest": "F",
            }
        ],
    }
    return {
        "name": NAME,
        "model": model,
        "champion": champion,
        "against": "champion" if champion else "base rate of these cases",
        "file": "cases.csv",
        "file_sha256": "0" * 64,
        "cases_sha256": "1" * 64,
        "cases": 1000,
        "people": 900,
        "set_aside": 0,
        "overlapping": False,
        "unshown": [],
        "tested": {"cases": 1000, "cases_sha256": "2" * 64},
        "holds_test": True,
        "notes": [],
        "replicates": 50,
        "seed": 1,
        "levels": {"any": {**level, **changes}, "serious": level},
        **top,
    }


@pytest.fixture(scope="session")
def signed_bundles(material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelBundle]:
    """Three bundles with signed cut-offs, and one without."""
    folder = tmp_path_factory.mktemp("registered")
    experiment = dataclasses.replace(material.experiment, cutoffs_signed_by="B. Chief", cutoffs_reason="agreed")
    made = {}
    for name, kind, source in (
        ("first", "logistic", experiment),
        ("second", "two-feature", experiment),
        ("third", "boosting", experiment),
        ("unsigned", "logistic", material.experiment),
    ):
        made[name] = small_bundle(kind, dataclasses.replace(material, experiment=source), folder / name)
    return made


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new MLflow store on SQLite, made once: that alone takes seconds."""
    from forecast.registry import mirror
    from forecast.training.tracking import experiment_id

    settings = Settings(models_folder=tmp_path_factory.mktemp("store") / "models")
    with mirror.store(settings, state="", again="") as client:
        experiment_id(client, settings)
    return settings.models_folder / "mlflow.db"


@pytest.fixture
def bare(tmp_path: Path, signed_bundles: dict[str, ModelBundle]) -> House:
    """A registry in which nothing is registered yet; its store would be made anew, which takes seconds."""
    settings = Settings(models_folder=tmp_path / "models", threads=1, bootstrap_replicates=50)
    settings.models_folder.mkdir()
    clock = Clock()
    return House(Registry(settings, clock), clock, dict(signed_bundles))


@pytest.fixture
def house(bare: House, empty_store: Path) -> House:
    """A registry with a store of its own."""
    shutil.copy(empty_store, bare.registry.settings.models_folder / "mlflow.db")
    return bare


@pytest.fixture
def no_store(bare: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A registry without MLflow: for what the ledger alone decides, in a tenth of the time."""

    @contextmanager
    def none(*_: object, **__: object) -> Iterator[None]:
        yield None

    monkeypatch.setattr("forecast.registry.mirror.store", none)
    monkeypatch.setattr("forecast.registry.mirror.publish", lambda *_: None)
    monkeypatch.setattr("forecast.registry.mirror.follow", lambda *_: None)
    return bare


def aliases(registry: Registry) -> dict[str, str]:
    """Return what MLflow says: model id by alias."""
    from forecast.registry import mirror

    with mirror.store(registry.settings, state="", again="") as client:
        versions = {v.version: v.tags["model_id"] for v in client.search_model_versions(f"name='{NAME}'")}
        return {alias: versions[v] for alias, v in client.get_registered_model(NAME).aliases.items()}


Failing = Callable[[str], None]


@pytest.fixture
def dies_at(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Let the store die when a method of its client is called."""
    from mlflow.exceptions import MlflowException

    from forecast.registry import mirror

    opened = mirror.open_client

    def at(method: str) -> None:
        def client_that_dies(settings: Settings) -> Any:
            client = opened(settings)

            def die(*_: object, **__: object) -> None:
                raise MlflowException("the server went away")

            setattr(client, method, die)
            return client

        monkeypatch.setattr(mirror, "open_client", client_that_dies if method else opened)

    return at
