"""How long one person takes, from records to a forecast with reasons in words and the ids of the records behind them.

python -m benchmarks.one_case [--people 2000] [--records FOLDER --bundle FOLDER]

The peer is LightGBM's own prediction and contributions of the same rows, from the ready matrix: no features, no
calibration, no interval, no words. One thread for both.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.bundle import load_bundle
from forecast.problems import Problem
from forecast.records.partitions import iter_people
from forecast.scoring import ready, score_one
from forecast.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from forecast.cases import Floats
    from forecast.models.bundle import ModelBundle
    from forecast.records.records import Records

PUBLISHED = (
    "11 s: the published system's run time [source: consettmagazine.com 2017/05/12], of another machine: no peer"
)
FORCE = 12_000
WARM = 20


def world(folder: Path, settings: Settings) -> tuple[Path, Path]:
    """Make a synthetic force, and train on its cases; return the folders of its records and of the bundle."""
    from forecast.records.check import check_records
    from forecast.synthetic.force import write_force
    from forecast.synthetic.whole_way import HEADLINE, assembly
    from forecast.tables.assemble import write_cases
    from forecast.training.material import prepare
    from forecast.training.train import train

    write_force(folder / "force", FORCE, 1)
    check_records(folder / "force", out=folder / "records", settings=settings).raise_problems()
    made = write_cases(folder / "records", folder / "cases.parquet", assembly())
    asked = dataclasses.replace(HEADLINE, file=str(made.cases), beside=())
    done = train(prepare(asked, settings, near=folder), folder / "bundle", settings, brief=True, tracked=False)
    return folder / "records", done.folder


def persons(records: Path) -> Iterator[Records]:
    """Yield the records of one person after the other."""
    import pyarrow.compute as pc

    from forecast.records.records import Records
    from forecast.records.schema import TABLES

    for piece in iter_people(records, events_each=5_000):
        for person in piece.persons["person_id"]:
            rows = {t.name: getattr(piece, t.name) for t in TABLES}
            yield Records(**{name: table.filter(pc.equal(table["person_id"], person)) for name, table in rows.items()})


def measure(
    bundle: ModelBundle, records: Path, settings: Settings, people: int
) -> tuple[list[float], list[pd.DataFrame]]:
    """Return the seconds of each person, and the features that came of their records."""
    model = ready(bundle, settings)
    seconds: list[float] = []
    frames: list[pd.DataFrame] = []
    for number, one in enumerate(persons(records)):
        if len(seconds) == people:
            break
        started = time.perf_counter()
        try:
            found = score_one(one, model)
        except Problem:
            continue  # under age, or nobody in custody: no forecast
        taken = time.perf_counter() - started
        if number >= WARM and found.frame is not None:
            seconds.append(taken)
            frames.append(found.frame)
    return seconds, frames


def peer(bundle: ModelBundle, frames: list[pd.DataFrame]) -> list[float]:
    """Return the seconds of LightGBM's own prediction and contributions of each row, both levels."""
    model = bundle.forecaster.model
    matrices: list[Floats] = [model.design.matrix(frame) for frame in frames]  # type: ignore[attr-defined]
    boosters = [booster for level in model.boosters for booster in level]  # type: ignore[attr-defined]
    seconds = []
    for matrix in matrices:
        started = time.perf_counter()
        for booster in boosters:
            booster.predict(matrix, raw_score=True, num_threads=1)
            booster.predict(matrix, pred_contrib=True, num_threads=1)
        seconds.append(time.perf_counter() - started)
    return seconds


def main() -> None:
    """Time one person after the other, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--records", type=Path)
    parser.add_argument("--bundle", type=Path)
    asked = parser.parse_args()
    settings = Settings(threads=1)
    with tempfile.TemporaryDirectory() as name:
        records, folder = asked.records, asked.bundle
        if records is None or folder is None:
            records, folder = world(Path(name), settings)
        bundle = load_bundle(folder, threads=1)
        ours, frames = measure(bundle, records, settings, asked.people)
        theirs = peer(bundle, frames)
    print(f"{len(ours):,} people, one at a time, one thread, warm; {len(frames[0].columns)} features\n")
    print("| what | p50, ms | p99, ms | largest, ms |\n|---|---|---|---|")
    for label, seconds in (("records in, reasons out", ours), ("LightGBM's predict and pred_contrib", theirs)):
        told = [f"{1000 * value:.1f}" for value in (*np.quantile(seconds, [0.5, 0.99]), max(seconds))]
        print(f"| {label} | {' | '.join(told)} |")
    ratios = np.quantile(ours, [0.5, 0.99]) / np.quantile(theirs, [0.5, 0.99])
    print(f"| ratio | {ratios[0]:.1f} | {ratios[1]:.1f} | |\n\nBeside it, {PUBLISHED}.")


if __name__ == "__main__":
    main()
