"""Measure a challenger beside the champion on cases that neither was fitted on, as plain figures for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, CASE_ID, PERSON_ID
from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import Estimate, Probe, estimate, person_codes, replicate
from forecast.evaluation.gaps import error_gaps, level_rates
from forecast.evaluation.groups import Group, find_groups
from forecast.files import sha256
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.tables.origin import check_catalogue, origin_of
from forecast.tables.reader import open_table, read_cases
from forecast.training.assess import cases_digest
from forecast.training.seen import UPDATES, unused_by_updates

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Floats
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings
    from forecast.tables.description import Description

SEED = 1
BASE_RATE = "base rate of these cases"
UNKNOWN_CATALOGUE = "the catalogue of these cases is not known"
ERROR_RATES = ("false_positive_rate", "false_negative_rate")
NOT_OUTCOME = ("observed_until", "follow_up_reason")
"""Keys of a description's outcome that say how far the data reach, not what the outcome is."""


@dataclass(frozen=True)
class Tested:
    """Cases that neither model was fitted on, with the (n, K-1) probabilities of both."""

    cases: Cases
    challenger: Floats
    champion: Floats | None
    set_aside: int
    overlapping: bool
    unshown: tuple[str, ...]
    """Models whose manifest does not tell which cases they were fitted on, so that these may be among them."""
    holds_test: bool = False
    """Whether all cases of the challenger's own test were in the file, before the champion's were taken away."""
    notes: tuple[str, ...] = ()


def measure(
    challenger: ModelBundle,
    champion: ModelBundle | None,
    path: Path,
    settings: Settings,
    *,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Return the comparison on the cases of a file as plain data: what the gate looks at, and on what it rests.

    Without a champion the base rate of the tested cases stands in its place, which no real forecast could know.
    Differences are challenger less champion on the same cases; 95 % intervals resample people.
    """
    tested = unseen_by_both(challenger, champion, path, progress=progress)
    people = person_codes(tested.cases.keys[PERSON_ID].to_numpy())
    levels = challenger.scale.reached
    progress.begin("comparing", 2 * len(levels) * settings.bootstrap_replicates)
    titles = {a.name: a.title for a in challenger.description.audit}
    measured = {
        level: _level(
            tested.cases.outcomes[level].to_numpy(dtype=bool),
            tested.challenger[:, k],
            None if tested.champion is None else tested.champion[:, k],
            people,
            groups=tested.cases.protected.rename(columns=titles),
            cutoff=float(challenger.forecaster.cutoffs.values[k]),
            settings=settings,
            progress=progress,
        )
        for k, level in enumerate(levels)
    }
    return {
        "model": challenger.model_id,
        "champion": champion.model_id if champion else None,
        "against": "champion" if champion else BASE_RATE,
        "file": path.name,
        "file_sha256": sha256(path),
        "cases_sha256": cases_digest(tested.cases),
        "cases": len(tested.cases),
        "people": int(people.max(initial=-1)) + 1,
        "set_aside": tested.set_aside,
        "overlapping": tested.overlapping,
        "unshown": list(tested.unshown),
        "tested": challenger.manifest["data"].get("tested"),
        "holds_test": tested.holds_test,
        "notes": list(tested.notes),
        "replicates": settings.bootstrap_replicates,
        "seed": SEED,
        "levels": measured,
    }


def unseen_by_both(
    challenger: ModelBundle, champion: ModelBundle | None, path: Path, *, progress: Progress = SILENT
) -> Tested:
    """Read the cases of a file with the challenger's description and keep those that neither model was fitted on."""
    if champion is not None:
        _check_same_outcome(challenger, champion)
    bundles = [challenger] + ([champion] if champion else [])
    for bundle in bundles:
        check_catalogue(bundle.manifest["data"], path, bundle.forecaster.model.features)
    allowed = bool(challenger.manifest.get("experiment", {}).get("allow_refused"))
    cases, _ = read_cases(challenger.description, path, allow_refused=allowed, progress=progress)
    total, digest, whole = len(cases), sha256(path), cases
    for bundle in bundles:
        cases = cases.take(_unseen(bundle, cases, digest) & unused_by_updates(bundle.manifest, cases, digest))
    told: Floats | None = None
    if champion is not None:
        cases, told = _forecast_again(champion, cases, path)
    fits = [one for bundle in bundles for one in (bundle.manifest["data"], *bundle.manifest.get(UPDATES, ()))]
    digests = {fit["cases_sha256"] for fit in fits}
    if not len(cases) or cases_digest(cases) in digests:
        detail = " and ".join(f"{b.model_id}: {_split(b)}" for b in bundles)
        raise Problem("compare-no-unseen", path=path, cases=total, detail=detail)
    own = challenger.forecaster.forecast(cases.features).probability
    overlapping = any(bundle.manifest.get("experiment", {}).get("replicate") for bundle in bundles)
    unshown = tuple(bundle.model_id for bundle in bundles if not _tells(bundle, cases))
    notes = () if origin_of(path).made.get("catalogue") else (UNKNOWN_CATALOGUE,)
    return Tested(
        cases,
        own,
        told,
        total - len(cases),
        overlapping,
        unshown,
        holds_test=_holds_test(challenger, whole, digest),
        notes=notes,
    )


def _holds_test(bundle: ModelBundle, cases: Cases, digest: str) -> bool:
    """Say whether cases contain every case that a bundle was tested on, known by the digest of their ids."""
    kept = _unseen(bundle, cases, digest)
    before = bundle.manifest.get("experiment", {}).get("test_before")
    if before and AS_OF in cases.keys:
        kept = kept & np.asarray(cases.keys[AS_OF] < pd.Timestamp(before), dtype=bool)
    wanted = (bundle.manifest["data"].get("tested") or {}).get("cases_sha256")
    return bool(kept.any()) and cases_digest(cases.take(kept)) == wanted


def _tells(bundle: ModelBundle, cases: Cases) -> bool:
    """Say whether a bundle's split marks the cases that it was not fitted on, in whatever file they stand."""
    split = bundle.manifest.get("experiment", {}).get("split")
    return split == "time" or (split == "flag" and cases.part is not None)


def _split(bundle: ModelBundle) -> str:
    experiment = bundle.manifest.get("experiment", {})
    split = experiment.get("split", "folds")
    return {
        "time": f"fitted on cases before {experiment.get('test_from')}",
        "flag": "fitted on the part marked train",
    }.get(split, f"fitted on all cases of {bundle.manifest['data']['file']}")


def _unseen(bundle: ModelBundle, cases: Cases, digest: str) -> Bools:
    """Say which cases a bundle cannot have been fitted on, by what its manifest says of its split, (n,)."""
    experiment = bundle.manifest.get("experiment", {})
    split = experiment.get("split", "folds")
    everyone: Bools = np.ones(len(cases), dtype=bool)
    if split == "time":
        since = pd.Timestamp(experiment["test_from"])
        return np.asarray(cases.keys[AS_OF] >= since, dtype=bool)
    if split == "flag" and cases.part is not None:
        return np.asarray(cases.part == "test", dtype=bool)
    return ~everyone if bundle.manifest["data"]["sha256"] == digest else everyone


def _forecast_again(bundle: ModelBundle, cases: Cases, path: Path) -> tuple[Cases, Floats]:
    """Forecast the cases by another bundle, which reads the features of the same file by its own description.

    Outcomes are not read by it: they are the challenger's. Cases that it must refuse are left out for both.
    """
    reader = open_table(bundle.description, path, learning=False)
    parts = [chunk.cases for chunk in reader.chunks(50_000)]
    ids = pd.Index(np.concatenate([part.keys[CASE_ID].to_numpy(dtype=object) for part in parts]))
    features = pd.concat([part.features for part in parts], ignore_index=True)
    place = ids.get_indexer(pd.Index(cases.keys[CASE_ID].to_numpy(dtype=object)))
    kept = cases.take(place >= 0)
    rows = features.iloc[place[place >= 0]].reset_index(drop=True)
    return kept, bundle.forecaster.forecast(rows).probability


def _check_same_outcome(challenger: ModelBundle, champion: ModelBundle) -> None:
    first, second = _outcome(challenger.description), _outcome(champion.description)
    differing = sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
    if differing:
        raise Problem(
            "compare-other-outcome",
            first=challenger.model_id,
            second=champion.model_id,
            detail=", ".join(differing),
        )


def _outcome(description: Description) -> dict[str, Any]:
    raw: Mapping[str, Any] = description.raw["outcome"]
    scale = description.scale
    known = {"levels": scale.levels, "horizon_months": scale.horizon_months}
    return {**{k: v for k, v in raw.items() if k not in NOT_OUTCOME}, **known}


def _level(
    y: Bools,
    own: Floats,
    other: Floats | None,
    people: Any,
    *,
    groups: pd.DataFrame,
    cutoff: float,
    settings: Settings,
    progress: Progress,
) -> dict[str, Any]:
    """Measure one level: paired difference in Brier score, calibration slope, gap of each group, gaps of errors."""
    found = find_groups(groups, y, people, settings)
    reference = np.full(len(y), y.mean()) if other is None else other
    probes: dict[Any, Probe] = {
        "own": Probe(metrics.presort(y, own), {"brier": metrics.brier, "slope": metrics.slope}),
        "reference": Probe(metrics.presort(y, reference), {"brier": metrics.brier}),
    }
    for group in found:
        if group.judged:
            measures = {"gap": metrics.observed_minus_forecast}
            probes[group.attribute, group.value] = Probe(metrics.presort(y, own, group.rows), measures)
    got = replicate(probes, people, replicates=settings.bootstrap_replicates, seed=SEED, progress=progress)
    rates = {name: rate for name, rate in level_rates(y, own, cutoff).items() if name in ERROR_RATES}
    errors = error_gaps(
        rates,
        found,
        people,
        least=settings.small_group_events,
        replicates=settings.bootstrap_replicates,
        seed=SEED,
        progress=progress,
    )
    return {
        "events": int(y.sum()),
        "brier": _plain(estimate(got["own"]["brier"])),
        "reference_brier": _plain(estimate(got["reference"]["brier"])),
        "brier_difference": _plain(estimate(got["own"]["brier"] - got["reference"]["brier"])),
        "slope": _plain(estimate(got["own"]["slope"])),
        "groups": [_group(g, _plain(estimate(got[g.attribute, g.value]["gap"]))) for g in found if g.judged],
        "too_few": [f"{g.attribute} {g.value}" for g in found if not g.judged],
        "error_gaps": [
            {"attribute": e.attribute, "rate": e.rate, "gap": _plain(e.gap), "highest": e.highest, "lowest": e.lowest}
            for e in errors
        ],
    }


def _group(group: Group, gap: list[float | None]) -> dict[str, Any]:
    return {"attribute": group.attribute, "value": group.value, "cases": len(group.rows), "gap": gap}


def _plain(figure: Estimate) -> list[float | None]:
    return [figure.value, figure.low, figure.high]
