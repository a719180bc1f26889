"""Tests of the made-up table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.problems import Problem
from forecast.synthetic.table import OFFENCE_SHARE, OFFENCES, make_table, write_table
from forecast.tables.library import load
from forecast.tables.reader import read_cases


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_table(people=4000, seed=1)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_table(tmp_path / f"{name}.csv", people=300, seed=seed)
    first, again, other = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_levels_are_nested_and_their_shares_plausible(table: pd.DataFrame):
    assert not ((table["serious"] == 1) & (table["rearrested"] == 0)).any()
    assert 0.45 < table["rearrested"].mean() < 0.7
    assert 0.05 < table["serious"].mean() < 0.2
    assert table["offence_group"].value_counts(normalize=True)[list(OFFENCES)].tolist() == pytest.approx(
        OFFENCE_SHARE, abs=0.03
    )
    assert 0.1 < (table["sex"] == "F").mean() < 0.2


def test_people_come_back_as_themselves(table: pd.DataFrame):
    cases_each = table["person_id"].value_counts()
    assert 1.3 < cases_each.mean() < 2
    assert cases_each.max() > 3
    for column in ("sex", "ethnicity"):
        assert (table.groupby("person_id")[column].nunique() == 1).all()


def test_ids_are_unique_and_rows_go_by_date(table: pd.DataFrame):
    assert table["case_id"].is_unique
    assert table["as_of"].is_monotonic_increasing


def test_histories_hold_together(table: pd.DataFrame):
    assert (table["violent_priors"] <= table["priors"]).all()
    assert (table["years_since_last"].isna() == (table["priors"] == 0)).all()
    assert table["age"].between(18, 85).all()


def test_what_is_meant_to_matter_does_and_ethnicity_does_not(table: pd.DataFrame):
    assert np.corrcoef(np.log1p(table["priors"]), table["rearrested"])[0, 1] > 0.15
    by_group = table.groupby("ethnicity")["rearrested"].agg(["mean", "size"])
    spread = 4 * np.sqrt(0.25 / by_group["size"])
    assert ((by_group["mean"] - table["rearrested"].mean()).abs() < spread).all()


def test_the_shipped_description_reads_every_row(tmp_path: Path):
    rows = write_table(tmp_path / "cases.csv", people=300, seed=1)
    cases, refused = read_cases(load("synthetic"), tmp_path / "cases.csv")
    assert len(cases) == rows
    assert refused.empty


def test_a_folder_that_cannot_be_written_is_a_problem():
    with pytest.raises(Problem) as found:
        write_table(Path("/proc/nowhere/cases.csv"), people=100)
    assert found.value.code == "file-unwritable"
