"""Say what a kind of problem is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of problem: ``sentence`` says what was found and where, ``next_step`` what to do."""

    sentence: str
    next_step: str
