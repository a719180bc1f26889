"""Explain one case of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.cases import CASE_ID
from forecast.explanations.limits import outside_sentence, set_sentence
from forecast.explanations.own import own_lines
from forecast.explanations.reasons import Reasoner
from forecast.problems import Problem
from forecast.scoring.batch import refuse_unknown
from forecast.tables.origin import check_catalogue
from forecast.tables.reader import open_table

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Cases, Forecasts, Reasons
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings


@dataclass(frozen=True, slots=True)
class Explained:
    """One case: its probability and reasons for each level reached, and its band.

    ``interval``: ends for each level, none where the bundle has none. ``outcomes`` and ``outside``: sentences about the
    conformal set and about a record unlike those of training; empty texts where there is nothing to say.
    """

    case_id: str
    band: str
    probability: dict[str, float]
    reasons: dict[str, Reasons]
    note: str = ""
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    outcomes: str = ""
    outside: str = ""
    own: tuple[str, ...] = ()
    """What the model says of the case in its own terms: a forest's votes, a scale's terms."""


def explain_case(bundle: ModelBundle, path: Path, case_id: str, settings: Settings) -> Explained:
    """Return the explained forecast of the case with that id.

    Raises ``case-unknown``, or the problem for which the row would be refused.
    """
    reader = open_table(bundle.description, path, learning=False)
    check_catalogue(bundle.manifest.get("data", {}), path, bundle.forecaster.model.features)
    for read in reader.chunks(settings.chunk_rows):
        chunk, notes = refuse_unknown(bundle, read)
        refused = chunk.refused[chunk.refused["case_id"] == case_id]
        found = np.flatnonzero(chunk.cases.keys[CASE_ID].to_numpy() == case_id)
        if len(found):
            return _explained(bundle, chunk.cases.take(found[:1]), case_id, notes[found[0]], settings)
        if len(refused):
            first = refused.iloc[0]
            raise Problem(
                "case-refused", id=case_id, row=first["row"], row_code=first["code"], sentence=first["sentence"]
            )
    raise Problem("case-unknown", path=path, key=bundle.description.keys.case, id=case_id)


def _explained(bundle: ModelBundle, case: Cases, case_id: str, note: str, settings: Settings) -> Explained:
    frame = case.features
    made = bundle.forecaster.forecast(frame)
    features = [bundle.description.feature(name) for name in bundle.forecaster.model.features]
    reasoner = Reasoner(features, settings)
    levels = bundle.scale.reached
    return Explained(
        case_id,
        bundle.scale.bands[int(made.band[0])],
        {level: float(made.probability[0, k]) for k, level in enumerate(levels)},
        {
            level: reasoner.reasons(frame, bundle.forecaster.contributions(frame, k), case.recorded)[0]
            for k, level in enumerate(levels)
        },
        note,
        own=own_lines(bundle.forecaster.model, frame, bundle.scale, int(made.band[0])),
        **_limits(bundle, frame, made),
    )


def _limits(bundle: ModelBundle, frame: pd.DataFrame, made: Forecasts) -> dict[str, Any]:
    """Return what :class:`Explained` says about the forecast's limits, where the bundle knows them."""
    found, scale = bundle.forecaster.uncertainty, bundle.scale
    if found is None or made.low is None or made.high is None or made.outcomes is None:
        return {}
    ends = zip(scale.reached, made.low[0].tolist(), made.high[0].tolist(), strict=True)
    features = [bundle.description.feature(each.name) for each in found.support.seen]
    return {
        "interval": {level: (low, high) for level, low, high in ends},
        "outcomes": set_sentence(made.outcomes[0], found.sets, scale),
        "outside": outside_sentence(found.support, frame, features),
    }
