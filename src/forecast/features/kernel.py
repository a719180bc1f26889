"""Compute history features of people, one after the other: the one function behind the desk, the machine and a cluster.

A person's facts lie in *streams* (custody events, offences, reports, starts and ends of orders), each in the order in
which the facts became known. A moment t sees a fact as *prior* if ``known < t <= until`` and the fact is not of the
custody event of that moment, where ``known`` is the later of when it was recorded and when it happened. As *presenting*
it sees the facts of its own custody event with ``recorded <= t < until``. In a window of length w are the prior facts
with ``happened >= t - w``.

Moments are walked in order. Facts enter when they are known, leave a window when they fall out of it and go when they
are superseded; a pointer a stream, an order and a window says how far each of these has come, so that the work grows
with the number of facts and moments, not with their product. All that is kept are whole numbers, hence the order of work
changes no bit of a result. Only taking back a fact that is the latest (or earliest) of a class searches for the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.features.compiled import compiled
from forecast.features.programme import PRESENTING, Columns, Lists
from forecast.features.spec import WINDOWS_US, Kind, Op
from forecast.records.instants import YEAR_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecast.cases import Floats, Ints

NEVER = np.iinfo(np.int64).min
ALWAYS = np.iinfo(np.int64).max
BLOCK = 64
"""Rows computed before they are put into columns: few enough to stay in the fastest cache."""

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

    ``start``: (streams, people + 1) the facts of person p in stream s are ``[start[s, p], start[s, p + 1])``; the custody
    events are stream 0. ``until`` is :data:`ALWAYS` for what stands. ``stay``: the row of the custody event, -1 for none.
    ``event_start``: (people + 1,) first row of each person's custody events.
    """

    start: Ints
    happened: Ints
    recorded: Ints
    known: Ints
    until: Ints
    sort: NDArray[np.int32]
    stay: NDArray[np.int32]
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


class _State(NamedTuple):
    """What is kept of the person at hand, and orders of the facts of all people at their own places."""

    slot: Ints
    first: Ints
    last: Ints
    live: NDArray[np.uint8]
    by_known: NDArray[np.int32]
    by_happened: NDArray[np.int32]
    by_until: NDArray[np.int32]
    until_end: Ints
    entered: Ints
    left: Ints
    gone: Ints
    reached: Ints
    head: NDArray[np.int32]
    following: NDArray[np.int32]
    aside: NDArray[np.int32]


@compiled
def run(
    facts: Facts, asked: Asked, lists: Lists, columns: Columns, sizes: tuple[int, int, int, int], out: Output
) -> None:
    """Fill ``out`` for all moments; ``sizes`` are the programme's slots, first presenting slot, edges and groups."""
    state = _new_state(facts, sizes[0], sizes[2])
    rows = np.empty((BLOCK, columns.operand.shape[0]), dtype=np.float64)
    person, filled, moments = -1, 0, asked.as_of.shape[0]
    for m in range(moments):
        if asked.person[m] != person:
            person = asked.person[m]
            _open(facts, state, person)
        t = asked.as_of[m]
        own = asked.stay[m] - facts.event_start[person]
        put_aside = _advance(facts, state, lists, person, t, asked.stay[m])
        state.slot[sizes[1] :] = 0
        put_aside = _own(facts, state, lists, person, t, own, put_aside)
        _read(facts, state, lists, columns, sizes[3], person, t, asked.born[person], rows[filled])
        for j in range(put_aside):
            _enter(facts, state, lists, state.aside[j], t)
        filled += 1
        if filled == BLOCK or m == moments - 1:
            _flush(rows, filled, m + 1 - filled, columns, out)
            filled = 0


@compiled
def _new_state(facts: Facts, slots: int, edges: int) -> _State:
    """Make room for the facts of all people and for the slots of one."""
    streams, facts_all = facts.start.shape[0], facts.happened.shape[0]
    events = 1
    for p in range(facts.event_start.shape[0] - 1):
        events = max(events, facts.event_start[p + 1] - facts.event_start[p])
    return _State(
        np.zeros(slots, np.int64),
        np.zeros(edges, np.int64),
        np.zeros(edges, np.int64),
        np.zeros(facts_all, np.uint8),
        np.empty(facts_all, np.int32),
        np.empty(facts_all, np.int32),
        np.empty(facts_all, np.int32),
        np.zeros(streams, np.int64),
        np.zeros(streams, np.int64),
        np.zeros((streams, _WINDOWS), np.int64),
        np.zeros(streams, np.int64),
        np.zeros(streams, np.int64),
        np.full((streams, events), -1, np.int32),
        np.full(facts_all, -1, np.int32),
        np.empty(facts_all + 1, np.int32),
    )


@compiled
def _open(facts: Facts, state: _State, person: int) -> None:
    """Forget the person before, and put the facts of this one in order of knowing, happening and superseding."""
    state.slot[:] = 0
    state.first[:] = ALWAYS
    state.last[:] = NEVER
    for s in range(facts.start.shape[0]):
        low, high = facts.start[s, person], facts.start[s, person + 1]
        _order(facts.known, low, high, state.by_known)
        _order(facts.happened, low, high, state.by_happened)
        retracted = low
        for i in range(low, high):
            if facts.until[i] != ALWAYS:
                state.by_until[retracted] = i
                retracted += 1
        if retracted > low + 1:
            part = state.by_until[low:retracted].copy()
            state.by_until[low:retracted] = part[np.argsort(facts.until[part], kind="mergesort")]
        state.until_end[s] = retracted
        state.entered[s] = low
        state.gone[s] = low
        state.reached[s] = low
        state.left[s, :] = low
        _link(facts, state, s, person)


@compiled
def _order(times: Ints, low: int, high: int, order: NDArray[np.int32]) -> None:
    """Write into ``order[low:high]`` the places of the times in ascending order, ties as they come."""
    sorted_already = True
    for i in range(low, high):
        order[i] = i
        if i > low and times[i] < times[i - 1]:
            sorted_already = False
    if not sorted_already:
        order[low:high] = low + np.argsort(times[low:high], kind="mergesort")


@compiled
def _link(facts: Facts, state: _State, s: int, person: int) -> None:
    """Chain the facts of each custody event of the person, within one stream."""
    first = facts.event_start[person]
    state.head[s, : facts.event_start[person + 1] - first] = -1
    low = facts.start[s, person]
    for i in range(facts.start[s, person + 1] - 1, low - 1, -1):
        if facts.stay[i] >= 0:
            own = facts.stay[i] - first
            state.following[i] = state.head[s, own]
            state.head[s, own] = i


@compiled
def _advance(facts: Facts, state: _State, lists: Lists, person: int, t: int, stay: int) -> int:
    """Bring the state to the moment t; facts of the custody event ``stay`` that would enter are put aside, and counted."""
    aside = 0
    for s in range(facts.start.shape[0]):
        high = facts.start[s, person + 1]
        _leave(facts, state, lists, s, high, t)
        place = state.entered[s]
        while place < high and facts.known[state.by_known[place]] < t:
            i = state.by_known[place]
            place += 1
            if facts.until[i] >= t:
                if facts.stay[i] == stay:
                    state.aside[aside] = i
                    aside += 1
                else:
                    _enter(facts, state, lists, i, t)
        state.entered[s] = place
        place = state.reached[s]
        while place < high and facts.happened[state.by_happened[place]] <= t:
            place += 1
        state.reached[s] = place
        place = state.gone[s]
        while place < state.until_end[s] and facts.until[state.by_until[place]] < t:
            if state.live[state.by_until[place]]:
                _remove(facts, state, lists, state.by_until[place], s, person, t)
            place += 1
        state.gone[s] = place
    return aside


@compiled
def _leave(facts: Facts, state: _State, lists: Lists, s: int, high: int, t: int) -> None:
    """Take facts out of the windows that they have fallen out of."""
    sorts = lists.arrest.shape[0]
    for w in range(_WINDOWS):
        bound, place = t - _WIDTHS[w], state.left[s, w]
        while place < high and facts.happened[state.by_happened[place]] < bound:
            i = state.by_happened[place]
            if state.live[i]:
                _add(state.slot, lists.start, lists.slot, lists.amount, (1 + w) * sorts + facts.sort[i], -1)
            place += 1
        state.left[s, w] = place


@compiled
def _add(kept: Ints, start: Ints, slot: Ints, amount: Ints, at: int, sign: int) -> None:
    """Add what a fact adds to a list, or take it away again; ``at`` is the place of list and sort."""
    for j in range(start[at], start[at + 1]):
        kept[slot[j]] += sign * amount[j]


@compiled
def _enter(facts: Facts, state: _State, lists: Lists, i: int, t: int) -> None:
    """Count a fact as prior."""
    sort, happened, sorts = facts.sort[i], facts.happened[i], lists.arrest.shape[0]
    state.live[i] = 1
    _add(state.slot, lists.start, lists.slot, lists.amount, sort, 1)
    for w in range(_WINDOWS):
        if happened >= t - _WIDTHS[w]:
            _add(state.slot, lists.start, lists.slot, lists.amount, (1 + w) * sorts + sort, 1)
    for j in range(lists.edge_start[sort], lists.edge_start[sort + 1]):
        c = lists.edge_class[j]
        state.last[c] = max(state.last[c], happened)
        state.first[c] = min(state.first[c], happened)


@compiled
def _remove(facts: Facts, state: _State, lists: Lists, i: int, s: int, person: int, t: int) -> None:
    """Take back a fact that counted as prior, and find the next latest and earliest of its classes where needed."""
    sort, happened, sorts = facts.sort[i], facts.happened[i], lists.arrest.shape[0]
    state.live[i] = 0
    _add(state.slot, lists.start, lists.slot, lists.amount, sort, -1)
    for w in range(_WINDOWS):
        if happened >= t - _WIDTHS[w]:
            _add(state.slot, lists.start, lists.slot, lists.amount, (1 + w) * sorts + sort, -1)
    for j in range(lists.edge_start[sort], lists.edge_start[sort + 1]):
        c = lists.edge_class[j]
        if happened == state.last[c]:
            state.last[c] = NEVER
            for place in range(state.reached[s] - 1, facts.start[s, person] - 1, -1):
                if _is_live(facts, state, lists, state.by_happened[place], c):
                    state.last[c] = facts.happened[state.by_happened[place]]
                    break
        if happened == state.first[c]:
            state.first[c] = ALWAYS
            for place in range(facts.start[s, person], state.reached[s]):
                if _is_live(facts, state, lists, state.by_happened[place], c):
                    state.first[c] = facts.happened[state.by_happened[place]]
                    break


@compiled
def _is_live(facts: Facts, state: _State, lists: Lists, i: int, c: int) -> bool:
    """Say whether a fact counts as prior and is of the class ``c``."""
    if state.live[i]:
        for j in range(lists.edge_start[facts.sort[i]], lists.edge_start[facts.sort[i] + 1]):
            if lists.edge_class[j] == c:
                return True
    return False


@compiled
def _own(facts: Facts, state: _State, lists: Lists, person: int, t: int, own: int, aside: int) -> int:
    """Count the presenting facts, and put aside those facts of the custody event that counted as prior before it."""
    sorts = lists.arrest.shape[0]
    for s in range(facts.start.shape[0]):
        i = state.head[s, own]
        while i >= 0:
            if facts.recorded[i] <= t < facts.until[i]:
                _add(state.slot, lists.start, lists.slot, lists.amount, PRESENTING * sorts + facts.sort[i], 1)
            if state.live[i]:
                _remove(facts, state, lists, i, s, person, t)
                state.aside[aside] = i
                aside += 1
            i = state.following[i]
    return aside


@compiled
def _read(
    facts: Facts,
    state: _State,
    lists: Lists,
    columns: Columns,
    groups: int,
    person: int,
    t: int,
    born: int,
    row: Floats,
) -> None:
    """Read all the columns off the state."""
    start, a, slot = columns.start, columns.operand, state.slot
    for j in range(start[_COUNT], start[_COUNT + 1]):
        row[j] = slot[a[j, 0]]
    for j in range(start[_HARM], start[_HARM + 1]):
        row[j] = slot[a[j, 0]] / 1000.0
    for j in range(start[_FLAG], start[_FLAG + 1]):
        row[j] = 1.0 if slot[a[j, 0]] > 0 else 0.0
    for j in range(start[_SINCE], start[_SINCE + 1]):
        last = state.last[a[j, 0]]
        row[j] = columns.never[j] if last == NEVER else (t - last) / _YEAR
    for j in range(start[_FIRST_AGE], start[_FIRST_AGE + 1]):
        row[j] = _age(born, state.first[a[j, 0]], columns.never[j])
    for j in range(start[_PRESENT_COUNT], start[_PRESENT_COUNT + 1]):
        row[j] = slot[a[j, 0]]
    for j in range(start[_PRESENT_HARM], start[_PRESENT_HARM + 1]):
        row[j] = slot[a[j, 0]] / 1000.0
    for j in range(start[_RUNNING], start[_RUNNING + 1]):
        row[j] = slot[a[j, 0]]
    for j in range(start[_AGE], start[_AGE + 1]):
        row[j] = _age(born, t, np.nan)
    for j in range(start[_KINDS], start[_TOP_SHARE]):
        row[j] = _kinds(slot, a[j, 0], groups)
    for j in range(start[_TOP_SHARE], start[_TOP_SHARE + 1]):
        row[j] = _share(slot[a[j, 0] : a[j, 0] + groups].max(), slot[a[j, 1]])
    for j in range(start[_SHARE], start[_SHARE + 1]):
        row[j] = _share(slot[a[j, 0]], slot[a[j, 1]])
    _read_tempo(facts, state, lists, columns, person, t, row)
    for j in range(start[_SAME_KIND], start[_SAME_KIND + 1]):
        row[j] = _same_kind(slot, a[j, 0], a[j, 1], groups)


@compiled
def _read_tempo(facts: Facts, state: _State, lists: Lists, columns: Columns, person: int, t: int, row: Floats) -> None:
    """Read the columns about gaps and pace."""
    start, a, slot = columns.start, columns.operand, state.slot
    for j in range(start[_MEAN_GAP], start[_MEAN_GAP + 1]):
        count, first, last = slot[a[j, 0]], state.first[a[j, 1]], state.last[a[j, 1]]
        row[j] = np.nan if count < 2 else (last - first) / _YEAR / (count - 1)
    for j in range(start[_LAST_GAP], start[_LAST_GAP + 1]):
        row[j] = _last_gap(facts, state, lists, person)
    for j in range(start[_TEMPO], start[_TEMPO + 1]):
        count, first = slot[a[j, 0]], state.first[a[j, 1]]
        row[j] = 0.0 if count == 0 else count / max((t - first) / _YEAR, 1.0)
    for j in range(start[_ACCELERATION], start[_ACCELERATION + 1]):
        row[j] = (5 * slot[a[j, 0]] - slot[a[j, 1]]) / 4.0
    for j in range(start[_FREE], start[_FREE + 1]):
        latest = max(state.last[a[j, 1]], state.last[a[j, 2]], state.last[a[j, 3]])
        since = np.nan if latest == NEVER else (t - latest) / _YEAR
        row[j] = 0.0 if slot[a[j, 0]] > 0 else since


@compiled
def _age(born: int, at: int, never: float) -> float:
    """Return the age in years at a time; missing without a date of birth, or for a time before it."""
    if at == ALWAYS:
        return never
    return np.nan if born == NEVER or at < born else (at - born) / _YEAR


@compiled
def _kinds(slot: Ints, first: int, groups: int) -> int:
    """Return how many of the groups' slots are above zero."""
    found = 0
    for g in range(first, first + groups):
        found += slot[g] > 0
    return found


@compiled
def _same_kind(slot: Ints, first: int, presenting: int, groups: int) -> int:
    """Return how many prior offences are of a group that is among the presenting ones."""
    found = 0
    for g in range(groups):
        if slot[presenting + g] > 0:
            found += slot[first + g]
    return found


@compiled
def _share(part: int, whole: int) -> float:
    return np.nan if whole == 0 else part / whole


@compiled
def _last_gap(facts: Facts, state: _State, lists: Lists, person: int) -> float:
    """Return the years between the latest two prior arrests, missing with fewer than two."""
    latest = NEVER
    for place in range(state.reached[_CUSTODY] - 1, facts.start[_CUSTODY, person] - 1, -1):
        i = state.by_happened[place]
        if state.live[i] and lists.arrest[facts.sort[i]]:
            if latest != NEVER:
                return (latest - facts.happened[i]) / _YEAR
            latest = facts.happened[i]
    return np.nan


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
