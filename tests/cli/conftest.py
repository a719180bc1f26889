"""A way to run the command line in this process, in an empty folder with none of this machine's settings."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forecast.cli import main


@dataclass
class Ended:
    """How a command ended and what it printed."""

    status: object
    out: str
    err: str


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder that commands run in, with settings for quick work."""
    for name in ("FORECAST_DATA", "FORECAST_SETTINGS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "forecast.toml").write_text(
        "threads = 1\nbootstrap_replicates = 50\nsmall_group_cases = 20\nsmall_group_events = 5\n", "utf-8"
    )
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ended]]:
    """Return a function that runs the command line with arguments."""
    handler = signal.getsignal(signal.SIGTERM)

    def go(*arguments: object) -> Ended:
        capsys.readouterr()
        status: object = 0
        try:
            main([str(a) for a in arguments])
        except SystemExit as ended:
            status = ended.code
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    yield go
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def experiment_file(here: Path, table_file: Path) -> Path:
    """A small experiment as a file."""
    path = here / "small.toml"
    path.write_text(
        f'name = "small"\ntable = "synthetic"\nfile = "{table_file}"\nmodel = "boosting"\nbeside = ["base-rate"]\n'
        "folds = 2\ncalibration_folds = 2\nboosting_rounds = 10\nboosting_boosters = 1\ncutoffs = [0.4, 0.2]\n",
        "utf-8",
    )
    return path
