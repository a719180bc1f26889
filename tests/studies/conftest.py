"""Made-up files with the columns of public tables, for studies of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.tables.description import Description, Feature
from forecast.tables.library import load
from forecast.training.experiment import Experiment

BANDS = ("18-22", "23-27", "28-32", "33-37", "38-42", "43-47", "48 or older")


def made_up(description: Description, rows: int, seed: int) -> dict[str, Any]:
    """Return columns with values that the description allows."""
    rng = np.random.default_rng(seed)
    return {f.source: _values(f, rows, rng) for f in description.features if not f.sum_of}


def _values(f: Feature, rows: int, rng: np.random.Generator) -> Any:
    if f.kind == "band":
        return rng.choice(BANDS, rows)
    if f.levels:
        return rng.choice(f.levels, rows)
    if f.kind == "flag":
        return rng.choice([f.true[0], f.false[0]], rows)
    if f.kind == "category":
        return rng.choice(["burglary", "theft", "drugs"], rows)
    low = 0 if f.low is None else int(f.low)
    return rng.integers(low, (low + 7 if f.high is None else int(f.high)) + 1, rows)


@pytest.fixture(scope="session")
def nij_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """700 made-up people of the challenge, 400 of them training people; more prior arrests, more arrests after."""
    rows = 700
    table = pd.DataFrame(made_up(load("nij:round3"), rows, 4))
    rng = np.random.default_rng(5)
    table.insert(0, "ID", np.arange(1, rows + 1))
    table["Race"] = rng.choice(["BLACK", "WHITE"], rows)
    lean = 0.08 * (table["Prior_Arrest_Episodes_Felony"].astype(float) - 3)
    years = rng.random((rows, 3)) < np.clip(0.35 + lean.to_numpy(), 0.05, 0.9)[:, None]
    first = np.where(years.any(axis=1), years.argmax(axis=1), 3)
    for year in range(3):
        table[f"Recidivism_Arrest_Year{year + 1}"] = np.where(first == year, "true", "false")
    table["Training_Sample"] = (np.arange(rows) < 400).astype(int)
    path = tmp_path_factory.mktemp("nij") / "people.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def small_research(monkeypatch: pytest.MonkeyPatch) -> Iterator[Experiment]:
    """The research configuration, small enough for a test."""
    import dataclasses

    from forecast.studies import compas, nij, research

    small = dataclasses.replace(
        research.RESEARCH, boosting_rounds=20, boosting_boosters=1, calibration_folds=2, boosting_learning_rate=0.1
    )
    for module in (research, compas):
        monkeypatch.setattr(module, "RESEARCH", small)
    monkeypatch.setattr(nij, "CHALLENGE", dataclasses.replace(small, model="boosting"))
    return small
