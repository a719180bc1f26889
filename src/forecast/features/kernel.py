"""Compute history features of people, one after the other: the one function behind the desk, the machine and a cluster.

A person's facts lie in *streams* (custody events, offences, reports, starts and ends of orders), each in the order in
which the facts became known. A moment t sees a fact as *prior* if ``known < t <= until`` and the fact is not of the
custody event of that moment, where ``known`` is the later of when it was recorded and when it happened. As *presenting*
it sees the facts of its own custody event with ``recorded <= t < until``. In a window of length w are the prior facts
with ``happened >= t - w``.

Moments are walked in order. Facts enter when they are known, leave a window when they fall out of it and go when they
are superseded; a pointer a stream, an order and a window says how far each of these has come, so that the work grows
with the number of facts and moments, not with their product. All that is kept are whole numbers, hence the order of
work changes no bit of a result. Only taking back a fact that is the latest (or earliest) of a class searches for the
next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.features.compiled import compiled
from forecast.features.programme import EDGES, EVER, PRESENTING, Columns, Lists
from forecast.features.spec import WINDOWS_US, Kind, Op
from forecast.records.instants import YEAR_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecast.cases import Floats, Ints

NEVER = np.iinfo(np.int64).min
ALWAYS = np.iinfo(np.int64).max
BLOCK = 64
"""Rows computed before they are put into columns: few enough to stay in the fastest cache."""
HAPPENED, RECORDED, KNOWN, UNTIL, SORT, STAY, BY_KNOWN, BY_HAPPENED, BY_UNTIL, FOLLOWING, LIVE = range(11)
"""Rows of the array of facts. From BY_KNOWN on they are the kernel's own: three orders of the facts of a person in a
stream, the next fact of the same custody event, and whether a fact counts as prior."""
ROWS = 11
ENTERED, REACHED, GONE, GONE_END, LEFT = range(5)
"""Pointers into the orders: how far facts have entered, have happened, have gone; where those that go end; and, for
each window, how far they have left it."""
FIRST, LAST = 0, 1

_WINDOWS = len(WINDOWS_US)
_YEAR = float(YEAR_US)
_WIDTHS = WINDOWS_US
_CUSTODY = 0
_COUNT, _HARM, _FLAG, _SINCE, _FIRST_AGE = map(int, (Op.COUNT, Op.HARM, Op.FLAG, Op.SINCE, Op.FIRST_AGE))
_PRESENT_COUNT, _PRESENT_HARM, _RUNNING = map(int, (Op.PRESENT_COUNT, Op.PRESENT_HARM, Op.RUNNING))
_AGE, _KINDS, _PRESENT_KINDS, _TOP_SHARE = map(int, (Op.AGE, Op.KINDS, Op.PRESENT_KINDS, Op.TOP_SHARE))
_SHARE, _MEAN_GAP, _LAST_GAP, _TEMPO = map(int, (Op.SHARE, Op.MEAN_GAP, Op.LAST_GAP, Op.TEMPO))
_ACCELERATION, _FREE, _SAME_KIND = map(int, (Op.ACCELERATION, Op.FREE, Op.SAME_KIND))
_AS_INT32, _AS_INT8, _AS_FLOAT32 = int(Kind.COUNT), int(Kind.FLAG), int(Kind.REAL)


class Facts(NamedTuple):
    """The facts of some people; all times in microseconds since 1970, UTC.

    ``start``: (streams, people + 1) the facts of person p in stream s are ``[start[s, p], start[s, p + 1])``; the
    custody events are stream 0. ``table``: (ROWS, facts) what is known of each: times, `sort`, `stay` (the row of the
    custody event, -1 for none); ``until`` is :data:`ALWAYS` for what stands. ``event_start``: (people + 1,) first row
    of each person's custody events.
    """

    start: Ints
    table: Ints
    event_start: Ints


class Asked(NamedTuple):
    """The moments, by person and time: ``stay`` names the custody event; ``born`` is a time per person, or NEVER."""

    person: Ints
    stay: Ints
    as_of: Ints
    born: Ints


class Output(NamedTuple):
    """One array (columns, moments) for each :class:`~forecast.features.spec.Kind` of number."""

    counts: NDArray[np.int32]
    flags: NDArray[np.int8]
    reals: NDArray[np.float32]
    harms: Floats


@compiled
def run(
    facts: Facts, asked: Asked, lists: Lists, columns: Columns, sizes: tuple[int, int, int, int], out: Output
) -> None:
    """Fill ``out`` for all moments; ``sizes`` are the programme's slots, first presenting slot, edges and groups.

    What runs once a fact gets arrays, not tuples of them: unpacking one there costs more than the work itself.
    """
    start, table, event_start = facts
    adds, entry, arrest = lists
    kept, edge = np.zeros(sizes[0], np.int64), np.zeros((sizes[2], 2), np.int64)
    point = np.zeros((start.shape[0], LEFT + _WINDOWS), np.int64)
    head, spare = np.empty((start.shape[0], _most(event_start)), np.int64), np.empty(table.shape[1], np.int64)
    rows = np.empty((BLOCK, columns.kind.shape[0]), dtype=np.float64)
    person, filled, moments = -1, 0, asked.as_of.shape[0]
    for m in range(moments):
        t, stay, aside = asked.as_of[m], asked.stay[m], 0
        if asked.person[m] != person:
            person = asked.person[m]
            _open(start, table, event_start, point, head, spare, person)
            _forget(kept, edge)
        for s in range(start.shape[0]):
            low, high = start[s, person], start[s, person + 1]
            _leave(table, point, kept, adds, entry, s, high, t)
            aside = _arrive(table, point, kept, edge, adds, entry, spare, s, high, t, stay, aside)
            _go(table, point, kept, edge, adds, entry, s, low, high, t)
        kept[sizes[1] :] = 0
        for s in range(start.shape[0]):
            own = head[s, stay - event_start[person]]
            aside = _own(table, point, kept, edge, adds, entry, spare, s, start[s, person], t, own, aside)
        gap = _last_gap(table, arrest, point[_CUSTODY, REACHED], start[_CUSTODY, person])
        _read(columns, kept, edge, sizes[3], t, asked.born[person], gap, rows, filled)
        for j in range(aside):
            _enter(table, kept, edge, adds, entry, spare[j], t)
        filled += 1
        if filled == BLOCK or m == moments - 1:
            _flush(rows, filled, m + 1 - filled, columns, out)
            filled = 0


@compiled
def _most(event_start: Ints) -> int:
    """Return the most custody events that a person has, at least one."""
    most = 1
    for p in range(event_start.shape[0] - 1):
        most = max(most, event_start[p + 1] - event_start[p])
    return most


@compiled
def _forget(kept: Ints, edge: Ints) -> None:
    """Begin with nothing counted."""
    for j in range(kept.shape[0]):
        kept[j] = 0
    for j in range(edge.shape[0]):
        edge[j, FIRST] = ALWAYS
        edge[j, LAST] = NEVER


@compiled
def _open(start: Ints, table: Ints, event_start: Ints, point: Ints, head: Ints, spare: Ints, person: int) -> None:
    """Put the facts of a person in order of knowing, happening and going, and chain those of each custody event."""
    first, events = event_start[person], event_start[person + 1] - event_start[person]
    for s in range(start.shape[0]):
        low, high = start[s, person], start[s, person + 1]
        end = low
        for i in range(low, high):
            table[LIVE, i] = 0
            table[BY_KNOWN, i] = i
            table[BY_HAPPENED, i] = i
            if table[UNTIL, i] != ALWAYS:
                table[BY_UNTIL, end] = i
                end += 1
        _sort(table[KNOWN], table[BY_KNOWN], spare, low, high)
        _sort(table[HAPPENED], table[BY_HAPPENED], spare, low, high)
        _sort(table[UNTIL], table[BY_UNTIL], spare, low, end)
        for j in range(point.shape[1]):
            point[s, j] = low
        point[s, GONE_END] = end
        for j in range(events):
            head[s, j] = -1
        for i in range(high - 1, low - 1, -1):
            if table[STAY, i] >= 0:
                table[FOLLOWING, i] = head[s, table[STAY, i] - first]
                head[s, table[STAY, i] - first] = i


@compiled
def _sort(times: Ints, order: Ints, spare: Ints, low: int, high: int) -> None:
    """Sort the places in ``order[low:high]`` by their times, ties as they stand, by merging ever longer runs."""
    ordered = True
    for i in range(low + 1, high):
        ordered = ordered and times[order[i]] >= times[order[i - 1]]
    width = high - low if ordered else 1
    while width < high - low:
        for begin in range(low, high, 2 * width):
            left, right = begin, min(begin + width, high)
            middle, end = right, min(begin + 2 * width, high)
            for i in range(begin, end):
                if left < middle and (right >= end or times[order[left]] <= times[order[right]]):
                    spare[i] = order[left]
                    left += 1
                else:
                    spare[i] = order[right]
                    right += 1
        order[low:high] = spare[low:high]
        width *= 2


@compiled
def _leave(table: Ints, point: Ints, kept: Ints, adds: Ints, entry: Ints, s: int, high: int, t: int) -> None:
    """Take facts out of the windows that they have fallen out of."""
    for w in range(_WINDOWS):
        bound, place = t - _WIDTHS[w], point[s, LEFT + w]
        while place < high and table[HAPPENED, table[BY_HAPPENED, place]] < bound:
            i = table[BY_HAPPENED, place]
            if table[LIVE, i]:
                _add(kept, adds, entry, 1 + w, table[SORT, i], -1)
            place += 1
        point[s, LEFT + w] = place


@compiled
def _arrive(
    table: Ints, point: Ints, kept: Ints, edge: Ints, adds: Ints, entry: Ints, spare: Ints,
    s: int, high: int, t: int, stay: int, aside: int,
) -> int:  # fmt: skip
    """Count the facts that became known; those of the custody event ``stay`` are put into ``spare`` for later."""
    place = point[s, ENTERED]
    while place < high and table[KNOWN, table[BY_KNOWN, place]] < t:
        i = table[BY_KNOWN, place]
        place += 1
        if table[UNTIL, i] < t:
            continue
        if table[STAY, i] == stay:
            spare[aside] = i
            aside += 1
        else:
            _enter(table, kept, edge, adds, entry, i, t)
    point[s, ENTERED] = place
    place = point[s, REACHED]
    while place < high and table[HAPPENED, table[BY_HAPPENED, place]] <= t:
        place += 1
    point[s, REACHED] = place
    return aside


@compiled
def _go(
    table: Ints, point: Ints, kept: Ints, edge: Ints, adds: Ints, entry: Ints, s: int, low: int, high: int, t: int
) -> None:
    """Take back the facts that no longer stand."""
    place = point[s, GONE]
    while place < point[s, GONE_END] and table[UNTIL, table[BY_UNTIL, place]] < t:
        if table[LIVE, table[BY_UNTIL, place]]:
            _remove(table, kept, edge, adds, entry, table[BY_UNTIL, place], low, point[s, REACHED], t)
        place += 1
    point[s, GONE] = place


@compiled
def _own(
    table: Ints, point: Ints, kept: Ints, edge: Ints, adds: Ints, entry: Ints, spare: Ints,
    s: int, low: int, t: int, own: int, aside: int,
) -> int:  # fmt: skip
    """Count the presenting facts, from ``own`` on, and put aside those of them that counted as prior before."""
    while own >= 0:
        if table[RECORDED, own] <= t < table[UNTIL, own]:
            _add(kept, adds, entry, PRESENTING, table[SORT, own], 1)
        if table[LIVE, own]:
            _remove(table, kept, edge, adds, entry, own, low, point[s, REACHED], t)
            spare[aside] = own
            aside += 1
        own = table[FOLLOWING, own]
    return aside


@compiled
def _add(kept: Ints, adds: Ints, entry: Ints, which: int, sort: int, sign: int) -> None:
    """Add what a fact of this sort adds to a list, or take it away again."""
    for j in range(adds[which, sort], adds[which, sort + 1]):
        kept[entry[j, 0]] += sign * entry[j, 1]


@compiled
def _enter(table: Ints, kept: Ints, edge: Ints, adds: Ints, entry: Ints, i: int, t: int) -> None:
    """Count a fact as prior."""
    sort, happened = table[SORT, i], table[HAPPENED, i]
    table[LIVE, i] = 1
    _add(kept, adds, entry, EVER, sort, 1)
    for w in range(_WINDOWS):
        if happened >= t - _WIDTHS[w]:
            _add(kept, adds, entry, 1 + w, sort, 1)
    for j in range(adds[EDGES, sort], adds[EDGES, sort + 1]):
        c = entry[j, 0]
        edge[c, FIRST] = min(edge[c, FIRST], happened)
        edge[c, LAST] = max(edge[c, LAST], happened)


@compiled
def _remove(
    table: Ints, kept: Ints, edge: Ints, adds: Ints, entry: Ints, i: int, low: int, reached: int, t: int
) -> None:
    """Take back a fact that counted as prior, and find the next latest and earliest of its classes where needed."""
    sort, happened = table[SORT, i], table[HAPPENED, i]
    table[LIVE, i] = 0
    _add(kept, adds, entry, EVER, sort, -1)
    for w in range(_WINDOWS):
        if happened >= t - _WIDTHS[w]:
            _add(kept, adds, entry, 1 + w, sort, -1)
    for j in range(adds[EDGES, sort], adds[EDGES, sort + 1]):
        c = entry[j, 0]
        if happened == edge[c, LAST]:
            place = reached - 1
            while place >= low and not _is_live(table, adds, entry, table[BY_HAPPENED, place], c):
                place -= 1
            edge[c, LAST] = NEVER if place < low else table[HAPPENED, table[BY_HAPPENED, place]]
        if happened == edge[c, FIRST]:
            place = low
            while place < reached and not _is_live(table, adds, entry, table[BY_HAPPENED, place], c):
                place += 1
            edge[c, FIRST] = ALWAYS if place >= reached else table[HAPPENED, table[BY_HAPPENED, place]]


@compiled
def _is_live(table: Ints, adds: Ints, entry: Ints, i: int, c: int) -> bool:
    """Say whether a fact counts as prior and is of the class ``c``."""
    if table[LIVE, i]:
        for j in range(adds[EDGES, table[SORT, i]], adds[EDGES, table[SORT, i] + 1]):
            if entry[j, 0] == c:
                return True
    return False


@compiled
def _last_gap(table: Ints, arrest: Ints, reached: int, low: int) -> float:
    """Return the years between the latest two prior arrests, missing with fewer than two."""
    latest = NEVER
    for place in range(reached - 1, low - 1, -1):
        i = table[BY_HAPPENED, place]
        if table[LIVE, i] and arrest[table[SORT, i]]:
            if latest != NEVER:
                return float((latest - table[HAPPENED, i]) / _YEAR)
            latest = table[HAPPENED, i]
    return np.nan


@compiled
def _read(
    columns: Columns, kept: Ints, edge: Ints, groups: int, t: int, born: int, gap: float, rows: Floats, r: int
) -> None:
    """Read all the columns of a moment into row ``r``."""
    start, a, never = columns.start, columns.operand, columns.never
    for j in range(start[_COUNT], start[_COUNT + 1]):
        rows[r, j] = kept[a[j, 0]]
    for j in range(start[_HARM], start[_HARM + 1]):
        rows[r, j] = kept[a[j, 0]] / 1000.0
    for j in range(start[_FLAG], start[_FLAG + 1]):
        rows[r, j] = 1.0 if kept[a[j, 0]] > 0 else 0.0
    for j in range(start[_SINCE], start[_SINCE + 1]):
        last = edge[a[j, 0], LAST]
        rows[r, j] = never[j] if last == NEVER else (t - last) / _YEAR
    for j in range(start[_FIRST_AGE], start[_FIRST_AGE + 1]):
        rows[r, j] = _age(born, edge[a[j, 0], FIRST], never[j])
    for j in range(start[_PRESENT_COUNT], start[_PRESENT_COUNT + 1]):
        rows[r, j] = kept[a[j, 0]]
    for j in range(start[_PRESENT_HARM], start[_PRESENT_HARM + 1]):
        rows[r, j] = kept[a[j, 0]] / 1000.0
    for j in range(start[_RUNNING], start[_RUNNING + 1]):
        rows[r, j] = kept[a[j, 0]]
    for j in range(start[_AGE], start[_AGE + 1]):
        rows[r, j] = _age(born, t, np.nan)
    for j in range(start[_KINDS], start[_TOP_SHARE]):
        rows[r, j] = _kinds(kept, a[j, 0], groups)
    for j in range(start[_TOP_SHARE], start[_TOP_SHARE + 1]):
        rows[r, j] = _share(_top(kept, a[j, 0], groups), kept[a[j, 1]])
    for j in range(start[_SHARE], start[_SHARE + 1]):
        rows[r, j] = _share(kept[a[j, 0]], kept[a[j, 1]])
    for j in range(start[_SAME_KIND], start[_SAME_KIND + 1]):
        rows[r, j] = _same_kind(kept, a[j, 0], a[j, 1], groups)
    _read_pace(columns, kept, edge, t, gap, rows, r)


@compiled
def _read_pace(columns: Columns, kept: Ints, edge: Ints, t: int, gap: float, rows: Floats, r: int) -> None:
    """Read the columns about gaps and pace."""
    start, a = columns.start, columns.operand
    for j in range(start[_MEAN_GAP], start[_MEAN_GAP + 1]):
        count, first, last = kept[a[j, 0]], edge[a[j, 1], FIRST], edge[a[j, 1], LAST]
        rows[r, j] = np.nan if count < 2 else (last - first) / _YEAR / (count - 1)
    for j in range(start[_LAST_GAP], start[_LAST_GAP + 1]):
        rows[r, j] = gap
    for j in range(start[_TEMPO], start[_TEMPO + 1]):
        count, first = kept[a[j, 0]], edge[a[j, 1], FIRST]
        rows[r, j] = 0.0 if count == 0 else count / max((t - first) / _YEAR, 1.0)
    for j in range(start[_ACCELERATION], start[_ACCELERATION + 1]):
        rows[r, j] = (5 * kept[a[j, 0]] - kept[a[j, 1]]) / 4.0
    for j in range(start[_FREE], start[_FREE + 1]):
        latest = max(edge[a[j, 1], LAST], edge[a[j, 2], LAST], edge[a[j, 3], LAST])
        since = np.nan if latest == NEVER else (t - latest) / _YEAR
        rows[r, j] = 0.0 if kept[a[j, 0]] > 0 else since


@compiled
def _top(kept: Ints, first: int, groups: int) -> int:
    """Return the largest of the groups' slots."""
    found = 0
    for g in range(first, first + groups):
        found = max(found, kept[g])
    return found


@compiled
def _age(born: int, at: int, never: float) -> float:
    """Return the age in years at a time; missing without a date of birth, or for a time before it."""
    if at == ALWAYS:
        return never
    return np.nan if born == NEVER or at < born else (at - born) / _YEAR


@compiled
def _kinds(kept: Ints, first: int, groups: int) -> int:
    """Return how many of the groups' slots are above zero."""
    found = 0
    for g in range(first, first + groups):
        found += kept[g] > 0
    return found


@compiled
def _same_kind(kept: Ints, first: int, presenting: int, groups: int) -> int:
    """Return how many prior offences are of a group that is among the presenting ones."""
    found = 0
    for g in range(groups):
        if kept[presenting + g] > 0:
            found += kept[first + g]
    return found


@compiled
def _share(part: int, whole: int) -> float:
    return np.nan if whole == 0 else part / whole


@compiled
def _flush(rows: Floats, filled: int, first: int, columns: Columns, out: Output) -> None:
    """Put a block of rows into the columns of the output, each as its kind of number."""
    for j in range(columns.kind.shape[0]):
        kind, place = columns.kind[j], columns.place[j]
        if kind == _AS_INT32:
            for r in range(filled):
                out.counts[place, first + r] = np.int32(rows[r, j])
        elif kind == _AS_INT8:
            for r in range(filled):
                out.flags[place, first + r] = np.int8(rows[r, j])
        elif kind == _AS_FLOAT32:
            for r in range(filled):
                out.reals[place, first + r] = np.float32(rows[r, j])
        else:
            for r in range(filled):
                out.harms[place, first + r] = rows[r, j]
