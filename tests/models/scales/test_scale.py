"""A published scale runs as any model: same margin for each level, explained exactly, saved by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.features.catalogue import whole_set
from forecast.features.spec import Kind
from forecast.models.bundle import KINDS
from forecast.models.scales import SCALES, Scale, psa, scale_model
from forecast.models.scales.constants import offence_weights
from forecast.models.scales.history import OFFENCES, chosen_offence, history
from forecast.problems import Problem
from forecast.tables.description import Feature

SPECS = whole_set("sanctions").features
FEATURES = [Feature("speed", "number", "speed")] + [
    Feature(f.name, "category" if f.kind == Kind.CATEGORY else "number", f.phrase) for f in SPECS
]


def frame(n: int = 500, seed: int = 1) -> pd.DataFrame:
    """Return features of people as different as can be, some things not recorded."""
    rng = np.random.default_rng(seed)
    made = {f.name: rng.poisson(2, n).astype(float) for f in SPECS}
    made |= {f.name: (rng.random(n) < 0.1).astype(float) for f in SPECS if f.kind == Kind.FLAG}
    age = rng.uniform(10, 80, n)
    made |= {"sanction_age": age, "sanction_first_age": age * rng.uniform(0.3, 1, n)}
    made |= {"sanction_first_arrest_age": age * 0.5}
    table = pd.DataFrame(made)
    table.loc[made["sanction_previous"] == 0, "sanction_first_age"] = np.nan
    table.loc[rng.random(n) < 0.1, "sanction_age"] = np.nan
    table["sanction_sex"] = pd.Series(rng.choice(["F", "M", "X", None], n), dtype="str")
    table["speed"] = 1.0
    return table


def model(name: str, levels: int = 2) -> Scale:
    return scale_model(name, FEATURES, levels)


@pytest.mark.parametrize("name", SCALES)
def test_contributions_add_up_to_the_margin_of_every_level(name: str) -> None:
    scale, table = model(name), frame()
    margins = scale.margins(table)
    assert margins.shape == (500, 2)
    assert np.isfinite(margins).all()
    assert np.ptp(margins[:, 0]) > 1
    for level in range(2):
        base, values = scale.contributions(table, level)
        assert values.shape == (500, len(scale.features))
        np.testing.assert_allclose(base + values.sum(axis=1), margins[:, level], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SCALES)
def test_the_terms_for_people_add_up_to_the_score(name: str) -> None:
    scale, table = model(name), frame(50)
    terms = scale.terms(table)
    assert next(iter(terms)) == "constant"
    np.testing.assert_allclose(sum(terms.values()), scale.score(table), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SCALES)
def test_one_row_alone_gives_the_bits_of_the_batch(name: str) -> None:
    scale, table = model(name), frame(40)
    alone = np.concatenate([scale.margins(table.iloc[[i]]) for i in range(40)])
    assert (alone == scale.margins(table)).all()


@pytest.mark.parametrize("name", SCALES)
def test_the_features_are_those_of_the_table_that_the_scale_reads_in_their_order(name: str) -> None:
    features = model(name).features
    order = [f.name for f in FEATURES if f.name in features]
    assert list(features) == order
    assert "speed" not in features
    assert len(features) == len(set(features)) >= 5
    only = frame(20)[list(features)]
    assert (model(name).margins(only) == model(name).margins(frame(20))).all()


@pytest.mark.parametrize("name", SCALES)
def test_every_feature_of_a_scale_changes_some_score(name: str) -> None:
    scale, table = model(name), frame()
    for feature in (f for f in scale.features if not f.startswith("sanction_now_")):
        other = table.copy()
        column = other[feature]
        other[feature] = np.where(column == "F", "M", "F") if feature == "sanction_sex" else column.fillna(40) + 7
        if feature == "sanction_first_arrest_age":
            other[feature] = 12.0
        assert (scale.score(other) != scale.score(table)).any(), feature


@pytest.mark.parametrize("name", ["ogrs3", "arp", "vrp", "svrp"])
def test_an_offence_at_hand_counts_with_its_weight_and_is_explained_by_its_own_flag(name: str) -> None:
    scale, none = model(name), frame(5).assign(**dict.fromkeys(OFFENCES, 0.0))
    for flag, weight in zip(OFFENCES, offence_weights(name), strict=True):
        held = none.assign(**{flag: 1.0})
        assert scale.terms(held)["offence"].tolist() == [weight] * 5
        assert scale.contributions(held, 0)[1][:, scale.features.index(flag)].tolist() == [weight] * 5


@pytest.mark.parametrize("name", SCALES)
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    scale = model(name, levels=3)
    scale.save(tmp_path)
    assert scale.kind == "scale"
    assert KINDS["scale"].load(tmp_path, 1) == scale
    assert scale.unknown(frame(5)) == {}


@pytest.mark.parametrize(
    ("change", "code"), [({"constants": "0" * 16}, "scale-changed"), ({"scale": "ogrs9"}, "scale-unknown")]
)
def test_other_constants_than_it_was_made_with_are_noticed(change: dict[str, str], code: str, tmp_path: Path) -> None:
    model("ogrs3").save(tmp_path)
    path = tmp_path / "scale.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        Scale.load(tmp_path)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "features", "code", "said"),
    [
        ("ogrs4", FEATURES, "scale-unknown", "ogrs3"),
        ("ogrs3", FEATURES[:3], "scale-lacks-features", "sanction_previous, sanction_first_age"),
        ("burgess", [], "scale-lacks-features", "and 3 more"),
    ],
)
def test_a_scale_that_cannot_be_made_is_a_problem(name: str, features: Sequence[Feature], code: str, said: str) -> None:
    with pytest.raises(Problem) as caught:
        scale_model(name, features, 2)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_sex_and_age_that_are_not_recorded_have_their_stand_ins() -> None:
    table = frame(4).assign(sanction_sex=pd.Series(["F", "M", "X", None], dtype="str"), sanction_age=np.nan)
    h = history(table)
    assert h.female.tolist() == [True, False, False, False]
    assert h.age.tolist() == [30.0] * 4


def test_without_an_earlier_sanction_the_current_one_is_the_first() -> None:
    table = frame(3).assign(sanction_previous=[0.0, 1.0, 2.0], sanction_age=25.9, sanction_first_age=[11.0, 17.5, 70.0])
    h = history(table)
    assert h.age.tolist() == [25.0] * 3
    assert h.first_age.tolist() == [25.0, 17.0, 25.0]


def test_the_offence_at_hand_counts_as_a_violent_sanction() -> None:
    table = frame(2).assign(sanction_previous_violent=1.0, sanction_held_violent=[0.0, 1.0])
    assert history(table).violent.tolist() == [1.0, 2.0]


def test_of_several_offences_the_most_serious_one_counts() -> None:
    none = frame(3).assign(**dict.fromkeys(OFFENCES, 0.0))
    both = none.assign(sanction_now_theft=[1.0, 1.0, 0.0], sanction_now_robbery=[0.0, 1.0, 0.0])
    assert [OFFENCES[i] for i in chosen_offence(both)] == [
        "sanction_now_theft", "sanction_now_robbery", "sanction_now_other",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ogrs3", "arp", "vrp", "svrp", "ovp"])
def test_the_margin_is_the_log_odds_of_the_own_probability_over_two_years(name: str) -> None:
    scale, table = model(name), frame(100)
    p = scale.probability(table)
    np.testing.assert_allclose(np.log(p / (1 - p)), scale.margins(table)[:, 0], atol=1e-9)
    if name in ("ogrs3", "ovp"):
        assert (scale.probability(table, years=1) < p).all()


@pytest.mark.parametrize(("name", "years"), [("psa", 2), ("burgess", 2), ("arp", 1), ("ogrs3", 3)])
def test_a_probability_that_a_scale_does_not_have_is_a_problem(name: str, years: int) -> None:
    with pytest.raises(Problem) as caught:
        model(name).probability(frame(3), years=years)
    assert caught.value.code == "scale-no-probability"


def test_bands_are_those_of_the_scale() -> None:
    table = frame(2000)
    percent = np.round(100 * model("ogrs3").probability(table))
    words = dict(zip(percent, model("ogrs3").band(table), strict=True))
    assert {words[p] for p in words if p < 50} == {"low"}
    assert {words[p] for p in words if 50 <= p < 75} == {"medium"}
    assert {words[p] for p in words if 75 <= p < 90} == {"high"}
    assert set(model("psa").band(table)) <= set("123456")
    assert set(model("burgess").band(table)) <= set("01234567")


def person(**given: float) -> pd.DataFrame:
    nothing = {f.name: 0.0 for f in SPECS}
    return pd.DataFrame({name: [value] for name, value in (nothing | {"sanction_age": 40.0} | given).items()})


@pytest.mark.parametrize(
    ("given", "points", "scaled"),
    [
        ({}, 0, 1),
        ({"sanction_age": 22.9}, 2, 2),
        ({"sanction_age": 23.0}, 0, 1),
        ({"sanction_on_bail": 2.0}, 3, 3),
        ({"sanction_summary": 5.0, "sanction_indictable": 1.0}, 2, 2),
        ({"sanction_previous_violent": 2.0, "sanction_bail_2y": 1.0}, 2, 2),
        ({"sanction_previous_violent": 3.0, "sanction_bail_2y": 2.0, "sanction_prison": 1.0}, 6, 4),
    ],
)
def test_the_points_of_the_psa(given: dict[str, float], points: int, scaled: int) -> None:
    assert model("psa").score(person(**given)).tolist() == [points]
    assert psa.new_arrest(person(**given)).tolist() == [scaled]


def test_the_most_points_of_the_psa_are_13() -> None:
    worst = person(**({f.name: 99.0 for f in SPECS} | {"sanction_age": 18.0}))
    assert model("psa").score(worst).tolist() == [13]
    assert model("psa").band(worst) == ["6"]


def test_the_other_scales_of_the_psa() -> None:
    assert psa.failure_to_appear(person()).tolist() == [1]
    late = person(sanction_bail=3.0, sanction_bail_2y=2.0, sanction_previous=3.0, sanction_on_bail=1.0)
    assert psa.failure_to_appear(late).tolist() == [6]
    assert psa.failure_to_appear(person(sanction_bail=1.0)).tolist() == [2]
    assert not psa.new_violence(person(sanction_held_violent=1.0, sanction_previous=1.0))[0]
    assert psa.new_violence(person(sanction_held_violent=1.0, sanction_previous=1.0, sanction_age=20.0))[0]


def test_the_checklist_gives_a_point_for_each_fact() -> None:
    facts = {
        "sanction_age": 15.0, "sanction_arrests": 10.0, "sanction_arrests_1y": 1.0, "sanction_arrested_violence": 1.0,
        "sanction_first_arrest_age": 15.0, "sanction_now_theft": 1.0,
    }  # fmt: skip
    assert model("burgess").score(person(**facts)).tolist() == [7]
    assert model("burgess").score(person(sanction_first_arrest_age=float("nan"))).tolist() == [0]
    assert model("burgess").terms(person(sanction_arrests=3.0, sanction_first_arrest_age=30.0))["three_arrests"] == [1]
