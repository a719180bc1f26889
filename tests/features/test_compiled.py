"""Compiled code is kept where it can be: beside the source, in a named folder, in the user's cache, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.features import compiled
from tests.helpers import run_python


def test_a_named_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "named"))
    assert compiled.cache_folder() == tmp_path / "named"


def test_the_users_cache_folder_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled.cache_folder() == tmp_path / "forecast" / "numba"


def test_where_nothing_can_be_written_there_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a file, not a folder"
    file.write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(file / "below"))
    assert compiled.cache_folder() is None


def test_the_catalogue_can_be_listed_without_the_compiler() -> None:
    code = (
        "import sys; from forecast.features.catalogue import load_set; load_set('hart'); print('numba' in sys.modules)"
    )
    assert run_python(code).stdout.strip() == "False"
