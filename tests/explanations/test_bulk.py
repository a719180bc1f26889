"""Tests that the reasons of many cases are, case by case, those that are made one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.cases import Contributions, Reasons
from forecast.explanations import wording
from forecast.explanations.bulk import REASON, BulkReasoner, ReasonArrays
from forecast.explanations.reasons import Reasoner
from forecast.explanations.saying import Saying
from forecast.features.catalogue import whole_set
from forecast.features.spec import FeatureSpec, Kind, Op
from forecast.models.bundle import ModelBundle
from forecast.settings import Settings
from forecast.tables.description import Feature
from tests.helpers import KINDS, frames

AGES = tuple(
    Feature(f"age{i}", "number", f"age {i}", unit="years", protected="a protected attribute (age)") for i in range(4)
)
MIXED = (
    Feature("age", "number", "age", unit="years"),
    Feature("priors", "number", "prior offences", one_words="One prior offence", many_words="{value} prior offences"),
    Feature("years_since", "number", "years since the last arrest", unit="years", never=99.0),
    Feature("share_violent", "number", "share of violence", unit="share"),
    Feature("held", "flag", "held before"),
    Feature("sex", "category", "sex", levels=("M", "F"), words=("male", "female")),
    Feature("town", "category", "town"),
    Feature("released_at", "band", "age at release", unit="years", protected="none"),
    Feature("level", "ordered", "level", levels=("low", "mid", "high"), protected="none"),
)


def told(found: ReasonArrays) -> list[tuple[float, list[dict[str, Any]], float]]:
    return list(zip(found.start.to_pylist(), found.reasons.to_pylist(), found.remainder.to_pylist(), strict=True))


def told_one_by_one(found: list[Reasons]) -> list[tuple[float, list[dict[str, Any]], float]]:
    return [(r.start, [{name: getattr(i, name) for name in REASON.names} for i in r.items], r.remainder) for r in found]


def told_both_ways(
    features: tuple[Feature, ...],
    settings: Settings,
    frame: pd.DataFrame,
    made: Contributions,
    recorded: pd.DataFrame | None = None,
) -> tuple[Any, Any, Any]:
    """Return the reasons of many at once, again from what was kept, and case by case."""
    bulk = BulkReasoner(features, settings)
    wanted = told_one_by_one(Reasoner(features, settings).reasons(frame, made, recorded))
    return told(bulk.arrays(frame, made, recorded)), told(bulk.arrays(frame, made, recorded)), wanted


@st.composite
def mixed(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw values of the mixed features, and the texts that stand in the file for one of them."""
    size = draw(st.integers(0, 12))
    number = st.one_of(st.just(np.nan), st.just(99.0), st.integers(0, 5).map(float), st.floats(0, 3),
                       st.floats(0, 80, width=32))  # fmt: skip
    values: dict[str, st.SearchStrategy[Any]] = {f.name: number for f in MIXED}
    values |= {
        "share_violent": st.one_of(st.just(np.nan), st.sampled_from([0.0, 0.001, 0.999, 1.0]), st.floats(0, 1)),
        "held": st.sampled_from([0.0, 1.0, np.nan]),
        "sex": st.sampled_from(["M", "F", "X", None]),
        "town": st.sampled_from(["York", "Ripon", None]),
        "level": st.sampled_from([0.0, 1.0, 2.0, np.nan]),
    }
    columns = {
        f.name: pd.Series(
            draw(st.lists(values[f.name], min_size=size, max_size=size)), dtype="float64" if f.numeric else "object"
        )
        for f in MIXED
    }
    texts = draw(st.lists(st.sampled_from(["48 or older", "43-47", "20"]), min_size=size, max_size=size))
    return pd.DataFrame(columns), pd.DataFrame({"released_at": pd.Series(texts, dtype="object")})


def contributions(draw: st.DrawFn, features: tuple[Feature, ...], rows: int) -> Contributions:
    """Draw contributions with ties, zeros and caps."""
    value = st.one_of(st.just(0.0), st.sampled_from([-0.3, 0.3, 0.02, -0.02, 0.0004]), st.floats(-2, 2))
    values = draw(arrays(np.float64, (rows, len(features)), elements=value))
    cap = draw(arrays(np.float64, rows, elements=st.one_of(st.just(0.0), st.floats(-1, 0))))
    layout = draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))
    return Contributions(tuple(f.name for f in features), draw(st.floats(-3, 3)), layout(values), cap)


@trials(deadline=None, max_examples=60)
@given(st.data())
def test_reasons_of_many_are_the_reasons_of_each(data: st.DataObject):
    frame, recorded = data.draw(mixed())
    made = data.draw(st.composite(lambda draw: contributions(draw, MIXED, len(frame)))())
    settings = Settings(reasons_shown=data.draw(st.integers(1, 10)), points_some=2.0, points_a_lot=5.0)
    at_once, again, one_by_one = told_both_ways(
        MIXED, settings, frame, made, data.draw(st.sampled_from([None, recorded]))
    )
    assert at_once == again == one_by_one


@trials(deadline=None, max_examples=40)
@given(st.data())
def test_many_ages_leave_the_same_room_to_others(data: st.DataObject):
    plain = tuple(Feature(f"f{i}", "number", f"fact {i}") for i in range(7))
    features = (*plain[:3], *AGES, *plain[3:])
    rows = data.draw(st.integers(1, 6))
    frame = pd.DataFrame({f.name: np.arange(rows, dtype=float) for f in features})
    made = data.draw(st.composite(lambda draw: contributions(draw, features, rows))())
    at_once, again, one_by_one = told_both_ways(
        features, Settings(reasons_shown=data.draw(st.integers(1, 9))), frame, made
    )
    assert at_once == again == one_by_one


@trials(deadline=None, max_examples=40)
@given(st.data())
def test_ages_at_something_first_are_chosen_alike(data: st.DataObject):
    firsts = tuple(feature_of(spec) for spec in SPECS if spec.op == Op.FIRST_AGE)
    features = (*firsts[:2], *(Feature(f"f{i}", "number", f"fact {i}") for i in range(7)), *firsts[2:], MIXED[0])
    rows = data.draw(st.integers(1, 6))
    frame = pd.DataFrame({f.name: np.arange(rows, dtype=float) for f in features})
    made = data.draw(st.composite(lambda draw: contributions(draw, features, rows))())
    at_once, again, one_by_one = told_both_ways(
        features, Settings(reasons_shown=data.draw(st.integers(1, 9))), frame, made
    )
    assert at_once == again == one_by_one


@pytest.mark.parametrize("kind", KINDS)
@trials(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_reasons_of_every_model_are_the_reasons_of_each(
    kind: str, bundle_of: Callable[[str], ModelBundle], frame: pd.DataFrame
):
    bundle = bundle_of(kind)
    features = tuple(bundle.description.feature(name) for name in bundle.forecaster.model.features)
    for made in bundle.forecaster.explained(frame)[1]:
        at_once, again, one_by_one = told_both_ways(features, Settings(), frame, made)
        assert at_once == again == one_by_one


def test_cases_cut_anywhere_have_the_reasons_that_they_have_together(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    bundle = bundle_of("boosting")
    known = tuple(bundle.description.feature(name) for name in bundle.forecaster.model.features)
    together = BulkReasoner(known, Settings()).arrays(features, bundle.forecaster.explained(features)[1][0])
    apart = BulkReasoner(known, Settings())
    parts = []
    for low, high in ((0, 1), (1, 8), (8, 150), (150, 200)):
        frame = features.iloc[low:high].reset_index(drop=True)
        parts.append(apart.arrays(frame, bundle.forecaster.explained(frame)[1][0]))
    for name in ReasonArrays._fields:
        assert pa.concat_arrays([getattr(part, name) for part in parts]).equals(getattr(together, name))


def test_a_force_own_texts_are_used(tmp_path: Any):
    file = tmp_path / "texts.toml"
    file.write_text('[reason]\nraises = "speaks for more"\ncap = "Held down"\n', encoding="utf-8")
    settings = Settings(texts=file)
    frame = pd.DataFrame({"priors": [3.0]})
    made = Contributions(("priors",), 0.0, np.array([[1.0]]), np.array([-0.5]))
    [(_, reasons, _)] = told(BulkReasoner((MIXED[1],), settings).arrays(frame, made))
    assert reasons[0]["direction"] == "speaks for more"
    assert reasons[-1]["fact"] == "Held down"
    at_once, again, one_by_one = told_both_ways((MIXED[1],), settings, frame, made)
    assert at_once == again == one_by_one


def feature_of(spec: FeatureSpec) -> Feature:
    """Return the feature of a table that a feature of the catalogue becomes."""
    kind = {Kind.FLAG: "flag", Kind.CATEGORY: "category"}.get(spec.kind, "number")
    return Feature(spec.name, kind, spec.phrase, unit=spec.unit, never=None if spec.never != spec.never else spec.never)


SPECS = [s for s in whole_set("extended+hart+sanctions").features if s.kind != Kind.CATEGORY]


@pytest.mark.parametrize("op", sorted({s.op for s in SPECS}), ids=lambda op: Op(op).name)
@trials(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_phrasing_only_where_texts_change_says_what_phrasing_each_value_says(op: Op, data: st.DataObject):
    spec = next(s for s in SPECS if s.op == op)
    feature = feature_of(spec)
    numbers = st.one_of(st.floats(0, 40, width=32), st.floats(0, 1, width=32), st.integers(0, 4).map(float),
                        st.just(np.nan), st.just(spec.never))  # fmt: skip
    if spec.kind == Kind.FLAG:
        numbers = st.sampled_from([0.0, 1.0])
    if op == Op.ACCELERATION:
        numbers = st.floats(-5, 5, width=32)
    saying = Saying(lambda value, recorded: wording.fact(feature, value, recorded))
    for _ in range(3):
        values = np.array(data.draw(st.lists(numbers, min_size=1, max_size=60)))
        texts, place = saying.numbers(values)
        wanted = [wording.fact(feature, None if v != v else v) for v in values.tolist()]
        assert [texts[i] for i in place] == wanted
