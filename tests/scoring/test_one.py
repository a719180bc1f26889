"""Tests of the explanation of one case: of a file of cases, and of records."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from forecast.explanations.bulk import REASON
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.partitions import load_records
from forecast.records.people import load_person
from forecast.records.schema import TABLES
from forecast.scoring import Ready, explain_case, explain_record, ready, score_one
from forecast.settings import Settings
from tests.features.making import Rows, at, event, offence, one_person
from tests.features.making import records as rows_as_records
from tests.helpers import run_python
from tests.scoring.of_records import World, make_world


@pytest.fixture
def path(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.loc[4, "age"] = "15"
    table.loc[5, "priors"] = ""
    table.to_csv(tmp_path / "some.csv", index=False)
    return tmp_path / "some.csv"


@pytest.mark.parametrize("row", [0, 5, 119])
def test_a_case_is_explained_as_it_is_scored(
    bundle: ModelBundle, settings: Settings, path: Path, scored: Callable[..., Any], row: int
):
    case_id = pd.read_csv(path)["case_id"].iloc[row]
    one = explain_case(bundle, path, case_id, settings)
    scores = scored(path).scores.set_index("case_id").loc[case_id]
    assert (one.case_id, one.band) == (case_id, scores["band"])
    for level in ("any", "serious"):
        assert one.probability[level] == pytest.approx(scores[f"p_{level}"], rel=1e-12)
        reasons = one.reasons[level]
        assert (reasons.start, reasons.remainder) == (scores[f"start_{level}"], scores[f"remainder_{level}"])
        assert [r.fact for r in reasons.items] == [r["fact"] for r in scores[f"reasons_{level}"]]
        assert [r.points for r in reasons.items] == [r["points"] for r in scores[f"reasons_{level}"]]
        assert reasons.shown == pytest.approx(100 * one.probability[level], abs=0.05 + 1e-6)


def problem_of(bundle: ModelBundle, path: Path, case_id: str, settings: Settings) -> Problem:
    with pytest.raises(Problem) as found:
        explain_case(bundle, path, case_id, settings)
    return found.value


def test_an_id_that_is_not_there_is_named_with_the_key(bundle: ModelBundle, path: Path, settings: Settings):
    problem = problem_of(bundle, path, "C9", settings)
    assert problem.code == "case-unknown"
    assert "case_id = C9" in problem.sentence


def test_a_refused_case_says_why(bundle: ModelBundle, path: Path, settings: Settings):
    case_id = pd.read_csv(path)["case_id"].iloc[4]
    problem = problem_of(bundle, path, case_id, settings)
    assert problem.code == "case-refused"
    assert "under 18" in problem.sentence
    assert "row 5" in problem.sentence
    assert "row-under-18" in problem.sentence


def test_a_case_whose_category_training_never_saw_is_refused_like_in_scoring(
    bundle: ModelBundle, path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    import numpy as np

    from forecast.models.boosting import Boosting

    ids = pd.read_csv(path)["case_id"]
    monkeypatch.setattr(Boosting, "unknown", lambda self, frame: {"offence_group": np.arange(len(frame)) == 0})
    problem = problem_of(bundle, path, ids.iloc[0], settings)
    assert problem.facts["row_code"] == "row-unknown-category"
    assert explain_case(bundle, path, ids.iloc[1], settings).note == ""


def test_a_category_that_counts_as_other_is_noted(
    bundle: ModelBundle, path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    import dataclasses

    import numpy as np

    from forecast.models.boosting import Boosting

    features = tuple(dataclasses.replace(f, unknown="other") for f in bundle.description.features)
    lenient = dataclasses.replace(bundle, description=dataclasses.replace(bundle.description, features=features))
    monkeypatch.setattr(Boosting, "unknown", lambda self, frame: {"sex": np.ones(len(frame), dtype=bool)})
    assert (
        explain_case(lenient, path, pd.read_csv(path)["case_id"].iloc[0], settings).note == "not seen in training: sex"
    )


# Of records


@pytest.fixture(scope="module")
def world(records_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(records_folder, tmp_path_factory.mktemp("world"), settings)


@pytest.fixture(scope="module")
def model(world: World, settings: Settings) -> Ready:
    return ready(world.bundle(), settings)


@pytest.fixture(scope="module")
def scores(model: Ready, records_folder: Path) -> pa.Table:
    """All moments of the small force, in the order of people and time."""
    return model.scorer.score(load_records(records_folder))


def a_person(scores: pa.Table, moments: int = 3) -> str:
    """Return the first person with so many forecasts, and with none but these."""
    people = scores.group_by("person_id", use_threads=False).aggregate([("not_scored", "count"), ("band", "count")])
    found = next(row for row in people.to_pylist() if row["not_scored_count"] == 0 and row["band_count"] >= moments)
    return str(found["person_id"])


def test_a_custody_event_is_explained_as_the_batch_scores_it(model: Ready, scores: pa.Table, records_folder: Path):
    person = a_person(scores)
    records = load_person(records_folder, person)
    for row in scores.filter(pc.equal(scores["person_id"], person)).to_pylist():
        one = score_one(records, model, custody_id=row["custody_id"])
        assert (one.case_id, one.person_id, one.as_of) == (row["custody_id"], person, row["as_of"])
        assert (one.band, one.model_id) == (row["band"], row["model_id"])
        for level, reasons in one.reasons.items():
            assert one.probability[level] == row[f"p_{level}"]
            assert one.interval[level] == (row[f"low_{level}"], row[f"high_{level}"])
            assert (reasons.start, reasons.remainder) == (row[f"start_{level}"], row[f"remainder_{level}"])
            told = [{name: getattr(item, name) for name in REASON.names} for item in reasons.items]
            assert told == row[f"reasons_{level}"]
        assert one.frame is not None
        assert len(one.frame) == 1
        assert one.made is not None
        assert one.made.probability.shape == (1, 2)


def test_without_an_id_the_latest_event_that_asks_for_a_forecast_is_explained(
    model: Ready, scores: pa.Table, records_folder: Path
):
    person = a_person(scores)
    last = scores.filter(pc.equal(scores["person_id"], person)).to_pylist()[-1]
    assert score_one(load_person(records_folder, person), model).case_id == last["custody_id"]


def test_reasons_name_the_records_behind_them(model: Ready, scores: pa.Table, records_folder: Path):
    person = a_person(scores)
    records = load_person(records_folder, person)
    one = score_one(records, model)
    ids = {value for t in TABLES for value in getattr(records, t.name)[t.key].to_pylist()}
    named = [item for reasons in one.reasons.values() for item in reasons.items if item.feature]
    assert all(ids.issuperset(item.records) for item in named)
    assert any(item.records for item in named)


def behind(records: Rows, model: Ready, settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the records behind each fact of the custody event `now`, most facts shown."""
    able = ready(model.bundle, dataclasses.replace(settings, reasons_shown=20))
    one = score_one(rows_as_records(records), able, custody_id="now")
    return {item.feature: item.records for reasons in one.reasons.values() for item in reasons.items}


def test_the_records_behind_single_facts_are_those_put_there_by_hand(model: Ready, settings: Settings):
    found = behind(ONE, model, settings)
    expected = {"arrests": ("a",), "offences": ("o1",), "now_harm": ("o2",), "property": (), "age": ()}
    assert {name: found[name] for name in expected} == expected


def test_an_id_that_two_tables_share_is_named_with_its_table(model: Ready, settings: Settings):
    shared = one_person(
        [event("a", at(2010, 1, 1)), event("now", T)],
        [offence("a", "a", at(2010, 1, 1)), offence("o2", "now", T)],
    )
    found = behind(shared, model, settings)
    expected = {"arrests": ("custody_events:a",), "offences": ("offences:a",), "now_harm": ("o2",)}
    assert {name: found[name] for name in expected} == expected


def test_a_bundle_that_was_not_made_ready_gives_the_same_forecast(model: Ready, settings: Settings):
    one = score_one(rows_as_records(ONE), model, custody_id="now")
    assert score_one(rows_as_records(ONE), model.bundle, custody_id="now", settings=settings) == one
    assert score_one(rows_as_records(ONE), model.bundle, custody_id="now").probability == one.probability


def test_a_moment_without_a_zone_is_a_problem(model: Ready):
    with pytest.raises(Problem) as found:
        score_one(rows_as_records(ONE), model, as_of=dt.datetime(2009, 1, 1))
    assert found.value.code == "one-no-zone"
    assert "2009-01-01T00:00:00" in found.value.sentence


def test_others_on_record_change_nothing(model: Ready, scores: pa.Table, records_folder: Path):
    person = a_person(scores)
    row = scores.filter(pc.equal(scores["person_id"], person)).to_pylist()[0]
    alone = score_one(load_person(records_folder, person), model, custody_id=row["custody_id"])
    assert score_one(load_records(records_folder), model, custody_id=row["custody_id"]) == alone


def test_a_case_is_found_in_a_folder_of_records(
    model: Ready, scores: pa.Table, records_folder: Path, settings: Settings
):
    row = scores.filter(pc.equal(scores["person_id"], a_person(scores))).to_pylist()[1]
    one = explain_record(model, records_folder, row["custody_id"], settings)
    assert one.probability["any"] == row["p_any"]
    assert explain_record(model.bundle, records_folder, row["custody_id"], settings) == one
    with pytest.raises(Problem) as found:
        explain_record(model, records_folder, "nowhere", settings)
    assert found.value.code == "case-unknown"


T = at(2012, 6, 1, 12)
ONE = one_person(
    [event("a", at(2010, 1, 1)), event("now", T), event("w", at(2012, 7, 1), reason="warrant")],
    [offence("o1", "a", at(2010, 1, 1)), offence("o2", "now", T)],
)


def test_another_moment_sees_what_was_on_record_by_then(model: Ready):
    known = score_one(rows_as_records(ONE), model, custody_id="now")
    before = score_one(rows_as_records(ONE), model, custody_id="now", as_of=dt.datetime(2009, 1, 1, tzinfo=dt.UTC))
    assert known.frame is not None
    assert before.frame is not None
    assert known.frame["arrests"].iloc[0] == 1
    assert before.frame["arrests"].iloc[0] == 0
    assert before.as_of == dt.datetime(2009, 1, 1, tzinfo=dt.UTC)
    assert known.as_of == dt.datetime(2012, 6, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("born", "events", "asked", "code"),
    [
        (dt.date(1980, 1, 1), ["now"], "nowhere", "case-unknown"),
        (dt.date(1980, 1, 1), ["w"], None, "one-no-event"),
        (dt.date(1980, 1, 1), [], None, "one-no-event"),
        (dt.date(1980, 1, 1), ["now", "w"], "w", "one-not-asked"),
        (dt.date(1994, 6, 2), ["now"], None, "one-refused"),
        (None, ["now"], "now", "one-refused"),
    ],
    ids=["unknown id", "only a warrant", "never in custody", "a warrant", "a day under 18", "no date of birth"],
)
def test_why_there_is_no_forecast_is_a_problem(
    model: Ready, born: dt.date | None, events: list[str], asked: str | None, code: str
):
    rows: Rows = {
        "persons": [{"person_id": "p", "born_on": born}],
        "custody_events": [row for row in ONE["custody_events"] if row["custody_id"] in events],
    }
    with pytest.raises(Problem) as found:
        score_one(rows_as_records(rows), model, custody_id=asked)
    assert found.value.code == code
    assert ("18" in found.value.sentence) == (code == "one-refused")


def test_a_person_of_18_that_day_gets_a_forecast(model: Ready):
    rows: Rows = {
        "persons": [{"person_id": "p", "born_on": dt.date(1994, 6, 1)}],
        "custody_events": [event("now", T, person_id="p")],
    }
    assert score_one(rows_as_records(rows), model).case_id == "now"


def test_the_names_of_the_room_load_nothing_heavy():
    code = (
        "import sys, forecast.scoring\n"
        "assert not {'numpy', 'pyarrow', 'pandas', 'lightgbm'} & set(sys.modules), sorted(sys.modules)\n"
        "from forecast.scoring import ready, score_one\n"
        "print(score_one.__name__, ready.__name__)"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["score_one", "ready"]
