"""The parameters of the force: each carries its mark, and a wrong file says what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from forecast.problems import Problem, Problems
from forecast.records.taxonomy import load_taxonomy
from forecast.settings import read_toml
from forecast.synthetic.groups import GROUPS
from forecast.synthetic.parameters import SHIPPED, load_parameters, parameters

KEY = re.compile(r"^(\w+) = ")


def shipped() -> dict[str, Any]:
    return read_toml(SHIPPED)


def lines_with_keys() -> list[str]:
    return [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if KEY.match(line)]


def test_every_parameter_carries_its_mark() -> None:
    unmarked = [line for line in lines_with_keys() if not re.search(r"# (verified|assumed)(: .+)?$", line)]
    assert unmarked == []
    assert len(lines_with_keys()) > 200


def test_what_is_verified_names_its_source() -> None:
    verified = [line for line in lines_with_keys() if "# verified" in line]
    assert verified
    assert all(re.search(r"# verified: \S+", line) for line in verified)


def test_groups_are_those_of_the_taxonomy_in_its_order() -> None:
    assert tuple(group.name for group in load_taxonomy().groups) == GROUPS


def test_every_code_belongs_to_the_group_it_is_listed_under() -> None:
    found = {
        (code, offence.group if (offence := load_taxonomy().find(code)) else None, name)
        for name, group in zip(GROUPS, load_parameters().groups, strict=True)
        for code in group.court_codes + group.crime_codes
    }
    assert {row for row in found if row[1] != row[2]} == set()


def test_the_unmapped_code_is_in_no_taxonomy() -> None:
    from forecast.synthetic.offences import UNMAPPED

    assert load_taxonomy().find(UNMAPPED) is None


def test_an_unknown_key_names_the_nearest_one() -> None:
    with pytest.raises(Problem, match="frailty_shape") as caught:
        parameters({**shipped(), "frailty_shap": 1.0}, "my.toml")
    assert caught.value.code == "toml-unknown-key"


def test_an_unknown_group_names_the_nearest_one() -> None:
    values = shipped()
    values["groups"]["thefts"] = values["groups"]["theft"]
    with pytest.raises(Problem, match="theft"):
        parameters(values, "my.toml")


def test_a_group_left_out_is_named() -> None:
    values = shipped()
    del values["groups"]["robbery"]
    with pytest.raises(Problem, match=r"groups\.robbery"):
        parameters(values, "my.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("desistance", -0.1, id="a hazard below nothing"),
        pytest.param("code_unmapped", 1.2, id="a share above one"),
        pytest.param("hours_day", [1.0] * 23, id="a day of 23 hours"),
        pytest.param("curve", [1.0], id="fewer values than ages"),
        pytest.param("onset_ages", [10, 9, 14, 16, 18, 21, 25, 30, 40, 50, 60, 75], id="ages that do not rise"),
        pytest.param("season_night", [-1.0] + [1.0] * 11, id="a negative rate"),
        pytest.param("hours_day", [0.0] * 24, id="a day on which nothing happens"),
        pytest.param("exposure", [9.0] + [0.0] * 19, id="exposure far from zero"),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, value: object) -> None:
    with pytest.raises((Problem, Problems)) as caught:
        parameters({**shipped(), name: value}, "my.toml")
    items = caught.value.items if isinstance(caught.value, Problems) else (caught.value,)
    assert {item.code for item in items} == {"setting-range"}


def test_negative_shares_of_codes_are_refused() -> None:
    values = shipped()
    values["groups"]["theft"]["crime_shares"] = [1.0, -1.0, 1.0]
    with pytest.raises(Problem, match="crime_shares"):
        parameters(values, "my.toml")


def test_shares_that_do_not_fit_their_codes_are_refused() -> None:
    values = shipped()
    values["groups"]["theft"]["court_shares"] = [1.0]
    with pytest.raises(Problem, match="court_shares"):
        parameters(values, "my.toml")


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        parameters({**shipped(), "format_version": 2}, "my.toml")
    assert caught.value.code == "toml-version"


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("male = ", "male = 0.5  # ", 1)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert load_parameters(tmp_path / "mine.toml").male == 0.5
