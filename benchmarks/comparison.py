"""How long the whole comparison of models takes on the events of five years, and a retrain of the boosted pair.

python -m benchmarks.comparison [--people 45000] [--cases FILE]

Cases are those of the synthetic force: fitted on 2008-12 and tested on 2015, about 110,000 in all. Each run is a
process of its own, so that its memory is its own; the peer is LightGBM as it comes, fitted once for each level on the
same matrix, without folds, calibration, intervals or a report, in the same minute.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

EXPERIMENT = Path(__file__).parents[1] / "examples" / "durham.toml"
PERIOD = {"test_from": datetime.date(2015, 1, 1), "test_before": datetime.date(2016, 1, 1)}
RUNS = {
    "comparison": "the comparison of all models, with its report",
    "retrain": "the boosted pair alone, with a brief report",
}


def make_cases(folder: Path, people: int) -> Path:
    """Make the force, check it and assemble its cases."""
    from forecast.records.check import check_records
    from forecast.settings import Settings
    from forecast.synthetic.force import write_force
    from forecast.synthetic.whole_way import assembly
    from forecast.tables.assemble import write_cases

    write_force(folder / "force", people, 1)
    checked = check_records(folder / "force", out=folder / "records", quarantine=folder / "q", settings=Settings())
    checked.raise_problems()
    return write_cases(folder / "records", folder / "cases.parquet", assembly()).cases


def one(run: str, cases: Path, out: Path) -> dict[str, Any]:
    """Run one of :data:`RUNS` in this process; return seconds, cases and the peak of memory."""
    from forecast.settings import Settings
    from forecast.training.experiment import load_experiment
    from forecast.training.material import prepare
    from forecast.training.train import train

    experiment = dataclasses.replace(
        load_experiment(EXPERIMENT),
        table=str(cases.with_suffix(".toml")),
        file=str(cases),
        **PERIOD,  # type: ignore[arg-type]
    )
    if run == "retrain":
        experiment = dataclasses.replace(experiment, beside=("base-rate",))
    started = time.perf_counter()
    material = prepare(experiment, Settings(), near=EXPERIMENT.parent)
    train(material, out, Settings(), overwrite=True, tracked=False, brief=run == "retrain")
    seconds = time.perf_counter() - started
    fold = material.repeats[0][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {
        "seconds": seconds,
        "train": len(fold.train),
        "test": len(fold.test),
        "gib": peak,
        "models": len(experiment.models),
    }


def peer(cases: Path) -> dict[str, Any]:
    """Fit LightGBM's defaults once a level on the same training matrix; return the seconds of the fits."""
    import lightgbm as lgb

    from forecast.models.design import fit_design, tree_columns
    from forecast.settings import Settings
    from forecast.training.experiment import load_experiment
    from forecast.training.material import prepare

    experiment = dataclasses.replace(
        load_experiment(EXPERIMENT),
        table=str(cases.with_suffix(".toml")),
        file=str(cases),
        beside=(),
        **PERIOD,  # type: ignore[arg-type]
    )
    material = prepare(experiment, Settings(), near=EXPERIMENT.parent)
    train = material.cases.take(material.repeats[0][0].train)
    matrix = fit_design(material.description.of_set("extended"), train.features, tree_columns).matrix(train.features)
    started = time.perf_counter()
    for level in train.outcomes:
        lgb.LGBMClassifier(verbosity=-1, n_jobs=2).fit(matrix, train.outcomes[level])
    return {"seconds": time.perf_counter() - started}


def apart(*words: str) -> dict[str, Any]:
    """Run a part of this module in a process of its own."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.comparison", *words], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print seconds, the ratio to the peer and the peak of memory of each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=45_000)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--one", choices=(*RUNS, "peer"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.one:
            print(
                json.dumps(
                    peer(chosen.cases) if chosen.one == "peer" else one(chosen.one, chosen.cases, Path(folder) / "b")
                )
            )
            return
        cases = chosen.cases or make_cases(Path(folder), chosen.people)
        print("| run | cases | models | seconds | times the peer | peak memory, GiB |\n|---|---|---|---|---|---|")
        for run, words in RUNS.items():
            made, beside = apart("--one", run, "--cases", str(cases)), apart("--one", "peer", "--cases", str(cases))
            counted = f"{made['train'] + made['test']:,} | {made['models']}"
            ratio = made["seconds"] / beside["seconds"]
            print(f"| {words} | {counted} | {made['seconds']:.0f} | {ratio:.1f} | {made['gib']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
