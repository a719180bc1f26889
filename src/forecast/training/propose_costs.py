"""Propose costs from a bundle's forecasts on cases with outcomes, for a person to sign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.costs import sensitivity
from forecast.files import refuse_existing, whole_files
from forecast.models.costs import Costs, costs_toml
from forecast.models.costs_solver import solve
from forecast.progress import SILENT, Progress
from forecast.training.bundle_cases import cases_for
from forecast.training.seen import fitted_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Cases
    from forecast.evaluation.costs import SensitivityRow
    from forecast.models.bundle import ModelBundle
    from forecast.models.costs_solver import Proposal
    from forecast.settings import Settings


@dataclass(frozen=True)
class Proposed:
    """A proposal, the names of the bands, what other ratios would have done, and what must be known to read it."""

    proposal: Proposal
    bands: tuple[str, ...]
    rows: list[SensitivityRow]
    notes: list[str]


def propose_costs(
    bundle: ModelBundle,
    path: Path,
    out: Path,
    settings: Settings,
    *,
    target_ratio: float,
    target_shares: Sequence[float] | None = None,
    part: str | None = None,
    allow_refused: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Proposed:
    """Propose costs from the bundle's forecasts on the cases of ``path`` and write them, unsigned, as a costs file.

    ``target_ratio`` and ``target_shares``: see :func:`forecast.models.costs_solver.solve`.
    """
    refuse_existing(out, overwrite)
    description, scale = bundle.description, bundle.scale
    cases = cases_for(bundle, description, path, part=part, allow_refused=allow_refused, progress=progress)
    probability = bundle.forecaster.forecast(cases.features).probability
    outcome = cases.outcomes.to_numpy(dtype=np.int64).sum(axis=1)
    proposal = solve(probability, outcome, target_ratio=target_ratio, target_shares=target_shares)
    costs = Costs(proposal.matrix, reason=_reason(proposal))
    rows = sensitivity(
        probability,
        outcome,
        rule=costs,
        bands=scale.bands,
        persons=cases.keys[PERSON_ID].to_numpy(),
        replicates=settings.bootstrap_replicates,
    )
    about = [f"Proposed from the forecasts of model {bundle.model_id} on {len(cases):,} cases of {path.name}."]
    with whole_files(out) as [temporary]:
        temporary.write_text(costs_toml(costs, scale, about=about), encoding="utf-8")
    return Proposed(proposal, scale.bands, rows, _notes(bundle, path, cases))


def _reason(proposal: Proposal) -> str:
    """Say what the costs were made for; the person who signs puts their own reason in its place."""
    shares = proposal.target_shares
    wanted = "" if shares is None else f" and bands of {', '.join(f'{100 * share:g} %' for share in shares)}"
    return (
        f"proposed for {proposal.target_ratio:g} cautious errors to one dangerous error{wanted}; "
        f"on the cases that it was made from it gives {proposal.ratio:.2f}"
    )


def _notes(bundle: ModelBundle, path: Path, cases: Cases) -> list[str]:
    """Warn where the cases are those that the model was fitted on."""
    if not fitted_on(bundle.manifest, path, cases):
        return []
    return [
        "These are the cases that the model was fitted on: unless they are its test rows, it errs less on them than it "
        "will on others, and later cases will not show these errors and shares. Take later cases."
    ]
