"""Turn arrays of numbers into the columns of Arrow tables: ids, texts, times and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecast.records.schema import DAY, TIME
from forecast.synthetic.codes import NEVER, Bools, Ints


def ids(prefix: str, numbers: Ints, missing: Bools | None = None) -> pa.Array:
    """Return texts like ``C0000123``: the prefix and the number with at least seven digits."""
    width = max(7, len(str(int(numbers.max(initial=0)))))
    size = len(prefix) + width
    letters = np.empty((len(numbers), size), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    rest = numbers.copy()
    for place in range(size - 1, len(prefix) - 1, -1):
        letters[:, place] = rest % 10 + ord("0")
        rest //= 10
    offsets = (np.arange(len(numbers) + 1, dtype=np.int64) * size).astype(np.int32)
    made = pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))
    return made if missing is None else pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), made)


def texts(places: NDArray[Any], words: Sequence[str]) -> pa.Array:
    """Return the word at each place; a negative place is a missing value."""
    return coded(places, words).cast(pa.string())


def coded(places: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Return the same as a dictionary, for columns of many rows and few words."""
    numbers = pa.array(places.astype(np.int16), mask=np.asarray(places) < 0)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(words, pa.string()))


def times(seconds: Ints) -> pa.Array:
    """Return times of seconds from 1970 UTC; ``NEVER`` is a missing one."""
    never = seconds == NEVER
    return pa.array(np.where(never, 0, seconds) * 1_000_000, pa.int64(), mask=never).cast(TIME)


def days(numbers: Ints, missing: Bools) -> pa.Array:
    """Return calendar dates of days from 1970."""
    return pa.array(np.where(missing, 0, numbers).astype(np.int32), pa.int32(), mask=missing).cast(DAY)


def nothing(kind: pa.DataType, rows: int) -> pa.Array:
    """Return a column without any value."""
    return pa.nulls(rows, kind)


def table(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Return the table; its columns must be those of the schema, in any order."""
    return pa.table([columns[name] for name in schema.names], schema=schema)
