"""Tests of the force that is lived twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.settings import Settings
from forecast.synthetic.exposure import FACTOR, exposure_study
from forecast.synthetic.force import make_force
from forecast.synthetic.parameters import load_parameters

AREA = 7


def test_the_same_people_live_twice_and_only_the_area_is_looked_at_more() -> None:
    look = np.ones(len(load_parameters().exposure))
    look[AREA - 1] = FACTOR
    usual, more = make_force(600, 3), make_force(600, 3, look=look)
    truth = [f.true_persons.to_pandas().drop_duplicates("true_id").set_index("true_id") for f in (usual, more)]
    both = truth[0].index.intersection(truth[1].index)
    assert truth[0].loc[both, "born_on"].equals(truth[1].loc[both, "born_on"])
    assert truth[0].loc[both, "ethnicity"].equals(truth[1].loc[both, "ethnicity"])
    share = []
    for force, people in zip((usual, more), truth, strict=True):
        done = force.true_offences.to_pandas()
        inside = done["true_id"].map(people["area"]) == AREA
        share.append((done["offence_id"].notna()[inside].mean(), done["offence_id"].notna()[~inside].mean()))
    assert share[1][0] / share[0][0] == pytest.approx(FACTOR, rel=0.35)
    assert share[1][1] == pytest.approx(share[0][1], rel=0.02)


@pytest.mark.slow
def test_the_study_measures_three_worlds_and_writes_its_page(tmp_path: Path) -> None:
    out = tmp_path / "exposure.html"
    found = exposure_study(out, Settings(bootstrap_replicates=50), area=AREA, people=3_000, seed=2)
    assert [row.world for row in found.rows[::2]] == [
        "usual policing, its own model",
        "twice the look, the model from before",
        "twice the look, a model fitted there",
    ]
    inside = [row.cases for row in found.rows if row.place == "the area"]
    assert inside[1] == inside[2] > inside[0]
    assert "Does the forecast punish exposure?" in out.read_text("utf-8")
