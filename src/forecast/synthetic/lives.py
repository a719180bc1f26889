"""Run the lives of all latent people, chunk by chunk, and keep what falls into the years of the records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.progress import SILENT, Progress
from forecast.synthetic import codes as c
from forecast.synthetic.codes import Bools, Ints, People, Rows, State, record, records
from forecast.synthetic.groups import GROUPS
from forecast.synthetic.life import MOST_ROWS, live_many
from forecast.synthetic.parameters import Parameters
from forecast.synthetic.people import Latent, rules

_EVENTS, _OFFENCES, _ORDERS = 60_000, 200_000, 60_000  # room in a chunk; a life never spans two
_SLAB = 200_000  # people that are laid out for the kernels at a time
_QUEUE = 24


@dataclass(frozen=True)
class Lives:
    """What happened to the latent people: matrices with the columns that :mod:`forecast.synthetic.codes` names.

    ``events`` are those arrested within the records; ``E`` numbers in ``offences`` are rows of it, or -1. An offence
    is here if it was committed within the records or an event of theirs is about it.
    """

    events: Ints
    offences: Ints
    orders: Ints


def live(latent: Latent, seed: int, p: Parameters, progress: Progress = SILENT) -> Lives:
    """Live everybody once; the same seed and parameters give the same lives, whatever the size of a chunk."""
    law, state = record(rules(seed, p)), record(_state())
    rows = Rows(_rows(_EVENTS, 7), _rows(_OFFENCES, 8), _rows(_ORDERS, 4), np.zeros(3, dtype=np.int64))
    progress.begin("living lives", len(latent))
    parts: list[Lives] = []
    events = 0
    for first in range(0, len(latent), _SLAB):
        people = records(People(*(column[first : first + _SLAB] for column in latent.lives)))
        done = 0
        while done < len(people):
            rows.used[:] = 0
            upto = live_many(done, first, law, people, state, rows)
            parts.append(_within_records(rows, events))
            events += len(parts[-1].events)
            progress.advance(upto - done)
            done = upto
    return Lives(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("events", "offences", "orders"))
    )


def _rows(count: int, columns: int) -> Ints:
    return np.zeros((count + MOST_ROWS, columns), dtype=np.int64)


def _state() -> State:
    queue = np.zeros((_QUEUE, 4))
    return State(np.zeros(9), queue, np.zeros(len(GROUPS)), np.zeros(1, dtype=np.uint64))


def _within_records(rows: Rows, offset: int) -> Lives:
    """Return the rows that fall into the records; event numbers become rows of all events."""
    events, offences, orders = (rows[i][: rows.used[i]] for i in range(3))
    keep = (events[:, c.E_ARRESTED] >= c.RECORDS_START) & (events[:, c.E_ARRESTED] < c.RECORDS_END - 3600)
    number = np.append(np.where(keep, offset + np.cumsum(keep) - 1, -1), -1)  # the last place is for "no event"
    offences = offences.copy()
    offences[:, c.O_EVENT] = number[offences[:, c.O_EVENT]]
    committed = offences[:, c.O_COMMITTED]
    known = offences[:, c.O_EVENT] >= 0
    true = (offences[:, c.O_ROLE] != c.REPEATED) & (committed >= c.RECORDS_START) & (committed < c.RECORDS_END)
    return Lives(events[keep], _kept(offences, known | true), _orders(orders))


def _kept(offences: Ints, keep: Bools) -> Ints:
    """Return the kept offences; a repetition points at its original by how many kept rows lie between them."""
    place = np.cumsum(keep) - 1
    copies = np.flatnonzero(keep & (offences[:, c.O_ORIGIN] >= 0))
    originals = offences[copies, c.O_ORIGIN]
    offences[copies, c.O_ORIGIN] = np.where(keep[originals], place[copies] - place[originals], -1)
    return offences[keep]


def _orders(orders: Ints) -> Ints:
    start = orders[:, c.R_START]
    return orders[(start >= c.RECORDS_START) & (start < c.RECORDS_END - 86_400)]
