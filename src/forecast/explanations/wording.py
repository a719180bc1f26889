"""Put a recorded fact into words: what is on record, never what a person is like.

All English texts of this room stand here, so that a force can reword or translate them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.tables.description import Feature

RAISES, LOWERS, NEITHER = "raises the forecast", "lowers the forecast", "leaves the forecast as it is"
A_LOT, SOME, A_LITTLE = "a lot", "some", "a little"
START = "Starting point"
REMAINDER = "All other facts on record together"
CAP = "Kept at or below the forecast of any outcome"
MISSING = "{phrase}: {words}"
NOT_RECORDED = "not recorded"
NEVER = "never, as far as is on record"
UNDER_A_MONTH = "under a month"
IN_100 = "{count} in 100"
NOT_ON_RECORD = "Not on record: {phrase}"
NOT_SIGNED = "The band rests on costs of errors that nobody has signed for; no decision about a person may rest on it."
NOT_SEEN = "not seen in training: {phrase}"
SHARE, YEARS = "share", "years"
"""The units of features whose numbers people say otherwise than they stand in the data."""
A_MONTH = 1 / 12
"""In years."""
SENSITIVE_NOTE = "{phrase} is shown because it is part of the forecast; it is not a reason to act."
SENSITIVE_NOTES = "{phrases} are shown because they are part of the forecast; they are not reasons to act."
MORE_SENSITIVE = "{count} more facts of age or sex"
MOST_NAMED = 3
"""Sensitive facts that the note names; where there are more, it names one less and counts the others."""


def fact(feature: Feature, value: Any, recorded: str | None = None) -> str:
    """Return the fact behind a feature's value: "Prior offences on record: 3".

    ``recorded``: the text that stands in the file, where the number would misquote it: "Age at release: 48 or older".
    """
    phrase = sentence(feature.phrase)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING.format(phrase=phrase, words=feature.missing_words or NOT_RECORDED)
    if feature.never is not None and value == feature.never:
        return MISSING.format(phrase=phrase, words=NEVER)
    if feature.kind == "flag":
        return phrase if value else NOT_ON_RECORD.format(phrase=feature.phrase)
    if feature.kind == "ordered":
        return f"{phrase}: {_word(feature, feature.levels[int(value)])}"
    if feature.kind == "category":
        return f"{phrase}: {_word(feature, str(value))}"
    if recorded is not None:
        return f"{phrase}: {recorded} {feature.unit if recorded[-1:].isdigit() else ''}".rstrip()
    return f"{phrase}: {_number(feature, float(value))}"


def sensitive_note(phrases: Sequence[str]) -> str:
    """Return one note about all the facts of age and sex that a forecast is made of; an empty text for none."""
    if len(phrases) < 2:
        return SENSITIVE_NOTE.format(phrase=sentence(phrases[0])) if phrases else ""
    named = list(phrases)
    if len(named) > MOST_NAMED:
        named = [*named[: MOST_NAMED - 1], MORE_SENSITIVE.format(count=len(named) - MOST_NAMED + 1)]
    return SENSITIVE_NOTES.format(phrases=sentence(f"{', '.join(named[:-1])} and {named[-1]}"))


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
    """Return a number as people say it; what stands in the file is not changed by it.

    Ages are whole completed years, other years have one decimal, shares are "N in 100". A unit that the phrase
    says is not said again.
    """
    if feature.unit == SHARE:
        return IN_100.format(count=_share(value))
    if feature.unit == YEARS and not feature.is_age and 0 < value < A_MONTH:
        return UNDER_A_MONTH
    text = _rounded(math.floor(value) if feature.is_age else value, 1 if feature.unit == YEARS else 2)
    about = "about " if feature.kind == "band" else ""
    unit = "" if f" {feature.unit} " in f" {feature.phrase} " else feature.unit
    return f"{about}{text} {unit}".strip()


def _share(value: float) -> str:
    """Return a share as a count out of 100 that says none or all only where it is so."""
    count = round(100 * value)
    if (count == 0) != (value == 0):
        return "fewer than 1"
    return "more than 99" if count == 100 and value < 1 else f"{count}"


def _rounded(value: float, decimals: int) -> str:
    if value == round(value):
        return f"{value:.0f}"
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".")
