"""A scale runs the whole way: from the records of a force to recalibrated forecasts, and back from a bundle."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from forecast.cases import Cases
from forecast.files import whole_folder
from forecast.models.bands import CutOffs
from forecast.models.bundle import load_bundle, write_bundle
from forecast.models.calibration import fit_calibration
from forecast.models.forecaster import Forecaster
from forecast.models.scales import SCALES, scale_model
from forecast.tables.assemble import write_cases
from forecast.tables.assembly import Assembly, AssemblyHead
from forecast.tables.description import DeclaredException, Description
from forecast.tables.library import load
from forecast.tables.reader import read_cases

COLUMNS = ("sanction_age", "sanction_sex", "sanction_first_age", "sanction_first_arrest_age")
WHO = DeclaredException(COLUMNS, "published scales are defined by them", "the tests")


@pytest.fixture(scope="module")
def table(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Description, Cases]:
    head = AssemblyHead(name="small", features="sanctions", since=datetime.date(2008, 1, 1))
    out = tmp_path_factory.mktemp("cases") / "cases.parquet"
    made = write_cases(records_folder, out, Assembly(head, exceptions=(WHO,)))
    description = load(str(made.description))
    return description, read_cases(description, made.cases)[0]


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_ranks_people_better_than_chance_and_is_recalibrated(
    name: str, table: tuple[Description, Cases]
) -> None:
    description, cases = table
    happened = cases.outcomes.to_numpy(dtype=bool)
    model = scale_model(name, description.features, happened.shape[1])
    margins = model.margins(cases.features)
    first = margins[:, 0]
    reached, spared = first[happened[:, 0]], first[~happened[:, 0]]
    above = (reached[:, None] > spared).mean() + (reached[:, None] == spared).mean() / 2
    assert above > 0.6
    calibration = fit_calibration(margins, happened)
    forecasts = Forecaster(model, calibration, CutOffs((0.5, 0.2), "the tests", "a test")).forecast(cases.features)
    assert calibration.a[0] > 0
    np.testing.assert_allclose(forecasts.probability.mean(axis=0), happened.mean(axis=0), atol=0.01)


def test_a_bundle_of_a_scale_forecasts_and_explains_to_the_bit_after_loading(
    table: tuple[Description, Cases], tmp_path: Path
) -> None:
    description, cases = table
    model = scale_model("ogrs3", description.features, 2)
    happened = cases.outcomes.to_numpy(dtype=bool)
    calibration = fit_calibration(model.margins(cases.features), happened)
    made = Forecaster(model, calibration, CutOffs((0.5, 0.2), "the tests", "a test"))
    with whole_folder(tmp_path / "bundle") as folder:
        write_bundle(folder, description, made, {})
    loaded = load_bundle(tmp_path / "bundle").forecaster
    assert (loaded.forecast(cases.features).probability == made.forecast(cases.features).probability).all()
    for level in range(2):
        said = loaded.contributions(cases.features, level)
        assert (said.values == made.contributions(cases.features, level).values).all()
        np.testing.assert_allclose(said.log_odds, calibration.log_odds(model.margins(cases.features))[:, level])
