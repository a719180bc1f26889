"""How long a force of a million custody events takes to make and to check, beside what a user would write in pandas.

python -m benchmarks.records [--people 64000] [--folder DIR]

The peer reads the same Parquet files with pandas and looks for five kinds of fault only (orphans, duplicates, released
before arrested, recorded before it happened, no date of birth); ours looks for all of them and writes accepted rows and
quarantine. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Make a force, check it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=64_000)
    parser.add_argument("--folder", type=Path, help="where records are kept; by default a temporary one")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child[0], Path(chosen.child[1]), chosen.people)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(chosen.folder or Path(name), chosen.people)


def compare(work: Path, people: int) -> None:
    """Run each in turn and print a line for it."""
    import pyarrow.parquet as pq

    rows, events = [], 0
    for who in ("warm", "make", "check", "pandas"):
        seconds, memory = run(who, work, people)
        if who == "make":
            events = pq.read_metadata(work / "force" / "custody_events.parquet").num_rows
        rows.append((who, seconds, memory))
    peer = rows[-1][1]
    print(f"{events:,} custody events\n\n| what | s | ratio to the peer | peak memory, MB |\n|---|---|---|---|")
    for who, seconds, memory in rows[1:]:
        print(f"| {who} | {seconds:.1f} | {seconds / peer:.1f} | {memory:.0f} |")


def run(who: str, work: Path, people: int) -> tuple[float, float]:
    """Run a step in a process of its own; return its seconds of work and its peak memory in MB."""
    arguments = [sys.executable, "-m", "benchmarks.records", "--people", str(people), "--child", who, str(work)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{who} ended with status {status}")
    return float(said.split()[-1]), usage.ru_maxrss / 1024


def child(who: str, work: Path, people: int) -> None:
    """Do one step and print how long it took."""
    steps = {"warm": _warm, "make": _make, "check": _check, "pandas": _pandas}
    started = time.perf_counter()
    steps[who](work, people)
    print(time.perf_counter() - started)


def _warm(work: Path, people: int) -> None:
    from forecast.synthetic.warm import warm

    warm()


def _make(work: Path, people: int) -> None:
    from forecast.synthetic.force import write_force

    write_force(work / "force", people, overwrite=True)


def _check(work: Path, people: int) -> None:
    from forecast.records.check import check_records

    result = check_records(work / "force", out=work / "records", quarantine=work / "quarantine", overwrite=True)
    result.raise_problems()


def _pandas(work: Path, people: int) -> None:
    import pandas as pd

    names = ("persons", "custody_events", "offences", "intelligence", "orders")
    persons, events, offences, *_ = (pd.read_parquet(work / "force" / f"{name}.parquet") for name in names)
    found = [
        ~events["person_id"].isin(persons["person_id"]),
        ~offences["custody_id"].isin(events["custody_id"]),
        events.duplicated(["custody_id", "recorded_at"]),
        offences.duplicated(["offence_id", "recorded_at"]),
        events["released_at"] < events["arrested_at"],
        events["recorded_at"] < events["arrested_at"],
        persons["born_on"].isna(),
    ]
    assert sum(int(mask.sum()) for mask in found) > 0


if __name__ == "__main__":
    main()
