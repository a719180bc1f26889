"""Tests of the columns that a scorer makes of cases, and of what training never saw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.scoring.scorer import Scorer, notes_of, refuse_unknown
from forecast.settings import Settings
from forecast.tables.reader import Chunk
from forecast.tables.rows import REFUSED_COLUMNS
from tests.helpers import KINDS


def cases_of(frame: pd.DataFrame) -> Cases:
    ids = [str(i) for i in range(len(frame))]
    keys = pd.DataFrame({CASE_ID: ids, PERSON_ID: ids, AS_OF: pd.NaT})
    empty = pd.DataFrame(index=frame.index)
    return Cases(keys, frame, empty, empty, empty)


@pytest.mark.parametrize("kind", [*KINDS, "forest", "additive"])
def test_cases_cut_anywhere_have_the_bits_that_they_have_together(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame, settings: Settings
):
    scorer = Scorer.open(bundle_of(kind), settings)
    whole = scorer.cases(cases_of(features), [""] * len(features))
    edges = (0, 1, 3, 10, 120, len(features))
    parts = []
    for low, high in pairwise(edges):
        frame = features.iloc[low:high].reset_index(drop=True)
        parts.append(scorer.cases(cases_of(frame), [""] * len(frame)))
    made = pa.concat_tables(parts)
    for name in scorer.schema.names[1:]:
        assert made[name].combine_chunks().equals(whole[name].combine_chunks()), name


def test_columns_hold_what_the_forecaster_says(limited: ModelBundle, features: pd.DataFrame, settings: Settings):
    table = Scorer.open(limited, settings, key_type=pa.int64()).cases(cases_of(features), ["a"] * len(features))
    made = limited.forecaster.forecast(features)
    for k, level in enumerate(limited.scale.reached):
        np.testing.assert_array_equal(table[f"p_{level}"].to_numpy(), made.probability[:, k])
        np.testing.assert_array_equal(table[f"low_{level}"].to_numpy(), made.low[:, k])
        np.testing.assert_array_equal(table[f"high_{level}"].to_numpy(), made.high[:, k])
    assert table["band"].to_pylist() == [limited.scale.bands[b] for b in made.band]
    assert set(table["note"].to_pylist()) == {"a"}
    assert set(table["model_id"].to_pylist()) == {limited.model_id}
    assert table.schema.field(0).type == pa.int64()
    np.testing.assert_array_equal(table["outside"].to_numpy(), made.outside)


def test_no_cases_give_an_empty_table_of_the_same_columns(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame, settings: Settings
):
    scorer = Scorer.open(bundle_of("boosting"), settings)
    table = scorer.cases(cases_of(features.iloc[:0]), [])
    assert (len(table), table.schema) == (0, scorer.schema)


def test_start_reasons_and_remainder_add_up_to_the_probability(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame, settings: Settings
):
    table = Scorer.open(bundle_of("boosting"), settings).cases(cases_of(features), [""] * len(features))
    for level in ("any", "serious"):
        for row in table.select([f"{n}_{level}" for n in ("p", "start", "reasons", "remainder")]).to_pylist():
            p, start, reasons, remainder = row.values()
            total = start + sum(r["points"] for r in reasons) + remainder
            assert total == pytest.approx(100 * p, abs=0.05 + 1e-6)
            assert all(r["theme"] and r["fact"] for r in reasons)


def test_a_closed_list_refuses_what_training_never_saw_and_an_open_one_notes_it(
    bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame
):
    bundle = bundle_of("boosting")
    frame = features.iloc[:3].copy()
    frame.loc[1, "sex"] = "never seen"
    empty = pd.DataFrame({name: [] for name in REFUSED_COLUMNS})
    chunk = Chunk(cases_of(frame), np.array([5, 6, 7]), empty, 3)
    left, notes = refuse_unknown(bundle, chunk, Settings())
    assert left.rows.tolist() == [5, 7]
    assert left.refused["row"].tolist() == [6]
    assert left.refused["code"].tolist() == ["row-unknown-category"]
    assert notes == ["", ""]
    features_open = tuple(dataclasses.replace(f, unknown="other") for f in bundle.description.features)
    lenient = dataclasses.replace(bundle, description=dataclasses.replace(bundle.description, features=features_open))
    left, notes = refuse_unknown(lenient, chunk, Settings())
    assert left.rows.tolist() == [5, 6, 7]
    assert notes == ["", "not seen in training: sex", ""]


def test_a_row_with_several_unknown_categories_names_them_all(bundle_of: Callable[[str], ModelBundle]):
    bundle = bundle_of("boosting")
    masks = {"sex": np.array([True, False]), "offence_group": np.array([True, True])}
    first, second = notes_of(bundle, masks, 2, load_texts())
    assert first.count("not seen in training") == 2
    assert second.count("not seen in training") == 1
