"""Tests of updating a bundle on newer cases."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.cases import AS_OF
from forecast.files import sha256
from forecast.models.bundle import MANIFEST, ModelBundle, load_bundle, write_bundle
from forecast.models.calibration import Calibration, sigmoid
from forecast.models.forecaster import Forecaster
from forecast.models.uncertainty import FILE, Uncertainty
from forecast.models.update import updated
from forecast.models.update_limits import updated_limits
from forecast.problems import Problem
from forecast.synthetic.table import make_table
from forecast.tables.description import build
from forecast.tables.origin import Origin
from forecast.tables.reader import read_cases
from forecast.training.seen import fitted_on, unused_by_updates
from forecast.training.update_bundle import UpdatedBundle, update_bundle

SHIFT = 0.3


@pytest.fixture(scope="module")
def later(bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New people whose outcomes are drawn from the bundle's own forecasts with 0.3 added to the log-odds."""
    folder = tmp_path_factory.mktemp("later")
    table = make_table(1_200, seed=77)
    table.to_csv(folder / "drawn.csv", index=False)
    cases, _ = read_cases(bundle.description, folder / "drawn.csv")
    margins = bundle.forecaster.model.margins(cases.features)
    truth = sigmoid(bundle.forecaster.calibration.log_odds(margins) + SHIFT)
    happened = np.random.default_rng(4).random(len(table))[:, None] < truth
    table["rearrested"], table["serious"] = happened.astype(int).T
    table.to_csv(folder / "later.csv", index=False)
    return folder / "later.csv"


@pytest.fixture(scope="module")
def done(bundle: ModelBundle, later: Path, tmp_path_factory: pytest.TempPathFactory) -> UpdatedBundle:
    return update_bundle(bundle, later, tmp_path_factory.mktemp("updated") / "bundle")


def uncertainty_of(bundle: ModelBundle) -> Uncertainty:
    assert bundle.forecaster.uncertainty is not None
    return bundle.forecaster.uncertainty


def told(bundle: ModelBundle, folder: Path, **facts: Any) -> ModelBundle:
    """Return the bundle with other facts in its manifest, and other content in its description if "raw" is given."""
    raw = facts.pop("raw", bundle.description.raw)
    folder.mkdir()
    write_bundle(folder, build(raw, "a test"), bundle.forecaster, {"data": bundle.manifest["data"], **facts})
    return load_bundle(folder, threads=1)


def test_a_planted_shift_is_found_within_its_interval(done: UpdatedBundle):
    for level in done.levels:
        change = level.update
        assert change.grade == level.tested == "intercept"
        assert abs(change.intercept - SHIFT) < 1.96 * change.intercept_error < 0.3
        assert level.before < level.observed
        assert level.after == pytest.approx(level.observed, abs=0.005)


def test_the_new_bundle_loads_and_forecasts_as_the_update_says(done: UpdatedBundle, bundle: ModelBundle, later: Path):
    made = load_bundle(done.folder, threads=1)
    assert made.model_id == done.model_id != bundle.model_id
    cases, _ = read_cases(made.description, later)
    forecasts = made.forecaster.forecast(cases.features)
    np.testing.assert_allclose(forecasts.probability.mean(axis=0), [level.after for level in done.levels])
    before = bundle.forecaster.forecast(cases.features)
    assert done.other_band == int((before.band != forecasts.band).sum()) > 0


def test_the_model_stays_byte_for_byte_and_the_manifest_says_what_it_was_updated_from(
    done: UpdatedBundle, bundle: ModelBundle, later: Path
):
    new, old = load_bundle(done.folder, threads=1).manifest, bundle.manifest
    for name in ("description", "variant", "cutoffs", "experiment", "data", "name", "kind"):
        assert new[name] == old[name]
    model = {name: digest for name, digest in old["files"].items() if name.startswith("model/")}
    own = f"model/{FILE}"
    assert set(new["files"]) == set(model)
    assert {name for name in model if new["files"][name] != model[name]} == {own}
    (entry,) = new["updates"]
    assert entry["parent"] == bundle.model_id
    assert (entry["file"], entry["grade"], entry["cases"]) == (later.name, "intercept", done.cases)
    assert entry["levels"][0]["update"]["intercept_error"] == pytest.approx(done.levels[0].update.intercept_error)
    assert fitted_on(new, later, read_cases(bundle.description, later)[0])


def test_nothing_measured_of_the_old_model_is_carried_over(done: UpdatedBundle):
    assert load_bundle(done.folder, threads=1).manifest["metrics"] == {}
    assert {p.name for p in done.folder.iterdir()} == {MANIFEST, "model"}


def test_the_same_update_gives_the_same_bytes(bundle: ModelBundle, later: Path, done: UpdatedBundle, tmp_path: Path):
    again = update_bundle(bundle, later, tmp_path / "again")
    files = sorted(p.relative_to(done.folder) for p in done.folder.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(again.folder) for p in again.folder.rglob("*") if p.is_file())
    for name in files:
        assert (done.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_intervals_move_with_the_shift_and_are_wider_by_its_error(done: UpdatedBundle, bundle: ModelBundle):
    new = uncertainty_of(load_bundle(done.folder, threads=1)).intervals.curves
    old = uncertainty_of(bundle).intervals.curves
    for one, other, level in zip(new, old, done.levels, strict=True):
        np.testing.assert_allclose(np.array(one.knots), np.array(other.knots) + level.update.intercept, atol=1e-6)
        assert (one.models, one.shape, one.record) == (other.models, other.shape, other.record)
        expected = np.hypot(other.calibration, level.update.intercept_error)
        np.testing.assert_allclose(one.calibration, expected, atol=1e-6)


def test_outcome_sets_hold_their_share_of_the_newer_cases(done: UpdatedBundle, later: Path):
    made = load_bundle(done.folder, threads=1)
    cases, _ = read_cases(made.description, later)
    held = made.forecaster.forecast(cases.features).outcomes
    assert held is not None
    outcome = cases.outcomes.to_numpy(dtype=int).sum(axis=1)
    for one in range(3):
        assert 0.8 <= held[outcome == one, one].mean() < 0.9


def test_a_line_fitted_anew_has_the_error_of_its_own_cases(bundle: ModelBundle, later: Path):
    cases, _ = read_cases(bundle.description, later)
    margins, happened = bundle.forecaster.model.margins(cases.features), cases.outcomes.to_numpy(dtype=bool)
    before, known = bundle.forecaster.calibration, uncertainty_of(bundle)
    persons = cases.keys["person_id"].tolist()
    few, many = (
        updated_limits(
            known,
            before,
            updated(before, margins[:n], happened[:n], persons=persons[:n], grade="intercept and slope"),
            margins[:n],
            happened[:n],
            persons=persons[:n],
            seed=1,
        )
        for n in (300, len(cases))
    )
    for one, other in zip(few.intervals.curves, many.intervals.curves, strict=True):
        assert np.mean(one.calibration) > 1.3 * np.mean(other.calibration)
        assert (np.diff(one.knots) >= 0).all()
    assert few.support == known.support


def test_a_level_that_is_left_alone_keeps_its_intervals(bundle: ModelBundle, later: Path):
    cases, _ = read_cases(bundle.description, later)
    margins = bundle.forecaster.model.margins(cases.features)
    before = bundle.forecaster.calibration
    happened = np.random.default_rng(1).random((len(cases), 1)) < sigmoid(before.log_odds(margins))
    change = updated(before, margins, happened, grade="nothing")
    known = uncertainty_of(bundle)
    made = updated_limits(known, before, change, margins, happened, persons=np.arange(len(cases)), seed=1)
    assert made.intervals == known.intervals
    assert change.calibration == before


def test_the_slope_is_updated_where_it_is_asked_for(bundle: ModelBundle, later: Path, tmp_path: Path):
    flat = Calibration(tuple(2 * a for a in bundle.forecaster.calibration.a), bundle.forecaster.calibration.b)
    steep = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, calibration=flat))
    made = update_bundle(steep, later, tmp_path / "slope", grade="slope")
    for level in made.levels:
        assert level.update.grade == level.tested == "intercept and slope"
        assert level.update.slope == pytest.approx(0.5, abs=4 * level.update.slope_error)
    tested = update_bundle(steep, later, tmp_path / "tested", grade="tested")
    assert [level.update for level in tested.levels] == [level.update for level in made.levels]


def test_a_bundle_without_limits_is_updated_without_them(bundle: ModelBundle, later: Path, tmp_path: Path):
    plain = Forecaster(bundle.forecaster.model, bundle.forecaster.calibration, bundle.forecaster.cutoffs)
    made = update_bundle(dataclasses.replace(bundle, forecaster=plain), later, tmp_path / "plain")
    loaded = load_bundle(made.folder, threads=1)
    assert loaded.forecaster.uncertainty is None
    assert not (made.folder / "model" / FILE).exists()


def refused(bundle: ModelBundle, path: Path, out: Path, **given: Any) -> str:
    with pytest.raises(Problem) as caught:
        update_bundle(bundle, path, out, **given)
    return caught.value.code


def test_cases_that_the_model_was_fitted_on_are_refused(bundle: ModelBundle, table_file: Path, tmp_path: Path):
    assert refused(bundle, table_file, tmp_path / "out") == "update-seen"
    pd.read_csv(table_file).iloc[::-1].to_csv(tmp_path / "turned.csv", index=False)
    assert refused(bundle, tmp_path / "turned.csv", tmp_path / "out") == "update-seen"
    assert not (tmp_path / "out").exists()


def test_cases_of_an_earlier_update_are_refused(done: UpdatedBundle, later: Path, tmp_path: Path):
    once = load_bundle(done.folder, threads=1)
    assert refused(once, later, tmp_path / "out") == "update-seen"
    table = pd.read_csv(later).iloc[:900]
    table.to_csv(tmp_path / "part.csv", index=False)
    assert refused(once, tmp_path / "part.csv", tmp_path / "out") == "update-earlier"
    table["as_of"] = (pd.to_datetime(table["as_of"]) + pd.DateOffset(years=4)).dt.strftime("%Y-%m-%d")
    table.to_csv(tmp_path / "next.csv", index=False)
    assert refused(once, tmp_path / "next.csv", tmp_path / "out") == "rows-refused"  # not complete when it was fitted
    known = datetime.date(2021, 1, 1)
    twice = update_bundle(once, tmp_path / "next.csv", tmp_path / "out", observed_until=known)
    assert load_bundle(twice.folder, threads=1).manifest["description"] == once.manifest["description"]
    entries = load_bundle(twice.folder, threads=1).manifest["updates"]
    assert [entry["parent"] for entry in entries] == [done.parent, done.model_id]


def test_updates_are_counted_as_seen_by_file_and_by_day(done: UpdatedBundle, later: Path):
    loaded = load_bundle(done.folder, threads=1)
    cases, _ = read_cases(loaded.description, later)
    entry = loaded.manifest["updates"][0]
    assert not unused_by_updates(loaded.manifest, cases, entry["sha256"]).any()
    earlier = {"updates": [{**entry, "to": "2013-06-30"}]}
    expected = (cases.keys[AS_OF] >= "2013-07-01").to_numpy()
    np.testing.assert_array_equal(unused_by_updates(earlier, cases), expected)
    assert 0 < expected.sum() < len(cases)
    assert unused_by_updates({}, cases).all()


def test_too_few_cases_are_refused(bundle: ModelBundle, later: Path, tmp_path: Path):
    pd.read_csv(later).iloc[:30].to_csv(tmp_path / "few.csv", index=False)
    assert refused(bundle, tmp_path / "few.csv", tmp_path / "out") == "update-rare"


def test_a_model_tested_in_time_leaves_the_days_before_its_test_aside(bundle: ModelBundle, later: Path, tmp_path: Path):
    in_time = told(bundle, tmp_path / "in-time", experiment={"split": "time", "test_from": "2013-07-01"})
    made = update_bundle(in_time, later, tmp_path / "out")
    days = pd.to_datetime(pd.read_csv(later)["as_of"])
    assert made.cases == int((days >= "2013-07-01").sum()) < len(days)
    assert f"{len(days) - made.cases:,} earlier cases were left aside" in made.notes[0]
    later_still = told(bundle, tmp_path / "still", experiment={"split": "time", "test_from": "2020-01-01"})
    assert refused(later_still, later, tmp_path / "never") == "update-earlier"


def test_the_tested_part_of_a_flag_may_be_of_the_same_file(bundle: ModelBundle, later: Path, tmp_path: Path):
    table = pd.read_csv(later)
    table["sample"] = np.where(np.arange(len(table)) % 2, "A", "B")
    table.to_csv(tmp_path / "flagged.csv", index=False)
    raw = {**bundle.description.raw, "split": {"column": "sample", "train": ["A"], "test": ["B"]}}
    data = {**bundle.manifest["data"], "sha256": sha256(tmp_path / "flagged.csv")}
    flagged = told(bundle, tmp_path / "flagged", raw=raw, data=data, experiment={"split": "flag"})
    assert refused(flagged, tmp_path / "flagged.csv", tmp_path / "out") == "update-seen"
    assert refused(flagged, tmp_path / "flagged.csv", tmp_path / "out", part="train") == "update-seen"
    made = update_bundle(flagged, tmp_path / "flagged.csv", tmp_path / "out", part="test")
    assert made.cases == -(-len(table) // 2)
    assert refused(bundle, later, tmp_path / "other", part="test") == "no-split-column"


def test_features_that_mean_something_else_are_refused(bundle: ModelBundle, later: Path, tmp_path: Path):
    table = pa.Table.from_pandas(pd.read_csv(later), preserve_index=False)
    origin = Origin(made={"catalogue": {"priors": "new"}})
    pq.write_table(table.replace_schema_metadata(origin.metadata()), tmp_path / "new.parquet")
    data = {**bundle.manifest["data"], "made": {"catalogue": {"priors": "old"}}}
    other = told(bundle, tmp_path / "other", data=data)
    assert refused(other, tmp_path / "new.parquet", tmp_path / "out") == "model-other-catalogue"


def test_neither_the_bundle_itself_nor_anything_else_is_replaced(done: UpdatedBundle, bundle: ModelBundle, later: Path):
    manifest = json.loads((bundle.folder / MANIFEST).read_text("utf-8"))
    assert refused(bundle, later, bundle.folder, overwrite=True) == "output-is-input"
    assert json.loads((bundle.folder / MANIFEST).read_text("utf-8")) == manifest
    assert refused(bundle, later, done.folder) == "output-exists"
    assert refused(bundle, later, later.parent, overwrite=True) == "output-not-bundle"
