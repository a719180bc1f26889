"""Kill -9 at random moments, a full disk: a run goes on where it was and ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from forecast.records.check import check_records
from forecast.settings import Settings
from forecast.synthetic.force import write_force
from tests.scoring.force import written
from tests.scoring.spark_world import bundle_of_records

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
KILLS = 20
SEED = 5
PEOPLE = 2_000
EVENTS_EACH = 1_000
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A force of some 2,000 people, checked, with a bundle fitted on it and settings of small parts."""
    folder = tmp_path_factory.mktemp("world")
    settings = Settings(
        threads=1, data_folder=folder / "data", models_folder=folder / "models", bootstrap_replicates=50
    )
    write_force(folder / "force", people=PEOPLE, seed=SEED)
    check_records(folder / "force", out=folder / "records", quarantine=folder / "quarantine").raise_problems()
    bundle_of_records(folder / "records", folder, settings)
    (folder / "settings.toml").write_text(f"threads = 2\nscore_events = {EVENTS_EACH}\n", "utf-8")
    return folder


def command(world: Path, out: Path) -> list[str]:
    words = ["score", world / "bundle", world / "records", "--out", out, "--quiet", "--settings",
             world / "settings.toml"]  # fmt: skip
    return [sys.executable, "-m", "forecast", *map(str, words)]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, check=False)


@pytest.fixture(scope="module")
def whole(world: Path) -> tuple[dict[str, bytes], float]:
    """What an uninterrupted run writes, and for how long its work folder is there."""
    (world / "whole").mkdir()
    out = world / "whole" / "scores.parquet"
    with subprocess.Popen(command(world, out), stdout=subprocess.DEVNULL, env=ENVIRONMENT) as process:
        while process.poll() is None and not work_of(out).exists():
            time.sleep(0.01)
        started = time.monotonic()
        process.wait()
    assert process.returncode == 0
    return written(world / "whole"), time.monotonic() - started


def work_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.work")


def waits(seconds: float) -> Iterator[float]:
    """Yield how long after the work folder is taken up a run is killed: from at once to past its end."""
    chance = random.Random(SEED)
    while True:
        yield chance.random() ** 2 * seconds  # more often early, so that the work lasts for many kills


def kill_after(words: list[str], out: Path, wait: float) -> bool:
    """Start a run, kill it a while after it took up its work; say whether it lived on to its own end."""
    lock = work_of(out) / "lock"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        while process.poll() is None and str(process.pid) not in _text(lock):
            time.sleep(0.005)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.stderr is not None
        assert process.returncode in (0, -signal.SIGKILL), process.stderr.read().decode()
    return process.returncode == 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def test_twenty_kills_change_no_byte_and_lose_nothing(world: Path, whole: tuple[dict[str, bytes], float]):
    expected, seconds = whole
    folder, kills, rounds = world / "killed", 0, 0
    moments = waits(seconds)
    while kills < KILLS:  # a run that ends before it is killed is done, and the next one begins anew
        rounds += 1
        (folder / str(rounds)).mkdir(parents=True)
        out = folder / str(rounds) / "scores.parquet"
        words, done = [*command(world, out), "--resume"], False
        while kills < KILLS and not done:
            done = kill_after(words, out, next(moments))
            kills += not done
            assert done or not (out.exists() and out.read_bytes() != expected["scores.parquet"])
        ended = run(words)
        assert ended.returncode == 0, ended.stderr
        assert written(out.parent) == expected
        assert not work_of(out).exists()
    keys = pq.read_table(out, columns=["custody_id"])["custody_id"].to_pylist()
    assert len(set(keys)) == len(keys) > 20_000


LIMITED = """
import resource, signal, sys
from forecast.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
main(sys.argv[2:])
"""


@pytest.mark.parametrize("share", [0.01, 0.6], ids=["a part", "the final file"])
def test_where_nothing_more_can_be_written_a_run_says_so_and_can_go_on(
    world: Path, whole: tuple[dict[str, bytes], float], share: float
):
    out = world / f"full-{share}" / "scores.parquet"
    most = int(share * len(whole[0]["scores.parquet"]))
    ended = run([sys.executable, "-c", LIMITED, str(most), *command(world, out)[3:]])
    assert ended.returncode == 2, ended.stderr
    assert "[score-no-room]" in ended.stderr
    assert "--resume" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert written(out.parent) == {}
    assert run([*command(world, out), "--resume"]).returncode == 0
    assert written(out.parent) == whole[0]


def test_a_run_that_is_interrupted_says_that_it_can_go_on(world: Path, whole: tuple[dict[str, bytes], float]):
    out = world / "interrupted" / "scores.parquet"

    def heeds_it() -> None:  # a shell that starts tests in the background has them ignore Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}
    with subprocess.Popen(command(world, out), **pipes, preexec_fn=heeds_it) as process:
        while process.poll() is None and not any((work_of(out) / "parts").glob("*.json")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "--resume goes on" in said
    assert written(out.parent) == {}
    assert run([*command(world, out), "--resume"]).returncode == 0
    assert written(out.parent) == whole[0]
