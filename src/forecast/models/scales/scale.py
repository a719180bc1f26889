"""Run a published scale as a model: its own log-odds or points for every level, recalibrated like any model's.

A scale speaks of one outcome only, mostly of proven reoffending. Here it serves as a *rank baseline*: the same margin
stands for every level, and the calibration on the training fold turns it into probabilities of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.files import to_json
from forecast.models.calibration import sigmoid
from forecast.models.scales import burgess, ogrs3, ovp, predictors, psa
from forecast.models.scales.constants import BURGESS, OGRS3, OVP, PREDICTORS, PSA, SCALES, constants, digest
from forecast.models.scales.history import OFFENCE, OFFENCES, Term, chosen_offence, history, total
from forecast.problems import Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats
    from forecast.tables.description import Feature

_TERMS: dict[str, Callable[[pd.DataFrame], list[Term]]] = {
    OGRS3: lambda frame: ogrs3.terms(history(frame)),
    OVP: lambda frame: ovp.terms(history(frame)),
    PSA: psa.terms,
    BURGESS: burgess.terms,
}
_READS: dict[str, tuple[str, ...]] = {
    OGRS3: (*ogrs3.READS, *OFFENCES),
    "arp": (*predictors.READS, *OFFENCES),
    "vrp": (*predictors.READS, *predictors.READS_VIOLENCE, *OFFENCES),
    "svrp": (*predictors.READS, *predictors.READS_VIOLENCE, *OFFENCES),
    OVP: ovp.READS,
    PSA: psa.READS,
    BURGESS: burgess.READS,
}
_FILE = "scale.json"


@dataclass(frozen=True)
class Scale:
    """A published scale over ``levels`` levels reached (K-1), reading ``features`` of the `sanctions` set."""

    name: str
    features: tuple[str, ...]
    levels: int
    kind: str = "scale"

    @property
    def title(self) -> str:
        """What people call the scale."""
        return str(constants(self.name)["title"])

    def _terms(self, frame: pd.DataFrame) -> list[Term]:
        if self.name in PREDICTORS:
            return predictors.terms(self.name, history(frame))
        return _TERMS[self.name](frame)

    @property
    def _base(self) -> float:
        """The constant of the scale's log-odds over two years; of points, 0."""
        c = constants(self.name)
        return float(c.get("constant", c.get("year_2", 0.0)))

    def score(self, frame: pd.DataFrame) -> Floats:
        """Return the scale's own log-odds over two years, or its points, (n,)."""
        return total(self._base, self._terms(frame))

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return the score for every level reached, (n, K-1)."""
        return np.repeat(self.score(frame)[:, None], self.levels, axis=1)

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)), the same for every level: each term is given to the one feature that owns it."""
        values = np.zeros((len(frame), len(self.features)))
        place = {name: i for i, name in enumerate(self.features)}
        for term in self._terms(frame):
            if term.owner == OFFENCE:
                columns = np.array([place[name] for name in OFFENCES])[chosen_offence(frame)]
                values[np.arange(len(frame)), columns] += term.values
            else:
                values[:, place[term.owner]] += term.values
        return self._base, values

    def terms(self, frame: pd.DataFrame) -> dict[str, Floats]:
        """Return the scale term by term, in its own order, with `constant` first: they add up to the score."""
        return {"constant": np.full(len(frame), self._base)} | {t.name: t.values for t in self._terms(frame)}

    def probability(self, frame: pd.DataFrame, *, years: int = 2) -> Floats:
        """Return the scale's own probability, uncalibrated, within ``years``; raise ``scale-no-probability``."""
        c = constants(self.name)
        if self.name in PREDICTORS and years == 2:
            return sigmoid(self.score(frame))
        if f"year_{years}" not in c:
            raise Problem("scale-no-probability", scale=self.title, years=years)
        return sigmoid(total(c[f"year_{years}"], self._terms(frame)))

    def band(self, frame: pd.DataFrame) -> list[str]:
        """Return the scale's own band of each case: in words, of the PSA its 1 to 6, of the checklist its points."""
        c = constants(self.name)
        if "bands" not in c:
            found = psa.new_arrest(frame) if self.name == PSA else self.score(frame).astype(np.int64)
            return [str(number) for number in found.tolist()]
        percent = np.round(100 * self.probability(frame), c["decimals"])
        return [c["bands"][i] for i in np.searchsorted(np.array(c["bands_from"]), percent, side="right").tolist()]

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return nothing: no feature of a scale is an open list."""
        return {}

    def save(self, folder: Path) -> None:
        """Write `scale.json`: the name of the scale, and a hash of its constants."""
        content = {"scale": self.name, "features": list(self.features), "levels": self.levels}
        content["constants"] = digest(self.name)
        (folder / _FILE).write_text(to_json(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Scale:
        """Read what :meth:`save` wrote; raise ``scale-changed`` if the constants are others now."""
        content = json.loads((folder / _FILE).read_text("utf-8"))
        name = content["scale"]
        if name not in SCALES:
            raise Problem("scale-unknown", name=name, hint=nearest(name, SCALES))
        if content["constants"] != digest(name):
            raise Problem("scale-changed", scale=name, path=folder)
        return cls(name, tuple(content["features"]), content["levels"])


def scale_model(name: str, features: Sequence[Feature], levels: int) -> Scale:
    """Return a scale for ``levels`` levels reached, over those of ``features`` that it reads, in their order.

    Raise ``scale-unknown`` for a name that is none of :data:`SCALES`, ``scale-lacks-features`` for a table that does
    not hold what the scale reads.
    """
    if name not in SCALES:
        raise Problem("scale-unknown", name=name, hint=nearest(name, SCALES))
    given = [f.name for f in features]
    lacking = [column for column in _READS[name] if column not in given]
    if lacking:
        shown = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        raise Problem("scale-lacks-features", scale=constants(name)["title"], columns=shown)
    return Scale(name, tuple(column for column in given if column in _READS[name]), levels)
