"""Tests of the matrices that models are fitted on."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from forecast.files import to_json
from forecast.models.design import (
    FEWEST_CASES,
    Column,
    Design,
    fit_design,
    stepped_columns,
    straight_columns,
    tree_columns,
)
from forecast.tables.description import Feature
from forecast.tables.library import load
from tests.helpers import frames

PRIORS = Feature("priors", "number", "earlier arrests")
OFFENCE = Feature("offence", "category", "present offence")
SEX = Feature("sex", "category", "sex", levels=("F", "M"))
BAIL = Feature("bail", "flag", "on bail")


def texts(*values: str | None) -> pd.Series:
    return pd.Series(list(values), dtype="object")


def test_a_declared_list_gets_a_column_for_each_level_seen_or_not():
    assert tree_columns(SEX, texts("M", "M")) == [Column("sex", "is", "F"), Column("sex", "is", "M")]


def test_an_open_list_gets_columns_for_values_with_enough_cases():
    values = texts(*["theft"] * FEWEST_CASES, *["arson"] * (FEWEST_CASES - 1))
    assert tree_columns(OFFENCE, values) == [Column("offence", "is", "theft")]


def test_values_without_a_column_are_unknown_and_missing_ones_are_not():
    design = fit_design([OFFENCE], pd.DataFrame({"offence": texts(*["theft"] * 30)}), tree_columns)
    new = pd.DataFrame({"offence": texts("theft", "piracy", None)})
    assert design.unknown(new)["offence"].tolist() == [False, True, False]


def test_an_open_list_without_any_common_value_knows_no_value():
    design = fit_design(
        [OFFENCE, PRIORS], pd.DataFrame({"offence": texts("a", "b"), "priors": [1.0, 2.0]}), tree_columns
    )
    new = pd.DataFrame({"offence": texts("a", None), "priors": [1.0, np.nan]})
    unknown = design.unknown(new)
    assert list(unknown) == ["offence", "priors"]
    assert unknown["offence"].tolist() == [True, False]


def test_a_number_never_missing_in_training_counts_as_its_mean_when_it_is_missing_for_trees():
    design = fit_design([PRIORS], pd.DataFrame({"priors": [1.0, 2.0, 6.0]}), tree_columns)
    assert design.matrix(pd.DataFrame({"priors": [np.nan, 0.0]})).ravel().tolist() == [3.0, 0.0]


def test_a_number_missing_in_training_stays_missing_for_trees():
    design = fit_design([PRIORS], pd.DataFrame({"priors": [1.0, np.nan]}), tree_columns)
    assert np.isnan(design.matrix(pd.DataFrame({"priors": [np.nan]}))).all()


@pytest.mark.parametrize("make", [straight_columns, stepped_columns], ids=["straight", "stepped"])
def test_linear_models_mark_what_is_missing_only_where_training_had_it(make):
    full, holed = pd.Series([1.0, 2.0]), pd.Series([1.0, np.nan])
    assert Column("priors", "missing") not in make(PRIORS, full)
    assert Column("priors", "missing") in make(PRIORS, holed)


def test_few_distinct_numbers_get_a_step_each_but_the_lowest():
    steps = [c.value for c in stepped_columns(PRIORS, pd.Series([0.0, 1.0, 1.0, 4.0])) if c.how == "from"]
    assert steps == [1.0, 4.0]


def test_many_distinct_numbers_get_steps_at_deciles():
    steps = [c.value for c in stepped_columns(PRIORS, pd.Series(np.arange(101.0))) if c.how == "from"]
    assert steps == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]


def test_a_flag_gets_no_step_and_a_constant_none_either():
    assert [c.how for c in stepped_columns(BAIL, pd.Series([0.0, 1.0]))] == ["value"]
    assert [c.how for c in stepped_columns(PRIORS, pd.Series([3.0, 3.0]))] == ["value"]


def test_a_line_ends_where_training_did():
    frame = pd.DataFrame({"priors": [0.0, 4.0, 10.0]})
    design = fit_design([PRIORS], frame, straight_columns)
    assert design.matrix(pd.DataFrame({"priors": [-3.0, 5.0, 3000.0]})).ravel().tolist() == [0.0, 5.0, 10.0]


def test_a_number_that_training_never_missed_is_noted_where_it_is_missing():
    frame = pd.DataFrame({"priors": [0.0, 4.0, 11.0]})
    for make in (tree_columns, straight_columns, stepped_columns):
        design = fit_design([PRIORS], frame, make)
        new = pd.DataFrame({"priors": [1.0, np.nan]})
        assert design.unknown(new)["priors"].tolist() == [False, True]
        assert design.matrix(new)[1, 0] == 5.0


def test_steps_keep_a_missing_number_missing():
    made = Design(("priors",), (Column("priors", "from", 2.0),)).matrix(pd.DataFrame({"priors": [1.0, 2.0, np.nan]}))
    np.testing.assert_array_equal(made.ravel(), [0.0, 1.0, np.nan])


@settings(max_examples=25, deadline=None)
@given(frames(min_size=0))
def test_a_design_survives_json_and_gives_the_same_matrix(frame: pd.DataFrame):
    description = load("synthetic")
    design = fit_design(description.features, frame, stepped_columns)
    back = Design.from_json(json.loads(to_json(design.to_json())))
    assert back == design
    np.testing.assert_array_equal(back.matrix(frame), design.matrix(frame))


def test_values_a_column_add_up_to_values_a_feature():
    design = Design(("a", "b", "none"), (Column("a", "value"), Column("b", "is", "x"), Column("a", "missing")))
    assert design.owner.tolist() == [0, 1, 0]
    assert design.by_feature(np.array([[1.0, 2.0, 3.0]])).tolist() == [[4.0, 2.0, 0.0]]
