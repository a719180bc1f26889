"""Put a recorded fact into words: what is on record, never what a person is like.

All English texts of this room stand here, so that a force can reword or translate them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.tables.description import Feature

RAISES, LOWERS, NEITHER = "raises the forecast", "lowers the forecast", "leaves the forecast as it is"
A_LOT, SOME, A_LITTLE = "a lot", "some", "a little"
START = "Starting point"
REMAINDER = "All other facts on record together"
CAP = "Kept at or below the forecast of any outcome"
NOT_RECORDED = "{phrase}: not recorded"
NOT_ON_RECORD = "Not on record: {phrase}"
NOT_SEEN = "not seen in training: {phrase}"
SENSITIVE_NOTE = "{phrase} is shown because it is part of the forecast; it is not a reason to act."


def fact(feature: Feature, value: Any, recorded: str | None = None) -> str:
    """Return the fact behind a feature's value: "Prior offences on record: 3".

    ``recorded``: the text that stands in the file, where the number would misquote it: "Age at release: 48 or older".
    """
    phrase = sentence(feature.phrase)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOT_RECORDED.format(phrase=phrase)
    if feature.kind == "flag":
        return phrase if value else NOT_ON_RECORD.format(phrase=feature.phrase)
    if feature.kind == "ordered":
        return f"{phrase}: {_word(feature, feature.levels[int(value)])}"
    if feature.kind == "category":
        return f"{phrase}: {_word(feature, str(value))}"
    if recorded is not None:
        return f"{phrase}: {recorded} {feature.unit if recorded[-1:].isdigit() else ''}".rstrip()
    return f"{phrase}: {_number(feature, float(value))}"


def about(count: int) -> str:
    """Return a count out of 100 as text that never claims nobody or everybody."""
    return {0: "fewer than 1", 100: "more than 99"}.get(count, f"about {count}")


def sentence(phrase: str) -> str:
    """Return a phrase with a capital, as the beginning of a sentence."""
    return phrase[:1].upper() + phrase[1:]


def _word(feature: Feature, level: str) -> str:
    if feature.words and level in feature.levels:
        return feature.words[feature.levels.index(level)]
    return level


def _number(feature: Feature, value: float) -> str:
    text = f"{value:.0f}" if value == round(value) else f"{value:.2f}".rstrip("0").rstrip(".")
    about = "about " if feature.kind == "band" else ""
    return f"{about}{text} {feature.unit}".strip()
