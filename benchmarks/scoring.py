"""How long, and in how much memory, a million rows are scored; beside plain LightGBM prediction of the ready matrix.

python -m benchmarks.scoring [--people 622000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPERIMENT = Path("examples/synthetic.toml")
PEER = """
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


def run(arguments: list[str]) -> tuple[float, float]:
    """Run a process; return its seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} ended with status {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Make the rows, train on a small table, score with and without reasons, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=622_000)
    people = str(parser.parse_args().people)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        forecast = [sys.executable, "-m", "forecast"]
        small, big = folder / "synthetic" / "cases.csv", folder / "big.csv"
        run([*forecast, "data", "make-table", "--out", str(small)])
        run([*forecast, "data", "make-table", "--people", people, "--out", str(big)])
        os.environ["FORECAST_DATA"] = name
        bundle = str(folder / "bundle")
        run([*forecast, "train", str(EXPERIMENT), "--out", bundle, "--no-track", "--quiet"])
        rows = sum(1 for _ in big.open()) - 1
        peer = float(
            subprocess.run(
                [sys.executable, "-c", PEER, bundle, str(big)], capture_output=True, text=True, check=True
            ).stdout
        )
        score = [*forecast, "score", bundle, str(big), "--quiet", "--out"]
        print(f"{rows:,} rows, two levels; plain LightGBM prediction of the ready matrix: {peer:.1f} s\n")
        print("| what | s | rows a second | ratio to plain prediction | peak memory, MB |\n|---|---|---|---|---|")
        for label, extra in (("forecasts", ["--no-reasons"]), ("forecasts with reasons", [])):
            seconds, memory = run([*score, str(folder / f"{len(extra)}.parquet"), *extra])
            print(f"| {label} | {seconds:.0f} | {rows / seconds:,.0f} | {seconds / peer:.1f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
