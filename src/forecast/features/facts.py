"""Turn arranged records into the arrays of facts that the kernel reads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.features.kernel import ALWAYS, HAPPENED, KNOWN, NEVER, RECORDED, ROWS, SORT, STAY, UNTIL, Facts
from forecast.features.programme import (
    CUSTODY_SORTS,
    END_SORTS,
    FIXED_SORTS,
    INTELLIGENCE_SORTS,
    SANCTION_SORTS,
    START_SORTS,
    USES_CATEGORIES,
    USES_SANCTIONS,
    Lists,
    Programme,
    Sort,
)
from forecast.features.proven import sanctions
from forecast.problems import Problem
from forecast.records.actuarial import SANCTIONS, load_actuarial
from forecast.records.arrange import Arranged
from forecast.records.instants import DAY_US
from forecast.records.schema import ORDER_KINDS, REASONS
from forecast.records.taxonomy import Taxonomy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecast.cases import Bools, Ints

    Int32s = NDArray[np.int32]

_INTELLIGENCE = len(CUSTODY_SORTS)
_STARTS = _INTELLIGENCE + len(INTELLIGENCE_SORTS)
_ENDS = _STARTS + len(START_SORTS)
_SANCTIONS = _ENDS + len(END_SORTS)
_OFFENCES = _SANCTIONS + len(SANCTION_SORTS)
_EXAMPLES = 5


@dataclass
class Sorts:
    """The sorts of facts met so far, and what each adds in a programme; may be shared by threads.

    Codes of offences that the taxonomy says the same of are one sort. Numbers hang on the order in which codes were
    met; features do not.
    """

    programme: Programme
    taxonomy: Taxonomy
    _of_code: dict[str, int] = field(default_factory=dict)
    _sanctions: dict[str, tuple[bool, ...]] = field(default_factory=dict)
    _sorts: list[Sort] = field(default_factory=lambda: list(FIXED_SORTS))
    _lists: Lists | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lists(self) -> Lists:
        """Return what facts of the sorts met so far add."""
        with self._lock:
            if self._lists is None:
                self._lists = self.programme.lists(self._sorts)
            return self._lists

    def known(self) -> tuple[Sort, ...]:
        """Return the sorts met so far, in the order of their numbers."""
        with self._lock:
            return tuple(self._sorts)

    def of_codes(self, codes: list[str | None]) -> Ints:
        """Return the sort of each code; raise ``features-unknown-codes`` for one that the taxonomy does not know."""
        with self._lock:
            new = [code for code in codes if code is not None and code not in self._of_code]
            if new:
                self._learn(new)
            return np.array([-1 if code is None else self._of_code[code] for code in codes], dtype=np.int64)

    def sanctions(self, codes: list[str | None]) -> Bools:
        """Return (codes, K) which classes of sanctions a proven offence of each code makes; codes are known ones."""
        made = self._sanctions
        for code in codes:
            if code is not None and code not in made:
                classes = load_actuarial().sanction_classes(code, self.taxonomy)
                made[code] = tuple(name in classes for name in SANCTIONS)
        none = (False,) * len(SANCTIONS)
        rows = [none if code is None else made[code] for code in codes]
        return np.array(rows, dtype=bool).reshape(-1, len(SANCTIONS))

    def _learn(self, codes: list[str]) -> None:
        encoded = self.taxonomy.encode(pa.array(codes, pa.string()))
        unknown = [code for code, bad in zip(codes, encoded.unknown, strict=True) if bad]
        if unknown:
            examples = ", ".join(sorted(unknown)[:_EXAMPLES])
            raise Problem("features-unknown-codes", count=f"{len(unknown):,}", examples=examples)
        known = {(s.classes, s.weight_milli): i for i, s in enumerate(self._sorts) if i >= _OFFENCES}
        for code, mask, weight in zip(codes, encoded.mask.tolist(), encoded.weight_milli.tolist(), strict=True):
            classes = tuple(name for bit, name in enumerate(self.taxonomy.classes) if mask >> bit & 1)
            if USES_CATEGORIES in self.programme.uses:
                classes += load_actuarial().presenting_classes(code, self.taxonomy)
            if (classes, weight) not in known:
                known[classes, weight] = len(self._sorts)
                self._sorts.append(Sort(classes, weight))
                self._lists = None
            self._of_code[code] = known[classes, weight]


class _Stream(NamedTuple):
    """The facts of one table; ``known`` and ``until`` may be None for 'as recorded' and 'all still stand'."""

    start: Ints
    happened: Ints
    recorded: Ints
    known: Ints | None
    until: Ints | None
    sort: Int32s
    stay: Ints | None


def facts_of(arranged: Arranged, sorts: Sorts) -> Facts:
    """Return the facts of arranged records that the programme of ``sorts`` needs."""
    streams = [_custody(arranged), _offences(arranged, sorts)]
    if USES_SANCTIONS in sorts.programme.uses:
        streams.append(_sanctions(arranged, sorts))
    if "intelligence" in sorts.programme.uses and len(arranged.records.intelligence):
        streams.append(_intelligence(arranged))
    if "orders" in sorts.programme.uses and len(arranged.records.orders):
        streams += _orders(arranged)
    firsts = np.concatenate([[0], np.cumsum([len(s.happened) for s in streams])]).astype(np.int64)
    start = np.stack([s.start + first for s, first in zip(streams, firsts[:-1], strict=True)])
    table = np.empty((ROWS, firsts[-1]), dtype=np.int64)
    for stream, first, end in zip(streams, firsts[:-1], firsts[1:], strict=True):
        _fill(table[:, first:end], stream)
    return Facts(start, table, np.array(arranged.event_starts))


def _fill(table: Ints, stream: _Stream) -> None:
    """Write a stream into its part of the table of facts."""
    table[HAPPENED], table[RECORDED], table[SORT] = stream.happened, stream.recorded, stream.sort
    if stream.known is None:  # not before it was recorded, nor before it happened
        np.maximum(stream.recorded, stream.happened, out=table[KNOWN])
    else:
        table[KNOWN] = stream.known
    table[UNTIL] = ALWAYS if stream.until is None else stream.until
    table[STAY] = -1 if stream.stay is None else stream.stay


def born(persons: pa.Table) -> Ints:
    """Return the first moment of each person's day of birth, or NEVER."""
    days = persons["born_on"].combine_chunks().cast(pa.int32())
    found: Ints = days.fill_null(0).to_numpy().astype(np.int64) * DAY_US
    if days.null_count:
        found[days.is_null().to_numpy(zero_copy_only=False)] = NEVER
    return found


def micros(column: pa.ChunkedArray, missing: int = ALWAYS) -> Ints:
    """Return a column of times as microseconds, ``missing`` where it is empty; may be read-only."""
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    numbers = array.view(pa.int64())
    found: Ints = (numbers.fill_null(missing) if numbers.null_count else numbers).to_numpy()
    return found


def places(column: pa.ChunkedArray, values: tuple[str, ...]) -> Int32s:
    """Return the place of each row's text in a closed list."""
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        of = pc.index_in(array.dictionary, value_set=pa.array(values)).to_numpy(zero_copy_only=False)
        found: Int32s = of.astype(np.int32)[array.indices.to_numpy()]
        return found
    plain: Int32s = pc.index_in(array, value_set=pa.array(values)).to_numpy()
    return plain


def _until(table: pa.Table) -> Ints | None:
    column = table["superseded_at"]
    return None if column.null_count == len(column) else micros(column)


def _custody(arranged: Arranged) -> _Stream:
    table = arranged.records.custody_events
    return _Stream(
        arranged.event_starts,
        micros(table["arrested_at"]),
        micros(table["recorded_at"]),
        None,
        _until(table),
        places(table["reason"], REASONS),
        arranged.stay,
    )


def _offences(arranged: Arranged, sorts: Sorts) -> _Stream:
    table = arranged.records.offences
    array = _codes(table)
    of = sorts.of_codes(array.dictionary.to_pylist()).astype(np.int32)
    return _Stream(
        arranged.offence_starts,
        micros(table["committed_at"]),
        micros(table["recorded_at"]),
        None,
        _until(table),
        of[array.indices.to_numpy()],
        arranged.offence_stay,
    )


def _codes(offences: pa.Table) -> pa.DictionaryArray:
    codes = offences["code"]
    if not pa.types.is_dictionary(codes.type):
        codes = codes.dictionary_encode()
    return codes.unify_dictionaries().combine_chunks()


def _sanctions(arranged: Arranged, sorts: Sorts) -> _Stream:
    """Return the sanctions, for each class apart: see :mod:`forecast.features.proven`."""
    table = arranged.records.offences
    array = _codes(table)
    classes = sorts.sanctions(array.dictionary.to_pylist())[array.indices.to_numpy()]
    until = _until(table)
    found = sanctions(
        micros(table["proven_at"]),
        micros(table["recorded_at"]),
        np.full(len(table), ALWAYS) if until is None else until,
        arranged.offence_stay,
        classes,
    )
    stay, place = np.divmod(found.key, len(SANCTIONS))
    starts = np.searchsorted(stay, arranged.event_starts).astype(np.int64)
    sort = place.astype(np.int32) + np.int32(_SANCTIONS)
    return _Stream(starts, found.happened, found.known, found.known, found.until, sort, stay)


def _intelligence(arranged: Arranged) -> _Stream:
    table = arranged.records.intelligence
    sort = np.full(len(table), _INTELLIGENCE, dtype=np.int32)
    happened, recorded = micros(table["observed_at"]), micros(table["recorded_at"])
    return _Stream(arranged.intelligence_starts, happened, recorded, None, _until(table), sort, None)


def _orders(arranged: Arranged) -> list[_Stream]:
    """Return the starts and the ends of orders.

    An order runs at t if ``starts_at <= t < ends_at``, so its start is seen at its very instant, other than a fact that
    is *recorded* at the instant: hence one microsecond less. An order without an end has an end that is never known.
    """
    table = arranged.records.orders
    recorded, until = micros(table["recorded_at"]), _until(table)
    kind = places(table["kind"], ORDER_KINDS)
    streams = []
    for name, first in (("starts_at", _STARTS), ("ends_at", _ENDS)):
        at = micros(table[name])
        known = np.maximum(recorded, at - 1)
        known[at == ALWAYS] = ALWAYS
        streams.append(_Stream(arranged.order_starts, at, recorded, known, until, kind + np.int32(first), None))
    return streams
