"""What is compared is cleaned the same way whoever typed it."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
import pytest

from forecast.records.linking.fields import CLEANED, NOMINALS, cleaned, turned


def one(**changes: Any) -> dict[str, Any]:
    """Return a nominal, cleaned."""
    row = {column.name: None for column in NOMINALS.columns} | {"nominal_id": "N1", "recorded_at": 0} | changes
    return dict(cleaned(pd.DataFrame([row], dtype=object).astype({"recorded_at": "int64"})).iloc[0])


def test_names_lose_case_accents_and_what_joins_their_parts() -> None:
    row = one(forenames="  Zoë  Mary-Jane ", surname="O\u2019Brien-Smith")
    assert (row["forename"], row["other"], row["surname"]) == ("zoe", "mary jane", "obriensmith")


def test_a_short_form_is_known_by_the_name_it_stands_for() -> None:
    assert one(forenames="Bill")["root"] == one(forenames="WILLIAM")["root"] == "william"


def test_codes_lose_their_signs_and_a_postcode_has_its_first_half() -> None:
    row = one(postcode_sector="ab1 2", pnc_id="98/12345-z")
    assert (row["sector"], row["outward"], row["pnc"]) == ("AB12", "AB1", "9812345Z")


@pytest.mark.parametrize(("born", "other"), [("2001-04-09", "2001-09-04"), ("2001-04-13", None), ("2001-04-04", None)])
def test_day_and_month_are_exchanged_where_that_is_another_date(born: str, other: str | None) -> None:
    assert turned(born) == other


def test_what_stands_for_nothing_is_nothing() -> None:
    row = one(forenames=" - ", surname="", born_on=datetime.date(1900, 1, 1), sex="X", pnc_id="0-0")
    assert [row[name] for name in CLEANED] == [None] * len(CLEANED)
