from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.problems import Problem
from forecast.settings import Settings
from forecast.studies.nij import ROUNDS, answer, brier, fair
from forecast.studies.research import CHALLENGE
from forecast.studies.research import RESEARCH as CONFIGURATION
from forecast.training.experiment import load_experiment

pytestmark = pytest.mark.usefixtures("small_research")


@pytest.fixture
def settings() -> Settings:
    return Settings(threads=1)


def test_every_person_of_the_file_is_forecast_left_out_or_refused(
    nij_file: Path, tmp_path: Path, settings: Settings
) -> None:
    rounds = answer(nij_file, tmp_path / "answers", settings, train=nij_file)
    assert [one.name for one in rounds] == list(ROUNDS)
    for one in rounds:
        assert one.rows == 700
        assert one.rows == one.forecast + one.trained_on + sum(one.refused.values())
        table = pd.read_csv(tmp_path / "answers" / f"{one.name}.csv")
        assert list(table.columns) == ["ID", "Probability"]
        assert len(table) == one.forecast
        assert table["Probability"].between(0, 1).all()
        assert table["ID"].min() > 400  # nobody whom the models were fitted on


def test_a_file_with_outcomes_is_scored_as_the_challenge_was(
    nij_file: Path, tmp_path: Path, settings: Settings
) -> None:
    first = answer(nij_file, tmp_path / "answers", settings, train=nij_file)[0]
    people = pd.read_csv(nij_file).set_index("ID")
    made = pd.read_csv(tmp_path / "answers" / "round1.csv").set_index("ID")["Probability"]
    happened = people.loc[made.index, "Recidivism_Arrest_Year1"].astype(bool)
    men = people.loc[made.index, "Gender"] == "M"
    assert first.marks is not None
    assert first.marks.people == len(made)
    assert first.marks.men == pytest.approx(float(((made - happened) ** 2)[men].mean()), abs=1e-6)
    kept = json.loads((tmp_path / "answers" / "answers.json").read_text("utf-8"))
    assert kept[0]["marks"]["brier_average"] == pytest.approx(first.marks.average)


def test_a_file_of_test_people_without_outcomes_gets_forecasts_and_no_marks(
    nij_file: Path, tmp_path: Path, settings: Settings
) -> None:
    people = pd.read_csv(nij_file).iloc[400:]
    bare = people.drop(columns=[c for c in people if c.startswith("Recidivism")] + ["Training_Sample", "Race"])
    bare.to_csv(tmp_path / "test.csv", index=False)
    rounds = answer(tmp_path / "test.csv", tmp_path / "answers", settings, train=nij_file)
    assert [one.forecast for one in rounds] == [300, 300, 300]
    assert all(one.marks is None for one in rounds)


def test_a_file_of_training_people_alone_is_a_problem_and_leaves_nothing(
    nij_file: Path, tmp_path: Path, settings: Settings
) -> None:
    pd.read_csv(nij_file).iloc[:50].to_csv(tmp_path / "known.csv", index=False)
    with pytest.raises(Problem) as caught:
        answer(tmp_path / "known.csv", tmp_path / "answers", settings, train=nij_file)
    assert caught.value.code == "challenge-nobody"
    assert not (tmp_path / "answers").exists()


def test_a_folder_with_other_things_is_not_replaced(nij_file: Path, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        answer(nij_file, tmp_path, settings, train=nij_file, overwrite=True)
    assert caught.value.code == "output-not-answers"


def test_the_fair_score_punishes_a_gap_between_false_positive_rates() -> None:
    happened = np.array([False, False, False, False])
    race = np.array(["BLACK", "BLACK", "WHITE", "WHITE"])
    even, uneven = np.array([0.6, 0.4, 0.6, 0.4]), np.array([0.6, 0.6, 0.4, 0.4])
    assert fair(happened, even, race) == pytest.approx(1 - brier(happened, even))
    assert fair(happened, uneven, race) == pytest.approx(0.0)
    assert fair(happened, even, np.array(["BLACK"] * 4)) is None


def test_the_configurations_are_those_of_the_examples() -> None:
    assert load_experiment(Path("examples/research.toml")) == CONFIGURATION
    for number in (1, 2, 3):
        shown = load_experiment(Path(f"examples/nij-round{number}.toml"))
        assert dataclasses.replace(shown, base="", name=CHALLENGE.name, table=CHALLENGE.table) == CHALLENGE
