"""Tests that a Java that Spark can run on is found, or that what was found is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.problems import Problem
from forecast.scoring.spark_java import find_java, java_version


def fake_java(home: Path, said: str, status: int = 0) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {status}\n", encoding="utf-8")
    program.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_312"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ("something else", None),
    ],
)
def test_the_version_is_read_from_what_java_says(tmp_path: Path, said: str, version: int | None) -> None:
    assert java_version(fake_java(tmp_path, said) / "bin" / "java") == version


def test_a_java_that_fails_or_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert java_version(fake_java(tmp_path, 'java version "17"', status=1) / "bin" / "java") is None
    assert java_version(tmp_path / "nowhere") is None


def test_java_home_goes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path / "home", 'openjdk version "17.0.1"')
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "path", 'openjdk version "21"') / "bin"), prepend=":")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_java() == home.resolve()


def test_an_old_java_in_java_home_gives_way_to_a_newer_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = fake_java(tmp_path / "path", 'openjdk version "21"')
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "home", 'java version "1.8.0_312"')))
    monkeypatch.setenv("PATH", str(newer / "bin"), prepend=":")
    assert find_java() == newer.resolve()


def test_without_a_java_that_is_new_enough_each_that_was_found_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "home", 'java version "1.8.0_312"')))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "path", 'openjdk version "11.0.2"') / "bin"), prepend=":")
    with pytest.raises(Problem) as found:
        find_java()
    assert found.value.code == "spark-no-java"
    assert "JAVA_HOME has Java 8" in found.value.sentence
    assert "PATH has Java 11" in found.value.sentence


def test_without_any_java_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="JAVA_HOME is not set and PATH has no java"):
        find_java()
