"""Codes fall into the categories of the published scales, by rules on top of the taxonomy."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.problems import Problem, Problems
from forecast.records.actuarial import (
    SANCTIONS,
    is_bail,
    is_summary,
    load_actuarial,
    read_actuarial,
)
from forecast.records.rules import GROUPS


@pytest.mark.parametrize(
    ("code", "category", "violent"),
    [
        ("00100", "violence_abh_plus", True),
        ("8N", "violence_abh_plus", True),
        ("10500", "violence_below_abh", True),
        ("105A", "violence_below_abh", True),
        ("19C", "sexual_adult", False),
        ("02100", "sexual_child", False),
        ("34B", "robbery", True),
        ("29", "aggravated_burglary", True),
        ("28E", "burglary_dwelling", False),
        ("30C", "burglary_other", False),
        ("46", "theft", False),
        ("54", "handling", False),
        ("45", "vehicle_theft_from", False),
        ("48", "vehicle_taking", False),
        ("53C", "fraud", False),
        ("151/00", "welfare_fraud", False),
        ("58D", "criminal_damage", True),
        ("56A", "criminal_damage", True),
        ("92E", "drugs_possession_supply", False),
        ("077/50", "drugs_import_production", False),
        ("10D", "weapons", True),
        ("10A", "firearms_serious", True),
        ("81", "firearms_other", True),
        ("8L", "harassment", True),
        ("9A", "public_order", True),
        ("14100", "drunkenness", True),
        ("83", "absconding_bail", False),
        ("80300", "drink_driving", False),
        ("80200", "motoring", False),
        ("16604", "soliciting", False),
        ("99", "other", False),
    ],
)
def test_a_code_has_a_category(code: str, category: str, violent: bool) -> None:
    found = load_actuarial().category(code)
    assert (found.name, found.violent) == (category, violent)


def test_an_unknown_code_is_refused_and_not_guessed() -> None:
    with pytest.raises(Problem) as caught:
        load_actuarial().category("no such code")
    assert caught.value.code == "offence-unknown"


@pytest.mark.parametrize(
    ("code", "classes"),
    [
        ("46", ("sanction", "sanction_indictable")),
        ("10500", ("sanction", "sanction_violent", "sanction_summary")),
        ("083/01", ("sanction", "sanction_bail", "sanction_indictable")),
        ("19C", ("sanction", "sanction_indictable")),
    ],
)
def test_a_proven_offence_makes_sanctions_of_these_classes(code: str, classes: tuple[str, ...]) -> None:
    assert load_actuarial().sanction_classes(code) == classes
    assert set(classes) <= set(SANCTIONS)


def test_summary_offences_are_told_by_their_class() -> None:
    assert [is_summary(c) for c in ("104", "105A", "12511", "80300", "8N", "46", "802", "81400")] == [
        True, True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert [is_bail(c) for c in ("83", "08300", "80", "08000")] == [True, True, False, False]


def test_the_order_of_seriousness_is_fixed() -> None:
    names = load_actuarial().names
    assert len(names) == len(set(names)) == 28
    assert names[0] == "firearms_serious"
    assert names[-1] == "other"
    assert names.index("robbery") < names.index("theft") < names.index("drunkenness")


def test_all_faults_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    groups = "\n".join(f'{name} = "other"' for name in GROUPS[1:])
    path = tmp_path / "bad.toml"
    path.write_text(
        f'version = "1"\n[categories]\nother = {{ phrase = "x", violent = false }}\n[groups]\n{groups}\n'
        '[[rules]]\ncategory = "othr"\nclasses = "001"\n[[rules]]\ncategory = "other"\nclasses = "001 2"\n',
        encoding="utf-8",
    )
    with pytest.raises(Problems) as caught:
        read_actuarial(path)
    said = str(caught.value)
    assert len(caught.value.items) == 4
    assert "violence_serious" in said
    assert "'othr'" in said
    assert "selects 001" in said
