"""Read the cases of a file for a bundle, refusing those that its model was not made for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.tables.origin import check_catalogue
from forecast.tables.reader import read_cases

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.models.bundle import ModelBundle
    from forecast.tables.description import Description


def cases_for(
    bundle: ModelBundle,
    description: Description,
    path: Path,
    *,
    part: str | None,
    allow_refused: bool,
    progress: Progress = SILENT,
) -> Cases:
    """Return the cases of ``path``, read by ``description``, which is the bundle's own or differs in its dates.

    ``part``: "train" or "test" takes only the rows with that flag. Raises ``model-other-catalogue`` for features that
    mean something else, ``no-split-column`` for a part of a table that has none.
    """
    check_catalogue(bundle.manifest.get("data", {}), path, bundle.forecaster.model.features)
    cases, _ = read_cases(description, path, allow_refused=allow_refused, progress=progress)
    if part is None:
        return cases
    if cases.part is None:
        raise Problem("no-split-column", path=description.label, wanted="[split]", split="flag")
    return cases.take(np.asarray(cases.part == part))
