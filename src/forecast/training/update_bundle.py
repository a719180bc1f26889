"""Update the calibration of a bundle on newer cases with outcomes, and write the result as a new bundle.

The model itself stays byte for byte what it was; so do description, cut-offs or costs, and experiment. What was
measured of the old model is left behind, for nobody has tested the updated one.
"""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.files import refuse_existing, sha256, whole_folder
from forecast.models.bundle import versions, write_bundle
from forecast.models.update import GRADES, LevelUpdate, Update, updated
from forecast.models.update_limits import updated_limits
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.training.assess import cases_digest
from forecast.training.bundle_cases import cases_for
from forecast.training.seen import UPDATES, fitted_on, unused_by_updates
from forecast.training.train import refuse_foreign

if TYPE_CHECKING:
    from forecast.cases import Cases, Floats
    from forecast.models.bundle import ModelBundle

ASKED = {"intercept": GRADES[1], "slope": GRADES[2], "tested": "tested"}
"""What may be asked for, and what :func:`forecast.models.update.updated` calls it."""
KEPT = ("name", "experiment", "data", "flow", "versions", UPDATES)
"""Keys of a manifest that are as true of the updated model as of the one before it."""
SEED = 1


@dataclass(frozen=True)
class UpdatedLevel:
    """One level on the newer cases: mean forecasts before and after, the share that had the outcome, what was done."""

    level: str
    words: str
    before: float
    after: float
    observed: float
    update: LevelUpdate
    tested: str
    """The grade that the closed test chooses, whatever was asked for."""


@dataclass(frozen=True)
class UpdatedBundle:
    """The new bundle, and what must be known of it."""

    folder: Path
    model_id: str
    parent: str
    cases: int
    other_band: int
    levels: tuple[UpdatedLevel, ...]
    notes: list[str]


def update_bundle(
    bundle: ModelBundle,
    path: Path,
    out: Path,
    *,
    grade: str = "intercept",
    part: str | None = None,
    observed_until: datetime.date | None = None,
    allow_refused: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> UpdatedBundle:
    """Update the calibration of ``bundle`` on the cases of ``path`` and write a bundle with a model id of its own.

    ``grade``: "intercept", "slope" (both) or "tested" (what the closed test chooses at each level). ``part``: "train"
    or "test" takes only the rows with that flag. ``observed_until``: the first day that the newer data do not cover; by
    default the one of the table that the model was fitted on, by which later cases have no complete outcome.

    Raises ``update-seen`` for cases that the model was fitted on, ``update-earlier`` where all may be among them,
    ``update-rare`` for too few cases, ``model-other-catalogue`` for features that mean something else.
    """
    if out.exists() and out.resolve() == bundle.folder.resolve():
        raise Problem("output-is-input", path=out)
    refuse_existing(out, overwrite)
    refuse_foreign(out)
    reader = bundle.description
    if observed_until is not None:
        reader = dataclasses.replace(reader, observed_until=observed_until)
    cases = cases_for(bundle, reader, path, part=part, allow_refused=allow_refused, progress=progress)
    cases, notes = _newer(bundle, path, cases, part)
    margins = bundle.forecaster.model.margins(cases.features)
    happened, persons = cases.outcomes.to_numpy(dtype=bool), cases.keys[PERSON_ID].tolist()
    before = bundle.forecaster.calibration
    made, test = (
        updated(before, margins, happened, persons=persons, grade=how) for how in (ASKED[grade], ASKED["tested"])
    )
    forecaster = dataclasses.replace(bundle.forecaster, calibration=made.calibration)
    known = bundle.forecaster.uncertainty
    if known is not None:
        limits = updated_limits(known, before, made, margins, happened, persons=persons, seed=SEED)
        forecaster = dataclasses.replace(forecaster, uncertainty=limits)
    old, new = (f.from_margins(margins) for f in (bundle.forecaster, forecaster))
    levels = _levels(bundle, cases, made, test, old.probability, new.probability)
    facts = {key: bundle.manifest[key] for key in KEPT if key in bundle.manifest}
    facts[UPDATES] = [*facts.get(UPDATES, ()), _entry(bundle, path, cases, grade, part, levels)]
    facts["metrics"] = {}
    with whole_folder(out) as folder:
        model_id = write_bundle(folder, bundle.description, forecaster, facts, model_files=bundle.folder / "model")
    other = int((old.band != new.band).sum())
    return UpdatedBundle(out, model_id, bundle.model_id, len(cases), other, levels, notes)


def _newer(bundle: ModelBundle, path: Path, cases: Cases, part: str | None) -> tuple[Cases, list[str]]:
    """Return the cases of a file that the model cannot have been fitted on, as far as its manifest tells."""
    experiment = bundle.manifest.get("experiment", {})
    split = experiment.get("split")
    apart = split == "flag" and part == "test" and sha256(path) == bundle.manifest["data"]["sha256"]
    earlier = any(fitted_on({"data": one}, path, cases) for one in bundle.manifest.get(UPDATES, ()))
    if earlier or (not apart and fitted_on(bundle.manifest, path, cases)):
        raise Problem("update-seen", path=path, model=bundle.model_id)
    late = unused_by_updates(bundle.manifest, cases)
    notes = []
    if split == "time":
        late &= np.asarray(cases.keys[AS_OF] >= pd.Timestamp(experiment["test_from"]), dtype=bool)
    elif not apart:
        notes.append(
            "The bundle does not tell of which people and days the model's cases were: that these are later ones rests "
            "on your word."
        )
    if not late.any():
        raise Problem("update-earlier", path=path, cases=len(cases))
    if not late.all():
        notes.append(f"{int((~late).sum()):,} earlier cases were left aside: the model may know them.")
    return cases.take(late), notes


def _levels(
    bundle: ModelBundle, cases: Cases, made: Update, test: Update, old: Floats, new: Floats
) -> tuple[UpdatedLevel, ...]:
    scale = bundle.scale
    return tuple(
        UpdatedLevel(
            level,
            scale.words[k],
            float(old[:, k].mean()),
            float(new[:, k].mean()),
            float(cases.outcomes[level].mean()),
            made.levels[k],
            test.levels[k].grade,
        )
        for k, level in enumerate(scale.reached)
    )


def _rounded(value: Any) -> Any:
    """Round, so that the last digits of sums, which may differ with the number of threads, change nothing."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_rounded(one) for one in value]
    return round(value, 9) if isinstance(value, float) else value


def _entry(
    bundle: ModelBundle, path: Path, cases: Cases, grade: str, part: str | None, levels: tuple[UpdatedLevel, ...]
) -> dict[str, Any]:
    """Return what the manifest says of this update."""
    days = cases.keys[AS_OF].dropna()
    return {
        "parent": bundle.model_id,
        "parent_manifest_sha256": bundle.manifest["manifest_sha256"],
        "file": path.name,
        "sha256": sha256(path),
        "cases_sha256": cases_digest(cases),
        "cases": len(cases),
        "people": int(cases.keys[PERSON_ID].nunique()),
        "from": None if days.empty else f"{days.min():%Y-%m-%d}",
        "to": None if days.empty else f"{days.max():%Y-%m-%d}",
        "part": part,
        "grade": grade,
        "levels": [_rounded(dataclasses.asdict(level)) for level in levels],
        "not_carried_over": "metrics, report and figures: they were measured of the parent",
        "versions": versions(),
    }
