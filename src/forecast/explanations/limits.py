"""Put the limits of a forecast into words: its interval, its set of outcomes, a record unlike those of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.explanations.wording import fact, sentence
from forecast.models.support import ABSENT, LESS, MORE, TOGETHER, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Bools, OutcomeScale
    from forecast.models.outcome_sets import OutcomeSets
    from forecast.models.support import Support
    from forecast.tables.description import Feature

INTERVAL = "{shown} in 100 ({low} to {high})"
ABOUT_THE_GROUP = (
    "In brackets: where the share lies among people with a forecast like this, 95 times of 100, if nothing has changed "
    "since. It is about the group, not about this person."
)
OUTSIDE = "This record lies outside what the forecast was built on: {why}. Take the figure with more doubt than others."
BEYOND = {
    MORE: "{fact}, well above anybody's in training",
    LESS: "{fact}, well below anybody's in training",
    UNSEEN: "{fact}, which nobody in training had",
    ABSENT: "{fact}, which was recorded for everybody in training",
}
OLDER, YOUNGER = "older than anybody in training ({fact})", "younger than anybody in training ({fact})"
IN_COMBINATION = "its facts hardly came together in training"
SET = (
    "What may come, so that whichever outcome comes is in such a list {share} times of 100: {outcomes}. The list is "
    "about outcomes, not about bands."
)
NO_OUTCOME, BUT_NOT = "not {words}", "{words}, but not {higher}"


def interval_text(shown: int, low: float, high: float) -> str:
    """Return "41 in 100 (38 to 45)" of a whole number and two probabilities; it never leaves the figure outside."""
    ends = min(round(100 * low), shown), max(round(100 * high), shown)
    return INTERVAL.format(shown=shown, low=ends[0], high=ends[1])


def set_names(held: Bools, levels: Sequence[str]) -> str:
    """Return the outcomes of a set as names: "none, any"."""
    return ", ".join(level for level, inside in zip(levels, held, strict=True) if inside)


def set_sentence(held: Bools, sets: OutcomeSets, scale: OutcomeScale) -> str:
    """Return a sentence with the outcomes of one case; an empty text where the sets say too little to be shown."""
    if not sets.telling:
        return ""
    words = [NO_OUTCOME.format(words=scale.words[0]), *scale.words]
    for k in range(1, len(words) - 1):
        words[k] = BUT_NOT.format(words=words[k], higher=words[k + 1])
    return SET.format(
        share=round(100 * sets.share), outcomes="; or ".join(w for w, i in zip(words, held, strict=True) if i)
    )


def outside_sentence(support: Support, frame: pd.DataFrame, features: Sequence[Feature]) -> str:
    """Return why the one case of ``frame`` lies outside the training data; an empty text where it does not."""
    by_name = {feature.name: feature for feature in features}
    texts = [
        IN_COMBINATION if way == TOGETHER else _beyond(by_name[name], way, frame[name].iloc[0])
        for name, way in support.why(frame)[0]
    ]
    return OUTSIDE.format(why="; ".join(texts)) if texts else ""


def _beyond(feature: Feature, way: str, value: object) -> str:
    text = BEYOND[way]
    if feature.is_age and way in (MORE, LESS):
        text = OLDER if way == MORE else YOUNGER
    said = fact(feature, None if value != value else value)  # NaN is missing
    return text.format(fact=said if text.startswith("{fact}") else sentence(said))
