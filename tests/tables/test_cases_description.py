"""Tests of what the description of built cases says of values that are not there."""

from __future__ import annotations

import datetime
import math
import re

import pytest

from forecast.explanations.wording import fact
from forecast.features.catalogue import SETS, whole_set
from forecast.features.spec import FeatureSet, FeatureSpec, Op
from forecast.tables.assembly import Assembly, AssemblyHead
from forecast.tables.cases_description import cases_description
from forecast.tables.description import DeclaredException, Description, build

EVERY = [pytest.param(f, id=f"{name}:{f.name}") for name in SETS for f in whole_set(name).features]
UNTIL = datetime.date(2018, 1, 1)


def described(features: FeatureSet) -> Description:
    exceptions = (DeclaredException(features.names, "a test", "the tests"),)
    assembly = Assembly(AssemblyHead(name="small"), exceptions=exceptions)
    return build(cases_description(assembly, features, UNTIL, "cases.parquet"), "small.toml")


@pytest.mark.parametrize("f", EVERY)
def test_a_missing_value_is_explained_by_what_the_catalogue_says_of_it(f: FeatureSpec) -> None:
    one = described(FeatureSet("one", (f,))).feature(f.name)
    said = fact(one, math.nan)
    if f.missing.startswith(("Never missing", "Missing: the date of birth", "Missing: not on record")):
        assert said.endswith(": not recorded")
    else:
        assert re.search("(No|no) (earlier|age at a first) |fewer than two", said)
        assert said.endswith(" on record")


def test_the_number_that_stands_for_never_is_explained_as_never() -> None:
    features = whole_set("hart")
    description = described(features)
    for f in features.features:
        stands = f.op in (Op.SINCE, Op.FIRST_AGE)
        assert description.feature(f.name).never == (100.0 if stands else None)
        if stands:
            said = fact(description.feature(f.name), 100.0)
            assert said.startswith("No earlier " if f.op == Op.SINCE else "No age at a first earlier ")
            assert said.endswith(" on record")


def test_ages_are_whole_years_and_shares_are_out_of_100() -> None:
    description = described(whole_set("extended"))
    assert fact(description.feature("age"), 58.38) == "Age 58"
    assert fact(description.feature("first_violent_age"), 17.9) == "Aged 17 at the first earlier violent offence"
    assert fact(description.feature("property_share"), 0.5) == "50 in 100 of earlier offences were property offences"
    assert fact(description.feature("tempo"), 0.21) == "0.21 arrests a year since the first one"
