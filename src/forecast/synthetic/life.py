"""Live the offending of synthetic people, in compiled code, one whole life after another.

True offences come from a point process that is drawn by thinning (Lewis and Shedler 1979; Ogata 1981): the rate of the
person, times the age curve, the excitement after the last offence, the rhythm of week and year of the kind of offence,
and the effect of diversion. Only some offences lead to an arrest, so the recorded history is not the true one.
"""

from __future__ import annotations

import math
from typing import Any

from forecast.synthetic import codes as c
from forecast.synthetic.chance import begin, compiled, exponential, lognormal, pick, uniform
from forecast.synthetic.custody import (
    ARREST,
    DIVERTED_UNTIL,
    HISTORIC,
    LAST,
    LAST_GROUP,
    ORDER_UNTIL,
    PRIORS,
    TIME,
    VIOLENT,
    WAITING,
    WEIGHT,
    WHEN,
    add_offence,
    come_due,
    earliest,
    push,
)

DAY, YEAR, HOUR = c.DAY, c.YEAR, 3600.0
MOST_ROWS = 6_000
"""No life writes more rows of one kind than this."""
_STOP = 5_000  # a life that has written so many is not followed further: compiled code does not check bounds
_PENDING = math.inf


@compiled
def live_many(first: int, offset: int, rules: Any, people: Any, state: Any, rows: Any) -> int:
    """Live ``people`` from the place ``first`` while there is room; return the first place that was not lived.

    The number of a person is ``offset`` and the place; all are done when the number of people is returned.
    """
    for place in range(first, len(people)):
        if (
            rows.used[0] + MOST_ROWS > len(rows.events)
            or rows.used[1] + MOST_ROWS > len(rows.offences)
            or rows.used[2] + MOST_ROWS > len(rows.orders)
        ):
            return place
        _live(offset + place, rules[0], people[place], state[0], rows)
    return len(people)


@compiled
def _live(person: int, rules: Any, me: Any, state: Any, rows: Any) -> None:
    """Live one person from the start of offending until they leave, or the records end, or nothing is left to come."""
    begin(state.stream, rules.seed, person)
    now, queue = state.now, state.queue
    now[:] = 0.0
    queue[:, WHEN] = _PENDING
    now[TIME], now[LAST], now[LAST_GROUP], now[ORDER_UNTIL] = me.starts, -1e12, -1.0, -1e12
    now[DIVERTED_UNTIL] = -1e12
    born, end = me.born, min(me.leaves, float(c.RECORDS_END))
    events, offences, orders = rows.used[0], rows.used[1], rows.used[2]
    violent = -1.0  # so that the first turn of the loop sets the weights
    while now[TIME] < end and max(rows.used[0] - events, rows.used[1] - offences, rows.used[2] - orders) < _STOP:
        due = queue[earliest(queue), WHEN] if now[WAITING] > 0 else _PENDING
        coming, excited = _PENDING, 1.0
        if now[TIME] < me.desists:
            if now[VIOLENT] != violent:
                violent = now[VIOLENT]
                _set_weights(rules, me, state)
            excited = _excited(now[TIME], rules, now)
            ceiling = me.rate * _habit(rules, now) * now[WEIGHT] * rules.bound * excited
            coming = now[TIME] + exponential(state.stream) / max(ceiling, 1e-30)
        if coming < due and coming < me.desists:
            now[TIME] = coming
            if coming < end:
                _offend(person, excited, rules, me, state, rows)
        elif due < end:
            come_due(person, born, end, rules, state, rows)
        else:
            return


@compiled
def _habit(rules: Any, now: Any) -> float:
    """Return the factor by which earlier arrests raise the rate: it levels off after a few."""
    return float(1.0 + rules.habit * (1.0 - math.exp(-now[PRIORS] / 2.0)))


@compiled
def _excited(time: float, rules: Any, now: Any) -> float:
    """Return the factor by which the last offence raises the rate."""
    return float(1.0 + rules.excitement * math.exp(-(time - now[LAST]) / (rules.excitement_days * DAY)))


@compiled
def _set_weights(rules: Any, me: Any, state: Any) -> None:
    """Set the chances of the groups among true offences, and the true offences per arrest."""
    total, arrests = 0.0, 0.0
    escalation = 1.0 + rules.violence_escalation * math.log(1.0 + state.now[VIOLENT])
    for group in range(len(rules.share)):
        wanted = rules.share[group] * me.taste[rules.cluster[group]]
        if group in (c.VIOLENCE_SERIOUS, c.SEXUAL, c.ROBBERY):
            wanted *= escalation
        arrests += wanted
        total += wanted / rules.arrest[group]
        state.weights[group] = total
    state.now[WEIGHT] = total / arrests


@compiled
def _offend(person: int, bound: float, rules: Any, me: Any, state: Any, rows: Any) -> None:
    """Turn a candidate of the point process into a true offence, or drop it; the police may come to know of it.

    ``bound`` is the excitement that the candidate was drawn with.
    """
    now, stream, time = state.now, state.stream, state.now[TIME]
    if time < now[ORDER_UNTIL] and uniform(stream) < rules.breach_share:
        group = c.BREACH
    elif now[LAST_GROUP] >= 0 and uniform(stream) < rules.repeat_group:
        group = int(now[LAST_GROUP])
    else:
        group = pick(stream, state.weights)
    day = int((time - c.CLOCK_START) / DAY)
    hour = int((time - c.CLOCK_START) / HOUR) - 24 * day
    rhythm = rules.rhythm[group]
    # thinning: all that makes the rate smaller than its ceiling (FIRST_DAY was a Wednesday)
    now_rate = rules.age[int((time - me.born) / YEAR)]
    now_rate *= rules.season[rhythm, rules.month[day]] * rules.week[rhythm, ((day + 2) % 7) * 24 + hour]
    if time < now[DIVERTED_UNTIL]:
        now_rate *= rules.diversion_effect
    if uniform(stream) * rules.bound * bound >= now_rate * _excited(time, rules, now):
        return
    row = add_offence(rows, person, time, group, -1)
    now[LAST], now[LAST_GROUP] = time, group
    known = rules.arrest[group] * (1.0 + rules.exposure_effect * me.exposure)
    if uniform(stream) < min(known, 0.95):
        if uniform(stream) < rules.historic[group]:
            push(state, time + lognormal(stream, 120 * DAY, 1.0), HISTORIC, row, 0.0)
        else:
            push(state, time + lognormal(stream, 8 * HOUR, 1.6), ARREST, row, 0.0)
