"""Say what every model here can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from forecast.cases import Bools, Floats


class Model(Protocol):
    """A fitted model of an outcome scale with K levels: K-1 sums of contributions in log-odds ("margins")."""

    @property
    def kind(self) -> str:
        """The name under which a bundle finds the class."""

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return uncalibrated log-odds of reaching each level, (n, K-1)."""

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) for one level; ``base + row sum`` is the margin."""

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""

    def save(self, folder: Path) -> None:
        """Write the model's files into ``folder``."""


@runtime_checkable
class ExplainsAtOnce(Protocol):
    """A model that saves work where margins and contributions of all levels are wanted of the same cases."""

    def explained(self, frame: pd.DataFrame) -> tuple[Floats, list[tuple[float, Floats]]]:
        """Return what ``margins`` gives, and for each level what ``contributions`` gives, to the bit."""
