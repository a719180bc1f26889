from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecast.settings import Settings
from forecast.tables.describe import TableSummary, describe
from forecast.tables.description import Description, build
from forecast.tables.library import load

Table = Callable[..., Path]
RealTable = Callable[[Description], Path]


def suspects(summary: TableSummary) -> set[str]:
    return {s.column for _, s in summary.suspicions}


def test_a_table_is_summarised(table: Table, description: Description) -> None:
    summary = describe(description, table(300, {5: {"priors": "x"}}), Settings())
    assert (summary.cases, summary.people, len(summary.refused)) == (299, 150, 1)
    assert summary.flow == {"rows read": 300, "refused": 1, "cases": 299}
    seen = {f.name: f for f in summary.features}
    assert seen["age"].seen == "20 to 59, mean 38.88"
    assert seen["offence"].seen == "violence 150, theft 149"
    assert seen["bail"].seen.startswith("yes ")
    everyone = [r for r in summary.rates if r.attribute == "everyone"]
    assert [(r.level, r.cases) for r in everyone] == [("any", 299), ("serious", 299)]
    by_sex = [r for r in summary.rates if r.attribute == "sex" and r.level == "any"]
    assert sum(r.cases for r in by_sex) == 299
    assert summary.roles["name"] == "never read"
    assert summary.roles["again_on"] == "an outcome's date"
    assert summary.undeclared == []


def test_a_column_without_a_value_and_a_group_not_recorded_are_shown(table: Table, description: Description) -> None:
    empty = {i: {"priors": "", "sex": ""} for i in range(6)}
    summary = describe(description, table(6, empty), Settings())
    assert next(f for f in summary.features if f.name == "priors").seen == "no value"
    assert any(r.group == "not recorded" for r in summary.rates)


def test_an_undeclared_leak_is_found_and_a_dropped_column_never_examined(
    tmp_path: Path, rows: Any, write: Any, content: dict[str, Any]
) -> None:
    made = [row | {"closed_by": "court" if row["again"] == "1" else "desk", "name": row["again"]} for row in rows(400)]
    summary = describe(build(content, "tiny.toml"), write(tmp_path / "x.csv", made), Settings())
    assert "closed_by" in suspects(summary)
    assert "name" not in suspects(summary)
    assert summary.undeclared == ["closed_by"]


def test_an_outcome_that_is_the_same_for_all_is_not_examined(table: Table, description: Description) -> None:
    changes = {i: {"again": "0", "again_on": "", "grave": "0"} for i in range(60)}
    assert describe(description, table(60, changes), Settings()).suspicions == []


def test_compas_as_published_shows_the_time_block(real_table: RealTable) -> None:
    d = load("compas:general")
    summary = describe(d, real_table(d), Settings())
    blocks = [s.seen for _, s in summary.suspicions if s.column == "compas_screening_date"]
    assert len(blocks) == 1
    assert blocks[0].startswith("2014-04 ... 2014-12:")
    assert "leak" in summary.roles["compas_screening_date"]


@pytest.mark.parametrize(
    "label", ["compas:general", "compas:general-corrected", "compas:violent-corrected", "nij:round1"]
)
def test_no_feature_of_these_tables_looks_like_a_leak(real_table: RealTable, label: str) -> None:
    d = load(label)
    summary = describe(d, real_table(d), Settings())
    assert not suspects(summary) & {f.source for f in d.features}


@pytest.mark.parametrize("label", ["nij:round2", "nij:round3"])
def test_the_rates_of_the_supervision_rounds_are_warned_of(real_table: RealTable, label: str) -> None:
    d = load(label)
    summary = describe(d, real_table(d), Settings())
    assert {"Jobs_Per_Year", "Percent_Days_Employed"} <= suspects(summary)
    assert summary.roles["Jobs_Per_Year"] == "a feature"
