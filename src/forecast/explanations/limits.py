"""Put the limits of a forecast into words: its interval, its set of outcomes, a record unlike those of training."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from forecast.explanations.wording import ENGLISH, always_named, fact, is_since
from forecast.models.support import ABSENT, LESS, MORE, TOGETHER, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Bools, OutcomeScale
    from forecast.explanations.texts import Texts
    from forecast.models.outcome_sets import OutcomeSets
    from forecast.models.support import Support
    from forecast.tables.description import Feature

_BEYOND = {MORE: "more", LESS: "less", UNSEEN: "unseen", ABSENT: "absent"}


def interval_text(shown: int, low: float, high: float, *, texts: Texts = ENGLISH) -> str:
    """Return "41 in 100 (38 to 45)" of a whole number and two probabilities; it never leaves the figure outside."""
    ends = min(round(100 * low), shown), max(round(100 * high), shown)
    return texts.say("limits.interval", shown=shown, low=ends[0], high=ends[1])


def set_names(held: Bools, levels: Sequence[str]) -> str:
    """Return the outcomes of a set as names: "none, any"."""
    return ", ".join(level for level, inside in zip(levels, held, strict=True) if inside)


def set_sentence(held: Bools, sets: OutcomeSets, scale: OutcomeScale, *, texts: Texts = ENGLISH) -> str:
    """Return a sentence with the outcomes of one case; an empty text where the sets say too little to be shown."""
    if not sets.telling:
        return ""
    words = [texts.say("limits.no_outcome", words=scale.words[0]), *scale.words]
    for k in range(1, len(words) - 1):
        words[k] = texts.say("limits.but_not", words=words[k], higher=words[k + 1])
    told = [w for w, inside in zip(words, held, strict=True) if inside]
    joined = functools.reduce(lambda first, last: texts.say("limits.or", first=first, last=last), told) if told else ""
    return texts.say("limits.set", share=round(100 * sets.share), outcomes=joined)


def outside_sentence(
    support: Support, frame: pd.DataFrame, features: Sequence[Feature], *, texts: Texts = ENGLISH
) -> str:
    """Return why the one case of ``frame`` lies outside the training data; an empty text where it does not."""
    by_name = {feature.name: feature for feature in features}
    told = [
        texts["limits.in_combination"] if way == TOGETHER else _beyond(by_name[name], way, frame[name].iloc[0], texts)
        for name, way in support.why(frame)[0]
    ]
    return texts.say("limits.outside", why="; ".join(told)) if told else ""


def _beyond(feature: Feature, way: str, value: object, texts: Texts) -> str:
    key = _BEYOND[way]
    if way in (MORE, LESS) and feature.is_age and always_named(feature):
        key = "older" if way == MORE else "younger"
    elif way in (MORE, LESS) and is_since(feature):
        key = "longer_ago" if way == MORE else "more_recent"
    said = fact(feature, None if value != value else value, texts=texts)  # NaN is missing
    return texts.say(f"limits.{key}", fact=said)
