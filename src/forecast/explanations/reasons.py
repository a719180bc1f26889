"""Choose and phrase the reasons of a forecast, so that start, reasons and remainder add up to the figure shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import Reason, Reasons
from forecast.explanations import wording
from forecast.explanations.points import to_points, whole
from forecast.explanations.strength import strength, strengths_of
from forecast.explanations.texts import texts_of
from forecast.explanations.themes import by_theme
from forecast.models.design import by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from forecast.cases import Contributions, Floats
    from forecast.explanations.points import Points
    from forecast.explanations.strength import Strengths
    from forecast.explanations.texts import Texts
    from forecast.settings import Settings
    from forecast.tables.description import Feature


AGE_AND_SEX = 2
"""Facts that must be shown, in a model with one age and sex."""
TELLING = 0.5
"""People in 100 below which a fact may come out as none once figures are whole."""


@dataclass(frozen=True)
class Reasoner:
    """Turns contributions of one level into reasons, for features in catalogue order."""

    features: Sequence[Feature]
    settings: Settings

    def reasons(
        self, frame: pd.DataFrame, contributions: Contributions, recorded: pd.DataFrame | None = None
    ) -> list[Reasons]:
        """Return the reasons of n cases: at most ``reasons_shown`` facts, both directions where both exist.

        Points are rounded to 0.1 before they are ordered; ties go by catalogue order. Age and sex themselves (not an
        age at a first arrest) are always among those shown where they are features; only where a table declares more
        than two of them these may come on top. ``recorded``: texts of the file for features that a number misquotes.
        Themes hold the points of all features.
        """
        points = to_points(contributions)
        rounded = np.round(points.values, 1) + 0.0
        values = by_name(frame)
        columns = [values[f.name].tolist() for f in self.features]
        named = () if recorded is None else recorded.columns
        quoted = {j: recorded[f.name].tolist() for j, f in enumerate(self.features) if f.name in named}  # type: ignore[index]
        themes = by_theme(points, [theme for theme, _ in self._grouped], self.texts["reason.cap"])
        found = (self._one(columns, quoted, rounded[i], points, i) for i in range(len(frame)))
        return [replace(one, themes=themes[i]) for i, one in enumerate(found)]

    def _one(
        self, columns: list[list[object]], quoted: dict[int, list[str]], rounded: Floats, points: Points, i: int
    ) -> Reasons:
        items = []
        chosen = self.choose(rounded)
        for j in chosen:
            text = quoted[j][i] if j in quoted else None
            said = wording.fact(self.features[j], columns[j][i], text, texts=self.texts)
            items.append(self._reason(j, said, float(rounded[j])))
        cap = float(np.round(points.cap[i], 1))
        if cap:
            said, lowers = self.texts["reason.cap"], self.texts["reason.lowers"]
            items.append(Reason("", said, lowers, strength(cap, self._strengths), cap, theme=said))
        start, shown = round(float(points.start[i]), 1), round(float(points.shown[i]), 1)
        remainder = round(shown - start - sum(item.points for item in items), 1)
        notes = self.notes(self.features[j].name for j in chosen)
        return Reasons(start, tuple(items), remainder + 0.0, shown, notes, strengths=self._strengths)

    @cached_property
    def texts(self) -> Texts:
        """The texts of the installation that the settings name."""
        return texts_of(self.settings)

    @cached_property
    def _grouped(self) -> list[tuple[str, str]]:
        """The theme of each feature, and how the fact behind it may be wrong."""
        texts = self.texts
        return [(wording.theme(f, texts=texts), wording.can_be_wrong(f, texts=texts)) for f in self.features]

    @cached_property
    def _always(self) -> list[int]:
        return [j for j, f in enumerate(self.features) if wording.always_named(f)]

    @cached_property
    def _strengths(self) -> Strengths:
        return strengths_of(self.settings, self.texts)

    def notes(self, shown: Iterable[str]) -> tuple[str, ...]:
        """Return what must be noted where the features of these names are shown: of age and sex, of earlier arrests."""
        texts, names = self.texts, {*shown}
        told = [f for f in self.features if f.always_shown and f.name in names]
        note = wording.sensitive_note([wording.named(f, texts=texts) for f in told], texts=texts)
        earlier = texts["notes.earlier"] if self._counts_earlier else ""
        return tuple(text for text in (note, earlier) if text)

    @cached_property
    def _counts_earlier(self) -> bool:
        return any(map(wording.counts_earlier, self.features))

    def choose(self, rounded: Floats) -> list[int]:
        """Return positions of the features to show, largest first, of a case's points in tenths, (F,).

        Where much must be shown (a table that declares many ages), there is still room for others: what moves nothing
        to speak of takes none from them, and they get no less than half.
        """
        order = [int(j) for j in np.argsort(-np.abs(rounded), kind="stable") if rounded[j]]
        always = self._always
        most = self.settings.reasons_shown
        room = max(most - len(always), 0)
        if len(always) > AGE_AND_SEX:
            room = max(most - sum(1 for j in always if abs(rounded[j]) >= TELLING), most // 2)
        others = [j for j in order if j not in always]
        chosen = others[:room]
        signs = {np.sign(rounded[j]) for j in chosen}
        if len(signs) == 1 and len(others) > room >= 2:
            other_side = next((j for j in others[room:] if np.sign(rounded[j]) not in signs), None)
            chosen = chosen if other_side is None else [*chosen[:-1], other_side]
        return sorted({*chosen, *always}, key=lambda j: (-abs(rounded[j]), j))

    def _reason(self, j: int, fact: str, points: float) -> Reason:
        direction = self.texts[f"reason.{'raises' if points > 0 else 'lowers' if points < 0 else 'neither'}"]
        theme, doubt = self._grouped[j]
        moves = strength(points, self._strengths)
        return Reason(self.features[j].name, fact, direction, moves, points, theme=theme, can_be_wrong=doubt)


def whole_points(reasons: Reasons) -> tuple[int, list[int], int, int]:
    """Return (start, points of each reason, remainder, shown) as whole people in 100 that still add up.

    The start is rounded by itself, so that it is the same for everybody; what lies between it and the figure is spread
    over reasons and remainder by largest remainder. The remainder comes first among ties: a fact keeps its sign.
    """
    start, shown = round(reasons.start), round(reasons.shown)
    rest, *points = whole(np.array([reasons.remainder, *(item.points for item in reasons.items)]), shown - start)
    return start, [int(each) for each in points], int(rest), shown


def whole_themes(reasons: Reasons) -> list[tuple[str, int]]:
    """Return the themes' points as whole people in 100 that lead from the start to the figure, as they are ordered."""
    if not reasons.themes:
        return []
    total = round(reasons.shown) - round(reasons.start)
    points = whole(np.array([size for _, size in reasons.themes]), total)
    return [(theme, int(size)) for (theme, _), size in zip(reasons.themes, points, strict=True)]


def importance(contributions: Contributions) -> list[tuple[str, float]]:
    """Return each feature's mean absolute contribution in log-odds, largest first, ties in catalogue order."""
    mean = np.abs(contributions.values).mean(axis=0) if len(contributions.values) else np.zeros(0)
    order = np.argsort(-mean, kind="stable")
    return [(contributions.features[j], float(mean[j])) for j in order]
