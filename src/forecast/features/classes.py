"""Name the classes that facts fall into: those of the offence taxonomy, and our own for custody, reports and orders."""

from __future__ import annotations

from forecast.records.schema import FORECAST_REASONS

ANY = "any"
"""The taxonomy's class of every offence."""
CUSTODY = "custody"
ARREST = "arrest"
INTELLIGENCE = "intelligence"
PRISON_END = "prison_end"


def custody_classes(reason: str) -> tuple[str, ...]:
    """Return the classes of a custody event; an *arrest* is for an offence or a breach, not a return on bail."""
    arrest = (ARREST,) if reason in FORECAST_REASONS else ()
    return (CUSTODY, f"custody_{reason}", *arrest)


def order_start_classes(kind: str) -> tuple[str, ...]:
    """Return the classes of the beginning of an order."""
    return ("order", f"order_{kind}")


def order_end_classes(kind: str) -> tuple[str, ...]:
    """Return the classes of the end of an order; only that of imprisonment is of interest."""
    return (PRISON_END,) if kind == "prison" else ()
