"""Simulated forecasts that several tests of the evaluation share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation.evaluate import evaluate_level
from forecast.evaluation.report import ReportContext
from forecast.evaluation.results import LevelEvaluation
from forecast.progress import SILENT
from forecast.settings import Settings


def simulated(n: int = 1200, seed: int = 1) -> dict[str, Any]:
    """Return the arguments of an evaluation: repeated people, three models, a decile, groups of which one is tiny."""
    draw = np.random.default_rng(seed)
    person = draw.integers(0, n * 3 // 4, n)
    sex = np.where(draw.random(n) < 0.3, "Female", "Male")
    ethnicity = draw.choice(["A", "B", "tiny"], n, p=[0.6, 0.385, 0.015]).astype(object)
    ethnicity[draw.random(n) < 0.02] = None
    z = draw.normal(size=n) - 0.3
    y = draw.random(n) < 1 / (1 + np.exp(-z))
    decile = np.ceil(10 * pd.Series(z + draw.normal(size=n)).rank(pct=True).to_numpy())
    decile[draw.random(n) < 0.1] = np.nan
    noisy = 1 / (1 + np.exp(-(z + draw.normal(size=n))))
    return {
        "y": y,
        "models": {"boosted": 1 / (1 + np.exp(-z)), "linear": noisy, "base rate": np.full(n, 0.43)},
        "persons": np.array([f"P{i}" for i in person], dtype=object),
        "groups": pd.DataFrame({"sex": sex, "ethnicity": ethnicity}),
        "scores": {"decile": decile},
    }


def evaluated(level: str = "any", **changes: Any) -> LevelEvaluation:
    """Evaluate the simulated forecasts, with changes to the arguments."""
    data: dict[str, Any] = simulated() | {
        "chosen": "boosted",
        "cutoffs": {"HIGH": 0.6},
        "score_cuts": {"decile": 7},
        "settings": Settings(bootstrap_replicates=80),
        "seed": 7,
        "progress": SILENT,
    }
    data |= changes
    positional = [data.pop(name) for name in ("y", "models", "persons", "groups")]
    return evaluate_level(level, "arrested again within 2 years", *positional, **data)


@pytest.fixture
def data() -> dict[str, Any]:
    return simulated()


@pytest.fixture
def evaluate() -> Callable[..., LevelEvaluation]:
    return evaluated


@pytest.fixture(scope="session")
def evaluation() -> LevelEvaluation:
    return evaluated()


@pytest.fixture(scope="session")
def context(evaluation: LevelEvaluation) -> ReportContext:
    return ReportContext(
        title="Evaluation of a forecast",
        table_title="Simulated <force> & co",
        source="simulated (https://example.org/data?a=1)",
        words={"any": "arrested again within 2 years"},
        evaluations=[evaluation],
        flow=[("Rows read", 1300), ("Cases tested", 1200)],
        cautions=["Column “later” may hold what became known later."],
        importance={"any": [("Earlier arrests, $ and <b>", 0.61), ("Age at arrest", 0.35)]},
        exceptions=[(("age", "sex"), "They carry much of the ranking.", "Ch Insp Example")],
        costs={"matrix": [[0, 2], [1, 0]], "bands": ["LOW", "HIGH"], "signed_by": "", "reason": "2:1"},
        split="Split by time.",
        notes=["A note."],
        technical={"numpy": "2.4", "Table": "http://example.org/table"},
    )
