"""`forecast data link` from a made-up force to records that can be checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

Run = Callable[..., Ended]


def test_a_force_with_duplicates_is_linked_scored_and_checked(run: Run, here: Path) -> None:
    made = run("data", "make-force", "--people", 120, "--seed", 3, "--duplicates", 0.2, "--out", "force", "--quiet")
    assert made.status == 0
    assert "nominals.parquet" in made.out
    linked = run("data", "link", "force", "--out", "linked", "--truth", "force/truth/nominals.parquet", "--quiet")
    assert linked.status == 0, linked.err
    assert linked.err == ""
    assert "precision" in linked.out
    assert "persons of two nominals or more" in linked.out
    assert (here / "data" / "linking" / "ledger.jsonl").is_file()
    assert run("data", "check", "linked/records", "--out", "records", "--quiet").status == 0
    assert run("data", "link", "force", "--out", "linked", "--quiet").status == 2


def test_a_folder_without_nominals_is_a_problem_with_a_next_step(run: Run, here: Path) -> None:
    run("data", "make-force", "--people", 100, "--seed", 3, "--out", "force", "--quiet")
    ended = run("data", "link", "force", "--out", "linked", "--quiet")
    assert ended.status == 2
    assert "problem [link-no-nominals]" in ended.err
    assert not (here / "linked").exists()
