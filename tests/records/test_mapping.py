"""A mapping is checked key by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.problems import Problem, Problems
from forecast.records.mapping import load_mapping


def load(folder: Path, text: str) -> list[Problem]:
    path = folder / "records.toml"
    path.write_text(text, "utf-8")
    try:
        load_mapping(path)
    except Problem as problem:
        return [problem]
    except Problems as problems:
        return list(problems.items)
    return []


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('timezon = "UTC"', "toml-unknown-key", "'timezone'"),
        ('timezone = "Europe/Londn"', "records-zone-unknown", "Europe/London"),
        ('[offence]\nfile = "x"', "toml-unknown-key", "offence"),
        ('[offences]\nfiel = "x"', "toml-unknown-key", "'file'"),
        ('[offences.columns]\ncomitted_at = "When"', "toml-unknown-key", "'committed_at'"),
        ("[offences.columns]\ncode = 3", "toml-wrong-type", "a text in quotes"),
        ('[offences.same_as]\nrecorded_at = "code"', "toml-bad-value", "committed_at"),
        ('[offences.columns]\ncode = "A"\n[offences.constants]\ncode = "8N"', "column-twice", "constants"),
        ('[persons.values.born_on]\n"x" = "y"', "toml-wrong-type", "values.born_on"),
        ("max_refused = 2", "setting-range", "0"),
        ('[limits]\n"record-no-evnt" = 0.1', "toml-unknown-key", "record-no-event"),
        ('[limits]\n"record-no-event" = 7', "setting-range", "record-no-event"),
        ("format = 9", "toml-version", "9"),
        ("persons = 3", "toml-wrong-type", "persons"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_a_problem_that_says_so(
    text: str, code: str, says: str, tmp_path: Path
) -> None:
    [problem] = load(tmp_path, text)
    assert problem.code == code
    assert says in str(problem)


def test_a_table_without_versions_has_none_to_close(tmp_path: Path) -> None:
    [problem] = load(tmp_path, "[persons]\nclose_versions = true")
    assert (problem.code, "no versions" in str(problem)) == ("toml-unknown-key", True)


def test_all_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    found = load(tmp_path, 'timezon = "UTC"\n[persons]\nfiel = "a"\n[offences.columns]\nx = "y"')
    assert len(found) == 3


def test_assumptions_are_said_in_sentences(tmp_path: Path) -> None:
    path = tmp_path / "records.toml"
    path.write_text(
        '[custody_events.same_as]\nrecorded_at = "arrested_at"\n[custody_events.constants]\nreason = "offence"', "utf-8"
    )
    assert load_mapping(path).assumptions() == [
        "custody_events: recorded_at is assumed to be the same as arrested_at.",
        "custody_events: reason is assumed to be 'offence'.",
    ]
