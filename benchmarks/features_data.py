"""Make canonical records of any size for the benchmark of features, fast and without a story.

Histories are heavy-tailed, an event has 1.35 offences on average, and everything is recorded when it happens, so that
window functions of SQL can express the features. Times of a person differ. Ids of events are in the order of time, not
of people, as in a force.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS, TIME, Table
from forecast.records.taxonomy import load_taxonomy

Ints = npt.NDArray[np.int64]
MEAN_OFFENCES = 1.35
LONGEST = 5_000
START, SPAN = 631_152_000_000_000, 28 * 31_557_600_000_000  # from 1990, 28 years
ROW_GROUP = 1 << 18
COMMON = ("46", "8N", "105A", "58D", "92E", "92D", "28E", "30C", "45", "34B", "66", "125", "10D", "19C", "5D", "53C",
          "44", "39", "83", "1")  # fmt: skip


def make(folder: Path, events: int, seed: int = 1) -> None:
    """Write persons, custody_events and offences with ``events`` events to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    each = sizes(rng, events)
    person = np.repeat(np.arange(len(each)), each)
    when = times(rng, person)
    held = 1 + rng.poisson(MEAN_OFFENCES - 1, events)
    chronological = np.empty(events, np.int64)
    chronological[np.argsort(when, kind="stable")] = np.arange(events)
    _persons(folder, rng, len(each))
    reason = pa.DictionaryArray.from_arrays(
        pa.array((rng.random(events) < 0.07).astype(np.int32)), ["offence", "breach"]
    )
    times_of = pa.array(when).cast(pa.timestamp("us")).cast(TIME)
    custody, people = ids("C", chronological), ids("P", person)
    _write(folder, CUSTODY_EVENTS, {
        "custody_id": custody, "person_id": people, "arrested_at": times_of, "recorded_at": times_of,
        "reason": reason.cast(pa.string()),
    })  # fmt: skip
    rows = np.repeat(np.arange(events), held)
    codes = known_codes()
    share = 1 / np.arange(1, len(codes) + 1)
    code = rng.choice(len(codes), size=len(rows), p=share / share.sum()).astype(np.int32)
    at = pa.array(when[rows]).cast(pa.timestamp("us")).cast(TIME)
    _write(folder, OFFENCES, {
        "offence_id": ids("O", np.arange(len(rows))), "custody_id": ids("C", chronological[rows]),
        "person_id": ids("P", person[rows]), "committed_at": at, "recorded_at": at,
        "code": pa.DictionaryArray.from_arrays(pa.array(code), codes).cast(pa.string()),
    })  # fmt: skip


def sizes(rng: np.random.Generator, events: int) -> Ints:
    """Return how many events each person has: most few, some hundreds, one as many as allowed."""
    found = np.minimum((0.6 / rng.random(events) ** 0.75).astype(np.int64) + 1, 400)
    found = found[: int(np.searchsorted(np.cumsum(found), events)) + 1]
    found[0] = min(LONGEST, events // 4)
    found = found[: int(np.searchsorted(np.cumsum(found), events)) + 1]
    found[-1] -= found.sum() - events
    return found


def times(rng: np.random.Generator, person: Ints) -> Ints:
    """Return increasing times within each person, no two the same."""
    when = START + rng.integers(0, SPAN, len(person))
    when = when[np.lexsort((when, person))]
    while (same := np.flatnonzero((np.diff(when) <= 0) & (np.diff(person) == 0))).size:
        when[same + 1] = when[same] + 1
    return when


def known_codes() -> list[str]:
    """Return codes that the taxonomy knows, the common ones first."""
    taxonomy = load_taxonomy()
    return [code for code in COMMON if taxonomy.find(code)]


def ids(letter: str, numbers: Ints) -> pa.Array:
    """Return texts of a letter and nine digits."""
    width = 10
    digits = np.empty((len(numbers), width), dtype=np.uint8)
    digits[:, 0] = ord(letter)
    rest = numbers.copy()
    for place in range(width - 1, 0, -1):
        digits[:, place] = ord("0") + rest % 10
        rest //= 10
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(digits))


def _persons(folder: Path, rng: np.random.Generator, people: int) -> None:
    born = pa.array((365 * rng.integers(-10, 15, people)).astype(np.int32)).cast(pa.date32())
    zero = pa.array(np.full(people, START)).cast(pa.timestamp("us")).cast(TIME)
    _write(folder, PERSONS, {"person_id": ids("P", np.arange(people)), "recorded_at": zero, "born_on": born})


def _write(folder: Path, schema: Table, columns: dict[str, pa.Array]) -> None:
    """Write a table in the canonical schema, in row groups; columns not given are empty."""
    rows = len(next(iter(columns.values())))
    with pq.ParquetWriter(folder / f"{schema.name}.parquet", schema.arrow) as writer:
        for first in range(0, rows, ROW_GROUP):
            part = {name: array.slice(first, ROW_GROUP) for name, array in columns.items()}
            size = min(ROW_GROUP, rows - first)
            arrays = [part.get(c.name, pa.nulls(size, c.type)) for c in schema.columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema.arrow))
