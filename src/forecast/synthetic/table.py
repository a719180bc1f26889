"""Make a small synthetic table of custody cases, with people who come back and a three-level outcome.

No figure here claims to be that of a force: the shares are chosen so that 12 / 48 / 40 in 100 cases or so end with a
serious, another or no new arrest. Ethnicity has no effect in it, so that group gaps found in it are chance.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import whole_files

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Floats

OFFENCES = ("violence", "theft", "public order", "drugs", "burglary", "criminal damage", "weapons", "robbery")
OFFENCE_SHARE = (0.36, 0.2, 0.12, 0.11, 0.07, 0.07, 0.04, 0.03)
OFFENCE_EFFECT = (0.0, 0.5, 0.2, 0.1, 0.4, 0.2, 0.2, 0.3)
SERIOUS_EFFECT = (0.5, -0.4, 0.0, -0.2, 0.3, 0.0, 0.6, 0.9)
ETHNICITIES = ("White", "Black", "Asian", "Mixed", "Other")
ETHNICITY_SHARE = (0.8, 0.08, 0.07, 0.03, 0.02)
FIRST_DAY, DAYS = np.datetime64("2012-01-01", "D"), 3 * 365


def make_table(people: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Return a synthetic table, one row a custody case; the same seed gives the same table."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    cases_each = 1 + rng.geometric(0.62, people) - 1
    person = np.repeat(np.arange(people), cases_each)
    n = len(person)
    frailty = np.log(rng.gamma(0.9, 1 / 0.9, people) + 0.05)[person]
    columns: dict[str, Any] = {
        "person_id": [f"P{p:06d}" for p in person],
        "as_of": FIRST_DAY + rng.integers(0, DAYS, n).astype("timedelta64[D]"),
        "age": np.clip(18 + rng.gamma(1.9, 7.5, people)[person] + rng.integers(0, 3, n), 18, 85).astype(int),
        "sex": np.where(rng.random(people) < 0.15, "F", "M")[person],
        "ethnicity": rng.choice(ETHNICITIES, people, p=ETHNICITY_SHARE)[person],
    }
    columns |= _history(rng, columns["age"], frailty)
    offence = rng.choice(len(OFFENCES), n, p=OFFENCE_SHARE)
    columns["offence_group"] = np.array(OFFENCES)[offence]
    columns["on_bail"] = np.where(rng.random(n) < 1 / (1 + np.exp(2.4 - 0.6 * frailty)), "yes", "no")
    any_odds, serious_odds = _log_odds(columns, offence, frailty)
    rearrested = rng.random(n) < 1 / (1 + np.exp(-any_odds))
    serious = rearrested & (rng.random(n) < 1 / (1 + np.exp(-serious_odds)))
    columns |= {"rearrested": rearrested.astype(int), "serious": serious.astype(int)}
    table = pd.DataFrame(columns).sort_values(["as_of", "person_id"], kind="stable").reset_index(drop=True)
    table.insert(0, "case_id", [f"C{i:06d}" for i in range(n)])
    return table


def _history(rng: np.random.Generator, age: Floats, frailty: Floats) -> dict[str, Any]:
    rate = np.exp(0.5 + 0.9 * frailty) * np.sqrt(np.maximum(age - 14, 1) / 12)
    priors = np.minimum(rng.poisson(rate), 90)
    violent = rng.binomial(priors, 0.28)
    since = np.round(rng.exponential(4 / (1 + 0.25 * priors)), 2)
    return {
        "priors": priors,
        "violent_priors": violent,
        "years_since_last": np.where(priors > 0, since, np.nan),
        "breaches": rng.binomial(priors, 0.07),
    }


def _log_odds(columns: dict[str, Any], offence: Any, frailty: Floats) -> tuple[Floats, Floats]:
    recent = np.where(np.isnan(columns["years_since_last"]), 0.0, np.exp(-np.nan_to_num(columns["years_since_last"])))
    any_odds = (
        -0.15
        + 0.55 * np.log1p(columns["priors"])
        - 0.045 * (columns["age"] - 30)
        + 0.5 * recent
        + 0.35 * frailty
        + np.array(OFFENCE_EFFECT)[offence]
        - 0.3 * (columns["sex"] == "F")
    )
    serious_odds = (
        -2.0
        + 0.5 * np.log1p(columns["violent_priors"])
        - 0.02 * (columns["age"] - 30)
        + np.array(SERIOUS_EFFECT)[offence]
    )
    return any_odds, serious_odds


def write_table(path: Path, people: int = 4_000, seed: int = 1) -> int:
    """Write the synthetic table as CSV, whole or not at all; return its number of rows."""
    table = make_table(people, seed)
    with whole_files(path) as [temporary]:
        table.to_csv(temporary, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return len(table)
