"""Tests of `forecast explain`."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.cli.explained import explained_text
from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.models.calibration import Calibration
from forecast.scoring.one import explain_case
from forecast.settings import Settings
from tests.helpers import CAUSAL
from tests.scoring.people import person_with_history
from tests.scoring.spark_world import bundle_of_records

from .conftest import Ended

Run = Callable[..., Ended]


def check_sums(text: str) -> int:
    """Check that the whole numbers of each table add up to its last row; return how many tables there are."""
    tables = re.findall(r"Starting point +(\d+)\n(.*?)\nForecast +(\d+)$", text, re.DOTALL | re.MULTILINE)
    for start, rows, shown in tables:
        moves = [re.search(r"([+-]\d+|under 1)$", row) for row in rows.splitlines()]
        assert all(moves), rows
        numbers = [0 if m[1] == "under 1" else int(m[1]) for m in moves if m]
        assert int(start) + sum(numbers) == int(shown), text
    return len(tables)


@pytest.fixture
def ids(table_file: Path) -> list[str]:
    return pd.read_csv(table_file)["case_id"].tolist()


def test_a_case_is_explained_for_every_level(run: Run, bundle: ModelBundle, table_file: Path, ids: list[str]):
    ended = run("explain", bundle.folder, table_file, "--id", ids[0])
    assert ended.status == 0
    assert f"Case {ids[0]}, model {bundle.model_id}: band " in ended.out
    assert check_sums(ended.out) == 2
    assert "Of 100 people with a record like this" in ended.out
    assert "nobody knows which of the 100 this person is" in ended.out
    note = "Age at arrest and sex are shown because they are part of the forecast; they are not reasons to act."
    assert note in ended.out
    assert not [word for word in CAUSAL if word in ended.out.replace(note, "").lower()]


def test_the_whole_numbers_of_any_case_add_up(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    capping = dataclasses.replace(bundle.forecaster, calibration=Calibration((0.5, 1.5), (-1.5, 2.5)))
    for forecaster in (bundle.forecaster, capping):
        changed = dataclasses.replace(bundle, forecaster=forecaster)
        for case_id in ids[:20]:
            assert check_sums(explained_text(changed, explain_case(changed, table_file, case_id, settings))) == 2


@pytest.mark.parametrize(
    ("b", "text", "percent"),
    [(-12.0, "fewer than 1 were arrested", "(under 1 %)"), (12.0, "more than 99 were arrested", "(over 99 %)")],
)
def test_a_forecast_near_the_ends_claims_neither_nobody_nor_everybody(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings, b: float, text: str, percent: str
):
    extreme = dataclasses.replace(bundle.forecaster, calibration=Calibration((0.1, 0.1), (b, b)))
    changed = dataclasses.replace(bundle, forecaster=extreme)
    printed = explained_text(changed, explain_case(changed, table_file, ids[0], settings))
    assert text in printed
    assert percent in printed
    assert check_sums(printed) == 2


def test_what_training_never_saw_is_said(bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings):
    explained = dataclasses.replace(
        explain_case(bundle, table_file, ids[0], settings), note="not seen in training: present offence"
    )
    assert "\n\nNot seen in training: present offence.\n" in explained_text(bundle, explained)


def test_an_unknown_id_is_a_problem(run: Run, bundle: ModelBundle, table_file: Path):
    ended = run("explain", bundle.folder, table_file, "--id", "nobody")
    assert ended.status == 2
    assert "[case-unknown]" in ended.err
    assert ended.out == ""


def test_a_refused_case_is_a_problem_that_says_why(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[3, "age"] = "16"
    table.to_csv(here / "young.csv", index=False)
    ended = run("explain", bundle.folder, "young.csv", "--id", table.loc[3, "case_id"])
    assert ended.status == 2
    assert "[case-refused]" in ended.err
    assert "[row-under-18]" in ended.err


def test_a_missing_value_is_said_not_to_be_recorded(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[0, ["sex", "on_bail", "breaches"]] = ""
    table.to_csv(here / "holes.csv", index=False)
    (here / "many.toml").write_text("reasons_shown = 20\n", "utf-8")
    ended = run("explain", bundle.folder, "holes.csv", "--id", table.loc[0, "case_id"], "--settings", "many.toml")
    assert ended.status == 0
    assert "Sex: not recorded" in ended.out
    assert "nan" not in ended.out.lower().split()
    assert "None" not in ended.out


def test_settings_say_how_many_reasons(run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]):
    (here / "few.toml").write_text("reasons_shown = 2\n", "utf-8")
    few = run("explain", bundle.folder, table_file, "--id", ids[0], "--settings", "few.toml").out
    many = run("explain", bundle.folder, table_file, "--id", ids[0]).out
    assert len(few.splitlines()) < len(many.splitlines())
    assert np.all([check_sums(text) == 2 for text in (few, many)])


def test_the_interval_the_set_and_a_record_unlike_those_of_training_are_said(
    limited: ModelBundle, table_file: Path, here: Path, settings: Settings
):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:30]
    table.loc[0, "age"] = "109"
    table.to_csv(here / "old.csv", index=False)
    text = explained_text(limited, explain_case(limited, here / "old.csv", table["case_id"][0], settings))
    assert len(re.findall(r"With its interval: \d+ in 100 \(\d+ to \d+\)\.", text)) == 2
    assert "This record lies outside what the forecast was built on: older than anybody in training" in text
    assert "about the group, not about this person" in text
    assert check_sums(text) == 2
    plain = explained_text(limited, explain_case(limited, here / "old.csv", table["case_id"][1], settings))
    assert "lies outside" not in plain


def test_a_bundle_without_limits_says_none(bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings):
    without = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, uncertainty=None))
    text = explained_text(without, explain_case(without, table_file, ids[0], settings))
    assert "interval" not in text
    assert "lies outside" not in text


def test_a_band_of_costs_that_nobody_signed_is_said_to_be_one(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    explained = explain_case(bundle, table_file, ids[0], settings)
    cutoffs = dataclasses.replace(bundle.forecaster.cutoffs, signed_by="Supt Example")
    signed = dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, cutoffs=cutoffs))
    said = load_texts()["notes.not_signed"]
    assert said in explained_text(bundle, explained)
    assert said not in explained_text(signed, explained)


def test_facts_of_less_than_one_in_100_are_left_out_unless_they_are_of_age_or_sex(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    many = dataclasses.replace(settings, reasons_shown=20)
    for case_id in ids[:10]:
        text = explained_text(bundle, explain_case(bundle, table_file, case_id, many))
        for line in text.splitlines():
            assert not line.endswith("under 1") or line.startswith(("Age ", "Sex"))


def test_the_job_may_be_named_or_left_out(run: Run, bundle: ModelBundle, table_file: Path, ids: list[str]):
    short = run("explain", bundle.folder, table_file, "--id", ids[0])
    assert short.status == 0
    assert run("explain", "case", bundle.folder, table_file, "--id", ids[0]).out == short.out
    assert run("explain", "--id", ids[0], bundle.folder, table_file).out == short.out


def test_the_help_names_the_jobs_and_an_id_is_needed(run: Run, bundle: ModelBundle, table_file: Path):
    help_text = run("explain", "--help").out
    assert "forecast explain BUNDLE FILE --id ID" in help_text
    assert re.search(r"^ +case ", help_text, re.MULTILINE)
    assert "--without" in run("explain", "case", "--help").out
    ended = run("explain", bundle.folder, table_file)
    assert (ended.status, "--id" in ended.err) == (2, True)


def test_themes_and_the_distance_to_other_bands_are_printed(
    run: Run, bundle: ModelBundle, table_file: Path, ids: list[str]
):
    out = run("explain", bundle.folder, table_file, "--id", ids[0]).out
    assert "kind of fact" in out
    assert "criminal history: violence" in out or "criminal history: arrests and offences" in out
    assert re.search(r"\d+ points? (below|above) (LOW|MODERATE|HIGH) \((from|below) [\d.]+ in 100\)\.", out)
    assert re.search(r"^  The date of birth may be wrong\. Facts: Age [^;]+\.$", out, re.MULTILINE)
    doubts = out.partition("How these facts may be wrong:\n")[2].partition("\n\n")[0].splitlines()
    assert len(doubts) == len({line.partition(" Facts: ")[0] for line in doubts}) > 1


def test_the_sums_of_the_kinds_lead_from_the_start_to_the_forecast_at_every_level(
    bundle: ModelBundle, table_file: Path, ids: list[str], settings: Settings
):
    for case_id in ids[:10]:
        explained = explain_case(bundle, table_file, case_id, settings)
        _, _, after = explained_text(bundle, explained).partition("All facts on record by their kind")
        rows = re.findall(r"^(\S.*?)  +([+-]?\d+) +([+-]?\d+)$", after.split("\n\n")[1], re.MULTILINE)
        assert (rows[0][0], rows[-1][0]) == ("Starting point", "Forecast")
        kinds = {kind for kind, _, _ in rows[1:-1]}
        assert kinds <= {theme for reasons in explained.reasons.values() for theme, _ in reasons.themes}
        for k, reasons in enumerate(explained.reasons.values(), start=1):
            assert sum(int(row[k]) for row in rows[:-1]) == int(rows[-1][k]) == round(reasons.shown)


def test_everything_is_written_beside_and_the_text_stays_the_same(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]
):
    plain = run("explain", bundle.folder, table_file, "--id", ids[1])
    files = ("--sheet", "s.html", "--picture", "p.svg", "--json", "e.json")
    ended = run("explain", bundle.folder, table_file, "--id", ids[1], *files)
    assert (ended.status, ended.out) == (0, plain.out)
    assert {p.name for p in here.iterdir()} == {"forecast.toml", "s.html", "p.svg", "e.json"}
    data = json.loads((here / "e.json").read_text("utf-8"))
    for found in data["reasons"].values():
        total = found["start"] + sum(item["points"] for item in found["items"]) + found["remainder"]
        assert total == pytest.approx(found["shown"], abs=1e-6)
        assert {"theme", "can_be_wrong", "records"} <= set(found["items"][0])
    assert (data["case_id"], data["format"], data["correction"]) == (ids[1], 1, None)
    assert data["distance"][0]["band"] in bundle.scale.bands


def test_the_sheet_and_the_picture_have_the_same_bytes_again(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]
):
    for folder in ("a", "b"):
        files = ("--sheet", f"{folder}/s.pdf", "--picture", f"{folder}/p.png", "--json", f"{folder}/e.json")
        assert run("explain", bundle.folder, table_file, "--id", ids[1], *files).status == 0
    for name in ("s.pdf", "p.png", "e.json"):
        assert (here / "a" / name).read_bytes() == (here / "b" / name).read_bytes()


def test_a_corrected_row_is_shown_before_and_after(
    run: Run, bundle: ModelBundle, table_file: Path, ids: list[str], here: Path
):
    was = table_file.read_bytes()
    ended = run("explain", bundle.folder, table_file, "--id", ids[0], "--set", "priors=40", "--json", "e.json")
    assert ended.status == 0
    assert "With a change: earlier arrests on record: '" in ended.out
    assert re.search(r"Band as the record stands: \w+\. Band with this change: \w+\.", ended.out)
    assert re.search(r"the forecast is \d+ in 100 as the record stands, \d+ in 100 with this change\.", ended.out)
    assert check_sums(ended.out) == 2
    assert table_file.read_bytes() == was
    data = json.loads((here / "e.json").read_text("utf-8"))
    for level, moved in data["correction"]["moved"].items():
        shown = [round(each["reasons"][level]["shown"]) for each in (data["correction"]["before"], data)]
        assert sum(row["points"] for row in moved["moved"]) + moved["rest"] == shown[1] - shown[0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--sheet", "s.docx"), "explain-output-format"),
        (("--picture", "p.pdf"), "explain-output-format"),
        (("--json", "e.txt"), "explain-output-format"),
        (("--sheet", "there.html"), "output-exists"),
        (("--set", "priors"), "correction-form"),
        (("--set", "prior=1"), "correction-column"),
        (("--set", "priors=many"), "correction-refused"),
        (("--set", "age=15"), "correction-refused"),
        (("--set", "priors=1", "--set", "priors=2"), "correction-twice"),
        (("--quarantine", "q"), "score-records-option"),
        (("--without", "C1"), "correction-not-here"),
        (("--change", "offences:O1:code=8N"), "correction-not-here"),
        (("--without", "C1", "--change", "offences:O1:code=8N"), "correction-one"),
        (("--settings", "none.toml"), "file-missing"),
    ],
)
def test_bad_input_is_a_problem_and_writes_nothing(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str], options: tuple[str, ...], code: str
):
    (here / "there.html").write_text("kept", "utf-8")
    wanted = options if "--json" in options else (*options, "--json", "e.json")
    ended = run("explain", bundle.folder, table_file, "--id", ids[0], *wanted)
    assert (ended.status, ended.out) == (2, "")
    assert f"[{code}]" in ended.err
    assert {p.name for p in here.iterdir()} == {"forecast.toml", "there.html"}
    assert (here / "there.html").read_text("utf-8") == "kept"


def test_an_output_is_replaced_only_when_asked(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]
):
    (here / "s.html").write_text("old", "utf-8")
    ended = run("explain", bundle.folder, table_file, "--id", ids[0], "--sheet", "s.html", "--overwrite")
    assert ended.status == 0
    assert "old" not in (here / "s.html").read_text("utf-8")[:10]


def test_the_input_is_never_an_output(run: Run, here: Path, bundle: ModelBundle, table_file: Path, ids: list[str]):
    (here / "cases.json").write_bytes(table_file.read_bytes())
    ended = run("explain", bundle.folder, "cases.json", "--id", ids[0], "--json", "cases.json", "--overwrite")
    assert "[output-is-input]" in ended.err
    assert (here / "cases.json").read_bytes() == table_file.read_bytes()


@dataclasses.dataclass(frozen=True)
class Person:
    """A custody event in a folder of accepted records, with a bundle that reads records."""

    bundle: Path
    folder: Path
    custody_id: str
    offence_id: str


@pytest.fixture(scope="module")
def person(records_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Person:
    records, custody_id = person_with_history(records_folder)
    offence = records.offences.sort_by("recorded_at")["offence_id"][0].as_py()
    folder = bundle_of_records(records_folder, tmp_path_factory.mktemp("fit"), settings)
    return Person(folder, records_folder, custody_id, offence)


def test_a_custody_event_of_records_is_explained_with_the_records_behind_it(run: Run, person: Person, here: Path):
    ended = run("explain", person.bundle, person.folder, "--id", person.custody_id, "--sheet", "s.pdf")
    assert ended.status == 0
    assert check_sums(ended.out) == 2
    assert "records behind it, newest first" in ended.out
    assert re.search(r" C\d+, C\d+, C\d+, C\d+, C\d+ and \d+ earlier\n", ended.out)
    assert re.search(r"records behind these facts|If the record [CO]", ended.out)
    assert (here / "s.pdf").read_bytes().startswith(b"%PDF")


def test_a_record_left_out_or_put_right_gives_a_difference(run: Run, person: Person):
    case = ("explain", person.bundle, person.folder, "--id", person.custody_id)
    left = run(*case, "--without", person.offence_id)
    assert left.status == 0
    assert f"With a change: offence {person.offence_id} left out. Nothing on record was changed." in left.out
    changed = run(*case, "--change", f"offences:{person.offence_id}:code=8N")
    assert changed.status == 0
    assert f"offence {person.offence_id}, offence code: '" in changed.out
    assert check_sums(changed.out) == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--without", "X1"), "correction-record-unknown"),
        (("--without", ""), "correction-record-unknown"),
        (("--quarantine", "nowhere"), "score-quarantine-other"),
        (("--without", "{custody_id}"), "correction-presenting"),
        (("--change", "offences:{offence_id}=8N"), "correction-form"),
        (("--change", "offences:{offence_id}:code=none"), "correction-value"),
        (("--change", "offences:{offence_id}:colour=red"), "correction-column"),
        (("--change", "offences:{offence_id}:committed_at=2099-01-01T00:00:00Z"), "correction-impossible"),
        (("--set", "priors=1"), "correction-not-here"),
    ],
)
def test_a_change_that_records_refuse_is_a_problem_and_writes_nothing(
    run: Run, here: Path, person: Person, options: tuple[str, ...], code: str
):
    filled = [text.format(**dataclasses.asdict(person)) for text in options]
    case = ("explain", person.bundle, person.folder, "--id", person.custody_id)
    ended = run(*case, *filled, "--sheet", "s.html")
    assert (ended.status, ended.out) == (2, "")
    assert f"[{code}]" in ended.err
    assert [p.name for p in here.iterdir()] == ["forecast.toml"]


def test_an_unknown_custody_event_and_a_model_of_a_table_are_problems(run: Run, person: Person, bundle: ModelBundle):
    assert "[case-unknown]" in run("explain", person.bundle, person.folder, "--id", "nobody").err
    assert "[score-not-records]" in run("explain", bundle.folder, person.folder, "--id", person.custody_id).err
