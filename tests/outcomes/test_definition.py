from __future__ import annotations

from pathlib import Path

import pytest

from forecast.outcomes.definition import Definition, read_definition
from forecast.problems import Problem, Problems


def test_an_empty_file_is_the_default_definition(tmp_path: Path):
    (tmp_path / "o.toml").write_text("", "utf-8")
    assert read_definition(tmp_path / "o.toml") == Definition()
    assert Definition().excluded_reasons == ("bail", "warrant", "recall")


def test_every_key_can_be_set_in_a_flat_file(tmp_path: Path):
    text = 'counted = "proven"\nserious = "severity"\nseverity_from = 400\nhorizon_months = 12\nconviction_months = 3\n'
    (tmp_path / "o.toml").write_text(text + 'excluded_reasons = ["bail"]\n', "utf-8")
    found = read_definition(tmp_path / "o.toml")
    assert found == Definition("proven", "severity", 400.0, 12, 3, ("bail",))
    assert found.severity_milli == 400_000


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path):
    (tmp_path / "o.toml").write_text('counted = "arests"\nhorizon = 24\nseverity_from = 0\n', "utf-8")
    with pytest.raises(Problems) as raised:
        read_definition(tmp_path / "o.toml")
    assert {item.code for item in raised.value.items} == {"toml-bad-value", "toml-unknown-key", "setting-range"}


@pytest.mark.parametrize("keys", [{"excluded_reasons": ("offence",)}, {"counted": "caught"}, {"serious": "very"}])
def test_a_definition_that_contradicts_itself_is_refused(keys: dict[str, object]):
    with pytest.raises(Problem) as raised:
        Definition(**keys)  # type: ignore[arg-type]
    assert raised.value.code == "outcome-definition"


@pytest.mark.parametrize(("counted", "months"), [("arrest", 24), ("charge", 24), ("proven", 30)])
def test_only_proof_waits_longer(counted: str, months: int):
    assert Definition(counted=counted).closing_months == months


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        ("arrest", ("arrested again within 2 years", "arrested again for a serious offence within 2 years")),
        ("charge", ("charged again within 2 years", "charged again for a serious offence within 2 years")),
    ],
)
def test_the_scale_says_what_is_forecast(counted: str, words: tuple[str, str]):
    scale = Definition(counted=counted).scale
    assert (scale.levels, scale.horizon_months, scale.words) == (("none", "any", "serious"), 24, words)


@pytest.mark.parametrize(
    ("months", "said"), [(1, "1 month"), (12, "1 year"), (18, "18 months"), (24, "2 years")], ids=str
)
def test_a_horizon_is_said_as_people_say_it(months: int, said: str) -> None:
    assert Definition(horizon_months=months).scale.words[0] == f"arrested again within {said}"
