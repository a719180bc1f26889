"""Say what a forecast was made from: rows of the record that stood at its moment, or a row of a table."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from forecast.records.schema import PERSONS, TABLES, TIME

if TYPE_CHECKING:
    from collections.abc import Collection

    from forecast.explanations.texts import Texts
    from forecast.records.records import Records
    from forecast.scoring.one import Explained

COUNTED = ("custody_events", "offences", "orders", "intelligence")


@dataclass(frozen=True, slots=True)
class Used:
    """What a forecast was made from.

    ``until``: its moment as people write it, an empty text where none is known. ``counts``: (table, number of records)
    of what stood on record then. ``source``: the name of the table, where it was one.
    """

    until: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    source: str = ""


def used_table(explained: Explained, source: str) -> Used:
    """Return what a forecast of a row of a table was made from."""
    return Used("" if explained.as_of is None else day_text(explained.as_of), source=source)


def used_records(explained: Explained, records: Records, reads: Collection[str]) -> Used:
    """Return how many records of the person stood at the moment of the forecast, of each table that the model reads.

    ``reads``: what its features read, as table.column (`RecordScorer.reads`). The custody event at hand and its
    offences are among them; a record with several versions is one.
    """
    if explained.as_of is None:
        return Used()
    read = {name.partition(".")[0] for name in reads}
    counts = tuple((name, _standing(records, name, explained)) for name in COUNTED if name in read)
    return Used(moment_text(explained.as_of), counts)


def _standing(records: Records, name: str, explained: Explained) -> int:
    """Count the ids of a table with a version that stood at the moment, that recorded at the moment included."""
    import pyarrow as pa

    table, moment = getattr(records, name), pa.scalar(explained.as_of, TIME)
    key = next(t.key for t in TABLES if t.name == name)
    stood = pc.and_(
        pc.less_equal(table["recorded_at"], moment),
        pc.fill_null(pc.greater_equal(table["superseded_at"], moment), True),
    )
    mine = pc.equal(table[PERSONS.key], explained.person_id)
    return len(pc.unique(table.filter(pc.and_(stood, mine))[key]))


def day_text(day: datetime.date) -> str:
    """Return "4 May 2012"."""
    return f"{day.day} {day:%B %Y}"


def moment_text(moment: datetime.datetime) -> str:
    """Return "4 May 2012, 13:22 (UTC)"."""
    return f"{day_text(moment)}, {moment:%H:%M} (UTC)"


def value_text(value: object, texts: Texts) -> str:
    """Return a value of a record as people write it: moments in UTC, codes of closed lists without underscores."""
    if value is None or value == "":
        return texts["correction.empty"]
    if isinstance(value, datetime.datetime):
        return moment_text(value.astimezone(datetime.UTC))
    return day_text(value) if isinstance(value, datetime.date) else str(value).replace("_", " ")
