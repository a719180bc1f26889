"""Tests of times to outcomes and of follow-up in tables whose moments are days, and of cases without all of it."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.cases import Cases
from forecast.problems import Problem, Problems
from forecast.tables.description import Description, build
from forecast.tables.reader import read_cases
from tests.tables.conftest import Row, case_row

Write = Callable[..., Path]


def described(tiny: str, **outcome: Any) -> Description:
    content = tomllib.loads(tiny)
    content["outcome"] |= outcome
    content["outcome"]["serious"]["date"] = "grave_on"
    return build(content, "tiny.toml")


def row(i: int, **changes: str) -> Row:
    made = case_row(i, **changes)
    return {"grave_on": made["again_on"] if made["grave"] == "1" else ""} | made


def read(write: Write, folder: Path, description: Description, rows: list[Row], **how: Any) -> Cases:
    return read_cases(description, write(folder / "cases.csv", rows), **how)[0]


def test_times_are_days_to_each_outcome_and_follow_up_ends_with_the_data(tiny: str, write: Write, tmp_path: Path):
    cases = read(write, tmp_path, described(tiny), [row(i) for i in range(6)])
    assert cases.times is not None
    assert cases.followed is not None
    as_of = cases.keys["as_of"]
    for i in range(6):
        made = row(i)
        again = (datetime.date(2015, 1 + i % 12, 3) - as_of[i].date()).days if made["again"] == "1" else None
        assert cases.times["any"][i] == again or (again is None and pd.isna(cases.times["any"][i]))
        assert pd.notna(cases.times["serious"][i]) == (made["grave"] == "1")
        assert cases.followed[i] == (datetime.date(2017, 1, 2) - as_of[i].date()).days
    assert cases.complete(24).all()


def test_without_dates_or_an_end_nothing_is_made_up(tiny: str, write: Write, tmp_path: Path):
    content = tomllib.loads(tiny)
    del content["outcome"]["observed_until"]
    cases = read(write, tmp_path, build(content, "tiny.toml"), [row(i) for i in range(6)])
    assert cases.times is None
    assert cases.followed is None
    assert cases.complete(24).all()
    with pytest.raises(Problem) as found:
        read(write, tmp_path, build(content, "tiny.toml"), [row(i) for i in range(6)], censored=True)
    assert found.value.code == "censored-unknown"
    assert found.value.facts["wanted"] == "outcome.serious.date, outcome.observed_until"


def test_a_case_that_is_refused_for_its_follow_up_is_kept_as_censored_on_request(
    tiny: str, write: Write, tmp_path: Path
):
    description = described(tiny)
    last = {"as_of": "2015-01-02"}, {"as_of": "2015-01-03"}
    rows = [row(i) for i in range(6)] + [row(6 + i, again="0", again_on="", grave="0", **c) for i, c in enumerate(last)]
    with pytest.raises((Problem, Problems)) as found:
        read(write, tmp_path, description, rows)
    assert getattr(found.value, "code", "") == "rows-refused"
    cases = read(write, tmp_path, description, rows, censored=True)
    assert cases.complete(24).tolist() == [True] * 7 + [False]


@pytest.mark.parametrize(
    ("clock", "kept"), [("", False), (" 18:30:00", True)], ids=["moments are days", "moments have a time of day"]
)
def test_an_outcome_on_the_last_day_is_in_the_window_only_if_this_ends_within_the_day(
    clock: str, kept: bool, tiny: str, write: Write, tmp_path: Path
):
    rows = [row(i) for i in range(6)]
    rows[1] |= {"as_of": f"2014-02-02{clock}", "again_on": f"2016-02-02{clock and ' 09:00:00'}"}
    rows[0] |= {"as_of": f"2014-01-01{clock}"}
    cases, refused = read_cases(described(tiny), write(tmp_path / "cases.csv", rows), allow_refused=True)
    assert refused["code"].tolist() == ([] if kept else ["row-outcome-after-window"])
    assert cases.followed is not None
    assert cases.followed[0] == (datetime.date(2017, 1, 2) - datetime.date(2014, 1, 1)).days - (0.5 if kept else 0)


def test_a_window_that_begins_within_a_day_is_not_complete_on_the_first_day_without_data(
    tiny: str, write: Write, tmp_path: Path
):
    rows = [row(i) for i in range(6)]
    rows[0] |= {"as_of": "2015-01-02 00:30:00"}
    assert read(write, tmp_path, described(tiny), rows, censored=True).complete(24).tolist() == [False] + [True] * 5


def test_a_proof_may_be_dated_until_outcomes_are_settled(tiny: str, write: Write, tmp_path: Path):
    rows = [row(i) for i in range(6)]
    rows[1] |= {"again_on": "2016-04-01"}
    late = {"observed_until": datetime.date(2018, 1, 1)}
    assert len(read(write, tmp_path, described(tiny, settling_months=6, **late), rows)) == 6
    with pytest.raises(Problem):
        read(write, tmp_path, described(tiny, **late), rows)


def test_the_date_of_an_outcome_cannot_be_a_feature(tiny: str):
    content = tomllib.loads(tiny)
    content["outcome"]["serious"]["date"] = "grave_on"
    content["features"]["soon"] = {"kind": "number", "phrase": "soon", "column": "grave_on"}
    with pytest.raises(Problem) as found:
        build(content, "tiny.toml")
    assert found.value.code == "column-twice"
    assert found.value.facts["second"] == "an outcome's date"


def test_a_description_of_fewer_features_keeps_the_parts_of_a_sum_and_the_column_of_the_age(tiny: str):
    content = tomllib.loads(tiny)
    content["features"]["age"]["column"] = "years"
    content["features"]["all"] = {"kind": "number", "phrase": "all", "sum_of": ["priors", "age"]}
    content["features"]["priors"]["group"] = "more"
    content["groups"] = ["base", "more"]
    description = build(content, "tiny.toml")
    alone = description.only(["offence"])
    assert [f.name for f in alone.features] == ["offence"]
    assert (alone.keys.age, alone.head.two_feature, alone.head.groups, alone.exceptions) == ("years", (), ("base",), ())
    summed = description.only(["all"])
    assert [f.name for f in summed.features] == ["age", "priors", "all"]
    assert summed.exceptions == description.exceptions
    assert (summed.keys.age, summed.head.two_feature) == ("age", ("age", "priors"))
    assert description.only([f.name for f in description.features]) == description
