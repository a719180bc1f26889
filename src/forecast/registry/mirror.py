"""Let MLflow's model registry follow the ledger: a version a model, the aliases `champion` and `challenger`.

MLflow never decides: :func:`follow` makes it say what the ledger says, however far behind it is, and can be repeated at
will. So a store that dies in the middle leaves nothing that the next command does not set right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem
from forecast.training.tracking import experiment_id, first_line, silent_mlflow, tracking_uri

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.registry.lines import Line
    from forecast.registry.store import Registry
    from forecast.settings import Settings

ALIASES = ("champion", "challenger")
NOTHING = "Nothing was changed"
BEHIND = "The ledger holds it; only MLflow is behind, and follows when a command next writes"


def open_client(settings: Settings) -> Any:
    """Return a client of the tracking store; tests put one in its place that fails."""
    from mlflow import MlflowClient

    uri = tracking_uri(settings)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def store(settings: Settings, *, state: str, again: str) -> Iterator[Any]:
    """Yield a client; a store that fails becomes ``registry-store-down``, which tells what ``state`` things are in."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # by default a server that is down takes minutes
    failures = silent_mlflow()
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    try:
        yield open_client(settings)
    except failures as error:
        uri = tracking_uri(settings)
        raise Problem("registry-store-down", uri=uri, detail=first_line(error), state=state, again=again) from error


def publish(client: Any, registry: Registry, name: str, bundle: ModelBundle) -> str | None:
    """Make sure that MLflow has a version of the bundle, with its tags; return the id of the run behind it."""
    version = _versions(client, name).get(bundle.model_id)
    if version is None:
        if not _is_there(client, name):
            client.create_registered_model(name)
        run = _run_of(client, registry, name, bundle)
        tags = _tags(bundle)
        version = client.create_model_version(name, run.info.artifact_uri, run.info.run_id, tags=tags)
    return version.run_id or None


def follow(client: Any, registry: Registry, line: Line) -> None:
    """Give MLflow's versions and aliases of a line the state that the ledger has."""
    for model in line.models.values():
        if model.model_id not in _versions(client, line.name):  # the store was lost, or is another one
            publish(client, registry, line.name, registry.load(model))
    versions = _versions(client, line.name)
    now = dict(client.get_registered_model(line.name).aliases)
    for alias, model_id in zip(ALIASES, (line.champion, line.challenger), strict=True):
        wanted = versions[model_id].version if model_id else None
        if wanted is None and alias in now:
            client.delete_registered_model_alias(line.name, alias)
        elif wanted is not None and str(now.get(alias)) != str(wanted):
            client.set_registered_model_alias(line.name, alias, wanted)
    for model in line.models.values():
        if versions[model.model_id].tags.get("expires") != str(model.expires):
            client.set_model_version_tag(line.name, versions[model.model_id].version, "expires", str(model.expires))


def _versions(client: Any, name: str) -> dict[str, Any]:
    """Return MLflow's versions by model id; a model that a crash registered twice counts once, the first."""
    found = sorted(client.search_model_versions(f"name='{name}'"), key=lambda v: -int(v.version))
    return {v.tags["model_id"]: v for v in found if "model_id" in v.tags}


def _is_there(client: Any, name: str) -> bool:
    return bool(client.search_registered_models(f"name='{name}'"))


def _run_of(client: Any, registry: Registry, name: str, bundle: ModelBundle) -> Any:
    """Return the run that trained the bundle, if this store has it; else a run that only keeps its files."""
    run_id = _trained_in(bundle.folder)
    if run_id:
        known = client.search_runs([experiment_id(client, registry.settings)], f"attributes.run_id = '{run_id}'")
        if known:
            return known[0]
    made = client.create_run(experiment_id(client, registry.settings), run_name=f"register {name}")
    client.log_artifacts(made.info.run_id, str(bundle.folder))
    client.set_terminated(made.info.run_id)
    return client.get_run(made.info.run_id)


def _trained_in(folder: Path) -> str | None:
    """Return the id of the run that `run.json` beside the bundle names."""
    try:
        return str(json.loads((folder / "run.json").read_text("utf-8"))["mlflow_run"] or "") or None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _tags(bundle: ModelBundle) -> dict[str, str]:
    manifest = bundle.manifest
    return {
        "model_id": bundle.model_id,
        "manifest_sha256": manifest["manifest_sha256"],
        "experiment": str(manifest.get("name", "")),
        "data_sha256": str(manifest["data"]["sha256"]),
    }
