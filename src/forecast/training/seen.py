"""Say whether cases are those that a bundle's model, or its calibration, was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.cases import AS_OF
from forecast.files import sha256
from forecast.training.assess import cases_digest

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.cases import Bools, Cases

UPDATES = "updates"
"""Key of a manifest: how the calibration was updated since the model was fitted, oldest first."""


def fitted_on(manifest: Mapping[str, Any], path: Path, cases: Cases) -> bool:
    """Say whether a model was fitted, or its calibration updated, on this file or on just these cases of another.

    Files are known by their bytes and cases by their ids: where one file holds training cases and others, the whole of
    it counts as fitted on.
    """
    digest, ids = sha256(path), cases_digest(cases)
    return any(
        digest == one.get("sha256") or ids == one.get("cases_sha256")
        for one in (manifest["data"], *manifest.get(UPDATES, ()))
    )


def unused_by_updates(manifest: Mapping[str, Any], cases: Cases, digest: str = "") -> Bools:
    """Say which cases (n,) no update of a calibration can have used: those of days after its last one.

    None where ``digest`` is the sha256 of a file that an update used; cases without a day are told by that alone.
    """
    unused = np.ones(len(cases), dtype=bool)
    for one in manifest.get(UPDATES, ()):
        if one["sha256"] == digest:
            unused[:] = False
        elif one["to"] is not None:
            unused &= ~np.asarray(cases.keys[AS_OF] < pd.Timestamp(one["to"]) + pd.Timedelta(days=1), dtype=bool)
    return unused
