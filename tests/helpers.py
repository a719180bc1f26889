"""What several test folders share: a small experiment on the synthetic table, and rows to forecast."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from forecast.models.bundle import ModelBundle, load_bundle, write_bundle
from forecast.tables.description import Description
from forecast.tables.library import load
from forecast.training.experiment import Experiment
from forecast.training.fit import Trainer
from forecast.training.material import Material

KINDS = ("boosting", "logistic", "blend", "two-feature", "base-rate")
CAUSAL = (
    "because",
    "cause",
    "due to",
    "leads to",
    "will reoffend",
    "will be",
    "makes him",
    "makes her",
    "risk of this person",
)


def small_experiment(file: Path, **changes: Any) -> Experiment:
    """Return an experiment on the synthetic table that runs in about a second."""
    small: dict[str, Any] = {
        "name": "small",
        "table": "synthetic",
        "file": str(file),
        "beside": ("base-rate",),
        "folds": 2,
        "calibration_folds": 2,
        "cutoffs": (0.4, 0.2),
        "boosting_rounds": 25,
        "boosting_boosters": 2,
        "boosting_learning_rate": 0.1,
        "additive_rounds": 25,
        "forest_trees": 15,
        "forest_ratio": 0.0,
    }
    return Experiment(**(small | changes))


def small_bundle(kind: str, material: Material, folder: Path) -> ModelBundle:
    """Fit one model on all cases, and keep and load it as a bundle, without testing it first."""
    trainer = Trainer(material.description, dataclasses.replace(material.experiment, model=kind), threads=1)
    folder.mkdir(parents=True)
    write_bundle(
        folder,
        material.description,
        trainer.forecasters([kind], material.cases)[kind],
        {"data": {"file": material.path.name, "sha256": "0" * 64, "cases": len(material.cases), "cases_sha256": ""}},
    )
    return load_bundle(folder, threads=1)


def frame_of(description: Description, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a features frame: float64 and text columns, as the reader makes them."""
    columns = {
        f.name: pd.Series([row[f.name] for row in rows], dtype="float64" if f.numeric else "object")
        for f in description.features
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))


def frames(min_size: int = 1, max_size: int = 12) -> st.SearchStrategy[pd.DataFrame]:
    """Return random feature rows of the synthetic table: any size, missing values, categories never declared."""
    description = load("synthetic")
    number = st.one_of(st.just(np.nan), st.integers(0, 90).map(float), st.floats(0, 500))
    columns: dict[str, st.SearchStrategy[Any]] = {}
    for f in description.features:
        if f.kind == "flag":
            columns[f.name] = st.sampled_from([0.0, 1.0, np.nan])
        elif f.numeric:
            columns[f.name] = number
        else:
            columns[f.name] = st.sampled_from([*f.levels, "never declared", None])
    rows = st.lists(st.fixed_dictionaries(columns), min_size=min_size, max_size=max_size)
    return rows.map(lambda made: frame_of(description, made))


def run_python(code: str, *arguments: str, timeout: int = 120, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter; ``changes`` are laid over the environment."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **changes}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=timeout, env=environment
    )
