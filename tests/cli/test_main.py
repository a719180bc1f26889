"""Tests of the command line as a whole: helps, problems and how commands end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import forecast
from forecast.cli import COMMANDS, root
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem, Problems
from forecast.synthetic.table import write_table
from tests.helpers import run_python

from .conftest import Ended

Run = Callable[..., Ended]


def all_commands() -> list[tuple[str, ...]]:
    """Return every command and sub-command as words."""
    context = click.Context(root)
    found: list[tuple[str, ...]] = []
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
    return found


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_a_help(run: Run, words: tuple[str, ...], flag: str):
    ended = run(*words, flag)
    assert ended.status == 0
    assert ended.out.startswith("Usage: ")
    assert ended.err == ""


def test_the_help_lists_every_command_with_a_line(run: Run):
    out = run("--help").out
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in out
        assert text.split(";")[0].split(",")[0] in out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_kept_beside_an_existing_command(name: str):
    command = root.get_command(click.Context(root), name)
    assert isinstance(command, click.Command)
    assert command.name == name


def test_without_a_command_the_help_is_shown(run: Run):
    ended = run()
    assert ended.status == 2
    assert "Commands:" in ended.out + ended.err


def test_the_version_is_that_of_the_package(run: Run):
    assert run("--version").out == f"forecast, version {forecast.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [("--nonsense",), ("nonsense",), ("score", "--nonsense"), ("score",), ("data", "nonsense"), ("train", "x.toml")],
    ids=" ".join,
)
def test_a_wrong_use_ends_with_2_and_says_how_to_get_help(run: Run, words: tuple[str, ...]):
    ended = run(*words)
    assert ended.status == 2
    assert "--help" in ended.err or "-h" in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("score", "no-bundle", "x.csv", "--out", "x.parquet"),
        ("explain", "no-bundle", "x.csv", "--id", "1"),
        ("evaluate", "no-bundle", "x.csv"),
        ("models", "show", "no-bundle"),
        ("train", "nowhere.toml", "--out", "x"),
        ("train", "nowhere.toml", "--plan"),
        ("data", "describe", "nowhere.toml"),
        ("data", "describe", "synthetic"),
        ("data", "fetch", "nonsense"),
        ("data", "make-table", "--settings", "nowhere.toml"),
    ],
    ids=" ".join,
)
def test_a_problem_goes_to_standard_error_with_what_to_do_next(run: Run, words: tuple[str, ...]):
    ended = run(*words)
    assert ended.status == 2
    assert "problem [" in ended.err
    assert "   next: " in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_several_problems_are_all_shown_and_counted(run: Run, here: Path):
    (here / "bad.toml").write_text("folds = 1\nnam = 2\n", "utf-8")
    ended = run("train", "bad.toml", "--plan")
    assert ended.status == 2
    assert ended.err.count("problem [") == 4
    assert ended.err.endswith("4 problems.\n")


def test_a_wrong_settings_file_is_named(run: Run, here: Path, experiment_file: Path):
    (here / "forecast.toml").write_text("thread = 1\n", "utf-8")
    ended = run("train", experiment_file, "--plan")
    assert ended.status == 2
    assert "Did you mean 'threads'?" in ended.err


def test_ctrl_c_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.synthetic.table.write_table", interrupted)
    ended = run("data", "make-table")
    assert ended.status == 130
    assert "Stopped" in ended.err


@pytest.mark.parametrize("error", [Problem("dataset-unknown", name="x", known="y"), Problems([])], ids=["one", "many"])
def test_problems_from_anywhere_end_with_2(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception):
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("forecast.synthetic.table.write_table", fails)
    assert run("data", "make-table").status == 2


FAULT = """
import forecast.synthetic.table as table
def broken(*a, **k): raise ZeroDivisionError("a fault of ours")
table.write_table = broken
from forecast.cli import main
main(["data", "make-table"])
"""


def test_a_fault_of_ours_ends_with_1_and_shows_where():
    done = run_python(FAULT)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "a fault of ours" in done.stderr


HEAVY = ("pandas", "numpy", "lightgbm", "pyarrow", "duckdb", "sklearn", "matplotlib", "mlflow")


@pytest.mark.parametrize(
    "words", [["--help"], ["data", "--help"], ["score", "--help"], ["train", "--help"], ["nonsense"]], ids=" ".join
)
def test_a_help_loads_nothing_heavy(words: list[str]):
    code = (
        "import sys\nfrom forecast.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = run_python(code)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_module_runs_like_the_command():
    done = subprocess.run([sys.executable, "-m", "forecast", "--version"], capture_output=True, text=True)
    assert done.stdout == f"forecast, version {forecast.__version__}\n"


SLOW_SCORING = """
import sys, time
from forecast.scoring.scorer import Scorer
original = Scorer.cases
calls = iter((False, True))
def slow(self, *arguments):
    if next(calls):  # one chunk is written by now
        print("waiting", flush=True)
        time.sleep(2)
    return original(self, *arguments)
Scorer.cases = slow
from forecast.cli import main
main(sys.argv[1:])
"""


def test_a_command_ended_from_outside_clears_away_what_it_had_half_written(bundle: ModelBundle, here: Path):
    write_table(here / "many.csv", people=1000, seed=2)
    (here / "forecast.toml").write_text("threads = 1\nchunk_rows = 1000\n", "utf-8")
    words = ["score", str(bundle.folder), "many.csv", "--out", "out/scores.parquet"]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_SCORING, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        assert list((here / "out").iterdir())
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    # What scoring has done is kept for --resume; nothing stands under a final name.
    assert [path.name for path in (here / "out").iterdir()] == [".scores.parquet.work"]
