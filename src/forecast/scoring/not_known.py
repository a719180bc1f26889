"""Say what of a person's life a model reads nothing about, from the words by which its features are described."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecast.explanations import wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast.tables.description import Feature

TOPICS = {
    "health": "health|mental|medic|illness|disab|drug ?tests?|substance|addict|alcohol|treatment|diagnos",
    "home": "home(?!s)|hous|resid|address|postcode|zip|puma|moved? |neighbour|tenan|rent|lodg|geography|commercial",
    "work": "work|employ|unemploy|job|occupation|income|wage|benefit|profession",
    "family": "famil|depend[ae]nt|child|marital|marri|spouse|partner|parent|sibling|kin",
}
"""By topic, beginnings of words that speak of it. Of offences (burglary of a home) see :data:`CRIME`."""
CRIME = (
    "amount", "violence", "serious", "sexual", "weapons", "property", "drugs", "public_order", "breach", "variety",
    "pace", "other_offences", "sanctions", "juvenile", "custody", "orders", "present",
)  # fmt: skip
"""Themes of what police and courts put on record: they speak of none of the topics, whatever their words."""


def topics_unknown(features: Iterable[Feature]) -> tuple[str, ...]:
    """Return the topics that none of a model's features speaks of, by name, column, words or what makes it sensitive.

    In doubt a topic is held to be known: then the sheet does not say that it is not.
    """
    said = " | ".join(_words(f) for f in features if wording.theme_key(f) not in CRIME)
    return tuple(topic for topic, words in TOPICS.items() if not re.search(rf"\b(?:{words})", said))


def _words(feature: Feature) -> str:
    """Return all by which a feature is called, in lower case, words apart: `Residence_Changes` has two."""
    texts = (feature.name, feature.source, wording.named(feature), feature.sensitive, feature.caution)
    apart = (re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)) for text in texts)
    return " | ".join(apart).lower()
