"""Name the groups of offences and the patterns they follow; light, so that parameters can be read without numpy."""

GROUPS = (
    "violence_serious",
    "violence_injury",
    "violence_noinjury",
    "sexual",
    "robbery",
    "burglary_dwelling",
    "burglary_other",
    "theft",
    "vehicle",
    "fraud",
    "criminal_damage",
    "drugs_possession",
    "drugs_supply",
    "weapons",
    "public_order",
    "breach_justice",
    "motoring",
    "other",
)
"""The groups of the offence taxonomy, in its order."""
CLUSTERS = ("violence", "sexual", "acquisitive", "drugs", "disorder")
"""Kinds of offending in which a person can specialise."""
RHYTHMS = ("night", "day", "flat")
"""Patterns over the week and the year."""
