"""Keep a trained model as a folder that names its own content by hash and never needs pickle.

`manifest.json` holds the format version, the table's description, the outcome, cut-offs or costs and who signed them,
the fingerprint of the training data, metrics, versions and the sha256 of every file written before it: all but the
report and `run.json`. The model id is a hash of what decides a forecast, so the same data, settings and seed give the
same id.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from forecast._version import __version__
from forecast.cases import OutcomeScale
from forecast.files import sha256, to_json
from forecast.models.additive import Additive
from forecast.models.bands import BandRule, CutOffs
from forecast.models.blend import Blend
from forecast.models.boosting import Boosting
from forecast.models.calibration import Calibration
from forecast.models.costs import Costs
from forecast.models.costs_check import check_costs
from forecast.models.forecaster import Forecaster
from forecast.models.forest import Forest
from forecast.models.logistic import Logistic
from forecast.models.scales import Scale
from forecast.models.uncertainty import FILE as UNCERTAINTY
from forecast.models.uncertainty import Uncertainty
from forecast.problems import Problem, Problems
from forecast.tables.description import Description, build

FORMAT = 2
"""2 has "costs" (a matrix) where 1 has "cutoffs"; a bundle with cut-offs is still written as 1, which all can read."""

MANIFEST = "manifest.json"
KINDS: dict[str, Any] = {
    "additive": Additive,
    "blend": Blend,
    "boosting": Boosting,
    "forest": Forest,
    "logistic": Logistic,
    "scale": Scale,
}
LIBRARIES = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class ModelBundle:
    """A loaded bundle: how to read a table, and how to forecast from it."""

    folder: Path
    description: Description
    forecaster: Forecaster
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def model_id(self) -> str:
        """The first 16 hexadecimal digits of the hash of everything that decides a forecast."""
        return str(self.manifest["model_id"])

    @property
    def scale(self) -> OutcomeScale:
        """The outcome scale that is forecast."""
        return self.description.scale


def write_bundle(
    folder: Path,
    description: Description,
    forecaster: Forecaster,
    facts: Mapping[str, Any],
    *,
    model_files: Path | None = None,
) -> str:
    """Write the bundle's files into ``folder`` (a temporary one: see `files.whole_folder`); return the model id.

    ``facts`` are further plain keys for the manifest. Files that lie in the folder already are hashed with the rest.
    ``model_files``: the folder of a bundle that holds this very model, whose files are taken as they are.
    """
    model = folder / "model"
    if model_files is None:
        model.mkdir()
        forecaster.model.save(model)
    else:
        shutil.copytree(model_files, model, ignore=shutil.ignore_patterns(UNCERTAINTY))
    if forecaster.uncertainty is not None:
        (model / UNCERTAINTY).write_text(to_json(forecaster.uncertainty.to_json()), encoding="utf-8")
    rule = "costs" if isinstance(forecaster.cutoffs, Costs) else "cutoffs"
    deciding = {
        "kind": forecaster.model.kind,
        "description": _plain(description.raw),
        "variant": description.variant,
        "calibration": {"a": list(forecaster.calibration.a), "b": list(forecaster.calibration.b)},
        rule: forecaster.cutoffs.to_json(),
    }
    files = {p.relative_to(folder).as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    weights = {name: digest for name, digest in files.items() if name.startswith("model/")}
    model_id = _digest({**deciding, "weights": weights})[:16]
    manifest = {**facts, **deciding, "format": 1 if rule == "cutoffs" else FORMAT, "model_id": model_id, "files": files}
    manifest["manifest_sha256"] = _digest(manifest)
    (folder / MANIFEST).write_text(to_json(manifest, sort_keys=False), encoding="utf-8")
    return model_id


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a bundle's manifest after checking its format version and its own hash."""
    path = folder / MANIFEST
    if not path.is_file():
        raise Problem("bundle-missing", path=folder)
    try:
        manifest = json.loads(path.read_text("utf-8"))
        found = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise Problem("bundle-corrupt", path=folder, detail="manifest.json cannot be read") from error
    if not isinstance(found, int):
        raise Problem("bundle-corrupt", path=folder, detail=f"its format is {found!r}, not a number")
    if found > FORMAT:
        raise Problem("bundle-newer", path=folder, found=found, newest=FORMAT)
    claimed = manifest.get("manifest_sha256")
    if claimed != _digest({k: v for k, v in manifest.items() if k != "manifest_sha256"}):
        raise Problem("bundle-corrupt", path=folder, detail="manifest.json was changed after training")
    return dict(manifest)


def load_bundle(folder: Path, *, threads: int = 0) -> ModelBundle:
    """Load a bundle after checking the hash of every file that its manifest names."""
    manifest = read_manifest(folder)
    for path in sorted((folder / "model").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in manifest["files"]:
            raise Problem("bundle-corrupt", path=folder, detail=f"{name} is not in the manifest")
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise Problem("bundle-corrupt", path=folder, detail=f"{name} is missing")
        if sha256(path) != digest:
            raise Problem("bundle-corrupt", path=folder, detail=f"{name} does not have the sha256 of the manifest")
    merged = build(_dated(manifest["description"]), folder / MANIFEST)
    description = dataclasses.replace(merged, variant=manifest["variant"])
    return ModelBundle(folder, description, _forecaster(folder, manifest, description, threads), manifest)


def _forecaster(folder: Path, manifest: Mapping[str, Any], description: Description, threads: int) -> Forecaster:
    """Put model, calibration and cut-offs or costs together, or say that they do not belong together."""
    calibration = Calibration(tuple(manifest["calibration"]["a"]), tuple(manifest["calibration"]["b"]))
    cutoffs = _band_rule(folder, manifest, len(description.scale.levels))
    levels = len(description.scale.reached)
    if manifest["kind"] not in KINDS:
        raise Problem("bundle-corrupt", path=folder, detail=f"the kind of model '{manifest['kind']}' is not known")
    if any(len(values) != levels for values in (calibration.a, calibration.b, cutoffs.values)):
        raise Problem("bundle-corrupt", path=folder, detail=f"calibration or cut-offs are not of {levels} levels")
    model = KINDS[manifest["kind"]].load(folder / "model", threads)
    return Forecaster(model, calibration, cutoffs, _uncertainty(folder, levels))


def _uncertainty(folder: Path, levels: int) -> Uncertainty | None:
    """Return what the bundle says about its own limits; bundles of before 2026-11-21 say nothing."""
    path = folder / "model" / UNCERTAINTY
    if not path.is_file():
        return None
    try:
        found = Uncertainty.from_json(json.loads(path.read_text("utf-8")))
        fits = len(found.intervals.curves) == levels == len(found.sets.thresholds) - 1
    except (ValueError, KeyError, TypeError) as error:
        raise Problem("bundle-corrupt", path=folder, detail=f"model/{UNCERTAINTY} cannot be read") from error
    if not fits:
        raise Problem("bundle-corrupt", path=folder, detail=f"model/{UNCERTAINTY} is not of {levels} levels")
    return found


def _band_rule(folder: Path, manifest: Mapping[str, Any], levels: int) -> BandRule:
    """Return the cut-offs or costs of a manifest."""
    if "costs" not in manifest:
        kept = manifest["cutoffs"]
        return CutOffs(tuple(kept["values"]), kept["signed_by"], kept["reason"])
    costs = Costs.from_json(manifest["costs"])
    try:
        check_costs(costs.matrix, levels, folder)
    except (Problem, Problems) as problem:
        raise Problem("bundle-corrupt", path=folder, detail="its costs are not a cost matrix") from problem
    return costs


def versions() -> dict[str, str]:
    """Return the versions that a result of this machine depends on."""
    found = {"forecast": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _digest(value: Any) -> str:
    """Return the sha256 of a value as JSON; the order of keys counts, for it orders features and levels."""
    return hashlib.sha256(to_json(value, sort_keys=False).encode()).hexdigest()


_DATE = "$date"


def _plain(value: Any) -> Any:
    """Return TOML content as JSON content; a date becomes a table with one key that TOML content cannot have."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return {_DATE: value.isoformat()} if isinstance(value, datetime.date) else value


def _dated(value: Any) -> Any:
    """Undo :func:`_plain`."""
    if isinstance(value, dict):
        return (
            datetime.date.fromisoformat(value[_DATE])
            if set(value) == {_DATE}
            else {k: _dated(v) for k, v in value.items()}
        )
    return [_dated(v) for v in value] if isinstance(value, list) else value
