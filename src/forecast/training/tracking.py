"""Track every training run in MLflow: parameters, metrics with intervals, artefacts, what they depend on.

The default store is SQLite under the models folder and needs no server; MLFLOW_TRACKING_URI names another.
MLflow's telemetry is switched off before it is imported.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem, need

if TYPE_CHECKING:
    from forecast.evaluation.bootstrap import Estimate
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
    failures = silent_mlflow()
    import mlflow

    uri = tracking_uri(settings)
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    named = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        mlflow.set_tracking_uri(uri)
        experiment_id(mlflow.MlflowClient(), settings)
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=name) as run:
            given = {**parameters, **{f"settings.{k}": v for k, v in dataclasses.asdict(settings).items()}}
            mlflow.log_params({key: str(value)[:500] for key, value in given.items()})
            mlflow.set_tags({"git_revision": git_revision(), **tags})
            mlflow.log_metrics(_flat(evaluations))
            mlflow.log_artifacts(str(folder))
        return str(run.info.run_id)
    except failures as error:
        raise Problem("tracking-failed", uri=uri, detail=first_line(error)) from error
    finally:
        mlflow.set_tracking_uri(None)  # it also writes the variable, and the next run may have other settings
        if named:
            os.environ["MLFLOW_TRACKING_URI"] = named


def silent_mlflow() -> tuple[type[Exception], ...]:
    """Import MLflow without its telemetry and its noise; return what it raises when the store fails."""
    need("mlflow", "train")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return (MlflowException, SQLAlchemyError, OSError)


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, else its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def experiment_id(client: Any, settings: Settings) -> str:
    """Return the id of the experiment; a new one in the local store keeps its artefacts beside the database."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    local = tracking_uri(settings).startswith("sqlite:")
    artefacts = (settings.models_folder.resolve() / "artefacts").as_uri() if local else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=artefacts))


def _flat(evaluations: Sequence[LevelEvaluation]) -> dict[str, float]:
    """Return every figure by name, as `any.boosting.auc`, with `.low` and `.high` beside it.

    Other instruments are `any.score.NAME.auc`, groups `any.group.ATTRIBUTE.VALUE.auc`, counts `any.cases`.
    """
    figures: dict[str, Estimate] = {}
    flat: dict[str, float] = {}
    for e in evaluations:
        flat |= {f"{e.level}.{name}": float(getattr(e, name)) for name in ("cases", "people", "events")}
        for model, measured in e.models.items():
            figures |= {f"{e.level}.{_safe(model)}.{metric}": x for metric, x in measured.items()}
        figures |= {f"{e.level}.score.{_safe(name)}.auc": score.auc for name, score in e.scores.items()}
        for attribute, groups in e.groups.items():
            for group in groups:
                prefix = f"{e.level}.group.{_safe(attribute)}.{_safe(group.value)}"
                flat[f"{prefix}.cases"] = float(group.cases)
                figures |= {f"{prefix}.{metric}": x for metric, x in group.metrics.items()}
    for name, x in figures.items():
        for end, value in (("", x.value), (".low", x.low), (".high", x.high)):
            if value is not None:
                flat[f"{name}{end}"] = float(value)
    return flat


def _safe(name: str) -> str:
    """Return a name with only the characters that MLflow allows."""
    return re.sub(r"[^A-Za-z0-9_. -]", " ", name)


def git_revision() -> str:
    """Return the revision of the repository of the working folder, else of this package; "none" where neither has one.

    It is marked if that repository has changes.
    """
    return next(filter(None, (_revision(folder) for folder in (Path.cwd(), Path(__file__).parent))), "none")


def _revision(folder: Path) -> str:
    def ask(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        return ask("rev-parse", "HEAD") + ("+changes" if ask("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
