"""Choose and phrase the reasons of a forecast, so that start, reasons and remainder add up to the figure shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import Reason, Reasons
from forecast.explanations import wording
from forecast.explanations.points import to_points, whole
from forecast.explanations.texts import texts_of
from forecast.explanations.themes import by_theme
from forecast.models.design import by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Contributions, Floats
    from forecast.explanations.points import Points
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

        Points are rounded to 0.1 before they are ordered; ties go by catalogue order. Age and sex are always among
        those shown where they are features; where they are more than two facts, these may come on top. ``recorded``:
        texts of the file for features that a number misquotes. Themes hold the points of all features.
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
        for j in self._choose(rounded):
            text = quoted[j][i] if j in quoted else None
            said = wording.fact(self.features[j], columns[j][i], text, texts=self.texts)
            items.append(self._reason(j, said, float(rounded[j])))
        cap = float(np.round(points.cap[i], 1))
        if cap:
            said, lowers = self.texts["reason.cap"], self.texts["reason.lowers"]
            items.append(Reason("", said, lowers, self._strength(cap), cap, theme=said))
        start, shown = round(float(points.start[i]), 1), round(float(points.shown[i]), 1)
        remainder = round(shown - start - sum(item.points for item in items), 1)
        return Reasons(start, tuple(items), remainder + 0.0, shown, self._notes)

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
        return [j for j, f in enumerate(self.features) if f.always_shown]

    @cached_property
    def _notes(self) -> tuple[str, ...]:
        texts = self.texts
        note = wording.sensitive_note([wording.named(self.features[j], texts=texts) for j in self._always], texts=texts)
        earlier = texts["notes.earlier"] if any(map(wording.counts_earlier, self.features)) else ""
        return tuple(text for text in (note, earlier) if text)

    def _choose(self, rounded: Floats) -> list[int]:
        """Return positions of the features to show, largest first.

        Where much must be shown (a model with many ages), there is still room for others: what moves nothing to speak
        of takes none from them, and they get no less than half.
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
        strength = self._strength(points)
        return Reason(self.features[j].name, fact, direction, strength, points, theme=theme, can_be_wrong=doubt)

    def _strength(self, points: float) -> str:
        size = abs(points)
        if size >= self.settings.points_a_lot:
            return self.texts["reason.a_lot"]
        return self.texts[f"reason.{'some' if size >= self.settings.points_some else 'a_little'}"]


def whole_points(reasons: Reasons) -> tuple[int, list[int], int, int]:
    """Return (start, points of each reason, remainder, shown) as whole people in 100 that still add up."""
    parts = np.array([reasons.start, *(item.points for item in reasons.items), reasons.remainder])
    shown = round(reasons.shown)
    rounded = [int(part) for part in whole(parts, shown)]
    return rounded[0], rounded[1:-1], rounded[-1], shown


def importance(contributions: Contributions) -> list[tuple[str, float]]:
    """Return each feature's mean absolute contribution in log-odds, largest first, ties in catalogue order."""
    mean = np.abs(contributions.values).mean(axis=0) if len(contributions.values) else np.zeros(0)
    order = np.argsort(-mean, kind="stable")
    return [(contributions.features[j], float(mean[j])) for j in order]
