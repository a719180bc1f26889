"""Say how strongly a fact moves a forecast: the word that goes with a number of people in 100."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints
    from forecast.explanations.texts import Texts
    from forecast.settings import Settings

Strengths = tuple[tuple[float, str], ...]
"""Least points and the word that goes with them, strongest first."""


def strengths_of(settings: Settings, texts: Texts) -> Strengths:
    """Return the words of strength and from how many points each is used."""
    return (
        (settings.points_a_lot, texts["reason.a_lot"]),
        (settings.points_some, texts["reason.some"]),
        (0.0, texts["reason.a_little"]),
    )


def places(points: Floats, strengths: Sequence[tuple[float, str]]) -> Ints:
    """Return for each number of points, (n,), the place of its word among the strengths."""
    least = np.array([each for each, _ in strengths])
    found: Ints = np.argmax(np.abs(points)[:, None] >= least, axis=1)
    return found


def strength(points: float, strengths: Sequence[tuple[float, str]]) -> str:
    """Return the word for the number as it is shown: of tenths where tenths are, of whole people where those are."""
    return strengths[int(places(np.array([points]), strengths)[0])][1]
