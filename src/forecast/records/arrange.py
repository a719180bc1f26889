"""Put records in the order that features and outcomes read them in: by person, then by when they were recorded.

Both rooms then walk each person's rows once. Ties are broken by id, so that the order, and with it every result, is the
same however the rows came. Rows that lie in order already, as accepted records do, are not moved.
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
    from forecast.cases import Bools, Ints


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
    """Sort the rows of each table by person, ``recorded_at`` and id; raise ``records-orphans`` for rows of nobody.

    An offence belongs to a custody event of the *same* person; of any other it is an orphan. So a result never hangs
    on which other people are read along.
    """
    persons = _by_key(records.persons, "person_id")
    ids = _array(persons, "person_id")
    events, event_person = _ordered(records.custody_events, CUSTODY_EVENTS, ids)
    offences, offence_person = _ordered(records.offences, OFFENCES, ids)
    intelligence, intelligence_person = _ordered(records.intelligence, INTELLIGENCE, ids)
    orders, order_person = _ordered(records.orders, ORDERS, ids)
    stay = _stays(events, event_person)
    return Arranged(
        Records(persons, events, offences, intelligence, orders),
        _starts(event_person, len(ids)),
        _starts(offence_person, len(ids)),
        _starts(intelligence_person, len(ids)),
        _starts(order_person, len(ids)),
        stay,
        _offence_stays(offences, offence_person, events, event_person, stay),
    )


def _array(table: pa.Table, column: str) -> pa.Array:
    """Return a column in one piece, of plain values."""
    array = table[column].combine_chunks()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _micros(table: pa.Table) -> Ints:
    column = table["recorded_at"]
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    recorded: Ints = array.view(pa.int64()).to_numpy()
    return recorded


def _by_key(table: pa.Table, key: str) -> pa.Table:
    column = _array(table, key)
    if len(column) < 2 or pc.all(pc.less_equal(column[:-1], column[1:])).as_py():
        return table
    return table.take(pc.sort_indices(table, [(key, "ascending")]))


def _ordered(table: pa.Table, schema: Table, ids: pa.Array) -> tuple[pa.Table, Ints]:
    """Return the table in order, and for each row the place of its person."""
    if not len(table):
        return table, np.zeros(0, dtype=np.int64)
    person = _people(table, ids, schema.name)
    recorded = _micros(table)
    if not _in_order(person, recorded, table, schema.key):
        order = np.lexsort((_rank(table, schema.key), recorded, person))
        table, person = table.take(pa.array(order)), person[order]
    return table, person


def _rank(table: pa.Table, key: str) -> Ints:
    """Return the rank of each row's id; without ids, rows that tie stay as they are."""
    if key not in table.column_names:
        return np.zeros(len(table), dtype=np.int64)
    ranks: Ints = pc.rank(_array(table, key), sort_keys="ascending", tiebreaker="first").to_numpy().astype(np.int64)
    return ranks


def _people(table: pa.Table, ids: pa.Array, name: str) -> Ints:
    """Return the place in ``ids`` of each row's person; every row must have one.

    Rows of a person mostly lie together, so it is runs of rows that are looked up.
    """
    people = _array(table, "person_id")
    if len(ids) == 1 and pc.all(pc.equal(people, ids[0])).as_py():  # as at the custody desk
        return np.zeros(len(people), dtype=np.int64)
    runs = pc.run_end_encode(people)
    lengths = np.diff(runs.run_ends.to_numpy(), prepend=0)
    found = pc.index_in(runs.values, value_set=ids)
    if found.null_count:
        count = int(lengths[found.is_null().to_numpy(zero_copy_only=False)].sum())
        raise Problem("records-orphans", table=name, column="person_id", count=f"{count:,}")
    return np.repeat(found.to_numpy().astype(np.int64), lengths)


def _starts(person: Ints, people: int) -> Ints:
    """Return the offsets of each person's rows."""
    return np.searchsorted(person, np.arange(people + 1)).astype(np.int64)


def _in_order(person: Ints, recorded: Ints, table: pa.Table, key: str) -> bool:
    """Say whether rows lie in order of person, recording and key; keys are only compared where the others tie."""
    same = person[1:] == person[:-1]
    after = (person[1:] > person[:-1]) | (same & (recorded[1:] > recorded[:-1]))
    if after.all():
        return True
    if key not in table.column_names:  # not read, because nothing hangs on the order of its ties
        return bool((after | (same & (recorded[1:] == recorded[:-1]))).all())
    tied = same & (recorded[1:] == recorded[:-1])
    if not (after | tied).all():
        return False
    keys = _array(table, key)
    rising = pc.less_equal(keys[:-1], keys[1:]).to_numpy(zero_copy_only=False)
    return bool((after | rising).all())


def _stays(events: pa.Table, person: Ints) -> Ints:
    """Return for each row the first row with the same custody id and person: rows are in the order of recording."""
    rows = np.arange(len(events), dtype=np.int64)
    if len(events) == 0:
        return rows
    ids = _array(events, "custody_id")
    rising = pc.less(ids[:-1], ids[1:]).to_numpy(zero_copy_only=False)
    if (rising | (person[1:] != person[:-1])).all():
        return rows  # ids that rise with time differ
    encoded = ids.dictionary_encode()
    if len(encoded.dictionary) == len(events):
        return rows
    key = encoded.indices.to_numpy().astype(np.int64) * (person[-1] + 1) + person
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    stays: Ints = first[place].astype(np.int64)
    return stays


def _offence_stays(offences: pa.Table, person: Ints, events: pa.Table, event_person: Ints, stay: Ints) -> Ints:
    """Return for each offence the first row of its custody event.

    Most offences are recorded with the custody event or soon after, so the latest event of the person by then is tried
    first; only the rest is looked up by id.
    """
    if not len(events) or not len(offences):
        return _checked(np.zeros(len(offences), dtype=np.int64), np.zeros(len(offences), dtype=bool))
    tried = _latest(person, _micros(offences), event_person, _micros(events))
    ids, known = offences["custody_id"], events["custody_id"]
    found = stay[np.maximum(tried, 0)]
    right = tried >= 0
    right &= event_person[found] == person
    right &= pc.equal(known.take(pa.array(found)), ids).to_numpy()
    wrong = np.flatnonzero(~right)
    if len(wrong):
        found[wrong], right[wrong] = _looked_up(ids.take(pa.array(wrong)), person[wrong], known, event_person, stay)
    return _checked(found, right)


def _latest(person: Ints, recorded: Ints, event_person: Ints, event_recorded: Ints) -> Ints:
    """Return for each row roughly the last event of its person that was recorded by then; what is not is -1 or another.

    Person and time are put into one number; where they do not fit, the time is taken more roughly.
    """
    start = min(int(recorded.min()), int(event_recorded.min()))
    span = max(int(recorded.max()), int(event_recorded.max())) - start
    people = int(max(person[-1], event_person[-1])) + 1
    rough = max(span.bit_length() + people.bit_length() - 62, 0)
    step = (span >> rough) + 1
    events = event_person * step + ((event_recorded - start) >> rough)
    return np.searchsorted(events, person * step + ((recorded - start) >> rough), side="right").astype(np.int64) - 1


def _looked_up(
    ids: pa.ChunkedArray, person: Ints, known: pa.ChunkedArray, event_person: Ints, stay: Ints
) -> tuple[Ints, Bools]:
    """Return the first row of each id among the events of its person, and whether there is one."""
    encoded = known.combine_chunks().dictionary_encode()
    code = pc.index_in(ids, value_set=encoded.dictionary).fill_null(-1).to_numpy().astype(np.int64)
    people = int(max(event_person.max(), person.max())) + 1
    keys = encoded.indices.to_numpy().astype(np.int64) * people + event_person
    order = np.argsort(keys, kind="stable")
    wanted = code * people + person
    place = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    found = order[place]
    return stay[found], (keys[found] == wanted) & (code >= 0)


def _checked(found: Ints, right: Bools) -> Ints:
    """Return ``found``, or raise the problem of offences without a custody event."""
    if not right.all():
        count = f"{int((~right).sum()):,}"
        raise Problem("records-orphans", table="offences", column="custody_id", count=count)
    return found
