"""Make the tables of custody events and orders from the lives that were lived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from forecast.records.schema import CUSTODY_EVENTS, DISPOSALS, ORDER_KINDS, ORDERS, REASONS, TIME
from forecast.synthetic import codes as c
from forecast.synthetic.codes import NEVER, Bools, Ints
from forecast.synthetic.columns import ids, nothing, table, texts, times
from forecast.synthetic.lives import Lives

STATIONS = ("North", "South", "East", "West")
SCHEME = "checkpoint-like"
KINDS = ("prison", "suspended_sentence", "community_order", "bail", "sex_offender_register")


@dataclass(frozen=True)
class Events:
    """Custody events in order of arrest; times in seconds from 1970, whole minutes but for ``recorded``.

    ``rows``: the columns that :mod:`forecast.synthetic.codes` names. ``place``: for each row of ``Lives.events`` its
    place here.
    """

    rows: Ints
    place: Ints
    recorded: Ints
    station: Ints

    @property
    def person(self) -> Ints:
        """The latent person of each event."""
        return self.rows[:, c.E_PERSON]


def minutes(seconds: Ints) -> Ints:
    """Cut times down to whole minutes."""
    return np.where(seconds == NEVER, NEVER, seconds // 60 * 60)


def past(seconds: Ints) -> Ints:
    """Return times, and ``NEVER`` for those after the end of the records."""
    return np.where(seconds >= c.RECORDS_END, NEVER, seconds)


def order_events(lives: Lives, area: Ints, rng: np.random.Generator) -> Events:
    """Put events in order of arrest and say when each custody record was opened: 5 to 60 minutes later."""
    rows = lives.events.copy()
    for column in (c.E_ARRESTED, c.E_DISPOSED, c.E_RELEASED, c.E_REMANDED):
        rows[:, column] = minutes(rows[:, column])
    order = np.lexsort((rows[:, c.E_PERSON], rows[:, c.E_ARRESTED]))
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows))
    rows = rows[order]
    recorded = rows[:, c.E_ARRESTED] + rng.integers(300, 3_600, len(rows))
    elsewhere = rng.random(len(rows)) < 0.15
    home = area[rows[:, c.E_PERSON]] % len(STATIONS)
    station = np.where(elsewhere, rng.integers(0, len(STATIONS), len(rows)), home)
    return Events(rows, place, recorded, station)


def events_table(events: Events, nominal: Ints) -> pa.Table:
    """Return the table of custody events; ``nominal`` is the number of the nominal of each."""
    rows, n = events.rows, len(events.rows)
    disposed = past(rows[:, c.E_DISPOSED])
    disposal = np.where(disposed == NEVER, -1, rows[:, c.E_DISPOSAL])
    columns = {
        "custody_id": ids("C", np.arange(1, n + 1)),
        "person_id": ids("P", nominal),
        "arrested_at": times(rows[:, c.E_ARRESTED]),
        "recorded_at": times(events.recorded),
        "superseded_at": nothing(TIME, n),
        "released_at": times(past(rows[:, c.E_RELEASED])),
        "station": texts(events.station, STATIONS),
        "reason": texts(rows[:, c.E_REASON], REASONS),
        "disposal": texts(disposal, DISPOSALS),
        "disposed_at": times(disposed),
        "remanded_until": times(past(rows[:, c.E_REMANDED])),
        "diverted_to": texts(np.where(disposal == c.DIVERSION, 0, -1), (SCHEME,)),
    }
    return table(columns, CUSTODY_EVENTS.arrow)


def orders_table(orders: Ints, nominal: Ints, rng: np.random.Generator) -> pa.Table:
    """Return the table of orders, in order of their start; each is on record within a day of it."""
    orders = orders[np.lexsort((orders[:, c.R_PERSON], orders[:, c.R_START]))]
    start, n = minutes(orders[:, c.R_START]), len(orders)
    kinds = np.array([ORDER_KINDS.index(kind) for kind in KINDS])
    columns = {
        "order_id": ids("R", np.arange(1, n + 1)),
        "person_id": ids("P", nominal[orders[:, c.R_PERSON]]),
        "kind": texts(kinds[orders[:, c.R_KIND]], ORDER_KINDS),
        "starts_at": times(start),
        "ends_at": times(minutes(orders[:, c.R_END])),
        "recorded_at": times(start + rng.integers(600, 86_000, n)),
        "superseded_at": nothing(TIME, n),
    }
    return table(columns, ORDERS.arrow)


def on_record(orders: Ints, known: Bools) -> Ints:
    """Return the orders of people who are on record: an order from before the records may have nobody there."""
    return orders[known[orders[:, c.R_PERSON]]]
