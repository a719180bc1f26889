"""Tests of promotion and rollback: the ledger decides, MLflow follows, and a store that dies loses nothing."""

from __future__ import annotations

import datetime

import pytest

from forecast.cli.registry import history_text, live_text
from forecast.problems import Problem
from forecast.registry.promotion import promote, rollback
from tests.registry.conftest import NAME, Failing, House, aliases

WHO, WHY = "B. Chief", "the gate is open"


def refused(house: House, model: str, code: str, **words: str) -> Problem:
    with pytest.raises(Problem) as caught:
        promote(house.registry, NAME, model, **{"who": WHO, "why": WHY, **words})
    assert caught.value.code == code
    return caught.value


def test_two_promotions_and_a_rollback_answer_which_model_was_live(house: House):
    first = house.ready("first")
    house.clock.on("2026-05-03")
    promote(house.registry, NAME, first, who=WHO, why=WHY)
    second = house.ready("second")
    assert aliases(house.registry) == {"champion": first, "challenger": second}
    house.clock.on("2026-09-01")
    promote(house.registry, NAME, "challenger", who=WHO, why="better on new cases", evidence="minute 12 of the board")
    assert aliases(house.registry) == {"champion": second}
    house.clock.on("2026-09-20")
    rollback(house.registry, NAME, who="D. Duty", why="too many HIGH")
    line = house.registry.line(NAME)
    assert line.champion == first
    assert aliases(house.registry) == {"champion": first}
    day = datetime.date.fromisoformat
    assert [s.model_id for s in line.live_on(day("2026-05-02"))] == []
    assert [s.model_id for s in line.live_on(day("2026-05-03"))] == [first]
    assert [s.model_id for s in line.live_on(day("2026-08-31"))] == [first]
    assert [s.model_id for s in line.live_on(day("2026-09-01"))] == [first, second]
    assert [s.model_id for s in line.live_on(day("2026-09-19"))] == [second]
    assert [s.model_id for s in line.live_on(day("2027-01-01"))] == [first]
    told = house.registry.ledger.entries()
    assert [e.kind for e in told if e.kind in ("promoted", "rolled-back")] == ["promoted", "promoted", "rolled-back"]
    assert told[-1].what == {"name": NAME, "model": first, "before": second, "why": "too many HIGH"}
    assert told[-2].what["evidence"] == "minute 12 of the board"
    assert told[-2].what["comparison"] in {e.sha256 for e in told if e.kind == "compared"}
    text = history_text(line)
    assert "better on new cases" in text
    assert "rolled-back" in text
    assert f"live: {NAME} {first}, since 2026-05-03 09:00:0" in live_text(line, day("2026-05-03"))
    assert live_text(line, day("2026-05-02")) == "On 2026-05-02 (UTC) no model of 'custody' was live."


def test_a_promotion_by_nobody_or_without_a_reason_changes_nothing(no_store: House):
    model = no_store.ready("first")
    before = no_store.kinds
    refused(no_store, model, "ledger-nobody", who=" ")
    refused(no_store, model, "registry-why", why="")
    with pytest.raises(Problem, match="is by nobody"):
        rollback(no_store.registry, NAME, who="", why="x")
    assert no_store.kinds == before


@pytest.mark.parametrize("who", ["nobody", "None", "n/a", "N.A.", "unknown", "A", "-", "todo"])
def test_a_name_that_names_nobody_is_refused(no_store: House, who: str):
    model = no_store.ready("first")
    assert refused(no_store, model, "registry-who", who=who).facts["who"] == who


@pytest.mark.parametrize("why", ["x", ".", "ok", "n/a", "none", "because", "..."])
def test_a_reason_that_says_nothing_is_refused(no_store: House, why: str):
    model = no_store.ready("first")
    assert refused(no_store, model, "registry-why-empty", why=why).facts["why"] == why
    assert no_store.kinds[-1] == "compared"


BAD = {"slope": [0.8, 0.7, 0.9]}


@pytest.mark.parametrize(("later", "promoted"), [(999, False), (1000, False), (1001, True)])
def test_a_failed_comparison_is_not_undone_by_a_later_one_on_no_more_cases(no_store: House, later: int, promoted: bool):
    model = no_store.register("first")
    no_store.sign_up_to_live(model)
    no_store.compare(model, **BAD)
    no_store.compare(model, cases=later)
    if promoted:
        entry = promote(no_store.registry, NAME, model, who=WHO, why=WHY)
        [check] = [c for c in entry.what["checks"] if c["name"] == "earlier comparisons"]
        assert "1,000 cases of cases.csv: failed any: calibration slope." in check["sentence"]
        return
    problem = refused(no_store, model, "promotion-refused")
    assert "failed any: calibration slope, and stands" in problem.sentence
    assert "register a newer model" in problem.sentence
    newer = no_store.ready("second")
    promote(no_store.registry, NAME, newer, who=WHO, why=WHY)


def test_a_comparison_on_fewer_cases_than_the_models_own_test_does_not_count(no_store: House):
    model = no_store.ready("first")
    no_store.compare(model, cases=400, holds_test=False)
    problem = refused(no_store, model, "promotion-refused")
    assert "400 cases; the model's own test had 1,000" in problem.sentence


def test_each_failed_check_stands_on_a_line_of_its_own(no_store: House):
    model = no_store.register("unsigned")
    no_store.compare(model, **BAD)
    told = refused(no_store, model, "promotion-refused").sentence.splitlines()
    assert [line.split(":")[0].strip() for line in told[1:]] == ["any", "costs signed", "stage signed"]


def test_a_promotion_without_a_comparison_with_todays_champion_is_refused(no_store: House):
    first = no_store.ready("first")
    second = no_store.ready("second")  # compared while nothing was live
    promote(no_store.registry, NAME, first, who=WHO, why=WHY)
    problem = refused(no_store, second, "promotion-no-evidence")
    assert first in problem.sentence
    no_store.compare(second)
    promote(no_store.registry, NAME, second, who=WHO, why=WHY)
    assert no_store.registry.line(NAME).champion == second


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"brier_difference": [0.01, 0.001, 0.02]}, "any: Brier score"),
        ({"slope": [0.8, 0.7, 0.9]}, "any: calibration slope"),
        (
            {"groups": [{"attribute": "sex", "value": "F", "cases": 500, "gap": [0.09, 0.01, 0.2]}]},
            "any: gap in a group",
        ),
    ],
    ids=["Brier", "slope", "gap"],
)
def test_a_failed_gate_refuses_and_the_refusal_is_in_the_ledger(no_store: House, changes: dict, check: str):
    first = no_store.ready("first")
    promote(no_store.registry, NAME, first, who=WHO, why=WHY)
    second = no_store.ready("second")
    no_store.compare(second, **changes)
    problem = refused(no_store, second, "promotion-refused")
    assert check in problem.sentence
    last = no_store.registry.ledger.entries()[-1]
    assert (last.kind, last.who) == ("refused", WHO)
    assert [c["name"] for c in last.what["checks"] if not c["passed"]] == [check]
    assert no_store.registry.line(NAME).champion == first


def test_unsigned_costs_refuse(no_store: House):
    problem = refused(no_store, no_store.ready("unsigned"), "promotion-refused")
    assert problem.sentence.endswith("failed:\n  costs signed: Nobody has signed what errors cost.")


def test_an_unsigned_stage_refuses_and_names_the_next(no_store: House):
    model = no_store.register("first")
    no_store.compare(model)
    problem = refused(no_store, model, "promotion-refused")
    assert "The stage 'live' is not signed; the next to be signed is 'engage'." in problem.sentence


def test_a_stage_file_changed_after_it_was_signed_refuses(no_store: House):
    model = no_store.ready("first")
    no_store.fill_in(model, "evolve", objective='"something else"')
    assert "Changed or gone after it was signed: evolve.toml" in refused(no_store, model, "promotion-refused").sentence


def test_an_expired_model_is_refused(no_store: House):
    model = no_store.ready("first")
    no_store.clock.on("2027-01-05")
    assert "Expired on 2027-01-05" in refused(no_store, model, "promotion-refused").sentence


def test_a_bundle_changed_after_its_registration_is_refused(no_store: House):
    model = no_store.ready("first")
    manifest = no_store.registry.folder_of(NAME, model) / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"signed_by": "B. Chief"', b'"signed_by": "C. Chief"'))
    assert "changed after training" in refused(no_store, model, "bundle-corrupt").sentence


def test_a_bundle_exchanged_for_another_whole_one_is_refused(no_store: House):
    import shutil

    model = no_store.ready("first")
    folder = no_store.registry.folder_of(NAME, model)
    shutil.rmtree(folder / "model")
    shutil.copytree(no_store.bundles["third"].folder, folder, dirs_exist_ok=True)
    before = no_store.kinds
    assert refused(no_store, model, "registry-changed").facts["path"] == folder
    assert no_store.kinds == before


def test_the_live_model_is_not_promoted_again(no_store: House):
    model = no_store.ready("first")
    promote(no_store.registry, NAME, model, who=WHO, why=WHY)
    before = no_store.kinds
    refused(no_store, model, "promotion-already-live")
    assert no_store.kinds == before


def test_a_rollback_without_an_earlier_model_is_refused(no_store: House):
    model = no_store.ready("first")
    for _ in range(2):
        with pytest.raises(Problem, match="has no earlier model to go back to"):
            rollback(no_store.registry, NAME, who=WHO, why="worse")
        if no_store.registry.line(NAME).champion is None:
            promote(no_store.registry, NAME, model, who=WHO, why=WHY)


def test_a_second_rollback_goes_one_further_back(no_store: House):
    models = []
    for which in ("first", "second", "third"):
        models.append(no_store.register(which))
        no_store.sign_up_to_live(models[-1])
        no_store.compare(models[-1])
        promote(no_store.registry, NAME, models[-1], who=WHO, why=WHY)
    for expected in (models[1], models[0]):
        rollback(no_store.registry, NAME, who=WHO, why="worse")
        assert no_store.registry.line(NAME).champion == expected


def test_a_rollback_to_a_model_past_its_grace_is_refused(no_store: House):
    first = no_store.ready("first")
    promote(no_store.registry, NAME, first, who=WHO, why=WHY)
    second = no_store.ready("second")
    promote(no_store.registry, NAME, second, who=WHO, why=WHY)
    no_store.clock.on("2027-03-01")
    with pytest.raises(Problem) as caught:
        rollback(no_store.registry, NAME, who=WHO, why="worse")
    assert caught.value.code == "model-expired"
    assert no_store.registry.line(NAME).champion == second


def test_retiring_the_live_model_leaves_nothing_live(house: House):
    model = house.ready("first")
    promote(house.registry, NAME, model, who=WHO, why=WHY)
    house.fill_in(model, "retired")
    house.sign(model, "retired")
    line = house.registry.line(NAME)
    assert line.champion is None
    assert line.spans[-1].until is not None
    assert aliases(house.registry) == {}


@pytest.mark.parametrize(
    ("method", "promoted"),
    [("search_model_versions", False), ("set_registered_model_alias", True)],
)
def test_a_store_that_dies_in_a_promotion_leaves_it_done_or_not_and_says_which(
    house: House, dies_at: Failing, method: str, promoted: bool
):
    model = house.ready("first")
    dies_at(method)
    problem = refused(house, model, "registry-store-down")
    assert ("only MLflow is behind" if promoted else "Nothing was changed") in problem.sentence
    assert "the server went away" in problem.sentence
    assert house.registry.line(NAME).champion == (model if promoted else None)
    assert house.registry.ledger.verify() is None
    dies_at("")
    if promoted:
        refused(house, model, "promotion-already-live")
    else:
        promote(house.registry, NAME, model, who=WHO, why=WHY)
    assert aliases(house.registry) == {"champion": model}
    assert house.kinds.count("promoted") == 1
