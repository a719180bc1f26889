"""Word the problems of explanations: texts, corrections, the sheet."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {}
