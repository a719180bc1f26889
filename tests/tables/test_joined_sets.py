"""Tests of one table of cases for several sets of features, and of the check that a model meets its own catalogue."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.features import catalogue
from forecast.features.catalogue import load_set, whole_set
from forecast.features.spec import LOWERS, RAISES, UNCLEAR, Allowed, FeatureSet
from forecast.problems import Problem
from forecast.tables.assemble import Assembled, write_cases
from forecast.tables.assembly import Assembly, AssemblyHead
from forecast.tables.cases_description import cases_description
from forecast.tables.description import DeclaredException, Description, build
from forecast.tables.library import load
from forecast.tables.origin import KEY, Origin, check_catalogue, origin_of
from forecast.tables.reader import open_table, read_cases

SINCE, UNTIL = datetime.date(2008, 1, 1), datetime.date(2018, 1, 1)
AGES = tuple(f.name for f in whole_set("hart").features if f.protected in ("age", "sex"))
WHO = (DeclaredException((*AGES, "age"), "a test", "the tests"),)


def wanted(features: str) -> Assembly:
    return Assembly(AssemblyHead(name="small", features=features, since=SINCE, observed_until=UNTIL), exceptions=WHO)


@pytest.fixture(scope="module")
def both(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Assembled:
    return write_cases(records_folder, tmp_path_factory.mktemp("both") / "cases.parquet", wanted("extended+hart"))


@pytest.fixture(scope="module")
def hart(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Assembled:
    one = dataclasses.replace(wanted("hart"), exceptions=(DeclaredException(AGES, "a test", "the tests"),))
    return write_cases(records_folder, tmp_path_factory.mktemp("hart") / "cases.parquet", one)


def test_joined_sets_hold_the_features_of_each_in_order_and_each_once() -> None:
    joined = whole_set("core41+hart + extended")
    assert joined.name == "core41+hart+extended"
    expected = [*whole_set("core41").names, *whole_set("hart").names]
    expected += [name for name in whole_set("extended").names if name not in whole_set("core41").names]
    assert list(joined.names) == expected
    assert joined.sets_of("arrests") == ("core41", "extended")
    assert joined.sets_of("Gender") == ("hart",)
    assert [f.name for f in joined.of_set("hart")] == list(whole_set("hart").names)
    assert whole_set("hart").note in joined.note
    assert whole_set("extended").note in joined.note


def test_a_set_joined_to_itself_is_the_set() -> None:
    assert whole_set("hart+hart") == whole_set("hart")
    assert not whole_set("hart").joined


def test_exceptions_are_checked_over_all_joined_sets() -> None:
    allow = Allowed(("PriorIntelCount", "age"), "because", "A. Name")
    assert {"PriorIntelCount", "age"} <= set(load_set("extended+hart", [allow]).names)
    with pytest.raises(Problem) as found:
        load_set("extended+core41", [allow])
    assert found.value.code == "features-allowed-unknown"
    assert found.value.facts["column"] == "PriorIntelCount"


@pytest.mark.parametrize("name", ["hart+", "+", "hart+hrt"])
def test_a_joined_name_with_an_unknown_part_is_a_problem(name: str) -> None:
    with pytest.raises(Problem) as found:
        load_set(name)
    assert found.value.code == "features-set-unknown"


def test_sets_that_mean_different_things_by_one_name_are_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    first = whole_set("hart").features[0]
    other = dataclasses.replace(first, subject="violence", phrase="another")
    sets = {"one": (lambda: (first,), ""), "two": (lambda: (other,), "")}
    monkeypatch.setattr(catalogue, "_SETS", sets)
    whole_set.cache_clear()
    with pytest.raises(Problem) as found:
        whole_set("one+two")
    whole_set.cache_clear()
    assert found.value.code == "features-sets-clash"
    assert (found.value.facts["first"], found.value.facts["second"]) == ("one", "two")


def test_a_hash_of_meaning_changes_with_what_decides_values_and_with_nothing_else() -> None:
    f = whole_set("extended").feature("arrests_1y")
    assert dataclasses.replace(f, phrase="x", direction=UNCLEAR, default_on=False).digest("1") == f.digest("1")
    others = [dataclasses.replace(f, window=1), dataclasses.replace(f, never=0.0), dataclasses.replace(f, subject="x")]
    assert len({g.digest("1") for g in [f, *others]} | {f.digest("2")}) == 5


def test_the_description_says_of_each_feature_its_sets_and_its_direction(both: Assembled, hart: Assembled) -> None:
    description = load(str(both.description))
    assert description.sets == ("extended", "hart")
    assert {f.name for f in description.of_set("hart")} == set(load_set("hart", WHO[:0]).names)
    assert description.feature("arrests").direction == RAISES
    assert description.feature("CustodyAge").direction == LOWERS
    assert description.feature("Gender").direction == ""
    assert description.head.two_feature == ("age", "arrests")
    alone = load(str(hart.description))
    assert alone.sets == ()
    assert len(alone.of_set("hart")) == len(alone.features) == len(description.of_set("hart"))


def test_the_two_features_are_of_the_first_set_that_has_both() -> None:
    def described(name: str, allow: tuple[str, ...]) -> Description:
        exceptions = (DeclaredException(allow, "a test", "the tests"),)
        assembly = Assembly(AssemblyHead(features=name), exceptions=exceptions)
        return build(cases_description(assembly, load_set(name, exceptions), UNTIL, "cases.parquet"), "small.toml")

    assert described("hart+extended", (*AGES, "age")).head.two_feature == ("CustodyAge", "PriorCustodyCount")
    assert described("extended+hart", AGES).head.two_feature == ("CustodyAge", "PriorCustodyCount")


def test_values_are_the_same_as_in_a_table_of_one_set(both: Assembled, hart: Assembled) -> None:
    names = [f.name for f in load(str(hart.description)).features]
    joined, alone = (pd.read_parquet(made.cases, columns=names) for made in (both, hart))
    pd.testing.assert_frame_equal(joined, alone, check_exact=True)


def test_a_model_of_one_set_asks_for_its_own_columns_only(both: Assembled, hart: Assembled) -> None:
    description = load(str(both.description))
    names = [f.name for f in description.of_set("hart")]
    only = description.only(names)
    assert [f.name for f in only.features] == names
    assert only.head.two_feature == ()
    assert only.exceptions == (DeclaredException(AGES, "a test", "the tests"),)
    assert build(only.raw, "a bundle").features == only.features
    chunks = open_table(only, hart.cases, learning=False).chunks(1_000)
    assert sum(len(chunk.cases) for chunk in chunks) == hart.rows
    with pytest.raises(KeyError):
        description.only(["nothing of the kind"])


def test_the_file_says_which_sets_and_what_each_feature_means(both: Assembled) -> None:
    made = origin_of(both.cases).made
    assert made["features"] == "extended+hart"
    assert set(made["catalogue"]) == {f.name for f in load(str(both.description)).features}
    assert made["catalogue"]["Gender"] == whole_set("hart").feature("Gender").digest(made["taxonomy"])


def changed(cases: Path, out: Path, **made: object) -> Path:
    """Copy cases, with other facts on how they were made."""
    table, origin = pq.read_table(cases), origin_of(cases)
    facts = dataclasses.replace(origin, made={**origin.made, **made}).metadata()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **facts}), out)
    assert json.loads(pq.read_metadata(out).metadata[KEY])["made"].keys() >= made.keys()
    return out


def test_cases_of_the_models_own_catalogue_pass_whatever_sets_lie_beside_it(both: Assembled, hart: Assembled) -> None:
    fitted = {"made": dict(origin_of(hart.cases).made)}
    check_catalogue(fitted, both.cases, [f.name for f in load(str(hart.description)).features])


def test_another_catalogue_is_a_problem_that_names_what_differs(both: Assembled, tmp_path: Path) -> None:
    made = dict(origin_of(both.cases).made)
    other = changed(both.cases, tmp_path / "other.parquet", catalogue={**made["catalogue"], "Gender": "another"})
    check_catalogue({"made": made}, other, ["arrests"])  # the model does not use what has changed
    with pytest.raises(Problem) as found:
        check_catalogue({"made": made}, other, ["arrests", "Gender"])
    assert found.value.code == "model-other-catalogue"
    assert "(Gender): the catalogue of features has changed" in found.value.sentence


def test_another_taxonomy_changes_every_feature_and_is_named(both: Assembled, tmp_path: Path) -> None:
    made, features = dict(origin_of(both.cases).made), load_set("extended+hart", WHO)
    catalogue = FeatureSet("other", features.features).digests("0.0")
    other = changed(both.cases, tmp_path / "other.parquet", catalogue=catalogue, taxonomy="0.0")
    with pytest.raises(Problem) as found:
        check_catalogue({"made": made}, other, features.names)
    assert found.value.facts["count"] == len(features.names)
    assert f"version {made['taxonomy']} there and 0.0 here" in found.value.sentence
    assert f"and {len(features.names) - 5} more" in found.value.sentence


def test_a_file_that_says_nothing_of_its_catalogue_is_taken(both: Assembled, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(both.cases).replace_schema_metadata(Origin().metadata()), bare)
    check_catalogue({"made": dict(origin_of(both.cases).made)}, bare, ["Gender"])
    check_catalogue({}, both.cases, ["Gender"])


def test_censored_cases_are_kept_on_request_with_what_was_reached_so_far(both: Assembled) -> None:
    description = load(str(both.description))
    plain, _ = read_cases(description, both.cases)
    every, refused = read_cases(description, both.cases, censored=True)
    complete = every.complete(description.closing_months)
    assert refused.empty
    assert (len(plain), len(every), complete.sum()) == (both.complete, both.rows, both.complete)
    pd.testing.assert_frame_equal(every.take(complete).times, plain.times)
    pd.testing.assert_frame_equal(every.take(complete).outcomes, plain.outcomes)
    assert plain.complete(description.closing_months).all()
    late = every.take(~complete)
    assert 0 < late.outcomes["any"].mean() < plain.outcomes["any"].mean()
    for cases in (plain, every):
        assert (cases.times.notna() == cases.outcomes).all(axis=None)
        assert (cases.times.lt(cases.followed, axis=0) | cases.times.isna()).all(axis=None)
        assert (cases.times["any"] <= cases.times["serious"]).where(cases.outcomes["serious"], True).all()


def test_days_to_an_outcome_are_those_of_the_records(both: Assembled) -> None:
    cases, _ = read_cases(load(str(both.description)), both.cases, censored=True)
    table = pq.read_table(both.cases).to_pandas()
    days = (table["outcome_any_on"].dt.normalize() - table["as_of"].dt.normalize()).dt.days
    pd.testing.assert_series_equal(cases.times["any"], days.astype("float64"), check_names=False)
    whole = table["outcome_days_to_first"]
    assert ((days - whole).dropna().isin([0, 1])).all()
