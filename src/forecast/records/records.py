"""Hold the records of a force, or of some of its people, as Arrow tables of the canonical schema."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from forecast.records.schema import INTELLIGENCE, ORDERS


@dataclass(frozen=True)
class Records:
    """Tables as :mod:`forecast.records.schema` defines them; a force that has no reports or orders leaves them empty.

    Nothing is said about the order of rows; :func:`forecast.records.arrange.arrange` puts them in order.
    """

    persons: pa.Table
    custody_events: pa.Table
    offences: pa.Table
    intelligence: pa.Table = field(default_factory=INTELLIGENCE.arrow.empty_table)
    orders: pa.Table = field(default_factory=ORDERS.arrow.empty_table)
