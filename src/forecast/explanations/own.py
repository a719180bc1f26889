"""Say what some models say of themselves beside the calibrated figure: a forest votes, a published scale terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.models.forest import Forest, plurality
from forecast.models.scales.scale import Scale

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Ints, OutcomeScale
    from forecast.models.base import Model

NOT_PROBABILITIES = "Votes are counted, a tree one vote; they are not probabilities."
OTHER_BAND = (
    "Band and most votes differ: the votes carry the costs of errors that the forest was grown with, the band comes "
    "from the calibrated probability and the costs that go with this model."
)
NOT_FITTED_HERE = (
    "The scale was made for other people and another outcome; only the figure above is calibrated to these records."
)


def own_lines(model: Model, frame: pd.DataFrame, scale: OutcomeScale, band: int | None = None) -> tuple[str, ...]:
    """Return what a model says of one case in its own terms; nothing for models that have none.

    ``band``: the number of the band shown, to say why a forest's votes may say another.
    """
    if isinstance(model, Forest):
        votes = model.votes(frame)
        other = band is not None and int(plurality(votes)[0]) != band
        return (_votes(votes, scale), NOT_PROBABILITIES, *([OTHER_BAND] if other else []))
    if isinstance(model, Scale):
        return (*_terms(model, frame), NOT_FITTED_HERE)
    return ()


def _votes(votes: Ints, scale: OutcomeScale) -> str:
    counted = ", ".join(f"{count} {band}" for count, band in zip(votes[0][::-1], scale.bands[::-1], strict=True))
    return f"Votes of {votes[0].sum()} trees: {counted}. Most votes: {scale.bands[int(plurality(votes)[0])]}."


def _terms(model: Scale, frame: pd.DataFrame) -> tuple[str, ...]:
    terms = {name: float(values[0]) for name, values in model.terms(frame).items()}
    total = float(model.score(frame)[0])
    told = "; ".join(f"{name} {value:+.3f}" for name, value in terms.items() if value)
    return (f"{model.title}, term by term: {told}. Sum: {total:.3f}. Its own band: {model.band(frame)[0]}.",)
