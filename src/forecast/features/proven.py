"""Turn proven offences into sanctions: one fact a custody event and class, for as long as a proof of it stood.

A row of `offences` shows its offence as proven from the later of ``proven_at`` and ``recorded_at`` until it is
superseded. A custody event was sanctioned for as long as any of its rows did, and the sanction is dated by the earliest
proof among those that stood. So there is one fact for each stretch of time over which that date is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.features.kernel import ALWAYS

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints


class Spans(NamedTuple):
    """Facts that are seen at t if ``known < t <= until``, in the order of ``key``; ``happened`` dates them."""

    key: Ints
    happened: Ints
    known: Ints
    until: Ints


def sanctions(proven: Ints, recorded: Ints, until: Ints, stay: Ints, classes: Bools) -> Spans:
    """Return the sanctions of rows of offences, all arrays a row each.

    ``proven``: ALWAYS where it is not. ``stay``: the row of the custody event. ``classes``: (rows, K) which classes of
    sanctions the offence makes. The key of a fact is ``stay * K`` plus the place of its class.
    """
    known = np.maximum(proven, recorded)
    row, place = np.nonzero(classes & ((proven != ALWAYS) & (known < until))[:, None])
    key = stay[row].astype(np.int64) * classes.shape[1] + place
    return standing(Spans(key, proven[row], known[row], until[row]))


def standing(rows: Spans) -> Spans:
    """Join rows of one key: from when to when any of them stands, cut where the earliest date among them changes."""
    order = np.argsort(rows.key, kind="stable")  # keys are nearly in order, as a stable sort likes them
    rows = Spans(*(column[order] for column in rows))
    first = np.flatnonzero(np.concatenate([[True], rows.key[1:] != rows.key[:-1]])) if len(order) else order
    size = np.diff(np.append(first, len(order)))
    alone = np.repeat(size == 1, size)
    if alone.all():
        return rows
    swept = _swept(Spans(*(column[~alone] for column in rows)))
    joined = Spans(*(np.concatenate(pair) for pair in zip((c[alone] for c in rows), swept, strict=True)))
    order = np.argsort(joined.key, kind="stable")
    return Spans(*(column[order] for column in joined))


def _swept(rows: Spans) -> Spans:
    """Do the same for keys of several rows, by asking of each stretch between two changes which rows stand in it."""
    keys, first, group, size = np.unique(rows.key, return_index=True, return_inverse=True, return_counts=True)
    at, of = np.concatenate([rows.known, rows.until]), np.concatenate([group, group])
    order = np.lexsort((at, of))
    at, of = at[order], of[order]
    stretch = np.flatnonzero((of[1:] == of[:-1]) & (at[1:] > at[:-1]))
    low, high, of = at[stretch], at[stretch + 1], of[stretch]
    count = size[of]
    begin = np.cumsum(count) - count
    which = np.repeat(np.arange(len(of)), count)
    row = np.arange(len(which)) - begin[which] + first[of][which]
    stands = (rows.known[row] <= low[which]) & (rows.until[row] >= high[which])
    date = np.minimum.reduceat(np.where(stands, rows.happened[row], ALWAYS), begin)
    keep = date != ALWAYS
    low, high, of, date = low[keep], high[keep], of[keep], date[keep]
    new = np.ones(len(of), dtype=bool)
    new[1:] = (of[1:] != of[:-1]) | (date[1:] != date[:-1]) | (low[1:] != high[:-1])
    start = np.flatnonzero(new)
    last = np.append(start[1:], len(of)) - 1
    return Spans(keys[of[start]], date[start], low[start], high[last])
