"""Gather the cases of a model that repeats the overlap of the published years: it is no evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF
from forecast.problems import Problem
from forecast.training.parts import OVERLAPPING

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.training.experiment import Experiment
    from forecast.training.splits import Fold


def overlapping_cases(cases: Cases, fold: Fold, months: int) -> Cases:
    """Return the cases between the first training day of a fold and its test, with outcomes from after that too.

    ``months``: until an outcome is settled. A test of what is fitted on them is no evidence, as outcomes of the test
    period are known to it. Cases without a complete outcome at the end of the data are left out.
    """
    if fold.period is None:
        raise ValueError("a fold in time is needed to tell what lies before its test")
    as_of = cases.keys[AS_OF]
    before = (as_of >= pd.Timestamp(fold.period.since)) & (as_of < pd.Timestamp(fold.period.origin))
    return cases.take(np.flatnonzero(before.to_numpy(dtype=bool) & cases.complete(months)))


def check_overlapping(experiment: Experiment) -> None:
    """Raise a problem where a model that is no evidence would go into a bundle, or where nothing could overlap."""
    for name in experiment.models:
        if not name.endswith(OVERLAPPING):
            continue
        if name == experiment.model:
            raise Problem("overlapping-chosen", path=experiment.name, model=name)
        if experiment.split != "time":
            raise Problem("overlapping-time", path=experiment.name, model=name, split=experiment.split)
