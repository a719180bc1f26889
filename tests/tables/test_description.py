from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.models.bundle import _dated, _plain
from forecast.problems import Problem
from forecast.settings import read_toml
from forecast.tables.description import FORMAT, build, merge
from forecast.tables.library import shipped

Content = dict[str, Any]
ProblemsOf = Callable[..., list[Problem]]


def changed(content: Content, toml: str) -> Content:
    """Lay TOML text over the content."""
    return merge(content, tomllib.loads(toml))


def without(content: Content, *path: str) -> Content:
    *parents, last = path
    here: Any = content
    for name in parents:
        here = here[name]
    del here[last]
    return content


def test_a_sound_description_is_built(content: Content) -> None:
    d = build(content, "tiny.toml")
    assert d.label == "tiny"
    assert d.scale.reached == ("any", "serious")
    assert [f.name for f in d.features] == ["age", "priors", "offence", "bail"]
    assert d.observed_until == datetime.date(2017, 1, 2)
    assert d.feature("offence").refuses_unknown
    assert d.feature("age").always_shown
    assert not d.feature("priors").always_shown


@pytest.mark.parametrize(
    ("toml", "code", "key", "hint"),
    [
        ('titel = "x"', "toml-unknown-key", "titel", "'title'"),
        ('[feature.x]\nkind = "number"', "toml-unknown-key", "feature", "'features'"),
        ('[keys]\npersn = "p"', "toml-unknown-key", "persn", "'person'"),
        ('[features.priors]\nphrse = "p"', "toml-unknown-key", "phrse", "'phrase'"),
        ("[outcome]\nhorizon_month = 2", "toml-unknown-key", "horizon_month", "'horizon_months'"),
        ('[outcome.any]\nwrods = "w"', "toml-unknown-key", "wrods", "'words'"),
        ('[split]\ncolumn = "c"\ntrain = ["1"]\ntest = ["0"]\ntrian = ["1"]', "toml-unknown-key", "trian", "'train'"),
        ('[features.priors]\nname = "other"', "toml-unknown-key", "name", "Known: caution"),
        ("[features]\nhigh = 3", "toml-unknown-key", "high", "'high'"),
        ('[features.priors]\nkind = "numbr"', "toml-bad-value", "kind", "'number'"),
        ('[features.priors]\nlow = "0"', "toml-wrong-type", "low", "Correct"),
        ("[features.offence]\nlevels = 3", "toml-wrong-type", "levels", "Correct"),
        ("[features.bail]\nrequired = 1", "toml-wrong-type", "required", "Correct"),
        ('[outcome]\nobserved_until = "2017-01-02"', "toml-wrong-type", "observed_until", "Correct"),
        ("[outcome]\nobserved_until = 2017-01-02T00:00:00", "toml-wrong-type", "observed_until", "Correct"),
        ('format = "1"', "toml-wrong-type", "format", "Correct"),
        ("[outcome]\nhorizon_months = 0", "setting-range", "horizon_months", "range"),
        ("keys = 3", "toml-wrong-type", "keys", "Correct"),
        ('outcome = "again"', "toml-wrong-type", "outcome", "Correct"),
        ('features = ["age"]', "toml-wrong-type", "features", "Correct"),
        ('[cohort]\ncolumn = "sex"', "toml-wrong-type", "cohort", "Correct"),
        ('leaks = ["x"]', "toml-wrong-type", "leaks", "Correct"),
        ('split = "x"', "toml-wrong-type", "split", "Correct"),
        ('delimiter = ";;"', "toml-wrong-type", "delimiter", "Correct"),
        ('delimiter = ""', "toml-wrong-type", "delimiter", "Correct"),
        ('groups = ["base", "bse"]', "toml-bad-value", "groups", "'base'"),
        ('two_feature = ["age", "prior"]', "toml-bad-value", "two_feature", "'priors'"),
        ('[benchmarks.decile]\nlevel = "anny"', "toml-bad-value", "benchmarks level", "'any'"),
        ('[outcome]\nscale = ["none", "serious", "any"]', "toml-bad-value", "outcome.scale", "any, serious"),
        ('[outcome]\nfollow_up = "as published"', "toml-missing-key", "outcome.follow_up_reason", "Add it"),
        ("minimum_age = 16", "toml-missing-key", "minimum_age_reason", "Add it"),
        ('[[cohort]]\ncolumn = "sex"\nwhy = "w"', "toml-missing-key", "cohort.keep", "Add it"),
        ("[audit.age_band]\ncuts = [35, 25]", "toml-wrong-type", "audit.age_band.cuts", "Correct"),
        ('[features.bail]\ntrue = ["0"]', "toml-wrong-type", "features.bail.true", "Correct"),
        ('[outcome.any]\ntrue = ["0"]', "toml-wrong-type", "outcome.any.true", "Correct"),
        ('[features.bail]\nkind = "ordered"', "toml-missing-key", "features.bail.levels", "low to high"),
        ('[features.offence]\nwords = ["stealing"]', "toml-wrong-type", "features.offence.words", "Correct"),
        ('[features.all]\nkind = "number"\nphrase = "p"\nsum_of = ["priors", "offence"]', "toml-bad-value",
         "features.all.sum_of", "Known: age"),
        ('[features.all]\nkind = "category"\nphrase = "p"\nsum_of = ["priors"]', "toml-bad-value",
         "features.all.kind", "Known: number"),
    ],
)  # fmt: skip
def test_a_fault_in_a_description_is_named_with_its_key_and_a_hint(
    content: Content, problems_of: ProblemsOf, toml: str, code: str, key: str, hint: str
) -> None:
    [problem] = problems_of(build, changed(content, toml), "tiny.toml")
    assert (problem.code, problem.facts["key"]) == (code, key)
    assert "tiny.toml" in problem.sentence
    assert hint in str(problem)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("title",), "title"),
        (("format",), "format"),
        (("keys",), "[keys]"),
        (("keys", "person"), "person"),
        (("outcome",), "[outcome]"),
        (("outcome", "scale"), "scale"),
        (("outcome", "any", "words"), "words"),
        (("features", "bail", "kind"), "kind"),
        (("audit", "sex", "title"), "title"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_a_missing_key_is_named_with_its_meaning(
    content: Content, problems_of: ProblemsOf, path: tuple[str, ...], key: str
) -> None:
    [problem] = problems_of(build, without(content, *path), "tiny.toml")
    assert (problem.code, problem.facts["key"]) == ("toml-missing-key", key)
    assert str(problem.facts["meaning"]) in problem.next_step


def test_all_the_problems_of_all_sections_are_found_in_one_pass(content: Content, problems_of: ProblemsOf) -> None:
    bad = changed(
        content,
        """
        titel = "x"
        [keys]
        cas = "id"
        [features.priors]
        kind = "numbr"
        low = "0"
        [features.bail]
        phrase = 3
        [audit.sex]
        tittle = "t"
        [outcome]
        horizon_months = 0
        [outcome.any]
        colum = "again"
        """,
    )
    found = [(p.code, p.facts["key"]) for p in problems_of(build, bad, "tiny.toml")]
    assert found == [
        ("toml-unknown-key", "titel"),
        ("toml-unknown-key", "cas"),
        ("setting-range", "horizon_months"),
        ("toml-unknown-key", "colum"),
        ("toml-bad-value", "kind"),
        ("toml-wrong-type", "low"),
        ("toml-wrong-type", "phrase"),
        ("toml-unknown-key", "tittle"),
    ]


def test_the_contradictions_between_sections_are_found_in_one_pass(content: Content, problems_of: ProblemsOf) -> None:
    bad = changed(content, 'minimum_age = 12\n[features.sex]\nkind = "category"\nphrase = "sex"')
    bad["leaks"] = [{"columns": ["priors"], "why": "w"}]
    codes = {p.code for p in problems_of(build, bad, "tiny.toml")}
    assert codes == {"toml-missing-key", "protected-feature", "column-twice"}


def test_a_newer_format_asks_for_a_newer_package_and_for_nothing_else(content: Content, only_code: Any) -> None:
    assert only_code(build, content | {"format": FORMAT + 1, "unheard_of": 1}, "tiny.toml") == "toml-version"


def test_a_description_without_features_is_refused(content: Content, only_code: Any) -> None:
    assert only_code(build, without(content, "features") | {"two_feature": []}, "tiny.toml") == "no-features"


@pytest.mark.parametrize(
    "name", ["age_at_arrest", "Sex", "race", "home_postcode", "PostCode", "mosaic_group", "intelligence_count", "intel"]
)
def test_a_protected_or_contested_feature_needs_an_exception(
    content: Content, problems_of: ProblemsOf, name: str
) -> None:
    block = {name: {"kind": "number", "phrase": "p"}}
    [problem] = problems_of(build, merge(content, {"features": block}), "tiny.toml")
    assert (problem.code, problem.facts["column"]) == ("protected-feature", name)
    allowed = {"columns": [name, "age"], "reason": "r", "allowed_by": "someone"}
    assert build(merge(content, {"features": block, "exceptions": [allowed]}), "tiny.toml").feature(name).sensitive


def test_the_column_behind_a_harmless_name_is_guarded_too(content: Content, only_code: Any) -> None:
    toml = '[features.area]\nkind = "category"\nphrase = "area"\ncolumn = "postcode_district"'
    assert only_code(build, changed(content, toml), "tiny.toml") == "protected-feature"


def test_protected_none_overrules_a_misleading_name(content: Content) -> None:
    toml = '[features.race_meetings]\nkind = "number"\nphrase = "days at the races"\nprotected = "none"'
    assert build(changed(content, toml), "tiny.toml").feature("race_meetings").sensitive == ""


def test_a_declared_attribute_is_guarded_whatever_its_name(content: Content, only_code: Any) -> None:
    toml = '[features.x17]\nkind = "number"\nphrase = "p"\nprotected = "a protected attribute (disability)"'
    assert only_code(build, changed(content, toml), "tiny.toml") == "protected-feature"


@pytest.mark.parametrize(
    ("toml", "column", "role"),
    [
        ('[outcome.any]\ncolumn = "priors"', "priors", "an outcome"),
        ('[outcome.any]\ndate = "priors"', "priors", "an outcome's date"),
        ('[[leaks]]\ncolumns = ["priors"]\nwhy = "w"', "priors", "a leak"),
        ('[benchmarks.decile]\ncolumn = "priors"', "priors", "another instrument's score"),
        ('[[dropped]]\ncolumns = ["priors"]\nwhy = "w"', "priors", "dropped at the door"),
        ('[[dropped]]\ncolumns = ["sex"]\nwhy = "w"', "sex", "dropped at the door"),
        ('[[dropped]]\ncolumns = ["id"]\nwhy = "w"', "id", "dropped at the door"),
        ('[[dropped]]\ncolumns = ["again_on"]\nwhy = "w"', "again_on", "dropped at the door"),
        ('[features.later]\nkind = "flag"\nphrase = "p"\ncolumn = "grave"', "grave", "an outcome"),
    ],
)  # fmt: skip
def test_a_column_cannot_have_two_roles_that_exclude_each_other(
    content: Content, problems_of: ProblemsOf, toml: str, column: str, role: str
) -> None:
    [problem] = problems_of(build, changed(content, toml), "tiny.toml")
    assert (problem.code, problem.facts["column"], problem.facts["second"]) == ("column-twice", column, role)


def test_a_variant_is_laid_over_the_base_key_by_key(content: Content) -> None:
    content["variants"] = {
        "short": {
            "title": "Another",
            "two_feature": [],
            "outcome": {"horizon_months": 6, "any": {"words": "soon"}},
            "features": {"bail": {"phrase": "bailed"}},
            "cohort": [{"column": "sex", "keep": ["F"], "why": "w"}],
        }
    }
    d = build(content, "tiny.toml", "short")
    assert (d.label, d.head.title, d.head.two_feature) == ("tiny:short", "Another", ())
    assert (d.scale.horizon_months, d.scale.words[0]) == (6, "soon")
    assert (d.feature("bail").phrase, d.feature("bail").kind) == ("bailed", "flag")
    assert len(d.cohort) == 1
    assert "variants" not in d.raw


@pytest.mark.parametrize("variant", ["", "long"])
def test_an_unknown_variant_names_the_known_ones(content: Content, problems_of: ProblemsOf, variant: str) -> None:
    [problem] = problems_of(build, content | {"variants": {"short": {}, "brief": {}}}, "tiny.toml", variant)
    assert problem.code == "variant-unknown"
    assert "short, brief" in problem.next_step


def test_a_variant_of_a_description_without_any_is_unknown(content: Content, only_code: Any) -> None:
    assert only_code(build, content, "tiny.toml", "short") == "variant-unknown"


@pytest.mark.parametrize("variants", [["short"], {"short": 3}], ids=["a list", "a number"])
def test_variants_of_another_shape_are_refused(content: Content, only_code: Any, variants: object) -> None:
    assert only_code(build, content | {"variants": variants}, "tiny.toml", "short") == "toml-wrong-type"


def test_features_of_groups_not_chosen_are_left_out(content: Content) -> None:
    grouped = changed(content, '[features.bail]\ngroup = "late"')
    assert "bail" not in [f.name for f in build(grouped | {"groups": ["base"]}, "tiny.toml").features]
    assert "bail" in [f.name for f in build(grouped, "tiny.toml").features]


def test_merge_leaves_both_of_its_arguments_as_they_were() -> None:
    base, over = {"a": {"x": 1, "y": [1]}, "b": 2}, {"a": {"y": [2], "z": 3}}
    assert merge(base, over) == {"a": {"x": 1, "y": [2], "z": 3}, "b": 2}
    assert base == {"a": {"x": 1, "y": [1]}, "b": 2}


texts = st.text(max_size=20)


@settings(deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {"title": texts, "cautions": st.lists(texts, max_size=3), "phrase": texts, "missing": st.lists(texts)}
    ),
    st.one_of(st.none(), st.dates()),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(1, 600),
)
def test_a_description_comes_back_the_same_from_a_bundle(
    words: dict[str, Any], until: datetime.date | None, low: float, months: int
) -> None:
    content = {
        "format": 1,
        "name": "drawn",
        "title": words["title"],
        "cautions": words["cautions"],
        "missing": words["missing"],
        "keys": {"case": "id", "person": "id"},
        "features": {"x": {"kind": "number", "phrase": words["phrase"], "low": low}},
        "cohort": [{"column": "d", "why": "w", "since": until}] if until else [],
        "outcome": {"scale": ["none", "any"], "horizon_months": months, "any": {"column": "y", "words": "w"}}
        | ({"observed_until": until} if until else {}),
    }
    first = build(content, "x")
    assert build(_dated(json.loads(json.dumps(_plain(first.raw)))), "x") == first


@pytest.mark.parametrize("name", ["band", "p_any", "model_id", "reasons_any"])
def test_a_key_called_like_a_column_of_scores_is_refused(name: str) -> None:
    content = read_toml(shipped()["synthetic"])
    content["keys"]["case"] = name
    with pytest.raises(Problem) as found:
        build(content, "mine.toml")
    assert found.value.code == "key-reserved"
