"""Blend fitted models by a weighted mean of their margins, which is again a sum of contributions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.files import to_json
from forecast.models.boosting import Boosting
from forecast.models.logistic import Logistic

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats


@dataclass(frozen=True)
class Blend:
    """A boosted model and a logistic one; ``weight`` is the logistic model's share of the margin."""

    boosting: Boosting
    logistic: Logistic
    weight: float
    kind: str = "blend"

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""
        return self.boosting.features

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return uncalibrated log-odds, (n, K-1)."""
        return self._mixed(self.boosting.margins(frame), self.logistic.margins(frame))

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) for one level: the weighted mean of both models' contributions."""
        return self._mixed_pair(self.boosting.contributions(frame, level), self.logistic.contributions(frame, level))

    def explained(self, frame: pd.DataFrame) -> tuple[Floats, list[tuple[float, Floats]]]:
        """Return the margins and the contributions of each level."""
        margins, trees = self.boosting.explained(frame)
        pairs = [self._mixed_pair(made, self.logistic.contributions(frame, k)) for k, made in enumerate(trees)]
        return self._mixed(margins, self.logistic.margins(frame)), pairs

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""
        return self.boosting.unknown(frame)

    def _mixed_pair(self, trees: tuple[float, Floats], line: tuple[float, Floats]) -> tuple[float, Floats]:
        return float(self._mixed(np.array(trees[0]), np.array(line[0]))), self._mixed(trees[1], line[1])

    def _mixed(self, trees: Floats, line: Floats) -> Floats:
        mixed: Floats = (1 - self.weight) * trees + self.weight * line
        return mixed

    def save(self, folder: Path) -> None:
        """Write both models in folders of their own, and the weight."""
        for name, part in (("boosting", self.boosting), ("logistic", self.logistic)):
            (folder / name).mkdir()
            part.save(folder / name)
        (folder / "blend.json").write_text(to_json({"logistic_weight": self.weight}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Blend:
        """Read what :meth:`save` wrote."""
        weight = json.loads((folder / "blend.json").read_text("utf-8"))["logistic_weight"]
        return cls(Boosting.load(folder / "boosting", threads), Logistic.load(folder / "logistic"), weight)
