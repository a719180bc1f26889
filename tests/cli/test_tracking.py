"""Tests of `forecast tracking`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ended

Run = Callable[..., Ended]


def test_the_page_is_mlflows_on_this_machine_only_without_telemetry(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
):
    called: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: called.append(arguments))
    ended = run("tracking", "--port", 5055)
    assert ended.status == 0
    [(_, words, environment)] = called
    assert words[1:4] == ["-m", "mlflow", "ui"]
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--port") + 1] == "5055"
    assert str(here / "models" / "mlflow.db") in words[words.index("--backend-store-uri") + 1]
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "http://127.0.0.1:5055" in ended.out


@pytest.mark.parametrize("port", [0, 70_000, "x"])
def test_a_port_that_cannot_be_is_a_wrong_use(run: Run, port: object):
    assert run("tracking", "--port", port).status == 2
