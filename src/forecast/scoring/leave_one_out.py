"""Find the records that a band hangs on: leave each one behind the reasons out, and forecast again."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.explanations.distance import Otherwise, Trial
from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS, TABLES, Table
from forecast.scoring.explained import told_levels
from forecast.scoring.one import score_one
from forecast.scoring.record_corrections import without
from forecast.scoring.record_names import find_record, rows_of

if TYPE_CHECKING:
    from forecast.scoring.explained import Explained
    from forecast.scoring.one import Ready

MOST_TRIED = 300
"""Records that are left out one at a time, the newest first."""
HAPPENED = {
    "custody_events": "arrested_at",
    "offences": "committed_at",
    "intelligence": "observed_at",
    "orders": "starts_at",
}


def which_records_matter(model: Ready, records: Records, custody_id: str, *, limit: int = MOST_TRIED) -> Trial:
    """Return the records behind the reasons without any one of which the band would be another, newest first.

    At most ``limit`` records are tried, the newest. The custody event at hand is none of them, nor is anything of the
    person, nor what stands behind sensitive facts alone (ages at first records, intelligence). All are tried in one go:
    each in a copy of the person that lacks it.
    """
    now = score_one(records, model, custody_id=custody_id)
    behind = [each for each in _behind(model, records, now) if each[1:3] != (CUSTODY_EVENTS, custody_id)][:limit]
    if not behind:
        return Trial((), 0, True)
    copies = [_copy(without(_of(records, now.person_id), table, key), i) for i, (_, table, key, _) in enumerate(behind)]
    arranged = arrange(Records(**{t.name: pa.concat_tables([getattr(c, t.name) for c in copies]) for t in TABLES}))
    every = moments(arranged)
    events = arranged.records.custody_events[CUSTODY_EVENTS.key].take(pa.array(every.event_row))
    wanted = pa.array([_named(i, custody_id) for i in range(len(behind))])
    asked = every.take(np.flatnonzero(pc.is_in(events, value_set=wanted).to_numpy(zero_copy_only=False)))
    found = model.scorer.readied(arranged, asked)
    able = [i for i, why in enumerate(found.why) if why is None]  # moments come in the order of the copies
    made = model.bundle.forecaster.forecast(found.frame)
    bands = [model.bundle.scale.bands[band] for band in made.band.tolist()]
    changes = [
        Otherwise(
            "", "", "", band, tuple(made.probability[row].tolist()), record=behind[i][0], day=_day_of(behind[i][3])
        )
        for row, (i, band) in enumerate(zip(able, bands, strict=True))
        if band != now.band
    ]
    return Trial(tuple(changes), len(behind), True)


def _of(records: Records, person_id: str) -> Records:
    """Return the records of one person."""
    tables = {t.name: getattr(records, t.name) for t in TABLES}
    return Records(**{n: rows.filter(pc.equal(rows[PERSONS.key], person_id)) for n, rows in tables.items()})


def _copy(records: Records, i: int) -> Records:
    """Return the records of a person as those of another one, the ``i``-th copy: all ids are its own."""
    made = {}
    for table in TABLES:
        rows: pa.Table = getattr(records, table.name)
        for name in {PERSONS.key, table.key, *({CUSTODY_EVENTS.key} if table is OFFENCES else ())}:
            ids = pc.binary_join_element_wise(_named(i, ""), rows[name], "")
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), ids)
        made[table.name] = rows
    return Records(**made)


def _named(i: int, name: str) -> str:
    return f"{i:06d}|{name}"


def _day_of(happened: datetime.datetime) -> str:
    return f"{happened:%Y-%m-%d}"


def _behind(model: Ready, records: Records, explained: Explained) -> list[tuple[str, Table, str, datetime.datetime]]:
    """Return name, table, id and time of the records behind the facts that people see of any level, newest first.

    Sensitive facts are passed over: what a first record says of age, and what intelligence says, is never tried.
    """
    sensitive = {f.name for f in model.bundle.description.features if f.sensitive}
    items = [item for level in told_levels(model.bundle, explained) for item, _ in level.rows]
    names = dict.fromkeys(one for item in items if item.feature not in sensitive for one in item.records)
    found = []
    for name in names:
        table, key = find_record(records, name)
        rows = rows_of(records, table, key)
        found.append((name, table, key, rows[HAPPENED[table.name]][0].as_py()))
    return sorted(found, key=lambda each: (each[3], each[2], each[1].name), reverse=True)
