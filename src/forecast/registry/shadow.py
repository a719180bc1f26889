"""Check what was scored in shadow before a model may be live: whose scores, how many, and over how long.

It shows that files of this model's scores exist and what they were when the stage was signed. It cannot show that
nobody saw them, nor on which days they were made: a score file holds no time.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.files import sha256
from forecast.problems import Problem
from forecast.registry.dates import day_of, months_later

if TYPE_CHECKING:
    from forecast.registry.lines import Line, Registered
    from forecast.registry.stages import LiveFile
    from forecast.registry.store import Registry


def shadow_facts(registry: Registry, line: Line, model: Registered, content: LiveFile, path: Path) -> dict[str, Any]:
    """Return days, rows and files (sha256) of the shadow for the ledger, after checking them."""
    since, until = _days(registry, line, model, content, path)
    files = {name: path.parent / name for name in content.shadow_scores}
    missing = [name for name, file in files.items() if not file.is_file()]
    if missing:
        raise Problem("stage-shadow-scores", path=path, file=", ".join(missing))
    rows = {name: _scored(name, file, model, path) for name, file in files.items()}
    scores = {name: sha256(file) for name, file in files.items()}
    once = {digest: rows[name] for name, digest in scores.items()}  # a file named twice counts once
    total, least = sum(once.values()), registry.settings.shadow_least_rows
    if total < least:
        raise Problem("stage-shadow-rows", path=path, rows=f"{total:,}", least=f"{least:,}")
    days = {"shadow_from": since.isoformat(), "shadow_until": until.isoformat()}
    return {**days, "shadow_rows": total, "shadow_scores": scores}


def _days(
    registry: Registry, line: Line, model: Registered, content: LiveFile, path: Path
) -> tuple[datetime.date, datetime.date]:
    """Return the days of the shadow: from its signature in the ledger on, whatever the file says, and long enough."""
    began = day_of(line.signed[model.model_id]["shadow"].at)
    since, until = max(content.shadow_from or began, began), content.shadow_until or registry.today
    if until > registry.today:
        raise Problem("stage-shadow-future", path=path, until=until, today=registry.today)
    months = registry.settings.shadow_months
    earliest = months_later(since, months)
    if until < earliest:
        raise Problem(
            "stage-shadow-short",
            name=line.name,
            model=model.model_id,
            since=since,
            until=until,
            months=months,
            earliest=earliest,
        )
    return since, until


def _scored(name: str, file: Path, model: Registered, path: Path) -> int:
    """Return the rows of a file of scores; raise unless its manifest lies beside it and both are of this model."""
    beside = file.with_name(f"{file.stem}.manifest.json")
    try:
        manifest = json.loads(beside.read_text("utf-8"))
        found, said = manifest["model_id"], int(manifest["rows"]["scored"])
    except FileNotFoundError as error:
        detail = f"{beside.name} is not beside it"
        raise Problem("stage-shadow-manifest", path=path, file=name, detail=detail) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        detail = f"{beside.name} is not a manifest of scores"
        raise Problem("stage-shadow-manifest", path=path, file=name, detail=detail) from error
    if found != model.model_id:
        raise Problem("stage-shadow-other", path=path, file=name, found=found, model=model.model_id)
    models = _models(name, file, path)
    if len(models) != said:
        detail = f"it has {len(models):,} rows, its manifest says {said:,}"
        raise Problem("stage-shadow-manifest", path=path, file=name, detail=detail)
    others = sorted({str(one) for one in models} - {model.model_id})
    if others:
        raise Problem("stage-shadow-other", path=path, file=name, found=", ".join(others), model=model.model_id)
    return said


def _models(name: str, file: Path, path: Path) -> list[str | None]:
    """Return the model id of each row of a file of scores."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        models: list[str | None] = pq.read_table(file, columns=["model_id"]).column("model_id").to_pylist()
    except (pa.ArrowException, OSError, KeyError) as error:
        detail = "it is not a file of scores as forecast score writes it"
        raise Problem("stage-shadow-manifest", path=path, file=name, detail=detail) from error
    return models
