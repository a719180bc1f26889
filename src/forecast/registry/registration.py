"""Write beside a registered copy until when it may be used, so that a copy taken elsewhere expires as well.

The file is no part of the bundle: the model id knows nothing of it. Its own hash tells that it was altered; whoever
alters it and makes the hash anew, or deletes it, is not found out by the copy, but by the ledger that it came from.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import TYPE_CHECKING, Any

from forecast.files import to_json, whole_files
from forecast.problems import Problem
from forecast.registry.lines import Registered

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.models.bundle import ModelBundle

REGISTRATION = "registration.json"


def write_registration(folder: Path, model: Registered) -> None:
    """Write the registration of a model beside its copy, unless it stands there."""
    path = folder / REGISTRATION
    if path.exists():
        return
    content = {
        "name": model.name,
        "model": model.model_id,
        "registered": model.at.isoformat(),
        "expires": model.expires.isoformat(),
        "manifest_sha256": model.manifest_sha256,
    }
    with whole_files(path) as [temporary]:
        temporary.write_text(to_json({**content, "sha256": _digest(content)}), encoding="utf-8")


def read_registration(bundle: ModelBundle) -> Registered | None:
    """Return the registration beside a bundle, None where there is none; raise ``registration-changed``."""
    path = bundle.folder / REGISTRATION
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        digest = content.pop("sha256")
        expires = datetime.date.fromisoformat(content["expires"])
        at = datetime.datetime.fromisoformat(content["registered"])
        model = Registered(content["name"], content["model"], content["manifest_sha256"], expires, None, at)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("registration-changed", path=path, detail="it cannot be read") from error
    if digest != _digest(content):
        raise Problem("registration-changed", path=path, detail="its content is not what its hash was made of")
    if model.manifest_sha256 != bundle.manifest["manifest_sha256"] or model.model_id != bundle.model_id:
        raise Problem("registration-changed", path=path, detail="it was written for another bundle")
    return model


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
