"""Name the patterns that groups of offences follow; the groups are those of the taxonomy."""

from forecast.records.rules import GROUPS

__all__ = ["CLUSTERS", "GROUPS", "RHYTHMS"]

CLUSTERS = ("violence", "sexual", "acquisitive", "drugs", "disorder")
"""Kinds of offending in which a person can specialise."""
RHYTHMS = ("night", "day", "flat")
"""Patterns over the week and the year."""
