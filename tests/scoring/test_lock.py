"""Tests of the lock against two runs on one output."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from forecast.problems import Problem
from forecast.scoring.lock import LOCK, locked

HOLDER = """
import sys, time
from pathlib import Path
from forecast.scoring.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(100)
"""


def holder(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_run_is_told_who_holds_the_lock_and_since_when(tmp_path: Path):
    with locked(tmp_path / "work"), pytest.raises(Problem) as found, locked(tmp_path / "work"):
        pytest.fail("two runs held the lock")
    assert found.value.code == "score-locked"
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in found.value.sentence


def test_the_lock_is_free_again_after_its_holder(tmp_path: Path):
    for _ in range(2):
        with locked(tmp_path / "work"):
            assert str(os.getpid()) in (tmp_path / "work" / LOCK).read_text("utf-8")


def test_a_killed_holder_leaves_no_lock(tmp_path: Path):
    with holder(tmp_path / "work") as process:
        with pytest.raises(Problem) as found, locked(tmp_path / "work"):
            pytest.fail("two runs held the lock")
        assert str(process.pid) in found.value.sentence
        process.send_signal(signal.SIGKILL)
        process.wait()
        with locked(tmp_path / "work"):
            assert (tmp_path / "work" / LOCK).read_text("utf-8").count(str(os.getpid())) == 1


def test_a_lock_whose_folder_was_removed_does_not_lock_the_new_folder(tmp_path: Path):
    with locked(tmp_path / "work"):
        shutil.rmtree(tmp_path / "work")
        with locked(tmp_path / "work"):
            assert (tmp_path / "work" / LOCK).is_file()


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(Problem) as found, locked(tmp_path / "file" / "work"):
        pytest.fail("there is no such folder")
    assert found.value.code == "file-unwritable"
