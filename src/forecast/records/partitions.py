"""Load accepted records: all at once, or some people at a time so that memory stays flat.

Only the canonical form is read, as `forecast data check` writes it: one Parquet file a table, in the canonical schema,
sorted by person.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from forecast.problems import Problem
from forecast.records.pieces import UnsortedError, iter_pieces
from forecast.records.records import Records
from forecast.records.schema import TABLES

EVENTS_EACH = 1_000_000


def load_records(folder: Path) -> Records:
    """Return the accepted records of a folder, all in memory; raise ``records-not-canonical`` for any other form."""
    parts = list(iter_people(folder))
    return Records(**{t.name: pa.concat_tables([getattr(part, t.name) for part in parts]) for t in TABLES})


def iter_people(folder: Path, *, events_each: int = EVENTS_EACH) -> Iterator[Records]:
    """Yield the accepted records in pieces of whole people, in the order of their ids.

    A piece holds about ``events_each`` custody events (at least one person, so more where one person has more) and all
    rows of its people in every table; people without an event fall to the piece in whose range their ids lie. Raise
    ``records-not-canonical`` for records of any other form or order.
    """
    try:
        yield from iter_pieces(folder, events_each=events_each)
    except UnsortedError as error:
        detail = "its rows are not in the order of people"
        raise Problem("records-not-canonical", path=error.args[0], detail=detail) from error
