"""Tests of `forecast explain`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.cli.explain import explained_text
from forecast.explanations.wording import NOT_SIGNED
from forecast.models.bundle import ModelBundle
from forecast.models.calibration import Calibration
from forecast.scoring.one import explain_case
from forecast.settings import Settings
from tests.helpers import CAUSAL

from .conftest import Ended

Run = Callable[..., Ended]


def check_sums(text: str) -> int:
    """Check that the whole numbers of each table add up to its last row; return how many tables there are."""
    tables = re.findall(r"Starting point +(\d+)\n(.*?)\nForecast +(\d+)$", text, re.DOTALL | re.MULTILINE)
    for start, rows, shown in tables:
        moves = [re.search(r"([+-]\d+|under 1)$", row) for row in rows.splitlines()]
        assert all(moves), rows
        numbers = [0 if m[1] == "under 1" else int(m[1]) for m in moves if m]
        assert int(start) + sum(numbers) == int(shown), text
    return len(tables)


@pytest.fixture
def ids(table_file: Path) -> list[str]:
    return pd.read_csv(table_file)["case_id"].tolist()


def test_a_case_is_explained_for_every_level(run: Run, bundle: ModelBundle, table_file: Path, ids: list[str]):
    ended = run("explain", bundle.folder, table_file, "--id", ids[0])
    assert ended.status == 0
    assert f"Case {ids[0]}, model {bundle.model_id}: band " in ended.out
    assert check_sums(ended.out) == 2
    assert "Of 100 people with a record like this" in ended.out
    assert "nobody knows which of the 100 this person is" in ended.out
    note = "Age at arrest and sex are shown because they are part of the forecast; they are not reasons to act."
    assert note in ended.out
    assert not [word for word in CAUSAL if word in ended.out.replace(note, "").lower()]


def test_the_whole_numbers_of_any_case_add_up(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    capping = dataclasses.replace(bundle.forecaster, calibration=Calibration((0.5, 1.5), (-1.5, 2.5)))
    for forecaster in (bundle.forecaster, capping):
        changed = dataclasses.replace(bundle, forecaster=forecaster)
        for case_id in ids[:20]:
            assert check_sums(explained_text(changed, explain_case(changed, table_file, case_id, settings))) == 2


@pytest.mark.parametrize(("b", "text"), [(-12.0, "fewer than 1 were arrested"), (12.0, "more than 99 were arrested")])
def test_a_forecast_near_the_ends_claims_neither_nobody_nor_everybody(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings, b: float, text: str
):
    extreme = dataclasses.replace(bundle.forecaster, calibration=Calibration((0.1, 0.1), (b, b)))
    changed = dataclasses.replace(bundle, forecaster=extreme)
    printed = explained_text(changed, explain_case(changed, table_file, ids[0], settings))
    assert text in printed
    assert check_sums(printed) == 2


def test_what_training_never_saw_is_said(bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings):
    explained = dataclasses.replace(
        explain_case(bundle, table_file, ids[0], settings), note="not seen in training: present offence"
    )
    assert "\n\nNot seen in training: present offence.\n" in explained_text(bundle, explained)


def test_an_unknown_id_is_a_problem(run: Run, bundle: ModelBundle, table_file: Path):
    ended = run("explain", bundle.folder, table_file, "--id", "nobody")
    assert ended.status == 2
    assert "[case-unknown]" in ended.err
    assert ended.out == ""


def test_a_refused_case_is_a_problem_that_says_why(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[3, "age"] = "16"
    table.to_csv(here / "young.csv", index=False)
    ended = run("explain", bundle.folder, "young.csv", "--id", table.loc[3, "case_id"])
    assert ended.status == 2
    assert "[case-refused]" in ended.err
    assert "[row-under-18]" in ended.err


def test_a_missing_value_is_said_not_to_be_recorded(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[0, ["sex", "on_bail", "breaches"]] = ""
    table.to_csv(here / "holes.csv", index=False)
    (here / "many.toml").write_text("reasons_shown = 20\n", "utf-8")
    ended = run("explain", bundle.folder, "holes.csv", "--id", table.loc[0, "case_id"], "--settings", "many.toml")
    assert ended.status == 0
    assert "Sex: not recorded" in ended.out
    assert "nan" not in ended.out.lower().split()
    assert "None" not in ended.out


def test_settings_say_how_many_reasons(run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]):
    (here / "few.toml").write_text("reasons_shown = 2\n", "utf-8")
    few = run("explain", bundle.folder, table_file, "--id", ids[0], "--settings", "few.toml").out
    many = run("explain", bundle.folder, table_file, "--id", ids[0]).out
    assert len(few.splitlines()) < len(many.splitlines())
    assert np.all([check_sums(text) == 2 for text in (few, many)])


def test_the_interval_the_set_and_a_record_unlike_those_of_training_are_said(
    limited: ModelBundle, table_file: Path, here: Path, settings: Settings
):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[0, "age"] = "109"
    table.to_csv(here / "old.csv", index=False)
    text = explained_text(limited, explain_case(limited, here / "old.csv", table["case_id"][0], settings))
    assert len(re.findall(r"With its interval: \d+ in 100 \(\d+ to \d+\)\.", text)) == 2
    assert "This record lies outside what the forecast was built on: older than anybody in training" in text
    assert "about the group, not about this person" in text
    assert check_sums(text) == 2
    plain = explained_text(limited, explain_case(limited, here / "old.csv", table["case_id"][1], settings))
    assert "lies outside" not in plain


def test_a_bundle_without_limits_says_none(bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings):
    without = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, uncertainty=None))
    text = explained_text(without, explain_case(without, table_file, ids[0], settings))
    assert "interval" not in text
    assert "lies outside" not in text


def test_a_band_of_costs_that_nobody_signed_is_said_to_be_one(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    explained = explain_case(bundle, table_file, ids[0], settings)
    cutoffs = dataclasses.replace(bundle.forecaster.cutoffs, signed_by="Supt Example")
    signed = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, cutoffs=cutoffs))
    assert NOT_SIGNED in explained_text(bundle, explained)
    assert NOT_SIGNED not in explained_text(signed, explained)


def test_facts_of_less_than_one_in_100_are_left_out_unless_they_are_of_age_or_sex(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    many = dataclasses.replace(settings, reasons_shown=20)
    for case_id in ids[:10]:
        text = explained_text(bundle, explain_case(bundle, table_file, case_id, many))
        for line in text.splitlines():
            assert not line.endswith("under 1") or line.startswith(("Age at arrest", "Sex"))
