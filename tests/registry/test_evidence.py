"""Tests of the comparison: only cases that neither model was fitted on, and paired differences that are right."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.problems import Problem
from forecast.registry.evidence import measure, unseen_by_both
from forecast.settings import Settings
from forecast.tables.origin import Origin
from forecast.training.material import prepare
from forecast.training.train import train
from forecast.training.update_bundle import update_bundle
from tests.helpers import small_experiment

MODELS = {"older": ("logistic", "2014-06-01"), "newer": ("boosting", "2014-08-01")}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from forecast.synthetic.table import write_table

    path = tmp_path_factory.mktemp("newer") / "cases.csv"
    write_table(path, people=1_200, seed=4)
    return path


@pytest.fixture(scope="module")
def in_time(file: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelBundle]:
    """Two bundles that were tested in time, the newer one from a later day on."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.training.train.write_report", lambda _, path: path.write_text("", "utf-8"))
        for name, (model, day) in MODELS.items():
            changes = {"model": model, "split": "time", "test_from": datetime.date.fromisoformat(day), "name": name}
            material = prepare(small_experiment(file, **changes), settings)
            out = tmp_path_factory.mktemp("in_time") / name
            train(material, out, settings, tracked=False)
            made[name] = load_bundle(out, threads=1)
    return made


def test_only_cases_after_the_later_of_both_test_days_are_compared(in_time: dict[str, ModelBundle], file: Path):
    tested = unseen_by_both(in_time["newer"], in_time["older"], file)
    assert tested.cases.keys["as_of"].min() >= pd.Timestamp("2014-08-01")
    assert len(tested.cases) + tested.set_aside == len(pd.read_csv(file))
    alone = unseen_by_both(in_time["older"], None, file)
    assert alone.cases.keys["as_of"].min() < pd.Timestamp("2014-07-01")
    assert alone.champion is None


def test_both_models_forecast_the_same_cases(in_time: dict[str, ModelBundle], file: Path):
    tested = unseen_by_both(in_time["newer"], in_time["older"], file)
    for bundle, told in ((in_time["newer"], tested.challenger), (in_time["older"], tested.champion)):
        assert np.array_equal(told, bundle.forecaster.forecast(tested.cases.features).probability)


def test_the_difference_in_brier_score_is_challenger_less_champion_and_paired(
    in_time: dict[str, ModelBundle], file: Path, settings: Settings
):
    tested = unseen_by_both(in_time["newer"], in_time["older"], file)
    got = measure(in_time["newer"], in_time["older"], file, settings)
    for k, level in enumerate(("any", "serious")):
        y = tested.cases.outcomes[level].to_numpy(dtype=float)
        expected = np.mean((tested.challenger[:, k] - y) ** 2) - np.mean((tested.champion[:, k] - y) ** 2)
        value, low, high = got["levels"][level]["brier_difference"]
        assert value == pytest.approx(expected)
        assert low < value < high
    turned = measure(in_time["older"], in_time["newer"], file, settings)
    assert turned["levels"]["any"]["brier_difference"][0] == pytest.approx(-got["levels"]["any"]["brier_difference"][0])


def test_the_gap_of_a_group_is_observed_less_forecast(in_time: dict[str, ModelBundle], file: Path, settings: Settings):
    tested = unseen_by_both(in_time["newer"], None, file)
    got = measure(in_time["newer"], None, file, settings)["levels"]["any"]
    men = next(g for g in got["groups"] if g["value"] == "M")
    rows = (tested.cases.protected["sex"] == "M").to_numpy()
    expected = tested.cases.outcomes["any"][rows].mean() - tested.challenger[rows, 0].mean()
    assert men["gap"][0] == pytest.approx(expected)
    assert men["cases"] == rows.sum()


def test_a_first_model_is_held_against_the_base_rate(in_time: dict[str, ModelBundle], file: Path, settings: Settings):
    got = measure(in_time["newer"], None, file, settings)
    rate = got["levels"]["any"]["events"] / got["cases"]
    assert got["levels"]["any"]["reference_brier"][0] == pytest.approx(rate * (1 - rate))
    assert (got["champion"], got["against"]) == (None, "base rate of these cases")


def test_the_same_comparison_gives_the_same_figures(in_time: dict[str, ModelBundle], file: Path, settings: Settings):
    first, second = (measure(in_time["newer"], in_time["older"], file, settings) for _ in range(2))
    assert first == second


def test_a_model_fitted_on_all_cases_of_the_file_leaves_none(bundle: ModelBundle, table_file: Path):
    with pytest.raises(Problem) as caught:
        unseen_by_both(bundle, None, table_file)
    assert caught.value.code == "compare-no-unseen"
    assert "fitted on all cases of cases.csv" in caught.value.sentence


def test_the_very_cases_of_the_fit_in_another_file_are_found(bundle: ModelBundle, table_file: Path, tmp_path: Path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(table_file.read_bytes().replace(b"theft", b"drugs"))
    with pytest.raises(Problem) as caught:
        unseen_by_both(bundle, None, copy)
    assert caught.value.code == "compare-no-unseen"


def test_a_model_fitted_on_all_cases_of_another_file_cannot_show_that_it_has_not_seen_these(
    bundle: ModelBundle, in_time: dict[str, ModelBundle], file: Path
):
    assert unseen_by_both(bundle, None, file).unshown == (bundle.model_id,)
    assert unseen_by_both(in_time["newer"], in_time["older"], file).unshown == ()


def test_cases_of_days_that_a_model_was_updated_on_count_for_nothing(
    in_time: dict[str, ModelBundle], file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("forecast.models.update.FEWEST", 2)
    table = pd.read_csv(file)
    table[table["as_of"] < "2014-10-01"].to_csv(tmp_path / "to-october.csv", index=False)
    made = update_bundle(in_time["newer"], tmp_path / "to-october.csv", tmp_path / "updated")
    assert 0 < made.cases < len(table)
    updated = load_bundle(made.folder, threads=1)
    later = unseen_by_both(updated, in_time["newer"], file)
    assert later.cases.keys["as_of"].min() >= pd.Timestamp("2014-10-01")
    assert len(later.cases) > 20
    with pytest.raises(Problem) as caught:
        unseen_by_both(updated, None, tmp_path / "to-october.csv")
    assert caught.value.code == "compare-no-unseen"


def test_models_of_different_outcomes_are_not_compared(in_time: dict[str, ModelBundle], file: Path):
    older = in_time["older"]
    raw = {**older.description.raw, "outcome": {**older.description.raw["outcome"], "settling_months": 6}}
    other = dataclasses.replace(older, description=dataclasses.replace(older.description, raw=raw))
    with pytest.raises(Problem) as caught:
        unseen_by_both(in_time["newer"], other, file)
    assert caught.value.code == "compare-other-outcome"
    assert "settling_months" in caught.value.sentence


def test_a_bundle_says_how_many_cases_it_was_tested_on_and_whether_a_file_holds_them_all(
    in_time: dict[str, ModelBundle], file: Path, tmp_path: Path
):
    newer, table = in_time["newer"], pd.read_csv(file)
    later = table["as_of"] >= "2014-08-01"
    assert newer.manifest["data"]["tested"]["cases"] == later.sum()
    assert unseen_by_both(newer, None, file).holds_test
    assert unseen_by_both(newer, in_time["older"], file).holds_test
    chosen = tmp_path / "chosen.csv"
    table.drop(table[later].index[:5]).to_csv(chosen, index=False)
    assert not unseen_by_both(newer, None, chosen).holds_test


def test_the_gaps_of_error_rates_are_measured_and_a_file_without_a_catalogue_says_so(
    in_time: dict[str, ModelBundle], file: Path, settings: Settings
):
    tested = unseen_by_both(in_time["newer"], None, file)
    got = measure(in_time["newer"], None, file, settings)
    assert got["notes"] == ["the catalogue of these cases is not known"]
    assert got["tested"] == in_time["newer"].manifest["data"]["tested"]
    y, p = tested.cases.outcomes["any"].to_numpy(dtype=bool), tested.challenger[:, 0]
    flagged = p >= in_time["newer"].forecaster.cutoffs.values[0]
    sex = tested.cases.protected["sex"].to_numpy()
    rates = {value: flagged[(sex == value) & ~y].mean() for value in ("M", "F")}
    [found] = [
        e
        for e in got["levels"]["any"]["error_gaps"]
        if (e["attribute"].lower(), e["rate"]) == ("sex", "false_positive_rate")
    ]
    assert found["gap"][0] == pytest.approx(abs(rates["M"] - rates["F"]))
    assert {e["rate"] for e in got["levels"]["any"]["error_gaps"]} == {"false_positive_rate", "false_negative_rate"}


@pytest.mark.parametrize("which", ["challenger", "champion"])
def test_cases_of_another_catalogue_are_refused_on_the_way_to_a_promotion(
    in_time: dict[str, ModelBundle], file: Path, tmp_path: Path, which: str
):
    from forecast.training.propose_costs import propose_costs

    newer = in_time["newer"]
    name = newer.forecaster.model.features[0]
    made = {**newer.manifest["data"], "made": {"catalogue": {name: "older"}}}
    fitted = dataclasses.replace(newer, manifest={**newer.manifest, "data": made})
    path = tmp_path / "cases.parquet"
    table = pa.Table.from_pandas(pd.read_csv(file), preserve_index=False)
    origin = Origin(made={"catalogue": {name: "newer"}})
    pq.write_table(table.replace_schema_metadata(origin.metadata()), path)
    pair = (fitted, None) if which == "challenger" else (in_time["older"], fitted)
    with pytest.raises(Problem) as caught:
        unseen_by_both(*pair, path)
    assert caught.value.code == "model-other-catalogue"
    with pytest.raises(Problem) as caught:
        propose_costs(fitted, path, tmp_path / "costs.toml", Settings(), target_ratio=2)
    assert caught.value.code == "model-other-catalogue"
