"""Register a bundle: its copy, its version in MLflow, then the entry in the ledger that makes it count.

The order is such that a store which dies in the middle leaves nothing half-registered: before the ledger's entry all is
undone, after it only MLflow's aliases can be behind, and any later command that writes sets them right.
"""

from __future__ import annotations

import datetime
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.models.bundle import load_bundle
from forecast.problems import Problem
from forecast.registry import mirror
from forecast.registry.dates import months_later
from forecast.registry.lines import REGISTERED, Line, Registered
from forecast.registry.registration import write_registration
from forecast.registry.store import Registry, check_name, check_who_and_why, keep_copy

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle


@dataclass(frozen=True)
class Done:
    """A registered model, and whether it was already."""

    model: Registered
    folder: Path
    before: bool


def register(
    registry: Registry, name: str, source: Path, *, who: str, why: str, expires: datetime.date | None = None
) -> Done:
    """Register the bundle in the folder ``source`` under ``name`` as the challenger; again is no fault.

    ``expires``: the first day on which it is expired; by default ``model_expiry_months`` after today, and never later.
    """
    check_name(name)
    check_who_and_why("register", who, why)
    until = _expiry(registry, expires)
    bundle = load_bundle(source, threads=registry.settings.threads)
    folder = registry.folder_of(name, bundle.model_id)
    again = f"forecast models register {name} {source} --by NAME --why TEXT"
    with registry.locked():
        line = registry.lines().get(name) or Line(name)
        before = bundle.model_id in line.models
        if not before:
            _write(registry, name, bundle, who=who, why=why, expires=until, again=again)
            line = registry.line(name)
        elif line.models[bundle.model_id].manifest_sha256 != bundle.manifest["manifest_sha256"]:
            raise Problem("registry-differs", path=folder)
        write_registration(folder, line.models[bundle.model_id])
        with mirror.store(registry.settings, state=mirror.BEHIND, again=again) as client:
            mirror.follow(client, registry, line)
    return Done(line.models[bundle.model_id], folder, before)


def _write(
    registry: Registry,
    name: str,
    bundle: ModelBundle,
    *,
    who: str,
    why: str,
    expires: datetime.date,
    again: str,
) -> None:
    """Copy, publish, and enter into the ledger; undo the copy where one of these fails."""
    copied = keep_copy(bundle, registry.folder_of(name, bundle.model_id))
    with ExitStack() as undo:
        if copied:
            undo.callback(_remove_copy, registry, name, bundle.model_id)
        with mirror.store(registry.settings, state="Nothing was registered", again=again) as client:
            run_id = mirror.publish(client, registry, name, bundle)
        manifest = bundle.manifest
        what = {
            "name": name,
            "model": bundle.model_id,
            "manifest_sha256": manifest["manifest_sha256"],
            "experiment": str(manifest.get("name", "")),
            "data_sha256": manifest["data"]["sha256"],
            "expires": expires.isoformat(),
            "run": run_id,
            "why": why,
        }
        registry.ledger.append(REGISTERED, who, what)
        undo.pop_all()


def _remove_copy(registry: Registry, name: str, model_id: str) -> None:
    """Remove the copy of a model that the ledger does not hold."""
    if model_id not in _registered(registry, name):
        shutil.rmtree(registry.folder_of(name, model_id), ignore_errors=True)


def _registered(registry: Registry, name: str) -> dict[str, Registered]:
    """Return the models of a name; none where the ledger itself is what failed."""
    try:
        line = registry.lines().get(name)
    except Problem:
        return {}
    return line.models if line else {}


def _expiry(registry: Registry, wanted: datetime.date | None) -> datetime.date:
    months = registry.settings.model_expiry_months
    latest = months_later(registry.today, months)
    if wanted is not None and not registry.today < wanted <= latest:
        raise Problem("registry-expiry", found=wanted, today=registry.today, months=months)
    return wanted or latest
