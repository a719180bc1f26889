from __future__ import annotations

import pytest

from forecast.tables.sensitive import sensitivity


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("age", "(age)"),
        ("Age_at_Release", "(age)"),
        ("ageAtRelease", "(age)"),
        ("AGE18", "(age)"),
        ("AGEBand", "(age)"),
        ("date of birth", "(age)"),
        ("dob", "(age)"),
        ("SEX", "(sex)"),
        ("Gender", "(sex)"),
        ("race", "(ethnicity)"),
        ("self-defined ethnicity", "(ethnicity)"),
        ("Religion", "(religion)"),
        ("postcode", "geography"),
        ("PostCode", "geography"),
        ("post_code_sector", "geography"),
        ("zip_code", "geography"),
        ("Residence_PUMA", "geography"),
        ("mosaic_code", "commercial"),
        ("custody_intelligence_count", "intelligence"),
        ("intel_reports", "intelligence"),
    ],
)
def test_a_sensitive_name_is_known_however_it_is_written(name: str, part: str) -> None:
    assert part in sensitivity(name)


@pytest.mark.parametrize(
    "name", ["priors", "damage", "percentage", "sexual_offences", "Essex", "racing", "ages_ago", ""]
)
def test_a_name_that_only_resembles_a_sensitive_one_is_left_alone(name: str) -> None:
    assert sensitivity(name) == ""
