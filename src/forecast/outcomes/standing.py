"""Take the view of the end of the data: which rows stand then, and what they say, as plain integer arrays.

Features see the records as of each moment; outcomes see them as they stand at ``data_end``, corrections included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.outcomes.definition import Definition
from forecast.outcomes.windows import ENDLESS, NEVER
from forecast.records.arrange import Arranged
from forecast.records.moments import event_people

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints
    from forecast.records.taxonomy import Taxonomy

_COUNTED = {"charge": "charged_at", "proven": "proven_at"}


@dataclass(frozen=True)
class Candidates:
    """Offences that may count, by person and time of commission; ``starts`` is (people + 1,).

    ``event``: their custody event, as ``Arranged.stay`` names it. ``counted``: time of arrest, charge or proof.
    """

    starts: Ints
    committed: Ints
    counted: Ints
    event: Ints
    serious: Bools
    weight: Ints


@dataclass(frozen=True)
class Spans:
    """Spans ``[begins, stops)`` of remand and prison, by person and begin.

    They may overlap; one that runs backwards covers nothing.
    """

    starts: Ints
    person: Ints
    begins: Ints
    stops: Ints


def times(table: pa.Table, column: str, missing: int = NEVER) -> Ints:
    """Return a column of times as microseconds, ``missing`` where it is empty."""
    values: Ints = pc.fill_null(table[column].cast(pa.int64()), missing).to_numpy()
    return values


def stands(table: pa.Table, data_end: int) -> Bools:
    """Say which rows were recorded before ``data_end`` and neither replaced nor withdrawn before it."""
    mask: Bools = (times(table, "recorded_at") < data_end) & (times(table, "superseded_at", ENDLESS) >= data_end)
    return mask


def standing_versions(arranged: Arranged, data_end: int) -> Ints:
    """Return (events,) for each event, at its first version's row, the row that stands; -1 where none does.

    Rows come in order of recording, so the latest wins should two stand.
    """
    rows = np.flatnonzero(stands(arranged.records.custody_events, data_end))
    standing = np.full(len(arranged.stay), -1, dtype=np.int64)
    np.maximum.at(standing, arranged.stay[rows], rows)
    return standing


def candidates(arranged: Arranged, taxonomy: Taxonomy, definition: Definition, data_end: int) -> Candidates:
    """Return the offences that the definition may count, wherever their time falls."""
    offences, events = arranged.records.offences, arranged.records.custody_events
    version = standing_versions(arranged, data_end)[arranged.offence_stay]
    barred = pc.is_in(events["reason"], value_set=pa.array(definition.excluded_reasons, pa.string())).to_numpy()
    counts = stands(offences, data_end) & (version >= 0)
    counts[counts] = ~barred[version[counts]]
    if definition.counted == "arrest":
        counted = times(events, "arrested_at")[version]  # a row that does not count may hold anything
    else:
        counted = times(offences, _COUNTED[definition.counted])
        counts &= counted != NEVER
    person = np.repeat(np.arange(arranged.people), np.diff(arranged.offence_starts))
    committed = times(offences, "committed_at")
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((committed[rows], person[rows]))]
    serious, weight = _weighed(offences["code"], taxonomy, definition)
    starts = np.searchsorted(person[rows], np.arange(arranged.people + 1)).astype(np.int64)
    return Candidates(starts, committed[rows], counted[rows], arranged.offence_stay[rows], serious[rows], weight[rows])


def _weighed(codes: pa.ChunkedArray, taxonomy: Taxonomy, definition: Definition) -> tuple[Bools, Ints]:
    """Return whether each offence is serious, and its weight; an unknown code is not serious and weighs nothing."""
    encoded = taxonomy.encode(codes)
    weight = np.where(encoded.unknown, 0, encoded.weight_milli).astype(np.int64)
    if definition.serious == "severity":
        return weight >= definition.severity_milli, weight
    bit = np.uint64(1 << taxonomy.classes.index("serious"))
    return ((encoded.mask & bit) != 0) & ~encoded.unknown, weight


def spans_inside(arranged: Arranged, data_end: int) -> Spans:
    """Return the spans of remand (from arrest to ``remanded_until``) and of orders of kind "prison"."""
    events, orders = arranged.records.custody_events, arranged.records.orders
    remands = standing_versions(arranged, data_end)
    remands = remands[remands >= 0]
    remands = remands[times(events, "remanded_until")[remands] != NEVER]
    is_prison = pc.equal(orders["kind"], "prison").to_numpy()
    prison = np.flatnonzero(stands(orders, data_end) & is_prison)
    order_person = np.repeat(np.arange(arranged.people), np.diff(arranged.order_starts))
    person = np.concatenate([event_people(arranged)[remands], order_person[prison]])
    begins = np.concatenate([times(events, "arrested_at")[remands], times(orders, "starts_at")[prison]])
    stops = np.concatenate([times(events, "remanded_until")[remands], times(orders, "ends_at", ENDLESS)[prison]])
    rows = np.lexsort((begins, person))
    starts = np.searchsorted(person[rows], np.arange(arranged.people + 1)).astype(np.int64)
    return Spans(starts, person[rows], begins[rows], stops[rows])
