"""Open a Spark session that says nothing, listens to nobody, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem, need
from forecast.scoring.spark_java import find_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = re.compile(r"local(\[(\*|\d+)(, ?\d+)?\])?")
_MASTER = re.compile(r"spark://([^,/]+(?:,[^,/]+)*)|yarn|k8s://.+")
_SECONDS = 5
BATCH_ROWS = 20_000
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    # Files of before the Gregorian calendar are read as they are written, as Arrow does.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.adaptive.enabled": "false",
}


@contextmanager
def opened(master: str | None, scratch: Path, threads: int) -> Iterator[SparkSession]:
    """Yield a session on ``master`` whose files lie in ``scratch``; it ends with the block, and its Java too.

    Where a session runs in this process already, as in a notebook on a cluster, it is used, and left running; where
    none runs and no ``master`` is named, it is this machine, with so many ``threads`` (0: all cores). Raise
    ``extra-missing``, ``spark-no-java``, ``spark-master``, ``spark-unreachable`` or ``spark-start``.
    """
    need("pyspark", "spark")
    with ExitStack() as stack:
        stack.enter_context(_interpreter_as_before())
        if (running := _running(master)) is not None:
            yield running
            return
        master = master or f"local[{threads or '*'}]"
        check_master(master)
        stack.enter_context(_environment(JAVA_HOME=str(find_java()), PYSPARK_PYTHON=_python(master)))
        log = stack.enter_context((scratch / "spark.log").open("wb"))
        yield stack.enter_context(_started(master, scratch, log))


def _running(master: str | None) -> SparkSession | None:
    """Return a session of its own settings beside the one that runs in this process, if one does."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    context = SparkContext._active_spark_context
    if context is None:
        return None
    if master not in (None, context.master):
        raise Problem("spark-running", found=context.master, master=master)
    own = SparkSession.builder.getOrCreate().newSession()
    for name, value in _SESSION.items():
        own.conf.set(name, value)
    return own


def check_ready(master: str) -> None:
    """Raise what :func:`opened` would, of what can be said without starting anything."""
    need("pyspark", "spark")
    from pyspark import SparkContext

    if SparkContext._active_spark_context is None:
        if master:
            check_master(master)
        find_java()


def check_master(master: str) -> None:
    """Raise ``spark-master`` for what is no address of a cluster, ``spark-unreachable`` where nobody answers there."""
    if LOCAL.fullmatch(master):
        return
    found = _MASTER.fullmatch(master)
    if not found:
        raise Problem("spark-master", master=master)
    if found.group(1):
        _knock(master, found.group(1).split(","))


def _knock(master: str, addresses: list[str]) -> None:
    """Try to connect to one of the addresses: Spark itself would try for a minute, and then say little."""
    said: list[str] = []
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise Problem("spark-master", master=master)
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS).close()
        except (OSError, OverflowError) as error:
            said.append(f"{address}: {getattr(error, 'strerror', None) or error}")
        else:
            return
    raise Problem("spark-unreachable", master=master, detail="; ".join(said))


def _python(master: str) -> str:
    """Return the Python of the workers: this one, or on a cluster the one that its administrator chose."""
    return sys.executable if LOCAL.fullmatch(master) else os.environ.get("PYSPARK_PYTHON", sys.executable)


@contextmanager
def _environment(**changes: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _interpreter_as_before() -> Iterator[None]:
    """Undo what Spark does to the interpreter: it takes Ctrl-C for itself and puts folders on the path of modules.

    It also warns of a pandas that is newer than it knows; no pandas goes through it here, only Arrow.
    """
    import threading

    path = list(sys.path)
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if main else None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            yield
    finally:
        sys.path[:] = path
        if main:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _started(master: str, scratch: Path, log: Any) -> Iterator[SparkSession]:
    """Start Java, with all that it says going to ``log``, and a session in it; stop both afterwards."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    chosen = SparkConf().setMaster(master).setAppName("forecast score").setAll(_options(master, scratch).items())
    with ExitStack() as stack:
        try:
            gateway = None
            if SparkContext._gateway is None:
                gateway = launch_gateway(chosen, {"stdout": log, "stderr": subprocess.STDOUT})
                stack.callback(_end_java, gateway)
            context = SparkContext(conf=chosen, gateway=gateway)
            stack.callback(_stop, context)
            session = SparkSession(context)
        except failures() as error:
            raise Problem("spark-start", master=master, detail=last_word(str(error))) from None
        stack.callback(_stop, session)
        yield session


def failures() -> tuple[type[Exception], ...]:
    """Return what is raised when Spark, its Java, the line to it or a worker fails."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    return Py4JError, PySparkException, OSError


def _options(master: str, scratch: Path) -> dict[str, str]:
    quiet = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(scratch / "local"),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    here = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.driver.memory": "2g"}
    return _SESSION | quiet | (here if LOCAL.fullmatch(master) else {})


def _stop(running: Any) -> None:
    """Stop a session or context; one whose Java is gone is stopped already."""
    with suppress(*failures()), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        running.stop()


def _end_java(gateway: Any) -> None:
    """End the Java process that was started for us, and have Spark forget it, so that the next run starts its own."""
    from pyspark import SparkContext

    gateway.shutdown()
    gateway.proc.stdin.close()  # it ends when nobody can write to it any more
    try:
        gateway.proc.wait(timeout=60)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
    SparkContext._gateway = SparkContext._jvm = None


_TRACEBACK = "Traceback (most recent call last):"
_LONGEST = 400


def last_word(said: str) -> str:
    """Return what a long message of Java or Python says at last, in one line and without the stack."""
    _, python, stack = said.rpartition(_TRACEBACK)
    if python:
        text = " ".join(line.strip() for line in stack.splitlines() if line[:1].strip())
    else:
        text = " ".join(said.partition("\n\tat ")[0].rpartition("Exception: ")[2].split())
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...").rstrip(". ")
