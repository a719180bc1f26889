"""How long the matrix of 41 history features takes, beside DuckDB's window functions and pandas; one person's features.

python -m benchmarks.features [--events 1000000 10000000] [--pandas 200000] [--folder DIR]

Each run is a process of its own on the same Parquet files, on two threads, and writes Parquet; compiling and starting
are left out for all. What a peer computes is compared with ours cell by cell, and a difference ends the benchmark.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.features_data import known_codes, make
from benchmarks.features_peers import run_duckdb, run_pandas

WARM = 20_000
DESK_RUNS = 200


def main() -> None:
    """Make the records, run ours and the peers, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--pandas", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where records and results are kept; by default a temporary one")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(chosen.folder or Path(name), chosen.events, chosen.pandas)


def compare(work: Path, sizes: list[int], pandas_size: int) -> None:
    """Run and print everything."""
    for size in (WARM, pandas_size, *sizes):
        if not (work / str(size)).is_dir():
            # in a process of its own: the peak memory of a child counts what its parent held when it was started
            run("make", work, size)
    print("| events | who | s | events a second | ratio to ours | peak memory, MB | Parquet, MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    ours = {}
    for size, peer in [(pandas_size, "pandas"), *((size, "duckdb") for size in sizes)]:
        ours[size], memory = run("ours", work, size)
        line(size, "ours", ours[size], 1.0, memory, work)
        taken, memory = run(peer, work, size)
        line(size, peer, taken, taken / ours[size], memory, work)
        agree(work / f"ours-{size}.parquet", work / f"{peer}-{size}.parquet")
    if len(sizes) > 1:
        few, many = min(sizes), max(sizes)
        print(f"\n{many:,} events take {ours[many] / ours[few]:.1f} times as long as {few:,}.")
    print("\nEvery cell of the peers' tables equals ours.\n")
    desk(work / str(pandas_size))


def line(size: int, who: str, seconds: float, ratio: float, memory: float, work: Path) -> None:
    """Print a line of the table."""
    written = (work / f"{who}-{size}.parquet").stat().st_size / 1e6
    print(f"| {size:,} | {who} | {seconds:.2f} | {size / seconds:,.0f} | {ratio:.1f} | {memory:.0f} | {written:.0f} |")
    sys.stdout.flush()


def run(who: str, work: Path, size: int) -> tuple[float, float]:
    """Run one engine in a process of its own; return its seconds of work and its peak memory in MB."""
    arguments = [sys.executable, "-m", "benchmarks.features", "--child", who, str(work), str(size)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{who} ended with status {status}")
    return float(json.loads(said)["seconds"]), usage.ru_maxrss / 1024


def child(who: str, folder: str, size: str) -> None:
    """Make records; or warm up on few of them, then do the work and print how long it took."""
    work = Path(folder)
    if who == "make":
        make(work / size, int(size))
        print(json.dumps({"seconds": 0}))
        return
    for events in (str(WARM), size):
        started = time.perf_counter()
        out = work / f"{who}-{events}.parquet"
        out.unlink(missing_ok=True)
        {"ours": run_ours, "duckdb": _duckdb, "pandas": _pandas}[who](work / events, out)
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds}))


def run_ours(folder: Path, out: Path) -> None:
    """Write the matrix as the package does."""
    from forecast.features.catalogue import load_set
    from forecast.features.matrix import build_matrix
    from forecast.settings import Settings

    build_matrix(folder, out, load_set("core41"), settings=Settings(threads=2), overwrite=True)


def _duckdb(folder: Path, out: Path) -> None:
    run_duckdb(folder, out, known_codes(), out.parent)


def _pandas(folder: Path, out: Path) -> None:
    run_pandas(folder, out, known_codes())


def agree(ours: Path, theirs: Path) -> None:
    """End the benchmark if any cell differs."""
    import duckdb
    import pyarrow.parquet as pq

    schema = pq.read_schema(ours)
    names = [n for n in schema.names if n != "custody_id"]
    # pandas writes a missing number as null
    real = {n for n in names if str(schema.field(n).type) in ("float", "double")}
    cell = {n: f"coalesce({{}}.\"{n}\", 'NaN')" if n in real else f'{{}}."{n}"' for n in names}
    differs = ", ".join(
        f'count(*) FILTER ({cell[n].format("a")} IS DISTINCT FROM {cell[n].format("b")}) AS "{n}"' for n in names
    )
    with duckdb.connect(config={"temp_directory": str(ours.parent / "spill")}) as con:
        con.execute("SET TimeZone = 'UTC'")
        relation = con.execute(
            f"SELECT count(*) AS rows_in_both, {differs} FROM read_parquet(?) a JOIN read_parquet(?) b "
            "USING (custody_id)",
            [str(ours), str(theirs)],
        )
        both, *counts = relation.fetchall()[0]
    rows = pq.read_metadata(ours).num_rows
    wrong = {name: count for name, count in zip(names, counts, strict=True) if count}
    if wrong or both != rows or pq.read_metadata(theirs).num_rows != rows:
        raise SystemExit(f"{theirs.name} differs from ours: {both:,} of {rows:,} rows in both; cells: {wrong}")


def desk(folder: Path) -> None:
    """Print how long one person's features take at the desk, from Arrow tables to a dictionary."""
    import pyarrow.compute as pc

    from forecast.features.catalogue import load_set
    from forecast.features.desk import Desk
    from forecast.records.partitions import load_records
    from forecast.records.records import Records

    records = load_records(folder)
    print("| set | history | median ms | slowest of 200, ms |\n|---|---|---|---|")
    for name in ("extended", "hart"):
        opened = Desk.open(load_set(name))
        counts = records.custody_events["person_id"].value_counts().to_pylist()
        for person in (counts[0], sorted(counts, key=lambda c: c["counts"])[len(counts) // 2]):
            mine = Records(
                *(
                    t.filter(pc.equal(t["person_id"], person["values"])).combine_chunks()
                    for t in (records.persons, records.custody_events, records.offences)
                )
            )
            custody = mine.custody_events["custody_id"][-1].as_py()
            opened.features(mine, custody)
            taken = []
            for _ in range(DESK_RUNS):
                started = time.perf_counter()
                opened.features(mine, custody)
                taken.append(1000 * (time.perf_counter() - started))
            print(f"| {name} | {person['counts']:,} events | {statistics.median(taken):.2f} | {max(taken):.2f} |")


if __name__ == "__main__":
    main()
