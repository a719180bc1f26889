"""Turn the values of a column, whatever its type in the file, into texts, days or local times; say which cannot be.

Nothing is lost in silence: a value that does not fit exactly is marked as unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Named
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.records.times import DAY, SECOND

if TYPE_CHECKING:
    import duckdb

    from forecast.cases import Bools, Ints

_TICKS = {"s": SECOND, "ms": 1_000, "us": 1}
_ISO = (
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,6})0*)?)?\s*(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?"
)


@dataclass(frozen=True)
class Moments:
    """Times as they stand in a column: microseconds since 1970, by the wall clock or (``fixed``) already UTC.

    ``there``: a value can be read. ``unreadable``: there is something, but it is no time. ``day_only``: a day without
    a time of day.
    """

    micros: Ints
    there: Bools
    unreadable: Bools
    fixed: Bools
    day_only: Bools


def plain(array: pa.Array) -> pa.Array:
    """Return the array without dictionary, and large or view texts as plain texts."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    return array


def can_hold(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Say whether a column of this type in a file can be read as the canonical type at all."""
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return True
    if wanted == pa.string():
        return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))
    return bool(types.is_timestamp(kind) or types.is_date(kind))


def texts(array: pa.Array, missing: pa.Array, codes: Named[str, str]) -> tuple[pa.Array, Bools]:
    """Return trimmed texts, null for the ``missing`` tokens, in canonical ``codes``; and where a value is no text."""
    array = plain(array)
    unreadable = np.zeros(len(array), bool)
    if pa.types.is_floating(array.type):
        array, unreadable = _whole_numbers(array)
    text = pc.utf8_trim_whitespace(array.cast(pa.string()))
    if codes:
        place = pc.index_in(text, value_set=pa.array(list(codes), pa.string()))
        text = pc.coalesce(pa.array(list(codes.values()), pa.string()).take(place), text)
    text = pc.if_else(pc.is_in(text, value_set=missing), pa.scalar(None, pa.string()), text)
    return text, unreadable


def shown(array: pa.Array) -> pa.Array:
    """Return any array as texts for people to read: what was found, as it was found."""
    array = plain(array)
    try:
        return array.cast(pa.string())
    except pa.ArrowException:
        return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())


def _whole_numbers(array: pa.Array) -> tuple[pa.Array, Bools]:
    """Read 123.0 as 123: programs that know no empty whole number write ids so."""
    values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    whole = np.isfinite(values) & (np.floor(values) == values) & (np.abs(values) < 2**53)
    return pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole), ~whole & ~missing


def moments(
    array: pa.Array, missing: pa.Array, written: str, con: duckdb.DuckDBPyConnection, days: str = ""
) -> Moments:
    """Return the times in a column of texts, timestamps or days.

    ``written`` is how texts are written (empty: ISO 8601); then ISO 8601 with an offset is read too, and a day alone
    as ``days`` says, by default as the part of ``written`` before its time of day.
    """
    array = plain(array)
    if pa.types.is_string(array.type) or pa.types.is_null(array.type):
        return _from_texts(texts(array.cast(pa.string()), missing, {})[0], written, days, con)
    there = bools(array.is_valid())
    if pa.types.is_date(array.type):
        whole = array.cast(pa.date32(), safe=False).cast(pa.int32()).cast(pa.int64())
        off = _off_the_day(array) if pa.types.is_date64(array.type) else np.zeros(len(array), bool)
        return Moments(_ints(whole) * DAY, there & ~off, off, np.zeros(len(array), bool), there & ~off)
    micros, lost = _ticks(array)
    zoned = np.full(len(array), array.type.tz is not None)
    return Moments(micros, there & ~lost, there & lost, zoned, np.zeros(len(array), bool))


def _ticks(array: pa.Array) -> tuple[Ints, Bools]:
    """Return a timestamp column in microseconds, and where that loses nanoseconds or overflows."""
    ticks = _ints(array.cast(pa.int64()))
    if array.type.unit == "ns":
        return ticks // 1000, ticks % 1000 != 0
    factor = _TICKS[array.type.unit]
    limit = np.iinfo(np.int64).max // factor
    far = (ticks > limit) | (ticks < -limit)
    return np.where(far, 0, ticks) * factor, far


def _off_the_day(array: pa.Array) -> Bools:
    off: Bools = _ints(array.cast(pa.int64())) % (DAY // 1000) != 0
    return off


def _from_texts(text: pa.Array, written: str, days: str, con: duckdb.DuckDBPyConnection) -> Moments:
    """Read texts in ISO 8601, or as ``written`` says; DuckDB gives null, not an error, where one cannot be read."""
    con.register("given", pa.table({"x": text}))
    if written:
        read = con.sql(_OWN_WAY, params=_ways(written, days)).to_arrow_table().combine_chunks()
    else:
        read = con.sql(_ISO_WAY).to_arrow_table().combine_chunks()
    con.unregister("given")
    column: dict[str, Any] = {name: _only(read[name]) for name in read.column_names}
    there, given = bools(column["micros"].is_valid()), bools(text.is_valid())
    fixed, day_only = bools(pc.fill_null(column["fixed"], False)), bools(pc.fill_null(column["day_only"], False))
    return Moments(_ints(column["micros"]), there, given & ~there, fixed, day_only)


# An offset is taken off by hand: what a cast does with one depends on the version of DuckDB.
_ISO_READ = rf"""
cut AS (
  SELECT *, regexp_extract(x, '^{_ISO}$', ['day', 'time', 'part', 'zone']) AS p FROM given
), parts AS (
  SELECT *, p.day AS d, p.time AS t, p.part AS f, p.zone AS z FROM cut
), read AS (
  SELECT *, epoch_us(try_cast(
      d || ' ' || CASE length(t) WHEN 0 THEN '00:00:00' WHEN 5 THEN t || ':00' ELSE t END
      || CASE WHEN f = '' THEN '' ELSE '.' || f END AS TIMESTAMP)) AS local,
    t = '' AS day_only, z <> '' AS fixed,
    CASE WHEN z IN ('', 'Z') THEN 0 ELSE (CASE WHEN z[1] = '-' THEN -1 ELSE 1 END)
      * (try_cast(z[2:3] AS INT) * 60 + coalesce(try_cast(right(z, 2) AS INT) * (length(z) > 3)::INT, 0)) END AS ahead
  FROM parts
), iso AS (
  SELECT *, CASE WHEN NOT (day_only AND fixed) THEN local - ahead * 60000000::BIGINT END AS micros FROM read
)
"""
_ISO_WAY = f"WITH {_ISO_READ} SELECT micros, fixed, day_only FROM iso"
# Only what cannot be read in the declared way is tried in the others.
_OWN_WAY = f"""
WITH declared AS (
  SELECT x AS whole, epoch_us(coalesce(try_strptime(x, $1), try_strptime(x, $2))) AS own FROM given
), given AS (
  SELECT *, CASE WHEN own IS NULL THEN whole END AS x FROM declared
), {_ISO_READ}, offset_given AS (
  SELECT whole, own, CASE WHEN fixed THEN micros END AS exact FROM iso
), others AS (
  SELECT *, CASE WHEN own IS NULL AND exact IS NULL THEN epoch_us(try_strptime(whole, $3)) END AS day FROM offset_given
)
SELECT coalesce(own, exact, day) AS micros, CASE WHEN own IS NULL THEN exact IS NOT NULL ELSE $4 END AS fixed,
  CASE WHEN own IS NULL THEN day IS NOT NULL ELSE $5 END AS day_only
FROM others
"""
_TIME_OF_DAY = re.compile(r"[\s,T]*%-?[HIcTX]")


def _ways(written: str, days: str) -> list[str | bool]:
    """Return the parameters of the query: the declared way, it with seconds, days alone; zone, and whether only a day.

    A way that there is not is the declared one again.
    """
    of_day = _TIME_OF_DAY.search(written)
    with_seconds = written.replace("%M", "%M:%S") if of_day and not re.search("%-?S|%T|%c|%X", written) else written
    before = written[: of_day.start()] if of_day else ""
    whole_day = before if all(re.search(part, before) for part in ("%-?[dj]", "%[yY]")) else ""
    alone = days or whole_day if of_day else ""
    return [written, with_seconds, alone or written, "%z" in written.lower(), of_day is None]


def check_written(written: str, con: duckdb.DuckDBPyConnection) -> str:
    """Return why texts cannot be written as ``written`` says, or an empty text."""
    import duckdb

    try:
        con.execute("SELECT try_strptime('', $1)", [written]).fetchall()
    except duckdb.Error as error:
        return str(error).partition("\n")[0]
    return ""


def _only(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def bools(array: Any) -> Bools:
    """Return an Arrow array of truth values, without nulls, as numpy."""
    values: Bools = np.asarray(array.to_numpy(zero_copy_only=False), bool)
    return values


def _ints(array: pa.Array) -> Ints:
    values: Ints = pc.fill_null(array, 0).cast(pa.int64()).to_numpy()
    return values
