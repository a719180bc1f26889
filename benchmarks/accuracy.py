"""Measure the forecasts on real data: repeated person-grouped folds, beside an off-the-shelf peer on the same folds.

python -m benchmarks.accuracy [--repeats 3] [TABLE ...]
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from forecast.models.design import fit_design, tree_columns
from forecast.settings import Settings
from forecast.training.experiment import load_experiment
from forecast.training.material import Material, prepare
from forecast.training.testing import held_out_forecasts

TABLES = (
    "compas:general",
    "compas:general-corrected",
    "compas:violent-corrected",
    "nij:round1",
    "nij:round2",
    "nij:round3",
    "nij:round2-release",
    "nij:round3-release",
)
PEER = "LightGBM as it comes"


def auc(y: Any, p: Any) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, p))


def brier(y: Any, p: Any) -> float:
    return float(np.mean((p - y) ** 2))


def mean_of_sexes(y: Any, p: Any, sex: Any) -> float:
    """Return the NIJ challenge's score: the mean of men's and women's Brier scores."""
    return float(np.mean([brier(y[sex == each], p[sex == each]) for each in np.unique(sex)]))


def peer_forecasts(material: Material, folds: Any, seed: int) -> Any:
    """Return the out-of-fold probabilities of LightGBM's own defaults on the same columns and folds."""
    import lightgbm as lgb

    cases = material.cases
    y = cases.outcomes["any"].to_numpy()
    made = np.full(len(cases), np.nan)
    for fold in folds:
        design = fit_design(material.description.features, cases.features.iloc[fold.train], tree_columns)
        model = lgb.LGBMClassifier(random_state=seed, verbosity=-1, n_jobs=1)
        model.fit(design.matrix(cases.features.iloc[fold.train]), y[fold.train])
        made[fold.test] = model.predict_proba(design.matrix(cases.features.iloc[fold.test]))[:, 1]
    return made


def rows(table: str, repeats: int) -> Iterator[tuple[str, list[list[float]]]]:
    """Yield (model, [[AUC, Brier, mean of sexes] a repeat]) for one table."""
    experiment = dataclasses.replace(
        load_experiment(Path("examples/research.toml")), name=table, table=table, repeats=repeats
    )
    material = prepare(experiment, Settings())
    y = material.cases.outcomes["any"].to_numpy()
    sex = material.cases.protected.iloc[:, 0].to_numpy()
    found: dict[str, list[list[float]]] = {}
    for repeat, folds in enumerate(material.repeats):
        tested = held_out_forecasts(material, folds, 0)
        forecasts = {name: p[:, 0] for name, p in tested.probability.items()}
        forecasts[PEER] = peer_forecasts(material, folds, repeat)
        for name, p in forecasts.items():
            found.setdefault(name, []).append([auc(y, p), brier(y, p), mean_of_sexes(y, p, sex)])
        for title, scores in material.cases.benchmarks.items():  # in every draw the same cases
            known = scores.notna().to_numpy()
            found.setdefault(str(title), []).append([auc(y[known], scores[known]), np.nan, np.nan])
    yield from found.items()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"| table | model | AUC | Brier | mean of the sexes' Brier | its range over {arguments.repeats} draws |")
    print("|---|---|---|---|---|---|")
    for table in arguments.tables:
        started = time.perf_counter()
        for name, values in rows(table, arguments.repeats):
            figures = np.array(values)
            mean = figures.mean(axis=0)
            spread = f"{figures[:, 2].min():.4f} - {figures[:, 2].max():.4f}"
            cells = " | ".join("" if np.isnan(x) else f"{x:.4f}" for x in mean)
            print(f"| {table} | {name} | {cells} | {'' if np.isnan(mean[2]) else spread} |", flush=True)
        print(f"<!-- {table}: {time.perf_counter() - started:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
