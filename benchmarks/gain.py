"""Whether newer models gain on part 1's blend on real data: paired differences of the Brier score, people resampled.

python -m benchmarks.gain [TABLE ...]

The configuration is `examples/research.toml`, whose blend part 1 chose; beside it stand the models that came later, on
the same five folds by person (first draw). An interval that holds zero says: no real gain.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from forecast.cases import PERSON_ID
from forecast.evaluation.bootstrap import interval, person_codes, person_weights
from forecast.settings import Settings
from forecast.training.experiment import load_experiment
from forecast.training.material import prepare
from forecast.training.testing import held_out_forecasts

TABLES = ("compas:general", "compas:general-corrected", "nij:round1", "nij:round2", "nij:round3")
LATER = ("splines", "additive")
SAME = ("boosting", "logistic")
REPLICATES = 500


def main() -> None:
    """Print a row a table and model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    print("| table | model | Brier | less part 1's blend, x 10,000 (95 %) | real? |\n|---|---|---|---|---|", flush=True)
    for table in parser.parse_args().tables:
        rows(table)


def rows(table: str) -> None:
    """Print the models of one table beside the blend, and the plain mean of blend and additive model in log-odds."""
    base = load_experiment(Path("examples/research.toml"))
    experiment = dataclasses.replace(base, name=table, table=table, beside=(*SAME, *LATER), splines_penalty=100.0)
    material = prepare(experiment, Settings())
    tested = held_out_forecasts(material, material.repeats[0], 0)
    y = tested.cases.outcomes["any"].to_numpy(dtype=bool)
    people = person_codes(tested.cases.keys[PERSON_ID].to_numpy())
    forecasts = {name: p[:, 0] for name, p in tested.probability.items()}
    losses = {name: (p - y) ** 2 for name, p in forecasts.items()}
    print(f"| {table} | blend | {losses['blend'].mean():.4f} | | |", flush=True)
    for name in (*SAME, *LATER):
        difference = losses[name] - losses["blend"]
        drawn = [float(w @ difference / w.sum()) for block in person_weights(people, REPLICATES, 1) for w in block]
        low, high = interval(np.array(drawn)) or (np.nan, np.nan)
        real = "better" if high < 0 else "worse" if low > 0 else "cannot be told apart"
        shown = f"{1e4 * difference.mean():+.1f} ({1e4 * low:+.1f} to {1e4 * high:+.1f})"
        print(f"| {table} | {name} | {losses[name].mean():.4f} | {shown} | {real} |", flush=True)


if __name__ == "__main__":
    main()
