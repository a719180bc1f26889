"""Name the records behind a feature: which facts of a person make its value at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features.classes import ANY, ARREST, CUSTODY, PRISON_END
from forecast.features.desk import PersonFile
from forecast.features.kernel import HAPPENED, KNOWN, NEVER, RECORDED, SORT, STAY, UNTIL, Asked, Facts
from forecast.features.programme import USES_SANCTIONS
from forecast.features.spec import WINDOWS_US, FeatureSpec, Op
from forecast.records.rules import GROUPS
from forecast.records.schema import CUSTODY_EVENTS, INTELLIGENCE, OFFENCES, ORDERS

if TYPE_CHECKING:
    import datetime

    from forecast.cases import Bools, Ints

_CLASSES = {
    Op.KINDS: (ANY,),
    Op.PRESENT_KINDS: (ANY,),
    Op.TOP_SHARE: (ANY,),
    Op.LAST_GAP: (ARREST,),
    Op.FREE: (ANY, CUSTODY, PRISON_END),
    Op.AGE: (),
    Op.PERSON: (),
}
_ONE = {Op.SINCE: slice(-1, None), Op.FREE: slice(-1, None), Op.FIRST_AGE: slice(0, 1), Op.LAST_GAP: slice(-2, None)}
_PRESENTING = (Op.FLAG, Op.PRESENT_COUNT, Op.PRESENT_HARM, Op.PRESENT_KINDS)


def facts_behind(
    person: PersonFile, custody_id: str, feature: str, as_of: datetime.datetime | None = None
) -> tuple[str, ...]:
    """Return the ids of the records that a feature speaks of at a custody event, oldest first.

    Of counts and sums these are all that are counted; of 'years since' the latest, of 'age at first' the earliest, of a
    gap the two around it; of shares and rates the part that is spoken of. Columns of a person have none.
    """
    return tuple(key for _, key in records_behind(person, person.asked(custody_id, as_of), feature))


def records_behind(person: PersonFile, asked: Asked, feature: str) -> tuple[tuple[str, str], ...]:
    """Return (table, id) of the records of :func:`facts_behind`, of a moment looked up once for many features.

    Two tables may hold the same id.
    """
    f = person.prepared.feature_set.feature(feature)
    facts = person.facts
    chosen = _subject(person, f, asked) & _seen(facts, f, asked)
    places = np.flatnonzero(chosen)
    places = places[np.argsort(facts.table[HAPPENED][places], kind="stable")]
    return _ids(person, places[_ONE.get(f.op, slice(None))])


def _seen(facts: Facts, f: FeatureSpec, asked: Asked) -> Bools:
    """Say of each fact whether it is one of the person that the feature sees at the moment."""
    t, stay = int(asked.as_of[0]), int(asked.stay[0])
    if f.op in _PRESENTING:
        seen = (facts.table[STAY] == stay) & (facts.table[RECORDED] <= t) & (t < facts.table[UNTIL])
    else:
        seen = (facts.table[STAY] != stay) & (facts.table[KNOWN] < t) & (t <= facts.table[UNTIL])
    since = t - WINDOWS_US[f.window] if f.window >= 0 else NEVER
    if f.op == Op.ACCELERATION:
        since = t - WINDOWS_US[-1]
    mine = np.zeros(len(seen), dtype=bool)
    for first, end in _spans(facts, int(asked.person[0])):
        mine[first:end] = True
    found: Bools = mine & seen & (facts.table[HAPPENED] >= since)
    return found


def _spans(facts: Facts, person: int) -> list[tuple[int, int]]:
    """Return the first and the end place of a person's facts in each stream."""
    return [(int(start[person]), int(start[person + 1])) for start in facts.start]


def _subject(person: PersonFile, f: FeatureSpec, asked: Asked) -> Bools:
    """Say of each fact whether it is of a class that the feature speaks of."""
    sorts, facts = person.prepared.sorts.known(), person.facts
    if f.op == Op.RUNNING:
        starts = np.array([s.running > 0 and s.order == f.subject for s in sorts])
        runs: Bools = starts[facts.table[SORT]] & ~_ended(person, int(asked.as_of[0]))
        return runs
    names = set(_CLASSES.get(f.op, (f.subject,)))
    if f.op == Op.SAME_KIND:
        names = _presenting_groups(person, asked)
    of_class: Bools = np.array([not names.isdisjoint(s.classes) for s in sorts])[facts.table[SORT]]
    return of_class


def _presenting_groups(person: PersonFile, asked: Asked) -> set[str]:
    """Return the groups of the offences that the person is held for."""
    facts, t = person.facts, int(asked.as_of[0])
    now = (facts.table[STAY] == asked.stay[0]) & (facts.table[RECORDED] <= t) & (t < facts.table[UNTIL])
    sorts, groups = person.prepared.sorts.known(), set(GROUPS)
    return {name for sort in np.unique(facts.table[SORT][now]) for name in sorts[sort].classes if name in groups}


def _ended(person: PersonFile, t: int) -> Bools:
    """Say of each fact whether it is the start of an order that has ended by t."""
    orders = person.arranged.records.orders
    facts, ended = person.facts, np.zeros(len(person.facts.table[HAPPENED]), dtype=bool)
    if "orders" in person.prepared.programme.uses and len(orders):
        starts, ends = len(ended) - 2 * len(orders), len(ended) - len(orders)
        ended[starts:ends] = facts.table[HAPPENED][ends:] <= t
    return ended


def _ids(person: PersonFile, places: Ints) -> tuple[tuple[str, str], ...]:
    """Return table and id of the rows from which facts were made; a row is named once."""
    records, uses = person.arranged.records, person.prepared.programme.uses
    names = [CUSTODY_EVENTS.name, OFFENCES.name]
    tables = [records.custody_events["custody_id"], records.offences["offence_id"]]
    if USES_SANCTIONS in uses:  # the third stream: what is named is the custody event that was sanctioned
        first, end = int(person.facts.start[2, 0]), int(person.facts.start[2, -1])
        names.append(CUSTODY_EVENTS.name)
        tables.append(tables[0].take(person.facts.table[STAY, first:end]))
    if "intelligence" in uses:
        names.append(INTELLIGENCE.name)
        tables.append(records.intelligence["report_id"])
    if "orders" in uses:
        names += [ORDERS.name, ORDERS.name]
        tables += [records.orders["order_id"], records.orders["order_id"]]
    ends = np.cumsum([len(table) for table in tables])
    found = []
    for place in places.tolist():
        which = int(np.searchsorted(ends, place, side="right"))
        key = tables[which][place - int(ends[which]) + len(tables[which])].as_py()
        found.append((names[which], key))
    return tuple(dict.fromkeys(found))
