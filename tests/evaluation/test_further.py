"""Tests of the further figures and their sections, on a small table of the whole training run."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.further import Further, measure_further
from forecast.evaluation.further_sections import front_section, further_sections
from forecast.models.bands import CutOffs
from forecast.settings import Settings
from forecast.training.train import Material
from tests.helpers import CAUSAL


@pytest.fixture(scope="module")
def further(material: Material, settings: Settings) -> Further:
    numbers = np.random.default_rng(1)
    y = material.cases.outcomes.to_numpy(dtype=bool)
    steps = -np.sort(-np.clip(0.25 + 0.3 * y + numbers.normal(0, 0.15, y.shape), 0.02, 0.98), axis=1)
    models = {"ours": steps, "rate": np.tile(y.mean(axis=0), (len(y), 1))}
    models |= {f"other {i}": np.clip(steps + 0.03 * i, 0, 1) for i in range(10)}
    cases = material.cases
    apart = np.where(np.arange(len(y)) % 3 == 0, "in the training part too", "new")
    cases = dataclasses.replace(cases, protected=cases.protected.assign(**{"returning people": apart}))
    return measure_further(
        cases,
        models,
        "ours",
        material.description,
        settings,
        cutoffs=CutOffs((0.5,) * y.shape[1]),
        seed=1,
        constant=("rate",),
    )


def test_every_level_attribute_and_model_is_measured(further: Further, material: Material) -> None:
    assert [level.level for level in further.levels] == list(material.description.scale.reached)
    assert len(further.comparison.models) == 12
    titles = {audit.title for audit in material.description.audit}
    assert {gap.attribute for gap in further.levels[0].gaps} <= titles
    assert {"returning people"} == set(further.levels[0].apart)
    assert further.replicates == 50
    json.dumps(further.to_dict(), allow_nan=False)


def test_people_who_return_are_measured_apart_and_are_nobodys_attribute(further: Further) -> None:
    parts = further.levels[0].apart["returning people"]
    assert [part.value for part in parts] == ["in the training part too", "new"]
    assert all(part.figures["auc"].value is not None for part in parts)
    assert "returning people" not in {proxy.attribute for proxy in further.proxies}


def test_the_sections_can_be_read_with_twelve_models(further: Further) -> None:
    made = [front_section(further), *further_sections(further)]
    names = [section.name for section in made]
    assert names[:4] == ["models", "comparison", "use", "smooth"]
    assert len(set(names)) == len(names)
    text = " ".join(str(section.html) for section in made)
    words = re.sub(r"<[^>]+>", " ", text).lower()
    assert not [phrase for phrase in CAUSAL if phrase in words]
    assert "nan" not in re.findall(r"[a-z]+", words)
    assert "better: the interval excludes zero" in words
    assert "cannot be told apart" in words
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    use = str(made[2].html)
    assert use.count("other ") < 60
    assert all(name in str(made[1].html) for name in further.comparison.models)


def test_features_are_named_only_where_they_tell_more_than_almost_nothing(further: Further) -> None:
    def said(auc: float) -> str:
        proxies = [
            dataclasses.replace(p, auc=Estimate(auc, auc - 0.01, auc + 0.01), telling=(("the tell", 0.4),))
            for p in further.proxies
        ]
        [page] = [
            s for s in further_sections(dataclasses.replace(further, proxies=tuple(proxies))) if s.name == "proxies"
        ]
        return str(page.html)

    assert "the tell (40" in said(0.61)
    assert "the tell (40" not in said(0.48)
    assert "so none of them is named" in said(0.48)
