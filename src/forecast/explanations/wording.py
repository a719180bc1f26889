"""Put a recorded fact into words: what is on record, never what a person is like.

All texts stand in `texts.toml`; a force's own ones come as ``texts``.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

from forecast.explanations import numbers, phrases
from forecast.explanations.texts import Texts, load_texts
from forecast.explanations.themes import doubt_of, theme_of
from forecast.features.spec import Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.features.spec import FeatureSpec
    from forecast.tables.description import Feature

ENGLISH = load_texts()
SHARE, YEARS = "share", "years"
"""The units of features whose numbers people say otherwise than they stand in the data."""
MOST_NAMED = 3
"""Sensitive facts that the note names; where there are more, it names one less and counts the others."""


def fact(feature: Feature, value: Any, recorded: str | None = None, *, texts: Texts = ENGLISH) -> str:
    """Return the fact behind a feature's value: "3 arrests in the last 12 months".

    ``recorded``: the text that stands in the file, where the number would misquote it: "Age at release: 48 or older".
    """
    spec = _spec(feature)
    said = None if spec is None else phrases.said(spec, value, texts)
    return sentence(_table_fact(feature, value, recorded, texts) if said is None else said)


def theme(feature: Feature, *, texts: Texts = ENGLISH) -> str:
    """Return the group of facts that a feature belongs to, for people: "criminal history: violence"."""
    key = theme_of(feature, _spec(feature))
    return texts.get(f"themes.{key}", key)


def theme_key(feature: Feature) -> str:
    """Return the key of the group of facts that a feature belongs to, or the words that a table declares for it."""
    return theme_of(feature, _spec(feature))


def can_be_wrong(feature: Feature, *, texts: Texts = ENGLISH) -> str:
    """Return how the fact behind a feature may be wrong, as a sentence."""
    return texts[f"wrong.{doubt_of(feature, _spec(feature))}"]


def named(feature: Feature, *, texts: Texts = ENGLISH) -> str:
    """Return what people call a feature, inside a sentence: "age at the first earlier arrest"."""
    spec = _spec(feature)
    return feature.phrase if spec is None else phrases.named(spec, texts)


def sensitive_note(phrases: Sequence[str], *, texts: Texts = ENGLISH) -> str:
    """Return one note about all the facts of age and sex that a forecast is made of; an empty text for none."""
    if len(phrases) < 2:
        return texts.say("notes.sensitive_one", phrase=sentence(phrases[0])) if phrases else ""
    told = list(phrases)
    if len(told) > MOST_NAMED:
        told = [*told[: MOST_NAMED - 1], texts.say("notes.more_sensitive", count=len(told) - MOST_NAMED + 1)]
    joined = texts.say("notes.joined", first=", ".join(told[:-1]), last=told[-1])
    return texts.say("notes.sensitive", phrases=sentence(joined))


def counts_earlier(feature: Feature) -> bool:
    """Say whether a feature counts or sums earlier arrests or offences, so that the note about them is due."""
    spec = _spec(feature)
    return spec is not None and spec.op in phrases.OF_EARLIER


def is_since(feature: Feature) -> bool:
    """Say whether a feature is the time since something on record, said as how long ago that was."""
    spec = _spec(feature)
    return spec is not None and spec.op == Op.SINCE


def always_named(feature: Feature) -> bool:
    """Say whether every explanation names a feature: age and sex themselves, not an age at a first arrest."""
    spec = _spec(feature)
    return feature.always_shown and (spec is None or spec.op != Op.FIRST_AGE)


def percent(count: int, *, texts: Texts = ENGLISH) -> str:
    """Return a count out of 100 as a number of per cent that never claims nobody or everybody."""
    return {0: texts["case.under_1"], 100: texts["case.over_99"]}.get(count, str(count))


def about(count: int, *, texts: Texts = ENGLISH) -> str:
    """Return a count out of 100 as text that never claims nobody or everybody."""
    return numbers.about(count, texts)


def sentence(phrase: str) -> str:
    """Return a phrase with a capital, as the beginning of a sentence."""
    return phrase[:1].upper() + phrase[1:]


@functools.cache
def _spec(feature: Feature) -> FeatureSpec | None:
    return phrases.spec_of(feature)


def _table_fact(feature: Feature, value: Any, recorded: str | None, texts: Texts) -> str:
    """Return the fact behind a value of a table's own feature, by the description's phrase and words."""
    phrase = named(feature, texts=texts)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        words = feature.missing_words or texts["table.not_recorded"]
        return texts.say("table.missing", phrase=phrase, words=words)
    if feature.never is not None and value == feature.never:
        return texts.say("table.missing", phrase=phrase, words=texts["table.never"])
    exact = {0: feature.none_words, 1: feature.one_words}.get(value, "")
    if exact and recorded in (None, f"{value:.0f}"):  # "1 or more" is not 1
        return exact
    if feature.kind == "flag":
        return phrase if value else texts.say("table.said", phrase=phrase, value=texts["table.no"])
    told = _told(feature, value, recorded, texts)
    if feature.many_words:
        return feature.many_words.replace("{value}", told)
    return texts.say("table.said", phrase=phrase, value=told)


def _told(feature: Feature, value: Any, recorded: str | None, texts: Texts) -> str:
    """Return a value as text: a level's word, the text that stands in the file, or a number with its unit."""
    if feature.kind in ("ordered", "category"):
        level = feature.levels[int(value)] if feature.kind == "ordered" else str(value)
        return feature.words[feature.levels.index(level)] if feature.words and level in feature.levels else level
    if recorded is not None:
        unit = _unit(feature) if recorded[-1:].isdigit() else ""
        return f"{recorded} {unit}".rstrip()
    return _number(feature, float(value), texts)


def _number(feature: Feature, value: float, texts: Texts) -> str:
    """Return a number as people say it; what stands in the file is not changed by it.

    Ages are whole completed years, other times are months below a year, shares are "N in 100". A unit that the
    phrase says is not said again.
    """
    if feature.unit == SHARE:
        return numbers.share(value, texts)
    if value > 0 and feature.unit == YEARS == _unit(feature) and not feature.is_age and feature.kind != "band":
        return numbers.span(value, texts)
    if feature.is_age:
        value = math.floor(value)
    said = numbers.rounded(value, 1 if feature.unit == YEARS else 2, texts)
    if feature.kind == "band":
        said = texts.say("numbers.about_number", count=said)
    return f"{said} {_unit(feature)}".strip()


def _unit(feature: Feature) -> str:
    """Return the unit, unless the phrase or the sentence says it, as in "age {value} at release"."""
    if feature.is_age and feature.many_words:
        return ""
    return "" if f" {feature.unit} " in f" {feature.phrase} " else feature.unit
