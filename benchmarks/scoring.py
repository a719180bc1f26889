"""How long, and in how much memory, records and tables are scored; beside plain prediction of the ready matrix.

python -m benchmarks.scoring [--events 1000000] [--bundle DIR] [--folder DIR] [--table [--people 622000]]

Records go in and scores with reasons come out, all written to the disk; the peer predicts the same moments' features,
which somebody else has computed and holds in memory, with the same number of threads. `--events 10000000` shows that
memory does not grow. `--table` scores rows of a CSV file instead. Each run is a process of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

EXPERIMENT = Path("examples/synthetic.toml")
EVENTS_A_PERSON = 15.6
"""Custody events of a synthetic force for each person asked of it."""
FITTED_ON = 4_500
PEER_TABLE = """
import sys, time
from pathlib import Path
from forecast.models.bundle import load_bundle
from forecast.tables.reader import open_table
bundle = load_bundle(Path(sys.argv[1]))
frames = [c.cases.features for c in open_table(bundle.description, Path(sys.argv[2]), learning=False).chunks(200000)]
model = bundle.forecaster.model
matrices = [model.design.matrix(frame) for frame in frames]
started = time.perf_counter()
for matrix in matrices:
    for boosters in model.boosters:
        for booster in boosters:
            booster.predict(matrix, raw_score=True)
print(time.perf_counter() - started)
"""
PEER_RECORDS = """
import sys, time
from pathlib import Path
from forecast.models.bundle import load_bundle
from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.pieces import iter_pieces
from forecast.scoring.from_records import RecordScorer
from forecast.settings import Settings
bundle = load_bundle(Path(sys.argv[1]))
scorer, model, seconds, rows = RecordScorer.open(bundle, Settings()), bundle.forecaster.model, 0.0, 0
for piece in iter_pieces(Path(sys.argv[2]), scorer.reads, 250000):
    arranged = arrange(piece)
    matrix = model.design.matrix(scorer.readied(arranged, moments(arranged)).frame)
    rows += len(matrix)
    started = time.perf_counter()
    for boosters in model.boosters:
        for booster in boosters:
            booster.predict(matrix, raw_score=True)
    seconds += time.perf_counter() - started
print(seconds, rows)
"""


def run(arguments: list[str]) -> tuple[float, float]:
    """Run a process; return its seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} ended with status {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def said(code: str, *arguments: object) -> list[float]:
    """Run code in a process; return the numbers that it prints."""
    words = [sys.executable, "-c", code, *map(str, arguments)]
    return [float(n) for n in subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()]


FORECAST = [sys.executable, "-m", "forecast"]
HEAD = "| what | s | rows a second | ratio to plain prediction | peak memory, MB |\n|---|---|---|---|---|"


def fit(folder: Path) -> Path:
    """Fit a boosted pair on the cases of a small force, as the demonstration does; return its bundle."""
    from forecast.records.check import check_records
    from forecast.settings import Settings
    from forecast.synthetic.force import write_force
    from forecast.synthetic.whole_way import HEADLINE, OURS, assembly
    from forecast.tables.assemble import write_cases
    from forecast.training import train as training
    from forecast.training.material import prepare

    settings = Settings(models_folder=folder / "models", bootstrap_replicates=50)
    write_force(folder / "small", FITTED_ON, 2)
    check_records(folder / "small", out=folder / "small-records", quarantine=folder / "small-bad").raise_problems()
    made = write_cases(folder / "small-records", folder / "cases.parquet", assembly(OURS))
    experiment = dataclasses.replace(HEADLINE, table=str(made.description), file=str(made.cases), beside=("base-rate",))
    training.train(prepare(experiment, settings, near=folder), folder / "bundle", settings, tracked=False, brief=True)
    return folder / "bundle"


def records(folder: Path, events: int, bundle: Path | None) -> None:
    """Make a force, check it, score it with and without reasons, and print the table."""
    bundle = bundle or fit(folder)
    checked, bad = folder / "records", folder / "quarantine"
    if not checked.is_dir():
        people = str(round(events / EVENTS_A_PERSON))
        run([*FORECAST, "data", "make-force", "--people", people, "--out", str(folder / "force"), "--quiet"])
        run([*FORECAST, "data", "check", str(folder / "force"), "--out", str(checked), "--quarantine", str(bad),
             "--quiet"])  # fmt: skip
    peer, rows = said(PEER_RECORDS, bundle, checked)
    print(f"{_events(checked):,} custody events, {rows:,.0f} moments, two levels; plain LightGBM prediction of the "
          f"ready matrix: {peer:.1f} s\n\n{HEAD}")  # fmt: skip
    for label, extra in (("forecasts", ["--no-reasons"]), ("forecasts with reasons", [])):
        _row(label, int(rows), peer, ["score", str(bundle), str(checked), "--out", str(folder / "scores.parquet"),
                                      "--overwrite", "--quiet", *extra])  # fmt: skip


def _events(checked: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(checked / "custody_events.parquet").num_rows)


def _row(label: str, rows: int, peer: float, words: list[str]) -> None:
    seconds, memory = run([*FORECAST, *words])
    print(f"| {label} | {seconds:.0f} | {rows / seconds:,.0f} | {seconds / peer:.1f} | {memory:.0f} |", flush=True)


def table(folder: Path, people: int) -> None:
    """Make the rows, train on a small table, score with and without reasons, and print the table."""
    small, big = folder / "synthetic" / "cases.csv", folder / "big.csv"
    run([*FORECAST, "data", "make-table", "--out", str(small)])
    run([*FORECAST, "data", "make-table", "--people", str(people), "--out", str(big)])
    os.environ["FORECAST_DATA"] = str(folder)
    bundle = str(folder / "bundle")
    run([*FORECAST, "train", str(EXPERIMENT), "--out", bundle, "--no-track", "--quiet"])
    with big.open() as lines:
        rows = sum(1 for _ in lines) - 1
    [peer] = said(PEER_TABLE, bundle, big)
    print(f"{rows:,} rows, two levels; plain LightGBM prediction of the ready matrix: {peer:.1f} s\n\n{HEAD}")
    for label, extra in (("forecasts", ["--no-reasons"]), ("forecasts with reasons", [])):
        _row(label, rows, peer, ["score", bundle, str(big), "--quiet", "--out", str(folder / f"{len(extra)}.parquet"),
                                 *extra])  # fmt: skip


def main(words: list[str] | None = None) -> None:
    """Print the table of records, or of rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--bundle", type=Path, help="fitted on cases of records; by default a small one is made")
    parser.add_argument("--folder", type=Path, help="where records are made and kept; by default a temporary one")
    parser.add_argument("--table", action="store_true", help="score rows of a CSV file instead")
    parser.add_argument("--people", type=int, default=622_000, help="of the table")
    chosen: Any = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.folder or Path(name)
        if chosen.table:
            table(folder, chosen.people)
        else:
            records(folder, chosen.events, chosen.bundle)


if __name__ == "__main__":
    main()
