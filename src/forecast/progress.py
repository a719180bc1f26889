"""Let long work report how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener: ``begin`` names a stretch of work and its size, ``advance`` says how much more is done."""

    def begin(self, label: str, total: int | None = None) -> None:
        """Start a stretch of ``total`` units (``None``: unknown); ends the one before."""

    def advance(self, units: int = 1) -> None:
        """Report ``units`` more as done."""


class Silent:
    """The listener for code and tests that show nothing."""

    def begin(self, label: str, total: int | None = None) -> None:
        """Ignore it."""

    def advance(self, units: int = 1) -> None:
        """Ignore it."""


SILENT = Silent()
