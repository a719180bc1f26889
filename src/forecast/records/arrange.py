"""Put records in the order that features and outcomes read them in: by person, then by when they were recorded.

Both rooms then walk each person's rows once. Ties are broken by id, so that the order, and with it every result, is the
same however the rows came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, INTELLIGENCE, OFFENCES, ORDERS, Table

if TYPE_CHECKING:
    from forecast.cases import Ints


@dataclass(frozen=True)
class Arranged:
    """Records in order, with where each person's rows lie.

    ``*_starts``: (people + 1,) offsets; the rows of person i are ``[starts[i], starts[i + 1])``.
    ``stay``: (events,) for each row of `custody_events` the row of the first version of the same custody event.
    ``offence_stay``: (offences,) for each offence the first row of its custody event.
    """

    records: Records
    event_starts: Ints
    offence_starts: Ints
    intelligence_starts: Ints
    order_starts: Ints
    stay: Ints
    offence_stay: Ints

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.event_starts) - 1


def arrange(records: Records) -> Arranged:
    """Sort the rows of each table by person, ``recorded_at`` and id; raise ``records-orphans`` for rows of nobody."""
    persons = _by_key(records.persons, "person_id")
    ids = persons["person_id"].combine_chunks()
    events, event_starts = _ordered(records.custody_events, CUSTODY_EVENTS, ids)
    offences, offence_starts = _ordered(records.offences, OFFENCES, ids)
    intelligence, intelligence_starts = _ordered(records.intelligence, INTELLIGENCE, ids)
    orders, order_starts = _ordered(records.orders, ORDERS, ids)
    # index_in gives the first place of a value, and that is the first version: rows are in order of recording
    stay = _places(events, "custody_id", events["custody_id"].combine_chunks(), "custody_events")
    offence_stay = _places(offences, "custody_id", events["custody_id"].combine_chunks(), "offences")
    return Arranged(
        Records(persons, events, offences, intelligence, orders),
        event_starts,
        offence_starts,
        intelligence_starts,
        order_starts,
        stay,
        offence_stay,
    )


def _by_key(table: pa.Table, key: str) -> pa.Table:
    column = table[key].combine_chunks()
    if len(column) < 2 or pc.all(pc.less_equal(column[:-1], column[1:])).as_py():
        return table
    return table.take(pc.sort_indices(table, [(key, "ascending")]))


def _ordered(table: pa.Table, schema: Table, ids: pa.Array) -> tuple[pa.Table, Ints]:
    """Return the table in order and the offsets of each person's rows."""
    person = _places(table, "person_id", ids, schema.name)
    recorded = table["recorded_at"].cast(pa.int64()).to_numpy()
    if not _in_order(person, recorded):
        key = table[schema.key].combine_chunks()
        order = np.lexsort((_rank(key), recorded, person))
        table, person = table.take(pa.array(order)), person[order]
    starts = np.searchsorted(person, np.arange(len(ids) + 1))
    return table, starts.astype(np.int64)


def _in_order(person: Ints, recorded: Ints) -> bool:
    """Say whether rows are strictly in order; ties need their ids to be compared."""
    later = (person[1:] > person[:-1]) | ((person[1:] == person[:-1]) & (recorded[1:] > recorded[:-1]))
    return bool(later.all())


def _rank(key: pa.Array) -> Ints:
    ranks: Ints = pc.rank(key, sort_keys="ascending", tiebreaker="first").to_numpy().astype(np.int64)
    return ranks


def _places(table: pa.Table, column: str, ids: pa.Array, name: str) -> Ints:
    """Return the place in ``ids`` of each row's value; every row must have one."""
    found = pc.index_in(table[column], value_set=ids)
    if found.null_count:
        raise Problem("records-orphans", table=name, column=column, count=f"{found.null_count:,}")
    places: Ints = found.to_numpy().astype(np.int64)
    return places
