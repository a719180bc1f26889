"""Compute the `core41` features the way others would: DuckDB window functions, and pandas groupby().rolling.

Both rely on what holds for the benchmark's records alone: an offence is recorded when its custody event is, times of a
person differ, nothing was edited and all events ask for a forecast. So they do less than ours does.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.records.instants import YEAR_US
from forecast.records.taxonomy import CLASSES, load_taxonomy

MEASURES = ("arrests", "offences", "harm", "violent", "serious", "property", "drug", "breach")
FLAGS = MEASURES[3:]
WINDOWS = {"_1y": 1, "_2y": 2, "_5y": 5, "": None}
SINCE = ("violent", "serious", "property", "drug")


def code_table(codes: list[str]) -> pd.DataFrame:
    """Return for each code its flags and its weight in thousandths."""
    taxonomy = load_taxonomy()
    encoded = taxonomy.encode(pa.array(codes))
    flags = {f: (encoded.mask >> np.uint64(CLASSES.index(f)) & np.uint64(1)).astype(np.int64) for f in FLAGS}
    return pd.DataFrame({"code": codes, "weight": encoded.weight_milli, **flags})


def duckdb_sql(folder: Path, out: Path) -> str:
    """Return the statement: offences are summed up for each event, and windows slide over the events of a person."""
    sums = ", ".join(f"sum(c.{f})::INTEGER AS {f}" for f in FLAGS)
    events = ", ".join(f"coalesce(o.{f}, 0) AS {f}" for f in ("offences", "harm", *FLAGS))
    columns = ",\n  ".join([*_sums(), *_since(), *_gaps(), "offences AS now_offences"])
    frames = ",\n  ".join(
        f"w{name} AS (PARTITION BY person_id ORDER BY t RANGE BETWEEN "
        f"{'UNBOUNDED' if years is None else years * YEAR_US} PRECEDING AND 1 PRECEDING)"
        for name, years in WINDOWS.items()
    )
    return f"""
COPY (
WITH o AS (
  SELECT custody_id, count(*)::INTEGER AS offences, sum(c.weight)::BIGINT AS harm, {sums}
  FROM read_parquet('{folder / "offences.parquet"}') JOIN codes c USING (code) GROUP BY custody_id
), e AS (
  SELECT custody_id, person_id, recorded_at AS as_of, epoch_us(recorded_at) AS t, 1 AS arrests, {events}
  FROM read_parquet('{folder / "custody_events.parquet"}') LEFT JOIN o USING (custody_id)
)
SELECT custody_id, person_id, as_of,
  {columns}
FROM e
WINDOW
  {frames},
  ordered AS (PARTITION BY person_id ORDER BY t)
) TO '{out}' (FORMAT parquet)
"""


def _sums() -> list[str]:
    found = []
    for measure in MEASURES:
        for name in WINDOWS:
            total = f"coalesce(sum({measure}) OVER w{name}, 0)"
            value = f"({total}::DOUBLE / 1000)" if measure == "harm" else f"{total}::INTEGER"
            found.append(f"{value} AS {measure}{name}")
    return found


def _since() -> list[str]:
    last = "(t - max({what}) OVER w)::DOUBLE / {year}"
    found = [
        _real(last.format(what="t", year=YEAR_US), "years_since_arrest"),
        _real(last.format(what="CASE WHEN offences > 0 THEN t END", year=YEAR_US), "years_since_offence"),
    ]
    for flag in SINCE:
        found.append(_real(last.format(what=f"CASE WHEN {flag} > 0 THEN t END", year=YEAR_US), f"years_since_{flag}"))
    return found


def _gaps() -> list[str]:
    mean = (
        f"CASE WHEN count(*) OVER w > 1 THEN (max(t) OVER w - min(t) OVER w)::DOUBLE / {YEAR_US} "
        "/ (count(*) OVER w - 1) END"
    )
    last = f"(lag(t, 1) OVER ordered - lag(t, 2) OVER ordered)::DOUBLE / {YEAR_US}"
    return [_real(mean, "mean_gap"), _real(last, "last_gap")]


def _real(value: str, name: str) -> str:
    return f"coalesce(({value})::FLOAT, 'NaN'::FLOAT) AS {name}"


def run_duckdb(folder: Path, out: Path, codes: list[str], work: Path) -> None:
    """Run the statement on two threads; what does not fit into memory goes to ``work``."""
    with duckdb.connect(config={"threads": 2, "temp_directory": str(work / "spill")}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        con.register("codes", code_table(codes))
        con.execute(duckdb_sql(folder, out))


def run_pandas(folder: Path, out: Path, codes: list[str]) -> None:
    """Do the same with groupby().rolling, as a user would write it first."""
    offences = pd.read_parquet(folder / "offences.parquet", columns=["custody_id", "code"]).merge(
        code_table(codes), on="code"
    )
    summed = offences.groupby("custody_id").agg(
        offences=("code", "size"), harm=("weight", "sum"), **{f: (f, "sum") for f in FLAGS}
    )
    events = pd.read_parquet(folder / "custody_events.parquet", columns=["custody_id", "person_id", "recorded_at"])
    events = events.join(summed, on="custody_id").sort_values(["person_id", "recorded_at"]).reset_index(drop=True)
    events = events.fillna(dict.fromkeys(summed.columns, 0)).assign(arrests=1)
    result = events[["custody_id", "person_id"]].assign(as_of=events["recorded_at"])
    timed = events.set_index("recorded_at")
    for name, years in WINDOWS.items():
        result = pd.concat([result, _pandas_window(timed, events, name, years)], axis=1)
    result = pd.concat([result, _pandas_times(events)], axis=1)
    result.assign(now_offences=events["offences"].astype("int32")).to_parquet(out)


def _pandas_window(timed: pd.DataFrame, events: pd.DataFrame, name: str, years: int | None) -> pd.DataFrame:
    """Sum each measure over a window that is closed on the left and open on the right."""
    if years is None:
        before = events.groupby("person_id")[list(MEASURES)].cumsum() - events[list(MEASURES)]
    else:
        width = pd.Timedelta(years * YEAR_US, unit="us")
        rolled = timed.groupby("person_id")[list(MEASURES)].rolling(width, closed="left").sum()
        before = rolled.fillna(0).reset_index(drop=True)
    before["harm"] /= 1000
    kinds = {m: "float64" if m == "harm" else "int32" for m in MEASURES}
    return before.astype(kinds).add_suffix(name)


def _pandas_times(events: pd.DataFrame) -> pd.DataFrame:
    t = events["recorded_at"].astype("int64")
    person = events["person_id"]
    found = {}
    for name, column in (("arrest", "arrests"), ("offence", "offences"), *((f, f) for f in SINCE)):
        marked = t.where(events[column] > 0).groupby(person)
        found[f"years_since_{name}"] = (t - marked.shift().groupby(person).ffill()) / YEAR_US
    grouped = t.groupby(person)
    last, first, count = grouped.shift(1), grouped.transform("first"), grouped.cumcount()
    found["mean_gap"] = ((last - first) / YEAR_US / (count - 1)).where(count > 1)
    found["last_gap"] = (last - grouped.shift(2)) / YEAR_US
    return pd.DataFrame(found).astype("float32")
