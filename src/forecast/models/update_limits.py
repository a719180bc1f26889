"""Carry what a forecast says about its own limits over to an updated calibration.

* **Intervals.** Scores, and the errors of model and shape, move and stretch with the line: the model is the same, and
  its shape was measured where there were more cases. The calibration's error becomes that of the updated line. Where
  the intercept was moved, the error of the shift is added, as squares, to the old one, which still stands for the
  slope; the old error of the intercept is then counted too, so that this is on the wide side. A line that was fitted
  anew has the error of its own cases alone, from resamples of people.
* **Outcome sets** are fitted anew on the newer cases, which the model has not seen.
* **Marks for records outside the training data** stay: the model was fitted on the same people as before.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.calibration import sigmoid
from forecast.models.intervals import REPLICATES, Curve, Intervals
from forecast.models.outcome_sets import fit_outcome_sets
from forecast.models.refits import bootstrap_lines, person_numbers
from forecast.models.uncertainty import Uncertainty
from forecast.models.update import GRADES

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints
    from forecast.models.calibration import Calibration
    from forecast.models.update import LevelUpdate, Update


def updated_limits(
    known: Uncertainty,
    before: Calibration,
    update: Update,
    margins: Floats,
    happened: Bools,
    *,
    persons: Any,
    seed: int,
) -> Uncertainty:
    """Return the uncertainty of a model whose calibration was ``before`` and is now that of ``update``.

    ``margins`` and ``happened``, (n, K-1), and ``persons`` (n,) are those that the update was made on.
    """
    people, scores = person_numbers(persons), before.uncapped(margins)
    curves = tuple(
        _moved(curve, level, scores[:, k], happened[:, k], people, seed)
        for k, (curve, level) in enumerate(zip(known.intervals.curves, update.levels, strict=True))
    )
    probability = sigmoid(update.calibration.log_odds(margins))
    sets = fit_outcome_sets(probability, happened, share=known.sets.share)
    return dataclasses.replace(known, intervals=Intervals(curves), sets=sets)


def _moved(curve: Curve, level: LevelUpdate, score: Floats, happened: Bools, people: Ints, seed: int) -> Curve:
    """Return the curve over the updated score; ``score`` (n,) is that of before, on which the line was fitted."""
    if level.grade == GRADES[0]:
        return curve
    knots = np.array(curve.knots)
    if level.grade == GRADES[1]:
        line = np.hypot(curve.calibration, level.intercept_error)
    else:
        lines = bootstrap_lines(score, happened, people, replicates=REPLICATES, seed=seed)
        line = (lines[:, :1] + lines[:, 1:] * knots).std(axis=0, ddof=1)
    stretched = [level.slope * np.array(part) for part in (curve.models, curve.shape, curve.record)]
    parts = (level.slope * knots + level.intercept, stretched[0], line, *stretched[1:])
    return Curve(*(tuple(np.round(part, 6).tolist()) for part in parts))
