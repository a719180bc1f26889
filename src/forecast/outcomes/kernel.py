"""Walk the windows: two compiled loops over sorted integers, linear in what the windows hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints


def _outcomes(
    person: Ints,
    event: Ints,
    opens: Ints,
    ends: Ints,
    closes: Ints,
    starts: Ints,
    committed: Ints,
    counted: Ints,
    offence_event: Ints,
    serious: Bools,
    weight: Ints,
    any_on: Ints,
    serious_on: Ints,
    harm: Ints,
) -> None:
    """Fill the three last arrays, which hold "never" and 0, for moments in order of person and ``opens``.

    An offence counts if it was committed in ``[opens, ends)``, belongs to another event, and is ``counted`` (arrest,
    charge or proof) in ``[opens, closes)``. Offences of person p: ``[starts[p], starts[p + 1])``, by ``committed``.
    """
    first = 0
    for i in range(len(person)):
        p = person[i]
        if i == 0 or person[i - 1] != p:
            first = starts[p]
        stop = starts[p + 1]
        while first < stop and committed[first] < opens[i]:
            first += 1
        j = first
        while j < stop and committed[j] < ends[i]:
            at = counted[j]
            if offence_event[j] != event[i] and opens[i] <= at < closes[i]:
                harm[i] += weight[j]
                if any_on[i] < opens[i] or at < any_on[i]:  # "never" lies before every window
                    any_on[i] = at
                if serious[j] and (serious_on[i] < opens[i] or at < serious_on[i]):
                    serious_on[i] = at
            j += 1


def _covered(
    person: Ints, opens: Ints, ends: Ints, starts: Ints, begins: Ints, stops: Ints, span_person: Ints, total: Ints
) -> None:
    """Add to ``total`` how much of ``[opens, ends)`` the person's spans cover, each moment of time once.

    Spans ``[begins, stops)`` come by person and begin; moments by person and ``opens``. The spans are merged in place
    first, so that the ends of a person's spans ascend too.
    """
    for k in range(1, len(begins)):
        if span_person[k] == span_person[k - 1] and stops[k - 1] > begins[k]:
            begins[k] = stops[k - 1]
            stops[k] = max(stops[k], begins[k])
    first = 0
    for i in range(len(person)):
        p = person[i]
        if i == 0 or person[i - 1] != p:
            first = starts[p]
        while first < starts[p + 1] and stops[first] <= opens[i]:
            first += 1
        k = first
        while k < starts[p + 1] and begins[k] < ends[i]:
            total[i] += max(0, min(stops[k], ends[i]) - max(begins[k], opens[i]))
            k += 1


_compile = numba.njit(cache=True, nogil=True)
outcomes: Callable[..., Any] = _compile(_outcomes)
covered: Callable[..., Any] = _compile(_covered)
