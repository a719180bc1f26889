"""Group facts for people: which theme a feature belongs to, what may be wrong with it, and the themes' sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.explanations.points import whole
from forecast.features.spec import FeatureSpec, Op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Floats
    from forecast.explanations.points import Points
    from forecast.tables.description import Feature

_SUBJECTS = {
    "amount": ("arrest", "any"),
    "violence": ("violent", "violence", "violence_serious", "violence_injury", "violence_noinjury", "robbery"),
    "serious": ("serious", "murder"),
    "sexual": ("sexual", "sex_register"),
    "weapons": ("weapon", "weapons", "firearm"),
    "property": (
        "property", "burglary_dwelling", "burglary_other", "theft", "vehicle", "fraud", "criminal_damage",
    ),
    "drugs": ("drug", "supply", "drugs_possession", "drugs_supply"),
    "public_order": ("public_order",),
    "breach": ("breach", "breach_justice", "custody_breach"),
    "other_offences": ("motoring", "other"),
    "sanctions": ("sanction", "sanction_violent", "sanction_bail", "sanction_summary", "sanction_indictable"),
    "custody": ("custody", "custody_bail", "custody_warrant", "custody_recall", "bail", "order_bail"),
    "orders": (
        "order", "prison", "suspended_sentence", "community_order", "sex_offender_register",
        "order_prison", "order_suspended_sentence", "order_community_order", "order_sex_offender_register",
    ),
    "intelligence": ("intelligence",),
    "address": ("postcode_outward", "mosaic_code"),
    "person": ("sex",),
}  # fmt: skip
_BY_SUBJECT = {subject: theme for theme, subjects in _SUBJECTS.items() for subject in subjects}
_BY_OP = {
    **dict.fromkeys((Op.FLAG, Op.PRESENT_COUNT, Op.PRESENT_HARM, Op.PRESENT_KINDS), "present"),
    **dict.fromkeys((Op.AGE, Op.FIRST_AGE), "person"),
    **dict.fromkeys((Op.KINDS, Op.TOP_SHARE, Op.SAME_KIND), "variety"),
    **dict.fromkeys((Op.MEAN_GAP, Op.LAST_GAP, Op.TEMPO, Op.ACCELERATION, Op.FREE), "pace"),
}
_DOUBTS = {"present": "present", "address": "address", "intelligence": "intelligence", "sanctions": "sanctions"}


def theme_of(feature: Feature, spec: FeatureSpec | None) -> str:
    """Return the key of a feature's theme, or the words that a table declares for it."""
    if feature.theme:
        return feature.theme
    if spec is None:
        return "person" if feature.always_shown else "none"
    if spec.op == Op.SINCE and spec.subject in ("arrest", "any", "custody"):
        return "pace"
    return _BY_OP.get(spec.op) or _BY_SUBJECT.get(spec.subject, "none")


def doubt_of(feature: Feature, spec: FeatureSpec | None) -> str:
    """Return the key of the sentence that says how the fact may be wrong."""
    if spec is None:
        return "age" if feature.is_age else "sex" if "(sex)" in feature.sensitive else "recorded"
    if spec.op == Op.PERSON:
        return "sex" if spec.subject == "sex" else "address"
    by_op = {Op.AGE: "age", Op.FIRST_AGE: "first", Op.RUNNING: "running"}
    return by_op.get(spec.op) or _DOUBTS.get(theme_of(feature, spec), "history")


def by_theme(points: Points, themes: Sequence[str], cap: str) -> list[tuple[tuple[str, float], ...]]:
    """Return (theme, points) of n cases, largest first, that with the start add up to the figure shown.

    ``themes``: the theme of each feature, in the order of ``points.values``; ``cap``: what the row of the cap is
    called. In tenths, by largest remainder; what comes to none is left out. Ties go by the order of the features.
    """
    sums = _sums(points.values, themes)
    names = [*sums, cap]
    parts = np.column_stack([*sums.values(), points.cap])
    return [_rows(names, parts[i], _tenths(points.shown[i]) - _tenths(points.start[i])) for i in range(len(parts))]


def _sums(values: Floats, themes: Sequence[str]) -> Mapping[str, Floats]:
    """Return each theme's sum, (n,), added up feature by feature, so that a case gets the same bits in any chunk."""
    sums: dict[str, Floats] = {}
    for j, theme in enumerate(themes):
        sums[theme] = sums[theme] + values[:, j] if theme in sums else values[:, j]
    return sums


def _rows(names: Sequence[str], parts: Floats, total: int) -> tuple[tuple[str, float], ...]:
    used = np.flatnonzero(parts)  # what takes no part, as a cap that does not bind, is given no rest
    if not len(used):
        return ()
    tenths = whole(10 * parts[used], total)
    order = np.argsort(-np.abs(tenths), kind="stable")
    return tuple((names[used[k]], int(tenths[k]) / 10) for k in order if tenths[k])


def _tenths(value: float) -> int:
    """Return people in 100 as tenths, rounded as they are shown."""
    return round(round(float(value), 1) * 10)
