"""Tests of the scoring of files: every row accounted for, nothing half-written, reasons that add up."""

from __future__ import annotations

import copy
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import forecast
from forecast.explanations.texts import load_texts
from forecast.files import sha256
from forecast.models.bundle import ModelBundle, load_bundle, write_bundle
from forecast.problems import Problem
from forecast.scoring.batch import companions, score_file
from forecast.scoring.scorer import Scorer
from forecast.settings import Settings
from forecast.synthetic.table import write_table
from forecast.tables.description import build
from forecast.tables.library import load
from forecast.tables.reader import read_cases
from forecast.tables.toml_text import to_toml
from forecast.training.fit import Trainer
from forecast.training.material import prepare
from tests.helpers import CAUSAL, small_experiment

OUTCOMES = ["rearrested", "serious"]
LEVELS = ("any", "serious")
LIMITS = ["low_any", "high_any", "low_serious", "high_serious", "outcome_set", "outside"]


def dirty(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with one row of each kind of fault, rows 1 to 7."""
    table = table.copy()
    table.loc[0, "priors"] = "many"
    table.loc[1, "age"] = "17"
    table.loc[2, "case_id"] = ""
    table.loc[3, "offence_group"] = "piracy"
    table.loc[4, "as_of"] = "yesterday"
    table.loc[5, "case_id"] = table.loc[10, "case_id"]
    table.loc[6, "age"] = "999"
    return table


def test_every_clean_row_is_scored_in_the_order_of_the_file(scored: Callable[..., Any], table: pd.DataFrame):
    run = scored(table)
    assert (run.done.rows, run.done.scored, run.done.refused) == (120, 120, 0)
    assert run.scores["case_id"].tolist() == table["case_id"].tolist()
    assert run.refused.empty
    assert run.manifest["rows"] == {"in": 120, "scored": 120, "refused": 0}


def test_scores_are_the_forecasts_of_the_bundle(scored: Callable[..., Any], table_file: Path, bundle: ModelBundle):
    run = scored(table_file)
    cases, _ = read_cases(bundle.description, table_file)
    made = bundle.forecaster.forecast(cases.features)
    for k, level in enumerate(LEVELS):
        np.testing.assert_array_equal(run.scores[f"p_{level}"], made.probability[:, k])
    assert run.scores["band"].tolist() == [bundle.scale.bands[b] for b in made.band]
    assert set(run.scores["model_id"]) == {bundle.model_id}
    assert set(run.scores["band"]) <= {"LOW", "MODERATE", "HIGH"}


def test_rows_with_faults_are_refused_each_with_its_code_and_the_others_scored(
    scored: Callable[..., Any], table: pd.DataFrame
):
    run = scored(dirty(table))
    # The ids of rows 6 and 11 are the same: nobody can tell which is the right one.
    assert run.refused["row"].tolist() == [1, 2, 3, 4, 5, 6, 7, 11]
    assert run.refused["code"].tolist() == [
        "row-not-a-number",
        "row-under-18",
        "row-key-missing",
        "row-unknown-category",
        "row-not-a-date",
        "row-duplicate-id",
        "row-out-of-range",
        "row-duplicate-id",
    ]
    assert (run.done.rows, run.done.scored, run.done.refused) == (120, 112, 8)
    assert run.manifest["refused_by_code"] == dict(Counter(sorted(run.refused["code"])))
    assert all(run.refused["sentence"].str.len() > 10)
    assert not set(run.refused["case_id"].iloc[[0, 1]]) & set(run.scores["case_id"])


def test_malformed_rows_are_counted_and_numbered(scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path):
    table.to_csv(tmp_path / "bad.csv", index=False)
    lines = (tmp_path / "bad.csv").read_text("utf-8").splitlines()
    lines[5] += ",one,too,many"
    lines[9] = "C1,P1"
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n", "utf-8")
    run = scored(tmp_path / "bad.csv")
    assert run.refused[["row", "code"]].values.tolist() == [[5, "row-malformed"], [9, "row-malformed"]]
    assert (run.done.rows, run.done.scored) == (120, 118)


def test_a_file_of_which_every_row_is_refused_gives_empty_scores(scored: Callable[..., Any], table: pd.DataFrame):
    run = scored(table.assign(age="12"))
    assert (run.done.scored, run.done.refused) == (0, 120)
    assert run.scores.empty
    assert "reasons_any" in run.scores


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop(columns=OUTCOMES),
        lambda t: t.assign(rearrested="rubbish", serious="9999"),
        lambda t: t.assign(rearrested="", serious="\U0001f4a5"),
        lambda t: t.drop(columns=["ethnicity"]),
        lambda t: t.assign(ethnicity="anything", unheard_of="x"),
        lambda t: t[t.columns[::-1]],
    ],
    ids=["none there", "rubbish", "empty and odd", "no audit column", "other columns", "other order"],
)
def test_outcomes_and_whatever_else_the_file_holds_are_never_read(
    scored: Callable[..., Any], table: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame]
):
    plain = scored(table, "plain.parquet").scores
    pd.testing.assert_frame_equal(scored(change(table), "changed.parquet").scores, plain)


def test_csv_and_parquet_give_the_same_bytes(scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path):
    numbers = {"age": "int64", "priors": "int32", "years_since_last": "float64", "violent_priors": "float32"}
    typed = table.copy()
    for name, kind in numbers.items():
        typed[name] = pd.to_numeric(typed[name]).astype(kind)
    typed["as_of"] = pd.to_datetime(typed["as_of"])
    typed["on_bail"] = typed["on_bail"] == "yes"
    typed["offence_group"] = typed["offence_group"].astype("category")
    typed.to_parquet(tmp_path / "input.parquet")
    scored(table, "csv.parquet")
    scored(tmp_path / "input.parquet", "pq.parquet")
    assert (tmp_path / "csv.parquet").read_bytes() == (tmp_path / "pq.parquet").read_bytes()
    assert (tmp_path / "csv.refused.parquet").read_bytes() == (tmp_path / "pq.refused.parquet").read_bytes()


def test_the_same_run_gives_the_same_bytes(scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path):
    written = []
    for _ in range(2):
        done = scored(dirty(table), overwrite=True).done
        written.append([p.read_bytes() for p in (done.out, done.refused_file, done.manifest_file)])
    assert written[0] == written[1]


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_the_size_of_chunks_changes_no_result(
    scored: Callable[..., Any], table: pd.DataFrame, settings: Settings, rows: int
):
    whole = scored(dirty(table), "whole.parquet")
    cut = scored(dirty(table), "cut.parquet", settings=dataclasses.replace(settings, chunk_rows=rows))
    pd.testing.assert_frame_equal(cut.scores, whole.scores, check_exact=True)
    pd.testing.assert_frame_equal(cut.refused, whole.refused)
    assert {**cut.manifest, "output": ""} == {**whole.manifest, "output": ""}


def check_reasons(scores: pd.DataFrame, most: int) -> None:
    for level in LEVELS:
        for p, start, reasons, remainder in zip(
            scores[f"p_{level}"],
            scores[f"start_{level}"],
            scores[f"reasons_{level}"],
            scores[f"remainder_{level}"],
            strict=True,
        ):
            assert start + sum(r["points"] for r in reasons) + remainder == pytest.approx(100 * p, abs=0.05 + 1e-6)
            assert len(reasons) <= most + 1  # and the row that says that the level was lowered
            for r in reasons:
                assert r["points"] == round(r["points"], 1)
                assert not [word for word in CAUSAL if word in f"{r['fact']} {r['direction']}".lower()]


def test_start_reasons_and_remainder_add_up_to_the_probability(scored: Callable[..., Any], table_file: Path):
    run = scored(table_file)
    check_reasons(run.scores, most=6)
    facts = [r["fact"] for r in run.scores["reasons_any"].iloc[0]]
    assert any(re.fullmatch("Age [0-9]+ at arrest", fact) for fact in facts)
    assert any(fact.startswith("Sex: ") for fact in facts)


def test_fewer_reasons_can_be_asked_for(scored: Callable[..., Any], table: pd.DataFrame, settings: Settings):
    check_reasons(scored(table, settings=dataclasses.replace(settings, reasons_shown=3)).scores, most=3)


def test_without_reasons_the_rest_is_the_same(scored: Callable[..., Any], table: pd.DataFrame):
    plain, short = scored(table, "a.parquet"), scored(table, "b.parquet", reasons=False)
    assert list(short.scores) == ["case_id", "p_any", "p_serious", "band", "model_id", "note", *LIMITS]
    pd.testing.assert_frame_equal(short.scores, plain.scores[list(short.scores)])
    assert (plain.manifest["reasons"], short.manifest["reasons"]) == (True, False)


def test_the_manifest_says_what_was_scored_with_what(
    scored: Callable[..., Any], table: pd.DataFrame, bundle: ModelBundle, tmp_path: Path
):
    run = scored(dirty(table))
    assert run.manifest["input"] == {"file": "input.csv", "sha256": sha256(tmp_path / "input.csv")}
    assert run.manifest["model_id"] == bundle.model_id
    assert run.manifest["output"] == "scores.parquet"
    assert run.manifest["versions"]["forecast"] == forecast.__version__
    assert run.manifest["trained_with"] == bundle.manifest["versions"]


def test_versions_are_those_of_the_run_and_not_those_of_training(
    scored: Callable[..., Any], table: pd.DataFrame, bundle: ModelBundle
):
    older = dataclasses.replace(bundle, manifest={**bundle.manifest, "versions": {"forecast": "0.0.1"}})
    manifest = scored(table, bundle=older).manifest
    assert manifest["versions"]["forecast"] == forecast.__version__
    assert manifest["trained_with"] == {"forecast": "0.0.1"}


@pytest.mark.parametrize(
    ("out", "refused", "manifest"),
    [
        ("scores.parquet", "refused.parquet", "scores.manifest.json"),
        ("march.parquet", "march.refused.parquet", "march.manifest.json"),
        ("a.b.parquet", "a.b.refused.parquet", "a.b.manifest.json"),
    ],
)
def test_companions_are_named_after_the_output(out: str, refused: str, manifest: str):
    assert companions(Path("x") / out) == (Path("x") / refused, Path("x") / manifest)


# The key, and lists of categories.


@pytest.fixture(scope="module")
def open_list(
    table_file: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], ModelBundle]:
    """Return a bundle whose key is called `ref` and whose offences are an open list, treated as asked for."""
    folder = tmp_path_factory.mktemp("open")

    def made(unknown: str) -> ModelBundle:
        out = folder / f"bundle-{unknown}"
        if not out.exists():
            pd.read_csv(table_file, dtype=str).rename(columns={"case_id": "ref"}).to_csv(
                folder / "cases.csv", index=False
            )
            raw = synthetic_raw()
            raw["keys"]["case"] = "ref"
            del raw["features"]["offence_group"]["levels"]
            raw["features"]["offence_group"]["unknown"] = unknown
            (folder / f"{unknown}.toml").write_text(to_toml(raw), "utf-8")
            experiment = small_experiment(
                folder / "cases.csv", table=str(folder / f"{unknown}.toml"), boosting_rounds=5
            )
            material = prepare(experiment, settings)
            forecaster = Trainer(material.description, experiment, 1).forecasters(["boosting"], material.cases)[
                "boosting"
            ]
            out.mkdir()
            write_bundle(out, material.description, forecaster, {})
        return load_bundle(out, threads=1)

    return made


def synthetic_raw() -> dict[str, Any]:
    """Return the content of the shipped description, to be changed."""
    return copy.deepcopy(dict(load("synthetic").raw))


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    table = table.rename(columns={"case_id": "ref"})
    table.loc[[2, 5], "offence_group"] = ["piracy", ""]
    return table


def test_the_key_keeps_its_own_name(
    scored: Callable[..., Any], table: pd.DataFrame, open_list: Callable[[str], ModelBundle]
):
    assert scored(renamed(table), bundle=open_list("other")).scores.columns[0] == "ref"


def test_a_category_that_training_never_saw_is_noted(
    scored: Callable[..., Any], table: pd.DataFrame, open_list: Callable[[str], ModelBundle]
):
    run = scored(renamed(table), bundle=open_list("other"))
    assert run.done.scored == 120
    assert run.scores["note"].iloc[2] == "not seen in training: present offence"
    assert (run.scores["note"].drop(index=2) == "").all()


def test_a_category_that_training_never_saw_is_refused_where_the_description_says_so(
    scored: Callable[..., Any], table: pd.DataFrame, open_list: Callable[[str], ModelBundle], settings: Settings
):
    table = renamed(table)
    table.loc[7, "priors"] = "many"
    run = scored(table, bundle=open_list("refuse"))
    assert run.refused[["row", "code", "column"]].values.tolist() == [
        [3, "row-unknown-category", "offence_group"],
        [8, "row-not-a-number", "priors"],
    ]
    assert run.done.rows == run.done.scored + run.done.refused == 120
    cut = scored(table, "cut.parquet", bundle=open_list("refuse"), settings=dataclasses.replace(settings, chunk_rows=4))
    pd.testing.assert_frame_equal(cut.refused, run.refused)


# What stops a run, and that it leaves nothing.


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as found:
        act()
    return found.value.code


def test_scores_are_written_as_parquet_only(scored: Callable[..., Any], table: pd.DataFrame):
    assert code_of(lambda: scored(table, "scores.csv")) == "output-format"


@pytest.mark.parametrize("name", ["scores.parquet", "refused.parquet", "scores.manifest.json"])
def test_nothing_that_exists_is_replaced_without_leave(
    scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path, name: str
):
    (tmp_path / name).write_text("mine", "utf-8")
    assert code_of(lambda: scored(table)) == "output-exists"
    assert (tmp_path / name).read_text("utf-8") == "mine"
    assert scored(table, overwrite=True).done.scored == 120


@pytest.mark.parametrize("out", ["input.parquet", "../{folder}/input.parquet", "link.parquet"])
def test_the_input_is_never_the_output(
    bundle: ModelBundle, settings: Settings, table: pd.DataFrame, tmp_path: Path, out: str
):
    path = tmp_path / "input.parquet"
    table.to_parquet(path)
    (tmp_path / "link.parquet").symlink_to(path)
    before = path.read_bytes()
    target = tmp_path / out.format(folder=tmp_path.name)
    assert code_of(lambda: score_file(bundle, path, target, settings, overwrite=True)) == "output-is-input"
    assert path.read_bytes() == before


def test_the_refused_rows_never_replace_the_input(
    bundle: ModelBundle, settings: Settings, table: pd.DataFrame, tmp_path: Path
):
    table.to_parquet(tmp_path / "refused.parquet")
    path, out = tmp_path / "refused.parquet", tmp_path / "scores.parquet"
    assert code_of(lambda: score_file(bundle, path, out, settings, overwrite=True)) == "output-is-input"


@pytest.mark.parametrize("out", ["/proc/nowhere/scores.parquet", "input.csv/scores.parquet"])
def test_a_folder_that_cannot_be_written_is_a_problem(
    bundle: ModelBundle, settings: Settings, table: pd.DataFrame, tmp_path: Path, out: str
):
    table.to_csv(tmp_path / "input.csv", index=False)
    assert code_of(lambda: score_file(bundle, tmp_path / "input.csv", tmp_path / out, settings)) == "file-unwritable"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file-missing"),
        (b"", "file-empty"),
        (b"case_id,person_id\n1,2\n", "columns-missing"),
        (b"\xff\xfe", "file-encoding"),
    ],
    ids=["missing", "empty", "columns missing", "not UTF-8"],
)
def test_a_file_that_cannot_be_scored_says_why_and_leaves_nothing(
    bundle: ModelBundle, settings: Settings, tmp_path: Path, content: bytes | None, code: str
):
    if content is not None:
        (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(Exception) as found:
        score_file(bundle, tmp_path / "in.csv", tmp_path / "out" / "scores.parquet", settings)
    problems = getattr(found.value, "items", [found.value])
    assert {p.code for p in problems} == {code}
    assert not (tmp_path / "out").exists()


def test_a_file_of_something_else_is_said_to_be_one_without_a_list_of_all_columns(
    bundle: ModelBundle, settings: Settings, tmp_path: Path
):
    (tmp_path / "in.csv").write_text(",".join(f"other{i}" for i in range(50)) + "\n", "utf-8")
    with pytest.raises(Problem) as found:
        score_file(bundle, tmp_path / "in.csv", tmp_path / "out.parquet", settings)
    assert found.value.code == "columns-missing"
    assert "The file has: other0, other1, other2, other3, other4 and 45 more." in str(found.value)
    assert "This file does not look like the cases that the model was made for. Check" in str(found.value)


def test_a_header_without_rows_is_empty(scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path):
    assert code_of(lambda: scored(table.iloc[:0])) == "file-empty"
    assert [p.name for p in tmp_path.iterdir()] == ["input.csv"]


@pytest.mark.parametrize("older", [False, True], ids=["new", "over older files"])
def test_a_failure_in_the_middle_leaves_nothing_new(
    scored: Callable[..., Any],
    table: pd.DataFrame,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    older: bool,
):
    if older:
        scored(table)
    table.to_csv(tmp_path / "input.csv", index=False)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    calls = iter(range(100))
    original = Scorer.cases

    def broken(self: Scorer, *arguments: Any) -> Any:
        if next(calls) == 3:
            raise RuntimeError("in the middle")
        return original(self, *arguments)

    monkeypatch.setattr(Scorer, "cases", broken)
    with pytest.raises(RuntimeError):
        scored(tmp_path / "input.csv", overwrite=older, settings=dataclasses.replace(settings, chunk_rows=10))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.startswith(".")} == before


def test_a_second_run_without_refused_rows_leaves_no_older_ones_behind(scored: Callable[..., Any], table: pd.DataFrame):
    assert len(scored(dirty(table)).refused) == 8
    assert scored(table, overwrite=True).refused.empty


KILLED = """
import sys, time
from pathlib import Path
from forecast.models.bundle import load_bundle
from forecast.scoring.batch import score_file
from forecast.scoring.scorer import Scorer
from forecast.settings import Settings
original = Scorer.cases
calls = iter((False, True))
def slow(self, *arguments):
    if next(calls):  # one chunk is written by now
        print("waiting", flush=True)
        time.sleep(100)
    return original(self, *arguments)
Scorer.cases = slow
score_file(load_bundle(Path(sys.argv[1]), threads=1), Path(sys.argv[2]), Path(sys.argv[3]),
           Settings(threads=1, chunk_rows=1000))
"""


def test_a_run_that_is_killed_leaves_no_final_file(bundle: ModelBundle, tmp_path: Path):
    write_table(tmp_path / "many.csv", people=1000, seed=2)
    out = tmp_path / "out" / "scores.parquet"
    arguments = [sys.executable, "-c", KILLED, str(bundle.folder), str(tmp_path / "many.csv"), str(out)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert [p for p in out.parent.iterdir() if p.name.startswith(".")], "it was not in the middle"
    assert not [p for p in out.parent.iterdir() if not p.name.startswith(".")]


def test_a_condition_whose_column_is_absent_is_noted(
    bundle: ModelBundle, scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path
):
    raw = synthetic_raw()
    raw["cohort"] = [{"column": "station", "keep": ["A"], "why": "station A only"}]
    (tmp_path / "b").mkdir()
    write_bundle(tmp_path / "b", build(raw, "a test"), bundle.forecaster, {})
    run = scored(table, bundle=load_bundle(tmp_path / "b"))
    standing = load_texts()["notes.not_signed"]
    assert run.done.notes == ("Not checked, for the column 'station' is not there: station A only", standing)
    assert run.manifest["notes"] == list(run.done.notes)
    inside = scored(table.assign(station=["A", "B"] * 60), "in.parquet", bundle=load_bundle(tmp_path / "b"))
    assert inside.done.by_code == {"row-outside-cohort": 60}


def test_the_columns_of_the_output_have_the_documented_types(scored: Callable[..., Any], table: pd.DataFrame):
    schema = pq.read_schema(scored(table).done.out)
    assert schema.field("p_any").type == pa.float64()
    assert schema.field("reasons_any").type.value_type.field("points").type == pa.float64()
    assert schema.field("case_id").type == pa.string()


def test_a_bundle_moved_elsewhere_scores_alike(
    scored: Callable[..., Any], table: pd.DataFrame, bundle: ModelBundle, tmp_path: Path
):
    moved = load_bundle(Path(shutil.copytree(bundle.folder, tmp_path / "moved")), threads=1)
    here, there = scored(table, "a.parquet"), scored(table, "b.parquet", bundle=moved)
    pd.testing.assert_frame_equal(here.scores, there.scores)


def test_a_whole_number_key_of_parquet_stays_one(
    bundle: ModelBundle, table: pd.DataFrame, settings: Settings, tmp_path: Path
):
    numbered = table.assign(case_id=range(1000, 1000 + len(table)))
    numbered.to_parquet(tmp_path / "in.parquet")
    score_file(bundle, tmp_path / "in.parquet", tmp_path / "scores.parquet", settings)
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    assert scores["case_id"].tolist() == numbered["case_id"].tolist()
    assert scores["case_id"].dtype == numbered["case_id"].dtype


# The limits of a forecast: interval, set of outcomes, mark.


def test_a_bundle_that_knows_its_limits_writes_them_beside_the_same_forecasts(
    scored: Callable[..., Any], table: pd.DataFrame, bundle: ModelBundle, limited: ModelBundle
):
    without = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, uncertainty=None))
    plain = scored(table, "plain.parquet", bundle=without, reasons=False).scores
    table = table.copy()
    table.loc[3, "age"] = "109"
    found = scored(table, "limited.parquet", bundle=limited, reasons=False).scores
    assert list(found) == [*plain, *LIMITS]
    assert (found["p_any"].drop(index=3) == plain["p_any"].drop(index=3)).all()
    for level in LEVELS:
        assert (found[f"low_{level}"] < found[f"p_{level}"]).all()
        assert (found[f"p_{level}"] < found[f"high_{level}"]).all()
    assert set(found["outcome_set"]) <= {"none", "any", "serious", "none, any", "any, serious", "none, any, serious",
                                         "none, serious"}  # fmt: skip
    assert found["outside"][3]
    assert found["outside"].mean() < 0.1


def test_the_size_of_chunks_changes_no_limit(
    scored: Callable[..., Any], table: pd.DataFrame, limited: ModelBundle, settings: Settings
):
    whole = scored(table, "whole.parquet", bundle=limited).scores
    cut = scored(table, "cut.parquet", bundle=limited, settings=dataclasses.replace(settings, chunk_rows=7)).scores
    pd.testing.assert_frame_equal(cut, whole, check_exact=True)
