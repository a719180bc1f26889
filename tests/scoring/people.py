"""A person of the small force with a record to correct, for tests of corrections and of the sheet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.records.people import load_person
from forecast.records.records import Records


def person_with_history(folder: Path, least: int = 4) -> tuple[Records, str]:
    """Return the records of the first adult with at least so many custody events, and the latest one for an offence."""
    persons = pq.read_table(folder / "persons.parquet")
    adults = persons.filter(pc.less(persons["born_on"], pa.scalar("1985-01-01").cast(pa.date32())))["person_id"]
    events = pq.read_table(folder / "custody_events.parquet")
    events = events.filter(pc.and_(pc.is_in(events["person_id"], adults), pc.is_null(events["superseded_at"])))
    counts = events.group_by("person_id").aggregate([("custody_id", "count")]).sort_by("person_id")
    person = counts.filter(pc.greater_equal(counts["custody_id_count"], least))["person_id"][0].as_py()
    records = load_person(folder, person)
    mine = events.filter(pc.and_(pc.equal(events["person_id"], person), pc.equal(events["reason"], "offence")))
    return records, mine.sort_by("recorded_at")["custody_id"][-1].as_py()
