"""Find what turns an experiment's probabilities into bands: its costs file, or else its cut-offs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecast.models.bands import CutOffs
from forecast.models.costs import Costs, read_costs
from forecast.problems import Problem

if TYPE_CHECKING:
    from forecast.cases import OutcomeScale
    from forecast.training.experiment import Experiment


def costs_of(experiment: Experiment, scale: OutcomeScale, near: Path | None) -> CutOffs | Costs:
    """Return the costs of an experiment's costs file, or its cut-offs where it names none; both are checked.

    ``near``: the folder of the experiment file, from which the path of the costs file counts; without it the working
    folder. Raises what :func:`forecast.models.costs.read_costs` does, and ``toml-wrong-type`` or ``setting-range``
    for cut-offs that are not one a level or not between 0 and 1.
    """
    if experiment.costs:
        # An absolute path stays what it is when laid after a folder.
        return read_costs((near or Path()) / experiment.costs, scale)
    if len(experiment.cutoffs) != len(scale.reached):
        raise Problem(
            "toml-wrong-type",
            path=experiment.name,
            key="cutoffs",
            expected=f"one number for each of the levels {', '.join(scale.reached)}",
            found=list(experiment.cutoffs),
        )
    if not all(0 < cutoff < 1 for cutoff in experiment.cutoffs):
        found = list(experiment.cutoffs)
        raise Problem("setting-range", path=experiment.name, key="cutoffs", found=found, low="above 0", high="below 1")
    return CutOffs(experiment.cutoffs, experiment.cutoffs_signed_by, experiment.cutoffs_reason)
