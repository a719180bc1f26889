"""Carry a synthetic person through custody, in compiled code: arrest, disposal, court, prison, bail and recall."""

from __future__ import annotations

import math
from typing import Any

from forecast.synthetic import codes as c
from forecast.synthetic.chance import compiled, exponential, lognormal, pick, uniform

DAY, YEAR, HOUR = c.DAY, c.YEAR, 3600.0
# places in State.now
TIME, LAST, ORDER_UNTIL, LAST_GROUP, PRIORS, VIOLENT, DIVERTED_UNTIL, WEIGHT, WAITING = range(9)
# columns of State.queue, and what can wait there
WHEN, WHAT, ROW, LONG = range(4)
ARREST, HISTORIC, BAIL, WARRANT, PRISON, RECALL = range(6)
_NEVER, _PENDING = c.NEVER, math.inf
_ADULT, _REGISTER, _RECALLED = 18 * YEAR, 5 * YEAR, 28 * DAY


@compiled
def push(state: Any, when: float, what: int, row: int, long: float) -> None:
    """Let something wait until ``when``; what finds no room is forgotten."""
    queue = state.queue
    for slot in range(len(queue)):
        if queue[slot, WHEN] == _PENDING:
            state.now[WAITING] += 1
            queue[slot, WHEN], queue[slot, WHAT], queue[slot, ROW], queue[slot, LONG] = when, what, row, long
            return


@compiled
def earliest(queue: Any) -> int:
    """Return the slot of what comes next."""
    best = 0
    for slot in range(1, len(queue)):
        if queue[slot, WHEN] < queue[best, WHEN]:
            best = slot
    return best


@compiled
def add_event(rows: Any, person: int, arrested: float, reason: int, released: float) -> int:
    """Write a custody event and return its row."""
    row: int = rows.used[0]
    rows.used[0] = row + 1
    rows.events[row, c.E_PERSON], rows.events[row, c.E_ARRESTED] = person, int(arrested)
    rows.events[row, c.E_REASON], rows.events[row, c.E_DISPOSAL] = reason, -1
    rows.events[row, c.E_DISPOSED], rows.events[row, c.E_RELEASED] = _NEVER, int(released)
    rows.events[row, c.E_REMANDED] = _NEVER
    return row


@compiled
def add_offence(rows: Any, person: int, committed: float, group: int, event: int) -> int:
    """Write an offence, as the leading one of ``event`` (-1: not known to the police), and return its row."""
    row: int = rows.used[1]
    rows.used[1] = row + 1
    rows.offences[row, c.O_PERSON], rows.offences[row, c.O_COMMITTED] = person, int(committed)
    rows.offences[row, c.O_GROUP], rows.offences[row, c.O_EVENT] = group, event
    rows.offences[row, c.O_ROLE], rows.offences[row, c.O_ORIGIN] = c.LEADING, -1
    rows.offences[row, c.O_CHARGED], rows.offences[row, c.O_PROVEN] = _NEVER, _NEVER
    return row


@compiled
def add_order(rows: Any, person: int, kind: int, start: float, end: float) -> None:
    """Write an order."""
    row = rows.used[2]
    rows.used[2] = row + 1
    rows.orders[row, c.R_PERSON], rows.orders[row, c.R_KIND] = person, kind
    rows.orders[row, c.R_START], rows.orders[row, c.R_END] = int(start), int(end)


@compiled
def stay(stream: Any) -> float:
    """Return the length of a stay in police custody: a median of 11 hours, from 1.5 to 72."""
    return float(min(max(lognormal(stream, 11 * HOUR, 0.5), 1.5 * HOUR), 72 * HOUR))


@compiled
def come_due(person: int, born: float, end: float, rules: Any, state: Any, rows: Any) -> None:
    """Let what comes next happen, unless it is past ``end``; who was in prison is met soon after leaving it."""
    slot = earliest(state.queue)
    when, what = state.queue[slot, WHEN], int(state.queue[slot, WHAT])
    row, long = int(state.queue[slot, ROW]), state.queue[slot, LONG]
    state.queue[slot, WHEN] = _PENDING
    state.now[WAITING] -= 1
    if when < state.now[TIME] and what != PRISON:
        when = state.now[TIME] + exponential(state.stream) * DAY
    when = max(when, state.now[TIME])
    if when >= end:
        state.now[TIME] = when
    elif what == PRISON:
        imprison(person, when, long, rules, state, rows)
    elif what <= HISTORIC:
        arrest(person, born, when, row, rules, state, rows)
    else:
        come_back(person, when, what, row, state, rows)


@compiled
def come_back(person: int, when: float, what: int, row: int, state: Any, rows: Any) -> None:
    """Bring a person in without a new offence: on bail, on a warrant, or recalled to prison."""
    released = when + stay(state.stream)
    if what == BAIL:
        event = add_event(rows, person, when, c.BAIL, released)
        rows.events[event, c.E_DISPOSAL] = rows.events[rows.offences[row, c.O_EVENT], c.E_DISPOSAL]
        rows.events[event, c.E_DISPOSED] = int(released)
        copy = add_offence(rows, person, rows.offences[row, c.O_COMMITTED], rows.offences[row, c.O_GROUP], event)
        rows.offences[copy, c.O_ROLE], rows.offences[copy, c.O_ORIGIN] = c.REPEATED, row
    elif what == WARRANT:
        add_event(rows, person, when, c.WARRANT, released)
    else:
        add_event(rows, person, when, c.RECALL, released)
        add_order(rows, person, c.PRISON, released, released + _RECALLED)
        released += _RECALLED
    state.now[TIME] = released


@compiled
def imprison(person: int, when: float, long: float, rules: Any, state: Any, rows: Any) -> None:
    """Keep a person in prison for ``long`` seconds, then under licence for as long, a year at most."""
    end = when + long
    add_order(rows, person, c.PRISON, when, end)
    licence = min(long, YEAR)
    state.now[TIME] = end
    state.now[ORDER_UNTIL] = max(state.now[ORDER_UNTIL], end + licence)
    if uniform(state.stream) < rules.recall:
        push(state, end + licence * uniform(state.stream), RECALL, -1, 0.0)


@compiled
def arrest(person: int, born: float, when: float, row: int, rules: Any, state: Any, rows: Any) -> None:
    """Arrest a person for the offence of ``row``, and for what else the police have on them."""
    now, stream = state.now, state.stream
    group, committed = rows.offences[row, c.O_GROUP], float(rows.offences[row, c.O_COMMITTED])
    breach = group == c.BREACH and committed < now[ORDER_UNTIL]
    released = when + stay(stream)
    event = add_event(rows, person, when, c.BREACH_ARREST if breach else c.OFFENCE, released)
    rows.offences[row, c.O_EVENT] = event
    for slot in range(len(state.queue)):
        if state.queue[slot, WHEN] < _PENDING and state.queue[slot, WHAT] == ARREST:
            other = int(state.queue[slot, ROW])
            rows.offences[other, c.O_EVENT], rows.offences[other, c.O_ROLE] = event, c.FURTHER
            state.queue[slot, WHEN] = _PENDING
            now[WAITING] -= 1
    while uniform(stream) < rules.further:
        kind = group if uniform(stream) < 0.5 else pick(stream, state.weights)
        before = HOUR if uniform(stream) < 0.8 else 60 * DAY
        extra = add_offence(rows, person, committed - before * uniform(stream), kind, event)
        rows.offences[extra, c.O_ROLE] = c.FURTHER
    now[TIME] = released
    _dispose(person, when - born >= _ADULT, event, row, rules, state, rows)
    now[PRIORS] += 1
    if group <= c.LAST_VIOLENT:
        now[VIOLENT] += 1


@compiled
def _dispose(person: int, adult: bool, event: int, row: int, rules: Any, state: Any, rows: Any) -> None:
    """Decide what becomes of the case, and when; bail puts it off by some weeks."""
    now, stream = state.now, state.stream
    group, released = rows.offences[row, c.O_GROUP], now[TIME]
    disposed = released - 600.0
    bailed = uniform(stream) < rules.bail_return
    if bailed:
        disposed = released + min(lognormal(stream, 30 * DAY, 0.5), 180 * DAY)
        push(state, disposed, BAIL, row, 0.0)
        add_order(rows, person, c.BAIL_ORDER, released, disposed)
    disposal = _disposal(rows.events[event, c.E_ARRESTED], adult, group, rules, state)
    rows.events[event, c.E_DISPOSAL], rows.events[event, c.E_DISPOSED] = disposal, int(disposed)
    if disposal == c.CHARGE:
        rows.offences[row, c.O_CHARGED] = int(disposed)
        _try(person, event, row, disposed, bailed, rules, state, rows)
    elif disposal == c.CAUTION:
        rows.offences[row, c.O_PROVEN] = int(disposed)
    elif disposal == c.DIVERSION:
        now[DIVERTED_UNTIL] = disposed + 2 * YEAR


@compiled
def _disposal(arrested: int, adult: bool, group: int, rules: Any, state: Any) -> int:
    now, stream = state.now, state.stream
    middling = adult and rules.low_level[group] == 1 and 1 <= now[PRIORS] <= 10
    if middling and arrested >= c.DIVERSION_START and uniform(stream) < rules.diversion:
        return c.DIVERSION
    if uniform(stream) < min(rules.charge[group] + 0.03 * min(now[PRIORS], 8.0), 0.95):
        return c.CHARGE
    u = uniform(stream)
    if rules.low_level[group] == 1 and now[PRIORS] < 4:
        return c.CAUTION if u < 0.4 else c.PENALTY if u < 0.52 else c.RESOLUTION if u < 0.65 else c.NO_ACTION
    return c.CAUTION if u < 0.08 else c.OTHER if u < 0.15 else c.NO_ACTION


@compiled
def _try(person: int, event: int, row: int, charged: float, bailed: bool, rules: Any, state: Any, rows: Any) -> None:
    """Bring a charge to court: remand or bail until then, conviction or not, and the sentence."""
    now, stream = state.now, state.stream
    group = rows.offences[row, c.O_GROUP]
    court = max(charged, now[TIME]) + DAY * min(max(lognormal(stream, 55.0, 0.8), 1.0), 700.0)
    prison = min(rules.prison[group] * (1.0 + rules.prison_priors * min(now[PRIORS], 30.0)), 0.9)
    if not bailed and uniform(stream) < rules.remand * prison:
        rows.events[event, c.E_REMANDED] = int(court)
        now[TIME] = court
    else:
        add_order(rows, person, c.BAIL_ORDER, charged, court)
        now[ORDER_UNTIL] = max(now[ORDER_UNTIL], court)
        if uniform(stream) < rules.warrant:
            push(state, now[TIME] + (court - now[TIME]) * (0.2 + uniform(stream)), WARRANT, row, 0.0)
    if uniform(stream) < rules.proven:
        rows.offences[row, c.O_PROVEN] = int(court)
        _sentence(person, group, court, prison, rules, state, rows)


@compiled
def _sentence(person: int, group: int, court: float, prison: float, rules: Any, state: Any, rows: Any) -> None:
    now, stream = state.now, state.stream
    u = uniform(stream)
    if u < prison:
        long = DAY * min(max(lognormal(stream, rules.prison_days[group], 0.7), 7.0), 5500.0)
        push(state, court, PRISON, -1, long)
    elif u < prison + (1.0 - prison) * 0.45:
        kind = c.SUSPENDED if u < prison + (1.0 - prison) * 0.15 else c.COMMUNITY
        add_order(rows, person, kind, court, court + YEAR)
        now[ORDER_UNTIL] = max(now[ORDER_UNTIL], court + YEAR)
    if group == c.SEXUAL:
        add_order(rows, person, c.REGISTER, court, court + _REGISTER)
