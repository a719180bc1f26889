from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import pytest

from forecast.problems import Problem, Problems
from forecast.settings import Settings, data_folder, from_mapping, key, load_settings, read_toml


@dataclasses.dataclass(frozen=True)
class Sample:
    """One field of each type that a flat file can hold."""

    name: str = key("a name")
    count: int = key("a count", 1, low=0, high=10)
    share: float = key("a share", 0.5, low=0, high=1)
    on: bool = key("a switch", False)
    day: datetime.date | None = key("a day", None)
    place: Path | None = key("a place", None)
    words: tuple[str, ...] = key("words", ())
    edges: tuple[float, ...] = key("numbers", ())
    colour: str = key("a colour", "red", allowed=("red", "green"))
    colours: tuple[str, ...] = key("colours", (), allowed=("red", "green"))


def problems(values: dict[str, Any]) -> list[Problem]:
    try:
        from_mapping(Sample, values, "sample.toml")
    except Problem as problem:
        return [problem]
    except Problems as many:
        return list(many.items)
    return []


def test_values_become_the_types_of_the_schema() -> None:
    day = datetime.date(2026, 11, 20)
    made = from_mapping(
        Sample,
        {"name": "n", "share": 1, "day": day, "place": "a/b", "words": ["x"], "edges": [1, 2.5], "colours": ["red"]},
        "sample.toml",
    )
    assert made == Sample("n", 1, 1.0, False, day, Path("a/b"), ("x",), (1.0, 2.5), "red", ("red",))
    assert isinstance(made.share, float)
    assert all(isinstance(edge, float) for edge in made.edges)


def test_a_caller_in_python_may_pass_paths_tuples_and_none() -> None:
    made = from_mapping(Sample, {"name": "n", "place": Path("a"), "words": ("x", "y"), "day": None}, "python")
    assert (made.place, made.words, made.day) == (Path("a"), ("x", "y"), None)


@pytest.mark.parametrize(
    ("values", "code", "part"),
    [
        ({"nam": "n"}, "toml-unknown-key", "Did you mean 'name'?"),
        ({"zzz": 1}, "toml-unknown-key", "Known: colour, colours, count"),
        ({"name": 3}, "toml-wrong-type", "a text in quotes, but is 3"),
        ({"name": None}, "toml-wrong-type", "a text in quotes"),
        ({"count": 1.0}, "toml-wrong-type", "a whole number"),
        ({"count": True}, "toml-wrong-type", "a whole number"),
        ({"count": "1"}, "toml-wrong-type", "a whole number"),
        ({"share": "half"}, "toml-wrong-type", "a number"),
        ({"share": True}, "toml-wrong-type", "a number"),
        ({"on": 1}, "toml-wrong-type", "true or false"),
        ({"day": "2026-11-20"}, "toml-wrong-type", "without quotes"),
        ({"day": datetime.datetime(2026, 11, 20)}, "toml-wrong-type", "a date"),
        ({"place": 3}, "toml-wrong-type", "a path in quotes"),
        ({"words": "x"}, "toml-wrong-type", "a list in [ ]"),
        ({"words": ["x", 1]}, "toml-wrong-type", "a text in quotes, but is 1"),
        ({"edges": [[1]]}, "toml-wrong-type", "a number"),
        ({"count": -1}, "setting-range", "range 0 to 10"),
        ({"count": 11}, "setting-range", "range 0 to 10"),
        ({"share": float("nan")}, "setting-range", "range 0 to 1"),
        ({"share": float("inf")}, "setting-range", "range 0 to 1"),
        ({"colour": "rde"}, "toml-bad-value", "Did you mean 'red'?"),
        ({"colours": ["red", "blue"]}, "toml-bad-value", "red, green"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_would(values: dict[str, Any], code: str, part: str) -> None:
    [problem] = problems({"name": "n"} | values if "name" not in values else values)
    assert problem.code == code
    assert part in str(problem)
    assert "sample.toml" in problem.sentence


def test_a_missing_key_is_named_with_its_meaning() -> None:
    [problem] = problems({})
    assert problem.code == "toml-missing-key"
    assert problem.next_step == "Add it: a name"


def test_all_the_problems_of_a_file_are_found_in_one_pass() -> None:
    codes = [p.code for p in problems({"nam": 1, "count": "x", "share": 2, "colour": "blue"})]
    assert codes == ["toml-unknown-key", "toml-wrong-type", "setting-range", "toml-bad-value", "toml-missing-key"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file-missing"),
        (b"a = ", "toml-syntax"),
        (b"a = 1\na = 2", "toml-syntax"),
        ("a = 'é'".encode("latin-1"), "file-encoding"),
        ("folder", "toml-unreadable"),
    ],
)
def test_a_toml_file_that_cannot_be_read_is_a_problem(tmp_path: Path, content: object, code: str) -> None:
    path = tmp_path / "x.toml"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        read_toml(path)
    assert caught.value.code == code


def test_a_toml_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("\ufeffa = 1\r\n", encoding="utf-8")
    assert read_toml(tmp_path / "x.toml") == {"a": 1}


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in an empty folder without variables of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORECAST_SETTINGS", raising=False)
    monkeypatch.delenv("FORECAST_DATA", raising=False)


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings() == Settings()


def test_a_path_wins_over_the_variable_and_the_variable_over_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, threads in (("forecast.toml", 1), ("variable.toml", 2), ("path.toml", 3)):
        (tmp_path / name).write_text(f"threads = {threads}")
    assert load_settings().threads == 1
    monkeypatch.setenv("FORECAST_SETTINGS", str(tmp_path / "variable.toml"))
    assert load_settings().threads == 2
    assert load_settings(tmp_path / "path.toml").threads == 3
    monkeypatch.setenv("FORECAST_SETTINGS", "")
    assert load_settings().threads == 1


@pytest.mark.parametrize("by", ["path", "variable"])
def test_a_settings_file_that_was_named_must_exist(monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    if by == "variable":
        monkeypatch.setenv("FORECAST_SETTINGS", "nowhere.toml")
    with pytest.raises(Problem) as caught:
        load_settings(Path("nowhere.toml") if by == "path" else None)
    assert caught.value.code == "file-missing"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("thread = 2", "toml-unknown-key"),
        ("threads = '2'", "toml-wrong-type"),
        ("threads = -1", "setting-range"),
        ("chunk_rows = 999", "setting-range"),
        ("suspicious_auc = 0.4", "setting-range"),
        ("points_some = nan", "setting-range"),
        ("[section]", "toml-unknown-key"),
    ],
)
def test_a_wrong_setting_is_a_problem(tmp_path: Path, line: str, code: str) -> None:
    (tmp_path / "forecast.toml").write_text(line)
    with pytest.raises(Problem) as caught:
        load_settings()
    assert caught.value.code == code


def test_the_variable_for_data_wins_over_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_folder=Path("mine"))
    assert data_folder(settings) == Path("mine")
    monkeypatch.setenv("FORECAST_DATA", "/elsewhere")
    assert data_folder(settings) == Path("/elsewhere")
    monkeypatch.setenv("FORECAST_DATA", "")
    assert data_folder(settings) == Path("mine")


def test_every_setting_says_what_it_means_and_its_default_is_in_its_range() -> None:
    for field in dataclasses.fields(Settings):
        assert field.metadata["meaning"]
    defaults = {f.name: getattr(Settings(), f.name) for f in dataclasses.fields(Settings)}
    assert from_mapping(Settings, defaults, "defaults") == Settings()
