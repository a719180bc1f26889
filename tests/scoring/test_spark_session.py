"""Tests of addresses of clusters, and of what is said where Spark does not start or a job fails."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from forecast.problems import Problem
from forecast.scoring.spark_session import check_master, last_word
from tests.helpers import run_python

OPEN = """
import sys
from pathlib import Path
from forecast.problems import Problem
from forecast.scoring.spark_session import opened
try:
    with opened("local[1]", Path(sys.argv[1]), 1):
        print("opened")
except Problem as problem:
    print(problem.code, problem)
"""


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "local[2,3]", "yarn", "k8s://https://host:443"])
def test_addresses_that_spark_knows_are_taken(master: str) -> None:
    check_master(master)


@pytest.mark.parametrize("master", ["", "localhost", "local[two]", "spark://", "spark://host", "spark://host:x", "a b"])
def test_what_is_no_address_is_refused(master: str) -> None:
    with pytest.raises(Problem) as found:
        check_master(master)
    assert found.value.code == "spark-master"
    assert f"'{master}'" in found.value.sentence


def test_a_cluster_that_nobody_answers_at_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        with pytest.raises(Problem) as found:
            check_master(f"spark://127.0.0.1:{port}")
    assert found.value.code == "spark-unreachable"
    assert f"127.0.0.1:{port}" in found.value.sentence


def test_one_of_several_masters_that_answers_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        check_master(f"spark://127.0.0.1:{taken.getsockname()[1]},127.0.0.1:{server.getsockname()[1]}")


def test_without_java_spark_is_not_started_and_what_is_missing_is_said(tmp_path: Path) -> None:
    done = run_python(OPEN, str(tmp_path), PATH=str(tmp_path), JAVA_HOME="")
    assert done.stdout.startswith("spark-no-java Spark needs Java 17 or newer"), done.stderr
    assert "JAVA_HOME is not set and PATH has no java" in done.stdout
    assert done.stderr == ""


def test_without_pyspark_the_extra_is_named(tmp_path: Path) -> None:
    hidden = "import importlib.util as u; find = u.find_spec\n"
    hidden += "u.find_spec = lambda name, *rest: None if name == 'pyspark' else find(name, *rest)\n"
    done = run_python(hidden + OPEN, str(tmp_path))
    assert done.stdout.startswith("extra-missing"), done.stderr
    assert "[spark]" in done.stdout


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (
            "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
            '  File "a.py", line 17, in f\n    raise ValueError\nValueError: one\ntwo\n',
            "ValueError: one two",
        ),
        (
            "An error occurred while calling o288.collect.\n: org.apache.spark.SparkException: Job aborted: Lost task "
            "0.0 (host): org.apache.spark.SparkException: Python worker exited unexpectedly (crashed).\n\tat a.b(C:1)\n"
            "Caused by: java.net.SocketException: Connection reset\n\tat d.e(F:2)\n",
            "Python worker exited unexpectedly (crashed)",
        ),
        ("x" * 1_000, "x" * 400),
    ],
)
def test_of_a_stack_trace_the_last_word_is_said(said: str, word: str) -> None:
    assert last_word(said) == word
