"""Word the problems of scoring: records, one case, operations, a cluster."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {}
