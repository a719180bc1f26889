"""Tamper with copied records: cut them at the moment, plant facts that nobody could have known, ignore recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.features.copies import LATEST, TABLES, Copies, Tamper, set_null, set_times, times
from forecast.records.instants import DAY_US, YEAR_US
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS, TIME

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints
    from forecast.records.schema import Table

HOUR_US = DAY_US // 24
LATE_CODES = ("00100", "8N")
"""Codes of planted offences: murder, and actual bodily harm; both are in the taxonomy."""


def cut(copies: Copies) -> Copies:
    """Return the copies as they were on record at each moment: later rows gone, later values empty.

    An offence can be on record before its custody event is; of that event nothing stays but its ids.
    """
    whole = copies
    for schema in TABLES:
        copies = _known(copies, schema)
    return _no_later_life(_with_shells(copies, whole))


def _known(copies: Copies, schema: Table) -> Copies:
    """Keep the rows of a table that were on record, without the values that became known later."""
    recorded, at = times(copies.table(schema), "recorded_at", LATEST), copies.at(schema)
    copies = copies.kept(schema, (recorded < at) | (copies.own(schema) & (recorded <= at)))
    table, at = copies.table(schema), copies.at(schema)
    for column in schema.columns:
        if column.known:
            table = set_null(table, column.name, times(copies.table(schema), column.known, LATEST) >= at)
    until = times(table, "superseded_at", LATEST)
    # what is withdrawn at the very instant stands for others; of the presenting event it does not count any more
    table = set_null(table, "superseded_at", (until > at) | ((until == at) & ~copies.own(schema)))
    return copies.changed(schema, table, copies.case[schema.name])


def _with_shells(copies: Copies, whole: Copies) -> Copies:
    """Add empty shells of the custody events that offences on record belong to and that were not on record yet."""
    wanted = copies.table(OFFENCES)["custody_id"].combine_chunks().unique()
    here = copies.table(CUSTODY_EVENTS)["custody_id"].combine_chunks()
    lacking = wanted.filter(pc.invert(pc.is_in(wanted, value_set=here)))
    rows = pc.index_in(lacking, value_set=whole.table(CUSTODY_EVENTS)["custody_id"].combine_chunks()).to_numpy()
    shells = whole.table(CUSTODY_EVENTS).take(pa.array(rows))
    shells = set_times(shells, "arrested_at", times(shells, "recorded_at", LATEST))
    for column in CUSTODY_EVENTS.columns:
        if not column.required:
            shells = set_null(shells, column.name, np.ones(len(shells), dtype=bool))
    return copies.added(CUSTODY_EVENTS, shells, whole.case[CUSTODY_EVENTS.name][rows])


def _no_later_life(copies: Copies) -> Copies:
    """Empty what is known of a person's later life."""
    table = copies.table(PERSONS)
    for column in ("died_on", "moved_on"):
        table = set_null(table, column, np.ones(len(table), dtype=bool))
    return copies.changed(PERSONS, table, copies.case[PERSONS.name])


def plant_same_instant(copies: Copies) -> Copies:
    """Double every earlier fact, recorded at the very instant of the forecast."""
    return _planted(copies, lambda schema: copies.at(schema), "same-instant")


def plant_back_dated(copies: Copies) -> Copies:
    """Double every earlier fact with its old date, recorded a day after the forecast."""
    return _planted(copies, lambda schema: copies.at(schema) + DAY_US, "back-dated")


def plant_edits(copies: Copies) -> Copies:
    """Replace every row on record by a version that says something else, recorded an hour after the forecast."""
    for schema in TABLES:
        chosen, later = _on_record(copies, schema), copies.at(schema) + HOUR_US
        table, case = copies.table(schema), copies.case[schema.name]
        rows = set_times(_EDITS[schema.name](table.filter(pa.array(chosen))), "recorded_at", later[chosen])
        stamped = set_times(table, "superseded_at", later, chosen)
        copies = copies.changed(schema, stamped, case).added(schema, rows, case[chosen])
    return copies


def plant_withdrawals(copies: Copies) -> Copies:
    """Withdraw every row on record an hour after the forecast, with nothing in its place."""
    for schema in TABLES:
        chosen, later = _on_record(copies, schema), copies.at(schema) + HOUR_US
        table = set_times(copies.table(schema), "superseded_at", later, chosen)
        copies = copies.changed(schema, table, copies.case[schema.name])
    return copies


def plant_late_presenting(copies: Copies) -> Copies:
    """Add offences to the presenting event itself, committed before it and recorded an hour after the forecast."""
    cases = np.arange(len(copies.as_of), dtype=np.int64)
    people = copies.table(PERSONS)["person_id"].take(pc.index_in(pa.array(cases), pa.array(copies.case[PERSONS.name])))
    for code in LATE_CODES:
        given = {
            "offence_id": pc.binary_join_element_wise(pa.array(copies.custody, pa.string()), f"late {code}", "+"),
            "custody_id": pa.array(copies.custody, pa.string()),
            "person_id": people,
            "code": pa.array([code] * len(cases), pa.string()),
            "committed_at": _instants(copies.as_of - DAY_US),
            "recorded_at": _instants(copies.as_of + HOUR_US),
        }
        empty = {c.name: pa.nulls(len(cases), c.type) for c in OFFENCES.columns}
        copies = copies.added(OFFENCES, pa.table({**empty, **given}), cases)
    return copies


def _on_record(copies: Copies, schema: Table) -> Bools:
    """Say which rows the forecast saw, that still stood an hour later, and whose change moves no forecast.

    The presenting event is left alone: its withdrawal would leave no moment to compare. Its offences are not.
    """
    table, at, own = copies.table(schema), copies.at(schema), copies.own(schema)
    recorded, until = times(table, "recorded_at", LATEST), times(table, "superseded_at", LATEST)
    seen = (recorded < at) & ~own if schema is CUSTODY_EVENTS else (recorded < at) | (own & (recorded <= at))
    chosen: Bools = seen & (until > at + HOUR_US)
    return chosen


def _edited_event(rows: pa.Table) -> pa.Table:
    """Turn arrests into something else and everything else into an arrest, a year earlier."""
    return _year_back(_swapped(rows, "reason", "offence", "bail"), "arrested_at")


def _edited_offence(rows: pa.Table) -> pa.Table:
    """Make it a murder, or something lesser of what was one, a year earlier, and proven as soon as committed."""
    rows = _year_back(_swapped(rows, "code", *LATE_CODES), "committed_at")
    return set_times(rows, "proven_at", times(rows, "committed_at", 0))


def _edited_report(rows: pa.Table) -> pa.Table:
    """Make it older by a year."""
    return _year_back(rows, "observed_at")


def _edited_order(rows: pa.Table) -> pa.Table:
    """Turn bail into prison and everything else into bail, begun a year earlier and without an end."""
    rows = _year_back(_swapped(rows, "kind", "bail", "prison"), "starts_at")
    return set_null(rows, "ends_at", np.ones(len(rows), dtype=bool))


def _swapped(rows: pa.Table, column: str, usual: str, other: str) -> pa.Table:
    """Write ``usual`` into a column, and ``other`` where that stood already: so every row changes."""
    place = rows.column_names.index(column)
    value = pc.if_else(pc.equal(rows[column], usual), other, usual)
    return rows.set_column(place, rows.schema.field(column), value)


def _year_back(rows: pa.Table, column: str) -> pa.Table:
    return set_times(rows, column, times(rows, column, 0) - YEAR_US)


def _instants(at: Ints) -> pa.Array:
    return pa.array(at).cast(TIME)


_EDITS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "custody_events": _edited_event,
    "offences": _edited_offence,
    "intelligence": _edited_report,
    "orders": _edited_order,
}


def _planted(copies: Copies, recorded: Callable[[Table], Ints], tag: str) -> Copies:
    made = copies
    for schema in TABLES:
        table, own = copies.table(schema), copies.own(schema)
        chosen = ~own & (times(table, "recorded_at", LATEST) < copies.at(schema))
        rows = table.filter(pa.array(chosen))
        for key in {schema.key, *({"custody_id"} & set(table.column_names))}:
            ids = pc.binary_join_element_wise(rows[key].combine_chunks(), pa.scalar(tag), "+")
            rows = rows.set_column(rows.column_names.index(key), rows.schema.field(key), ids)
        rows = set_times(rows, "recorded_at", recorded(schema)[chosen])
        rows = set_null(rows, "superseded_at", np.ones(len(rows), dtype=bool))
        made = made.added(schema, rows, copies.case[schema.name][chosen])
    return _with_events(made)


def _with_events(copies: Copies) -> Copies:
    """Leave out offences whose custody event is not on record: they are facts of custody only together with it."""
    events = copies.table(CUSTODY_EVENTS)["custody_id"].combine_chunks()
    there: Bools = pc.is_in(copies.table(OFFENCES)["custody_id"], value_set=events).to_numpy()
    return copies.kept(OFFENCES, there)


def without_late_recording(copies: Copies) -> Copies:
    """Take every fact as recorded when it happened, as a pipeline without recording times would."""
    happened = {"custody_events": "arrested_at", "intelligence": "observed_at", "orders": "starts_at"}
    for schema in TABLES:
        table, at, own = copies.table(schema), copies.at(schema), copies.own(schema)
        when = _arrests_of(copies) if schema is OFFENCES else times(table, happened[schema.name], LATEST)
        earlier = ~own & (when < times(table, "recorded_at", LATEST)) & (when < at)
        copies = copies.changed(schema, set_times(table, "recorded_at", when, earlier), copies.case[schema.name])
    return copies


def _arrests_of(copies: Copies) -> Ints:
    """Return for each offence when its event's arrest was; an offence is not known before it."""
    events = copies.table(CUSTODY_EVENTS)
    at = pc.index_in(copies.table(OFFENCES)["custody_id"], value_set=events["custody_id"].combine_chunks())
    arrests: Ints = times(events, "arrested_at", LATEST)[at.to_numpy()]
    return arrests


PLANTS: dict[str, Tamper] = {
    "facts recorded at the same instant": plant_same_instant,
    "back-dated facts recorded later": plant_back_dated,
    "rows edited later": plant_edits,
    "rows withdrawn later": plant_withdrawals,
    "offences added to the custody event later": plant_late_presenting,
}
