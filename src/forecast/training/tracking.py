"""Track every training run in MLflow: parameters, metrics with intervals, artefacts, what they depend on.

The default store is SQLite under the models folder and needs no server; MLFLOW_TRACKING_URI names another.
MLflow's telemetry is switched off before it is imported.
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.problems import Problem, need

if TYPE_CHECKING:
    from forecast.evaluation.results import LevelEvaluation
    from forecast.settings import Settings

EXPERIMENT = "forecast"


def tracking_uri(settings: Settings) -> str:
    """Return MLFLOW_TRACKING_URI, or the SQLite store under the models folder."""
    store = settings.models_folder.resolve() / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store}"


def track(
    name: str,
    settings: Settings,
    *,
    parameters: Mapping[str, object],
    evaluations: Sequence[LevelEvaluation],
    tags: Mapping[str, str],
    folder: Path,
) -> str:
    """Write one finished run with the files of ``folder`` as artefacts; return its id.

    Raises ``tracking-failed`` if the store does not take it; the run is then marked failed, where that is possible.
    """
    need("mlflow", "train")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    uri = tracking_uri(settings)
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    named = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        mlflow.set_tracking_uri(uri)
        _experiment(settings, uri)
        with mlflow.start_run(run_name=name) as run:
            mlflow.log_params({key: str(value)[:500] for key, value in parameters.items()})
            mlflow.set_tags({"git_revision": git_revision(), **tags})
            for key, value in _flat(evaluations).items():
                mlflow.log_metric(key, value)
            mlflow.log_artifacts(str(folder))
        return str(run.info.run_id)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        detail = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Problem("tracking-failed", uri=uri, detail=detail) from error
    finally:
        mlflow.set_tracking_uri(None)  # it also writes the variable, and the next run may have other settings
        if named:
            os.environ["MLFLOW_TRACKING_URI"] = named


def _experiment(settings: Settings, uri: str) -> None:
    """Select the experiment; a new one in the local store keeps its artefacts beside the database."""
    import mlflow

    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        local = uri.startswith("sqlite:")
        artefacts = (settings.models_folder.resolve() / "artefacts").as_uri() if local else None
        mlflow.create_experiment(EXPERIMENT, artifact_location=artefacts)
    mlflow.set_experiment(EXPERIMENT)


def _flat(evaluations: Sequence[LevelEvaluation]) -> dict[str, float]:
    """Return metrics as `any.boosting.auc`, with `.low` and `.high` beside them."""
    flat = {}
    for e in evaluations:
        for model, figures in e.models.items():
            for metric, x in figures.items():
                for end, value in (("", x.value), (".low", x.low), (".high", x.high)):
                    if value is not None:
                        flat[f"{e.level}.{model}.{metric}{end}"] = float(value)
    return flat


def git_revision() -> str:
    """Return the revision of the working folder's repository, marked if it has changes; "none" outside of one."""

    def ask(*words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.strip()

    try:
        return ask("rev-parse", "HEAD") + ("+changes" if ask("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return "none"
