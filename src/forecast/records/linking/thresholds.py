"""How likely pairs of nominals must be for what is done with them."""

from __future__ import annotations

THRESHOLD, REVIEW, KEPT = 0.95, 0.5, 0.1
"""From which probability nominals are joined, from which a pair is put up for review, from which it is remembered."""
