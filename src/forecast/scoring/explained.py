"""Hold one explained forecast, and make it from a case's features."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from forecast.cases import AS_OF, CASE_ID, PERSON_ID
from forecast.explanations.limits import outside_sentence, set_sentence
from forecast.explanations.own import own_lines
from forecast.explanations.reasons import Reasoner
from forecast.explanations.told import Told, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Cases, Forecasts, Reasons
    from forecast.explanations.texts import Texts
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
    person_id: str = ""
    as_of: datetime.datetime | None = None
    """The moment of the forecast, UTC; of a table the day that stands there; None where nothing is known of it."""
    model_id: str = ""
    frame: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    """The features of the case, one row."""
    recorded: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    """Texts of the file for features that a number misquotes, one row; None where there are none."""
    made: Forecasts | None = field(default=None, compare=False, repr=False)
    """The forecast in figures, of one case."""


def reasoner_of(bundle: ModelBundle, settings: Settings) -> Reasoner:
    """Return what chooses and phrases the reasons of a bundle's forecasts."""
    features = [bundle.description.feature(name) for name in bundle.forecaster.model.features]
    return Reasoner(features, settings)


def explain(bundle: ModelBundle, reasoner: Reasoner, case: Cases, note: str) -> Explained:
    """Return the explained forecast of the one case in ``case``; ``note`` says what training never saw of it."""
    frame, scale = case.features, bundle.scale
    made, contributions = bundle.forecaster.explained(frame)
    key, moment = case.keys.iloc[0], case.keys[AS_OF].iloc[0]
    reasons = [reasoner.reasons(frame, one, case.recorded)[0] for one in contributions]
    notes = reasoner.notes(item.feature for one in reasons for item in one.items)  # one note for all levels
    return Explained(
        key[CASE_ID],
        scale.bands[int(made.band[0])],
        {level: float(made.probability[0, k]) for k, level in enumerate(scale.reached)},
        {level: replace(one, notes=notes) for level, one in zip(scale.reached, reasons, strict=True)},
        note,
        own=own_lines(bundle.forecaster.model, frame, scale, int(made.band[0]), texts=reasoner.texts),
        person_id=key[PERSON_ID],
        as_of=None if moment != moment else moment.to_pydatetime().replace(tzinfo=datetime.UTC),
        model_id=bundle.model_id,
        frame=frame,
        recorded=case.recorded,
        made=made,
        **_limits(bundle, reasoner, frame, made),
    )


def told_levels(bundle: ModelBundle, explained: Explained) -> list[Told]:
    """Return what people read of each level, lowest first: reasons of age and sex are named whatever they come to."""
    always = {f.name for f in bundle.description.features if f.always_shown}
    return [told(explained.reasons[level], always) for level in bundle.scale.reached]


def newest(ids: Sequence[str], most: int, texts: Texts) -> str:
    """Return the newest ``most`` of ids that go from old to new, newest first, and how many earlier ones there are."""
    shown, more = ", ".join(reversed(ids[-most:])), len(ids) - most
    return texts.say("case.more_records", ids=shown, count=more) if more > 0 else shown


def _limits(bundle: ModelBundle, reasoner: Reasoner, frame: pd.DataFrame, made: Forecasts) -> dict[str, Any]:
    """Return what :class:`Explained` says about the forecast's limits, where the bundle knows them."""
    found, scale, texts = bundle.forecaster.uncertainty, bundle.scale, reasoner.texts
    if found is None or made.low is None or made.high is None or made.outcomes is None:
        return {}
    ends = zip(scale.reached, made.low[0].tolist(), made.high[0].tolist(), strict=True)
    strange = made.outside is None or bool(made.outside[0])
    return {
        "interval": {level: (low, high) for level, low, high in ends},
        "outcomes": set_sentence(made.outcomes[0], found.sets, scale, texts=texts),
        "outside": outside_sentence(found.support, frame, reasoner.features, texts=texts) if strange else "",
    }
