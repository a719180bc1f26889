"""Tables to score, and a way to score them and read what was written."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.scoring.batch import Scored, score_file
from forecast.settings import Settings
from tests.postgres import database, postgres_server
from tests.scoring.force import Force
from tests.scoring.spark_world import bundle_folder, bundle_of_records, scorer, session

__all__ = ["Run", "bundle_folder", "database", "postgres_server", "scored", "scorer", "session", "table"]


@dataclass
class Run:
    """What a scoring run returned and wrote."""

    done: Scored
    scores: pd.DataFrame
    refused: pd.DataFrame
    manifest: dict[str, Any]


@pytest.fixture
def table(table_file: Path) -> pd.DataFrame:
    """The first 120 rows of the synthetic table, all as texts."""
    return pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:120].reset_index(drop=True)


@pytest.fixture
def scored(bundle: ModelBundle, settings: Settings, tmp_path: Path) -> Callable[..., Run]:
    """Return a function that scores a file or a frame and reads everything that was written."""

    def run(what: Path | pd.DataFrame, out: str = "scores.parquet", **changes: Any) -> Run:
        if isinstance(what, pd.DataFrame):
            what.to_csv(tmp_path / "input.csv", index=False)
            what = tmp_path / "input.csv"
        done = score_file(
            changes.pop("bundle", bundle), what, tmp_path / out, changes.pop("settings", settings), **changes
        )
        manifest = json.loads(done.manifest_file.read_text("utf-8"))
        return Run(done, pq.read_table(done.out).to_pandas(), pq.read_table(done.refused_file).to_pandas(), manifest)

    return run


@pytest.fixture(scope="session")
def checked(force_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the accepted records of the small force in `records` and what was refused in `quarantine`."""
    from forecast.records.check import check_records

    folder = tmp_path_factory.mktemp("checked")
    check_records(force_folder, out=folder / "records", quarantine=folder / "quarantine").raise_problems()
    return folder


@pytest.fixture(scope="session")
def record_bundle(checked: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A small bundle fitted on cases of those records."""
    return load_bundle(bundle_of_records(checked / "records", tmp_path_factory.mktemp("fit"), settings), threads=1)


@pytest.fixture
def force(checked: Path, record_bundle: ModelBundle, settings: Settings) -> Force:
    """The small force, scored in parts of 2,000 custody events."""
    return Force(checked, record_bundle, dataclasses.replace(settings, score_events=2_000, threads=2))
