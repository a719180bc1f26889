"""Say the facts behind features of the catalogue as sentences: "3 arrests in the last 12 months".

What is computed (:class:`~forecast.features.spec.Op`) chooses the phrase, the value its branch, the class of facts the
nouns. A feature of a table counts as one of the catalogue if name and phrase are the catalogue's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from forecast.explanations import numbers
from forecast.features.catalogue import whole_set
from forecast.features.spec import WINDOW_YEARS, FeatureSpec, Kind, Op

if TYPE_CHECKING:
    from forecast.explanations.texts import Texts
    from forecast.tables.description import Feature

EVERYTHING = "extended+hart+sanctions"
_COUNTED = (Op.COUNT, Op.RUNNING, Op.PRESENT_COUNT, Op.KINDS, Op.PRESENT_KINDS, Op.TEMPO, Op.SAME_KIND)
_WEIGHED = (Op.HARM, Op.PRESENT_HARM)
_SHARES = (Op.SHARE, Op.TOP_SHARE)
_TIMES = (Op.SINCE, Op.MEAN_GAP, Op.LAST_GAP, Op.FREE)
_AGES = (Op.AGE, Op.FIRST_AGE)
OF_EARLIER = (Op.COUNT, Op.HARM, Op.KINDS, Op.SAME_KIND, Op.SHARE, Op.TOP_SHARE, Op.TEMPO, Op.ACCELERATION)
"""What speaks of earlier arrests and offences and does not always say so."""


_KINDS = {Kind.FLAG: "flag", Kind.CATEGORY: "category"}
"""How tables read the kinds of the catalogue; all others are numbers."""


@functools.cache
def catalogued() -> Mapping[str, FeatureSpec]:
    """Return every feature of the catalogue by name, contested ones too."""
    return {f.name: f for f in whole_set(EVERYTHING).features}


def spec_of(feature: Feature) -> FeatureSpec | None:
    """Return the feature of the catalogue that a table's feature is; None if it only bears the name or is another.

    It is another, too, if the table gives it sentences of its own.
    """
    found = catalogued().get(feature.name)
    if found is None or found.phrase != feature.phrase or _KINDS.get(found.kind, "number") != feature.kind:
        return None
    return None if feature.none_words or feature.one_words or feature.many_words else found


def template(spec: FeatureSpec, branch: str, texts: Texts) -> str | None:
    """Return a branch of a feature's phrase: the feature's own, else that of its subject, else that of its operation.

    None where the phrase has no such branch.
    """
    op = f"phrases.{spec.op.name.lower()}"
    keys = (f"features.{spec.name}.{branch}", f"{op}_{spec.subject}.{branch}", f"{op}.{branch}")
    return next((texts.by_key[key] for key in keys if key in texts.by_key), None)


def named(spec: FeatureSpec, texts: Texts) -> str:
    """Return what people call a feature: "age at the first earlier arrest"."""
    return _filled(spec, "name", texts) or spec.phrase


def said(spec: FeatureSpec, value: Any, texts: Texts) -> str | None:
    """Return the fact behind a value, as a sentence without its capital; None for a value that was not recorded."""
    if _is_missing(value):
        return _filled(spec, "missing", texts) or (_filled(spec, "never", texts) if math.isnan(spec.never) else None)
    if value == spec.never:
        return _filled(spec, "never", texts)
    if spec.op == Op.PERSON:
        words = texts.get(f"sex.{value}", str(value)) if spec.subject == "sex" else str(value)
        return _filled(spec, "some", texts, value=words)
    branch, facts = _branch(spec, float(value), texts)
    return _filled(spec, branch, texts, **facts)


def _branch(spec: FeatureSpec, value: float, texts: Texts) -> tuple[str, dict[str, str]]:
    """Return which branch of the phrase a number takes, and what it fills in."""
    if spec.op in _COUNTED:
        count = numbers.rounded(value, 1 if value >= 1 else 2, texts)
        return _how_many(value, count), {"count": count}
    if spec.op in _WEIGHED:
        weight = str(max(round(value), 1))
        return _how_many(value, weight), {"count": weight}
    if spec.op in _SHARES:
        branch = "none" if value == 0 else "all" if value == 1 else "some"
        return branch, {"share": numbers.share(value, texts)}
    if spec.op in _TIMES:  # 0 free years are the kernel's word for a term that runs
        branch = "none" if spec.op == Op.FREE and value == 0 else "some"
        return branch, {"time": numbers.span(value, texts)}
    if spec.op in _AGES:
        return "some", {"age": str(math.floor(value))}
    if spec.op == Op.FLAG:
        return "yes" if value else "no", {}
    change = numbers.rounded(abs(value), 2, texts)
    ones = "one_" if change == "1" else ""
    return "same" if value == 0 else f"{ones}{'more' if value > 0 else 'fewer'}", {"count": change}


def _how_many(value: float, shown: str) -> str:
    return "none" if value == 0 else "one" if shown == "1" else "many"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _filled(spec: FeatureSpec, branch: str, texts: Texts, **facts: str) -> str | None:
    made = _prepared(spec, branch, texts)
    return made and made(**facts)


@functools.cache
def _prepared(spec: FeatureSpec, branch: str, texts: Texts) -> Callable[..., str] | None:
    """Return a branch of a feature's phrase with its nouns filled in, to be filled with the value."""
    text = template(spec, branch, texts)
    if text is None:
        return None
    windows = [f"windows.y{years}" for years in WINDOW_YEARS] + ["windows.ever"]
    nouns = {part: texts.get(f"nouns.{spec.subject}.{part}") for part in ("no", "one", "many", "held", "were")}
    others = {"other": texts.get(f"nouns.{spec.other}.one"), "others": texts.get(f"nouns.{spec.other}.many")}
    return functools.partial(text.format, **nouns, **others, window=texts[windows[spec.window]])
