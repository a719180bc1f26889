"""How long Spark takes to score a million custody events, beside a run without it; every column has to be equal.

python -m benchmarks.spark [--events 1000000] [--master 'local[2]'] [--bundle DIR] [--records DIR]

Each run is the command line in a process of its own, on two threads, records in and scores with reasons out; Spark's
start is part of its time. A difference in any cell ends the benchmark.
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.features_data import make

FITTED_ON = 20_000
"""Custody events that the small model is fitted on, where no bundle is given."""


def main() -> None:
    """Make what is not given, score twice, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--bundle", type=Path, help="a bundle fitted on cases of records; by default a small one is")
    parser.add_argument("--records", type=Path, help="accepted records; by default they are made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        records = chosen.records or accepted(work / "records", chosen.events)
        bundle = chosen.bundle or small_bundle(work)
        (work / "settings.toml").write_text("threads = 2\n", encoding="utf-8")
        compare(work, bundle, records, chosen.master)


def accepted(folder: Path, events: int) -> Path:
    """Make records of so many custody events, and check them."""
    raw = folder.with_name(f"{folder.name}-raw")
    make(raw, events)
    forecast("data", "check", str(raw), "--out", str(folder), "--quiet")
    return folder


def small_bundle(work: Path) -> Path:
    """Fit a boosted model on cases of few records, as `forecast train` does but untested, and keep it as a bundle."""
    from forecast.models.bundle import write_bundle
    from forecast.settings import Settings
    from forecast.tables.assemble import write_cases
    from forecast.tables.assembly import Assembly, AssemblyHead
    from forecast.tables.origin import origin_of
    from forecast.training.experiment import Experiment
    from forecast.training.fit import Trainer
    from forecast.training.material import prepare

    head = AssemblyHead(since=datetime.date(2005, 1, 1))
    made = write_cases(accepted(work / "few", FITTED_ON), work / "cases.parquet", Assembly(head))
    experiment = Experiment(
        "spark", str(made.description), str(made.cases), folds=2, calibration_folds=2, cutoffs=(0.4, 0.2),
        boosting_boosters=1, boosting_rounds=120, boosting_learning_rate=0.1, allow_refused=True,
    )  # fmt: skip
    material = prepare(experiment, Settings())
    forecaster = Trainer(material.description, experiment, threads=2).forecasters(["boosting"], material.cases)
    folder = work / "bundle"
    folder.mkdir()
    data = {"file": made.cases.name, "made": dict(origin_of(made.cases).made)}
    write_bundle(folder, material.description, forecaster["boosting"], {"data": data})
    return folder


def forecast(*arguments: str) -> float:
    """Run a command; return its seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "forecast", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(work: Path, bundle: Path, records: Path, master: str) -> None:
    """Score with and without Spark, and print what each took."""
    import pyarrow.parquet as pq

    score = ("score", str(bundle), str(records), "--quiet", "--settings", str(work / "settings.toml"), "--out")
    here, there = work / "local.parquet", work / "spark.parquet"
    alone = forecast(*score, str(here))
    spread = forecast(*score, str(there), "--engine", "spark", "--master", master)
    cells = equal_cells(here, there)
    events = pq.read_metadata(records / "custody_events.parquet").num_rows
    rows = pq.read_metadata(here).num_rows
    print(f"{events:,} custody events, {rows:,} rows of scores with reasons; all {cells:,} cells are equal\n")
    print("| who | s | events a second | ratio to local |\n|---|---|---|---|")
    for who, seconds in (("local, 2 threads", alone), (f"Spark, {master}", spread)):
        print(f"| {who} | {seconds:.0f} | {events / seconds:,.0f} | {seconds / alone:.1f} |")


def equal_cells(here: Path, there: Path) -> int:
    """Return how many cells two files of scores have; end the benchmark if any of them differs."""
    import pyarrow.parquet as pq

    cells = 0
    with pq.ParquetFile(here) as one, pq.ParquetFile(there) as other:
        if one.schema_arrow != other.schema_arrow or one.num_row_groups != other.num_row_groups:
            raise SystemExit("the files differ in their columns or row groups")
        for group in range(one.num_row_groups):
            ours, theirs = one.read_row_group(group), other.read_row_group(group)
            wrong = [name for name in ours.column_names if not ours[name].equals(theirs[name])]
            if wrong:
                raise SystemExit(f"rows from {group * len(ours):,} on differ in: {wrong}")
            cells += ours.num_rows * ours.num_columns
    return cells


if __name__ == "__main__":
    main()
