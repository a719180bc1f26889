"""Tests that a model is not used on cases whose features were computed in another way than those it learned from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.batch import score_file
from forecast.scoring.one import explain_case
from forecast.settings import Settings
from forecast.tables.origin import Origin
from forecast.training.evaluate_bundle import evaluate_bundle


def scored(bundle: ModelBundle, cases: Path, settings: Settings) -> None:
    score_file(bundle, cases, cases.with_name("scores.parquet"), settings)


def explained(bundle: ModelBundle, cases: Path, settings: Settings) -> None:
    key = bundle.description.keys.case
    explain_case(bundle, cases, str(pq.read_table(cases, columns=[key])[key][0].as_py()), settings)


def evaluated(bundle: ModelBundle, cases: Path, settings: Settings) -> None:
    evaluate_bundle(bundle, cases, cases.with_name("report.html"), settings)


@pytest.mark.parametrize("use", [scored, explained, evaluated])
def test_a_model_of_another_catalogue_is_refused_before_anything_is_written(
    use: Callable[[ModelBundle, Path, Settings], None],
    bundle: ModelBundle,
    table_file: Path,
    settings: Settings,
    tmp_path: Path,
    quick_report: None,
) -> None:
    feature, cases = bundle.forecaster.model.features[0], tmp_path / "cases.parquet"
    table = pacsv.read_csv(table_file)

    def uses(fitted: str, here: str) -> None:
        made = {"catalogue": {feature: fitted}, "taxonomy": "1"}
        data = {**bundle.manifest["data"], "made": made}
        pq.write_table(
            table.replace_schema_metadata(Origin(made={**made, "catalogue": {feature: here}}).metadata()), cases
        )
        use(dataclasses.replace(bundle, manifest={**bundle.manifest, "data": data}), cases, settings)

    with pytest.raises(Problem) as found:
        uses("one", "another")
    assert found.value.code == "model-other-catalogue"
    assert feature in found.value.sentence
    assert list(tmp_path.iterdir()) == [cases]
    uses("one", "one")
