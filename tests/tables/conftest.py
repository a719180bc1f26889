"""A small table of made-up cases, as a dictionary of TOML content and as rows of texts."""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.cases import Cases
from forecast.problems import Problem, Problems
from forecast.tables.description import Description, build
from forecast.tables.reader import read_cases

TINY = """
format = 1
name = "tiny"
title = "Made-up cases"
two_feature = ["age", "priors"]

[keys]
case = "id"
person = "person"
as_of = "as_of"
age = "age"

[features.age]
kind = "number"
phrase = "age"
low = 10
high = 110

[features.priors]
kind = "number"
phrase = "earlier arrests"
low = 0

[features.offence]
kind = "category"
phrase = "present offence"
levels = ["theft", "violence"]
required = true

[features.bail]
kind = "flag"
phrase = "on bail"

[[exceptions]]
columns = ["age"]
reason = "a test"
allowed_by = "the tests"

[audit.sex]
title = "sex"

[audit.age_band]
title = "age band"
column = "age"
cuts = [25, 35]

[benchmarks.decile]
title = "decile"
level = "any"

[outcome]
scale = ["none", "any", "serious"]
horizon_months = 24
observed_until = 2017-01-02

[outcome.any]
column = "again"
words = "arrested again"
date = "again_on"

[outcome.serious]
column = "grave"
words = "arrested again for a serious offence"

[[dropped]]
columns = ["name"]
why = "it names the person"
"""

Row = dict[str, str]


@pytest.fixture(scope="session")
def tiny() -> str:
    return TINY


@pytest.fixture
def content() -> dict[str, Any]:
    """The TOML content of the small table, to be changed at will."""
    return tomllib.loads(TINY)


@pytest.fixture
def description(content: dict[str, Any]) -> Description:
    return build(content, "tiny.toml")


def case_row(i: int, **changes: str) -> Row:
    """Return the i-th good row, with changes."""
    again = i % 3 != 0
    return {
        "id": f"C{i}",
        "person": f"P{i // 2}",
        "name": f"Person {i}",
        "as_of": f"2014-{1 + i % 12:02d}-{1 + i % 28:02d}",
        "age": str(20 + i % 40),
        "priors": str(i % 7),
        "offence": "theft" if i % 2 else "violence",
        "bail": "yes" if i % 5 == 0 else "no",
        "sex": "F" if i % 4 == 0 else "M",
        "decile": str(1 + i % 10),
        "again": "1" if again else "0",
        "again_on": f"2015-{1 + i % 12:02d}-03" if again else "",
        "grave": "1" if i % 3 == 2 else "0",
    } | changes


@pytest.fixture
def rows() -> Callable[..., list[Row]]:
    """Return n good rows; ``changes`` maps a position to changed values."""

    def make(n: int = 6, changes: Mapping[int, Row] | None = None) -> list[Row]:
        return [case_row(i, **(changes or {}).get(i, {})) for i in range(n)]

    return make


def write_csv(path: Path, rows: Iterable[Mapping[str, str]], header: Sequence[str] | None = None, **how: Any) -> Path:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, header or list(rows[0]), lineterminator="\n", **how)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def write() -> Callable[..., Path]:
    return write_csv


@pytest.fixture
def table(tmp_path: Path, rows: Callable[..., list[Row]]) -> Callable[..., Path]:
    """Write n good rows, some of them changed, as a CSV file."""

    def make(n: int = 6, changes: Mapping[int, Row] | None = None, name: str = "cases.csv") -> Path:
        return write_csv(tmp_path / name, rows(n, changes))

    return make


@pytest.fixture
def problems_of() -> Callable[..., list[Problem]]:
    """Return the problems that a call raises; any other exception fails the test."""

    def call(function: Callable[..., object], *args: Any, **kwargs: Any) -> list[Problem]:
        try:
            function(*args, **kwargs)
        except Problem as problem:
            return [problem]
        except Problems as problems:
            return list(problems.items)
        return []

    return call


@pytest.fixture
def only_code(problems_of: Callable[..., list[Problem]]) -> Callable[..., str]:
    """Return the code of the one problem that a call raises."""

    def call(function: Callable[..., object], *args: Any, **kwargs: Any) -> str:
        [problem] = problems_of(function, *args, **kwargs)
        assert "{" not in problem.sentence + problem.next_step
        return problem.code

    return call


@pytest.fixture
def read(content: dict[str, Any]) -> Callable[..., tuple[Cases, pd.DataFrame]]:
    """Read a file for learning as the small table describes it; refused rows come back, not raised."""

    def call(path: Path, **changes: Any) -> tuple[Cases, pd.DataFrame]:
        return read_cases(build(content | changes, "tiny.toml"), path, allow_refused=True)

    return call


@pytest.fixture(scope="session")
def real_table() -> Callable[[Description], Path]:
    """Return the real file of a shipped description, in FORECAST_DATA or in ../shared/data; skip if it is not there."""
    folder = Path(os.environ.get("FORECAST_DATA") or Path(__file__).parents[3] / "shared" / "data")

    def find(description: Description) -> Path:
        path = folder / description.head.file
        if not path.is_file():
            pytest.skip(f"{path} is not there: set FORECAST_DATA to a folder that holds {description.head.file}")
        return path

    return find
