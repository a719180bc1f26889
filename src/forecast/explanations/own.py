"""Say what some models say of themselves beside the calibrated figure: a forest votes, a published scale terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.explanations.wording import ENGLISH
from forecast.models.forest import Forest, plurality
from forecast.models.scales.scale import Scale

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Ints, OutcomeScale
    from forecast.explanations.texts import Texts
    from forecast.models.base import Model

NOT_PROBABILITIES, OTHER_BAND = ENGLISH["own.not_probabilities"], ENGLISH["own.other_band"]


def own_lines(
    model: Model, frame: pd.DataFrame, scale: OutcomeScale, band: int | None = None, *, texts: Texts = ENGLISH
) -> tuple[str, ...]:
    """Return what a model says of one case in its own terms; nothing for models that have none.

    ``band``: the number of the band shown, to say why a forest's votes may say another.
    """
    if isinstance(model, Forest):
        votes = model.votes(frame)
        other = band is not None and int(plurality(votes)[0]) != band
        told = (_votes(votes, scale, texts), texts["own.not_probabilities"])
        return (*told, *([texts["own.other_band"]] if other else []))
    if isinstance(model, Scale):
        return (_terms(model, frame, texts), texts["own.not_fitted_here"])
    return ()


def _votes(votes: Ints, scale: OutcomeScale, texts: Texts) -> str:
    counted = ", ".join(f"{count} {band}" for count, band in zip(votes[0][::-1], scale.bands[::-1], strict=True))
    return texts.say("own.votes", trees=votes[0].sum(), counted=counted, band=scale.bands[int(plurality(votes)[0])])


def _terms(model: Scale, frame: pd.DataFrame, texts: Texts) -> str:
    terms = {name: float(values[0]) for name, values in model.terms(frame).items()}
    told = "; ".join(f"{name} {value:+.3f}" for name, value in terms.items() if value)
    total, band = f"{float(model.score(frame)[0]):.3f}", model.band(frame)[0]
    return texts.say("own.terms", title=model.title, told=told, total=total, band=band)
