"""Tests of the stages: in order, each complete, and three months in shadow."""

from __future__ import annotations

import tomllib

import pytest

from forecast.files import sha256
from forecast.problems import Problem
from forecast.registry.lines import STAGES
from forecast.registry.stages import next_stage, sign, stage_file, write_template
from tests.registry.conftest import NAME, House, write_scores


@pytest.fixture
def model(no_store: House) -> str:
    return no_store.register("first")


def refused(house: House, model: str, stage: str, code: str) -> Problem:
    before = house.kinds
    with pytest.raises(Problem) as caught:
        house.sign(model, stage)
    assert caught.value.code == code
    assert house.kinds == before
    return caught.value


def up_to_shadow(house: House, model: str, day: str = "2026-02-10") -> None:
    for stage in ("engage", "evolve", "embed", "shadow"):
        house.clock.on(day)
        house.fill_in(model, stage)
        house.sign(model, stage)


def test_stages_are_signed_in_order_and_the_ledger_has_who_when_why_and_the_file(no_store: House, model: str):
    path = no_store.fill_in(model, "engage")
    entry = no_store.sign(model, "engage")
    assert (entry.kind, entry.who) == ("stage", "C. Superintendent")
    assert entry.what["why"] == "the board agreed"
    assert entry.what["file_sha256"] == sha256(path)
    signed = tomllib.loads(path.read_text("utf-8"))
    assert (signed["signed_by"], signed["signed_on"]) == ("C. Superintendent", "2026-01-05")
    assert signed["objective"] == "said"
    line = no_store.registry.line(NAME)
    assert next_stage(line, line.model(model)) == "evolve"


@pytest.mark.parametrize("stage", ["evolve", "embed", "shadow", "live"])
def test_a_stage_cannot_be_signed_before_the_one_before_it(no_store: House, model: str, stage: str):
    no_store.fill_in(model, stage)
    assert "'engage' is not signed" in refused(no_store, model, stage, "stage-order").sentence


def test_a_stage_is_signed_once(no_store: House, model: str):
    no_store.fill_in(model, "engage")
    no_store.sign(model, "engage")
    assert "it was signed on 2026-01-05 by" in refused(no_store, model, "engage", "stage-order").sentence


def test_a_stage_that_does_not_exist_is_answered_with_those_that_do(no_store: House, model: str):
    assert ", ".join(STAGES) in refused(no_store, model, "approved", "stage-unknown").next_step


def test_a_stage_without_its_file_is_refused(no_store: House, model: str):
    assert "forecast stage show custody" in refused(no_store, model, "engage", "stage-missing").next_step


@pytest.mark.parametrize("stage", STAGES)
def test_a_template_names_every_key_and_signs_nothing_until_each_is_filled_in(no_store: House, model: str, stage: str):
    registered = no_store.registry.line(NAME).model(model)
    path, new = write_template(no_store.registry, registered, stage)
    assert new
    assert write_template(no_store.registry, registered, stage) == (path, False)
    assert tomllib.loads(path.read_text("utf-8"))["objective"] == "TODO"
    if stage == "engage":
        problem = refused(no_store, model, stage, "stage-todo")
        named = "objective, decision_maker, question, advice_taken, documents_complete"
        assert problem.facts["keys"] == named


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": '"TODO: later"'},
        {"documents_complete": "[]"},
        {"documents_complete": '["a", "TODO"]'},
        {"question": '" "'},
    ],
)
def test_one_field_that_is_still_open_refuses_and_is_named(no_store: House, model: str, changes: dict[str, str]):
    no_store.fill_in(model, "engage", **changes)
    assert refused(no_store, model, "engage", "stage-todo").facts["keys"] == next(iter(changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"objective": "3"}, "toml-wrong-type"),
        ({"objektive": '"x"'}, "toml-unknown-key"),
        ({"objective": "["}, "toml-syntax"),
    ],
)
def test_a_stage_file_that_is_wrong_is_a_clear_problem(no_store: House, model: str, changes: dict, code: str):
    no_store.fill_in(model, "engage", **changes)
    assert "engage.toml" in refused(no_store, model, "engage", code).sentence


def test_a_signature_by_nobody_is_refused_and_the_file_stays_as_it_was(no_store: House, model: str):
    path = no_store.fill_in(model, "engage")
    before = path.read_bytes()
    with pytest.raises(Problem) as caught:
        sign(no_store.registry, NAME, model, "engage", who=" ", why="x")
    assert caught.value.code == "ledger-nobody"
    assert path.read_bytes() == before


@pytest.mark.parametrize(("day", "enough"), [("2026-05-09", False), ("2026-05-10", True)])
def test_a_model_goes_live_after_three_months_in_shadow_by_the_ledger(
    no_store: House, model: str, day: str, enough: bool
):
    up_to_shadow(no_store, model)
    no_store.clock.on(day)
    no_store.fill_in_live(model, "2026-02-10", day)
    if enough:
        entry = no_store.sign(model, "live")
        assert (entry.what["shadow_from"], entry.what["shadow_until"]) == ("2026-02-10", "2026-05-10")
        assert list(entry.what["shadow_scores"]) == ["../scores.parquet"]
    else:
        problem = refused(no_store, model, "live", "stage-shadow-short")
        assert "on or after 2026-05-10" in problem.next_step


def test_months_before_shadow_was_signed_and_days_to_come_do_not_count(no_store: House, model: str):
    up_to_shadow(no_store, model)
    no_store.clock.on("2026-04-01")
    no_store.fill_in_live(model, "2025-01-01", "2027-01-01")
    assert "2027-01-01, has not come" in refused(no_store, model, "live", "stage-shadow-future").sentence
    no_store.fill_in_live(model, "2025-01-01", "2026-04-01")
    problem = refused(no_store, model, "live", "stage-shadow-short")
    assert (str(problem.facts["since"]), str(problem.facts["until"])) == ("2026-02-10", "2026-04-01")


def test_time_without_scores_does_not_count(no_store: House, model: str):
    up_to_shadow(no_store, model)
    no_store.clock.on("2026-12-01")
    no_store.fill_in_live(model, "2026-02-10", "2026-03-10")
    assert str(refused(no_store, model, "live", "stage-shadow-short").facts["until"]) == "2026-03-10"


def test_shadow_scores_must_be_there_and_of_this_model(no_store: House, model: str):
    up_to_shadow(no_store, model)
    no_store.clock.on("2026-06-01")
    path = no_store.fill_in_live(model, "2026-02-10", "2026-06-01")
    scores = path.parent.parent / "scores.parquet"
    scores.unlink()
    refused(no_store, model, "live", "stage-shadow-scores")
    beside = scores.with_name("scores.manifest.json")
    beside.unlink()
    scores.write_bytes(b"scores")
    problem = refused(no_store, model, "live", "stage-shadow-manifest")
    assert "scores.manifest.json is not beside it" in problem.sentence
    beside.write_text("[]", "utf-8")
    refused(no_store, model, "live", "stage-shadow-manifest")
    write_scores(scores, ["another"] * 120)
    refused(no_store, model, "live", "stage-shadow-other")
    write_scores(scores, [model] * 60 + ["another"] * 60)
    refused(no_store, model, "live", "stage-shadow-other")
    write_scores(scores, [model] * 120, scored=5_000)
    assert "120 rows, its manifest says 5,000" in refused(no_store, model, "live", "stage-shadow-manifest").sentence
    write_scores(scores, [model] * 120)
    scores.write_bytes(b"scores")
    refused(no_store, model, "live", "stage-shadow-manifest")
    write_scores(scores, [model] * 120)
    assert no_store.sign(model, "live").what["shadow_rows"] == 120


@pytest.mark.parametrize("rows", [0, 99])
def test_too_few_rows_in_shadow_are_refused_and_a_file_named_twice_counts_once(no_store: House, model: str, rows: int):
    up_to_shadow(no_store, model)
    no_store.clock.on("2026-06-01")
    path = no_store.fill_in_live(model, "2026-02-10", "2026-06-01")
    write_scores(path.parent.parent / "scores.parquet", [model] * rows, model=model)
    text = path.read_text("utf-8").replace('scores.parquet"]', 'scores.parquet", "../stages/../scores.parquet"]')
    assert text.count("scores.parquet") == 2
    path.write_text(text, "utf-8")
    assert f"{rows} rows were scored in shadow" in refused(no_store, model, "live", "stage-shadow-rows").sentence


def test_a_model_is_retired_from_any_stage_and_then_no_further(no_store: House, model: str):
    no_store.fill_in(model, "retired")
    no_store.sign(model, "retired")
    line = no_store.registry.line(NAME)
    assert next_stage(line, line.model(model)) == ""
    assert line.challenger is None
    assert "the model is retired" in refused(no_store, model, "engage", "stage-order").sentence


def test_a_signature_leaves_the_comments_of_the_file(no_store: House, model: str):
    registered = no_store.registry.line(NAME).model(model)
    path, _ = write_template(no_store.registry, registered, "engage")
    path.write_text(path.read_text("utf-8").replace("TODO", "done"), "utf-8")
    before = path.read_text("utf-8")
    no_store.sign(model, "engage")
    assert path == stage_file(no_store.registry, registered, "engage")
    signed = 'signed_by = "C. Superintendent"'
    assert path.read_text("utf-8").replace(signed, 'signed_by = ""').replace('"2026-01-05"', '""') == before
