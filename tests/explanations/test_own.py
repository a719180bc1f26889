"""Tests of what models say of themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from forecast.explanations.own import NOT_PROBABILITIES, OTHER_BAND, own_lines
from forecast.models.bundle import ModelBundle
from forecast.models.forest import Forest
from forecast.models.scales.history import OFFENCES
from forecast.models.scales.scale import Scale


def test_a_forest_tells_its_votes_by_band_and_never_as_probabilities(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
) -> None:
    bundle = bundle_of("forest")
    model = bundle.forecaster.model
    assert isinstance(model, Forest)
    votes = model.votes(features.iloc[:1])[0]
    told, warning = own_lines(model, features.iloc[:1], bundle.scale)
    assert told.startswith(f"Votes of {votes.sum()} trees: {votes[2]} HIGH, {votes[1]} MODERATE, {votes[0]} LOW.")
    assert warning == NOT_PROBABILITIES


def test_a_scale_tells_terms_that_add_up_and_its_own_band(bundle: ModelBundle) -> None:
    names = ["sanction_age", "sanction_sex", "sanctions", "sanctions_violent", "sanction_first_age", *OFFENCES]
    from forecast.models.scales import scale as module

    reads = [*dict.fromkeys([*names, *module._READS["ogrs3"]])]
    frame = pd.DataFrame({name: [0.0] for name in reads})
    frame["sanction_age"], frame["sanction_sex"] = 24.0, "M"
    model = Scale("ogrs3", tuple(module._READS["ogrs3"]), 2)
    (told, _) = own_lines(model, frame, bundle.scale)
    terms = model.terms(frame)
    assert np.isclose(sum(values[0] for values in terms.values()), model.score(frame)[0])
    assert f"Sum: {model.score(frame)[0]:.3f}" in told
    assert model.band(frame)[0] in told


def test_other_models_say_nothing_more(bundle: ModelBundle, features: pd.DataFrame) -> None:
    assert own_lines(bundle.forecaster.model, features.iloc[:1], bundle.scale) == ()


def test_a_forest_says_why_most_votes_and_the_band_differ_and_only_then(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
) -> None:
    bundle, row = bundle_of("forest"), features.iloc[:1]
    model = bundle.forecaster.model
    assert isinstance(model, Forest)
    most = int(model.plurality(row)[0])
    assert own_lines(model, row, bundle.scale, (most + 1) % 3)[-1] == OTHER_BAND
    assert OTHER_BAND not in own_lines(model, row, bundle.scale, most)
