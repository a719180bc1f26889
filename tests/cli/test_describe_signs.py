"""Tests of how the signs of leaks are summed up."""

from __future__ import annotations

import dataclasses

import pandas as pd

from forecast.cli.data import summary_text
from forecast.tables.describe import TableSummary
from forecast.tables.description import Description
from forecast.tables.library import load
from forecast.tables.suspicion import Suspicion

DESCRIPTION = load("synthetic")


def text(
    signs: list[tuple[str, Suspicion]], roles: dict[str, str] | None = None, description: Description = DESCRIPTION
) -> str:
    return summary_text(description, TableSummary(9, 9, {}, pd.DataFrame(), [], [], signs, roles or {}, []))


def signs(count: int, kind: str, name: str = "column") -> list[tuple[str, Suspicion]]:
    return [("any", Suspicion(f"{name}{i}", f"seen in {name}{i}", 100, kind)) for i in range(count)]


def test_a_few_signs_stand_line_by_line() -> None:
    said = text(signs(5, "empty"))
    assert "WARNING: 5 signs" in said
    assert all(f"seen in column{i}" in said for i in range(5))


def test_many_signs_of_one_kind_stand_in_one_line_with_their_count_and_the_first_names() -> None:
    said = text([*signs(6, "empty"), *signs(2, "ranks", "other")])
    assert "WARNING: 8 signs" in said
    assert "6 columns" in said
    assert "column0, column1, column2, column3, column4 and 1 more" in said
    assert "seen in column" not in said
    assert "seen in other1" in said


def test_columns_declared_as_leaks_have_one_line_together() -> None:
    leaks = signs(3, "pure", "later")
    said = text(leaks, {s.column: "declared as a leak" for _, s in leaks})
    assert "WARNING" not in said
    assert "declared as leaks: 3\n  later0, later1, later2" in said


def test_an_empty_value_that_the_description_explains_is_no_warning_but_any_other_sign_is() -> None:
    first, *others = DESCRIPTION.features
    explained = dataclasses.replace(first, missing_words="never, as far as is on record")
    description = dataclasses.replace(DESCRIPTION, features=(explained, *others))
    empty, ranks = (("any", Suspicion(first.source, f"{kind} seen", 100, kind)) for kind in ("empty", "ranks"))
    assert "WARNING" not in text([empty], description=description)
    assert f"where these are empty\n  {first.source}" in text([empty], description=description)
    assert "WARNING: 1 sign that" in text([empty, ranks], description=description)
    assert "WARNING: 1 sign that" in text([empty])


def test_no_sign_is_said_too() -> None:
    assert "No column and no block in time looks like a leak" in text([])
