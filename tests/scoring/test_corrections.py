"""Tests of corrections of a table's row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.corrections import MOST_MOVED, corrected, moved
from forecast.scoring.one import explain_case
from forecast.settings import Settings

TEXTS = load_texts()


@pytest.fixture
def file(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.iloc[:30].to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path / "cases.csv"


CHANGES = [
    {"priors": "0"},
    {"on_bail": "1", "breaches": "9"},
    {"sex": "F"},
    {"offence_group": "robbery"},
    {"priors": ""},
]


@pytest.mark.parametrize("changes", CHANGES, ids=["count", "two", "category", "another", "emptied"])
def test_a_corrected_row_is_forecast_as_if_the_file_had_said_so(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings, changes: dict[str, str]
):
    case_id = table["case_id"][3]
    found = corrected(bundle, file, case_id, changes, settings)
    table.loc[3, list(changes)] = list(changes.values())
    table.to_csv(file.with_name("other.csv"), index=False)
    assert found.after == explain_case(bundle, file.with_name("other.csv"), case_id, settings)
    assert found.before == explain_case(bundle, file, case_id, settings)
    assert len(found.what) == len(changes)


def test_a_parquet_file_is_corrected_like_a_csv_file(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings
):
    typed = pd.read_csv(file)
    typed.to_parquet(file.with_suffix(".parquet"), index=False)
    case_id = table["case_id"][5]
    one, other = (
        corrected(bundle, f, case_id, {"priors": "7"}, settings) for f in (file, file.with_suffix(".parquet"))
    )
    assert one.after == other.after


def test_nothing_in_the_file_is_changed(bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings):
    before = file.read_bytes()
    corrected(bundle, file, table["case_id"][3], {"priors": "0"}, settings)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def problem_of(bundle: ModelBundle, file: Path, case_id: str, settings: Settings, changes: dict[str, str]) -> Problem:
    with pytest.raises(Problem) as found:
        corrected(bundle, file, case_id, changes, settings)
    return found.value


@pytest.mark.parametrize("column", ["prior", "case_id", "person_id", "arrested_again"])
def test_what_is_no_fact_of_the_model_cannot_be_put_right(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings, column: str
):
    problem = problem_of(bundle, file, table["case_id"][3], settings, {column: "1"})
    assert problem.code == "correction-column"
    if column == "prior":
        assert "'priors'" in problem.next_step


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("priors", "many", "row-not-a-number"),
        ("age", "15", "row-under-18"),
        ("priors", "-3", "row-out-of-range"),
        ("offence_group", "treason", "row-unknown-category"),
    ],
)
def test_what_would_refuse_a_row_refuses_a_change(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings, column: str, text: str, code: str
):
    problem = problem_of(bundle, file, table["case_id"][3], settings, {column: text})
    assert (problem.code, problem.facts["refusal"]) == ("correction-refused", code)


def test_an_unknown_case_is_named(bundle: ModelBundle, file: Path, settings: Settings):
    assert problem_of(bundle, file, "C9", settings, {"priors": "1"}).code == "case-unknown"


@pytest.mark.parametrize("row", range(8))
def test_what_moved_adds_up_to_the_difference_of_the_figures_as_they_are_shown(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings, row: int
):
    found = corrected(bundle, file, table["case_id"][row], {"priors": "40", "years_since_last": "0.1"}, settings)
    for k, level in enumerate(bundle.scale.reached):
        rows, rest = moved(bundle, found, k, TEXTS)
        shown = [round(each.reasons[level].shown) for each in (found.before, found.after)]
        assert sum(r.points for r in rows) + rest == shown[1] - shown[0]
        assert len(rows) <= MOST_MOVED


def test_the_fact_that_was_put_right_is_among_those_that_moved(
    bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings
):
    found = corrected(bundle, file, table["case_id"][0], {"priors": "40"}, settings)
    rows, _ = moved(bundle, found, 0, TEXTS)
    [priors] = [r for r in rows if r.feature == "priors"]
    assert priors.after == "40 earlier arrests on record"
    assert priors.before != priors.after
