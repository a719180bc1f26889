"""Read the parameters of the synthetic force from ``force.toml``, which says of each where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from forecast.problems import Problem, nearest, raise_all
from forecast.settings import from_mapping, key, read_toml
from forecast.synthetic.groups import CLUSTERS, GROUPS, RHYTHMS

SHIPPED = Path(__file__).with_name("force.toml")
FORMAT = 1
AREAS = 20
LENGTHS = {
    "season_night": 12,
    "hours_night": 24,
    "hours_day": 24,
    "hours_flat": 24,
    "deprivation": AREAS,
    "exposure": AREAS,
}
POSITIVE_SUMS = ("season_night", "hours_night", "hours_day", "hours_flat", "onset_density", "curve", "ethnicity_shares")
PAIRS = (("onset_density", "onset_ages"), ("curve", "curve_ages"), ("ethnicity_shares", "ethnicities"))


@dataclass(frozen=True, slots=True)
class Group:
    """What the force's world holds of one group of offences."""

    share: float = key("share among arrests where nothing favours another group", low=0, high=1)
    arrest: float = key("chance that a true offence leads to an arrest, at average exposure", low=0.01, high=0.95)
    historic: float = key("share of arrests that come weeks or months after the offence", low=0, high=1)
    charge: float = key("chance of a charge at a first arrest", low=0, high=1)
    prison: float = key("chance of prison at a first conviction", low=0, high=1)
    prison_days: float = key("median days served", low=1, high=10_000)
    low_level: bool = key("whether out-of-court disposals and diversion are open to it")
    cluster: str = key("the kind of offending it belongs to", allowed=CLUSTERS)
    rhythm: str = key("its pattern over week and year", allowed=RHYTHMS)
    court_codes: tuple[str, ...] = key("Home Office codes of five digits, as courts and the PNC use them")
    court_shares: tuple[float, ...] = key("share of each of these, in any unit")
    crime_codes: tuple[str, ...] = key("codes of recorded crime")
    crime_shares: tuple[float, ...] = key("share of each of these, in any unit")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of the force; rates are a year and ages are years unless said otherwise."""

    latent_people: float = key("simulated people for each of `people`", low=0.5, high=50)
    frailty_shape: float = key("shape of the gamma distribution of frailty", low=0.05, high=10)
    arrests_per_year: float = key("arrests a year at frailty 1, before excitement", low=0.01, high=20)
    male: float = key("share of men among latent people", low=0, high=1)
    female_rate: float = key("rate of women relative to men", low=0, high=2)
    deprivation_effect: float = key("log rate for one unit of deprivation", low=-3, high=3)
    onset_ages: tuple[float, ...] = key("ages at the knots of the onset density")
    onset_density: tuple[float, ...] = key("density of onset at these ages, in any unit")
    desistance: float = key("median hazard of ending a career", low=0, high=5)
    desistance_spread: float = key("standard deviation of the log hazard", low=0, high=3)
    curve_ages: tuple[float, ...] = key("ages at the knots of the age curve")
    curve: tuple[float, ...] = key("relative rate at these ages")
    habit: float = key("added rate of those with many priors, relative", low=0, high=10)
    excitement: float = key("added rate just after an offence, relative", low=0, high=20)
    excitement_days: float = key("days in which the excitement falls to 37 %", low=1, high=2000)
    repeat_group: float = key("chance that the next offence is of the last one's group", low=0, high=0.95)
    taste_spread: float = key("standard deviation of the log taste for a kind of offending", low=0, high=3)
    violence_escalation: float = key("added weight of serious groups per log violent arrest", low=0, high=5)
    exposure_effect: float = key("added chance of arrest for one unit of police exposure", low=-1, high=1)
    further_offences: float = key("chance of one more offence in an event", low=0, high=0.9)
    breach_share: float = key("share of breaches among offences under an order", low=0, high=1)
    bail_return: float = key("chance that a case ends with a return on bail", low=0, high=1)
    warrant: float = key("chance of a warrant for those on bail to court", low=0, high=1)
    recall: float = key("chance of recall after prison", low=0, high=1)
    remand: float = key("chance of remand relative to that of prison", low=0, high=1)
    proven: float = key("chance that a charge is proven", low=0, high=1)
    prison_priors: float = key("added chance of prison for each prior event, relative", low=0, high=1)
    diversion: float = key("chance of diversion of an eligible case from 2015", low=0, high=1)
    diversion_effect: float = key("rate of offending in the two years after diversion, relative", low=0, high=1)
    death: float = key("hazard of death at the age of 40", low=0, high=1)
    death_growth: float = key("growth of its log with a year of age", low=0, high=1)
    moving: float = key("hazard of moving away for good", low=0, high=1)
    deaths_known: float = key("share of deaths that the force learns of", low=0, high=1)
    moves_known: float = key("share of moves that the force learns of", low=0, high=1)
    season_night: tuple[float, ...] = key("rate in each month, relative, of night offences")
    hours_night: tuple[float, ...] = key("rate in each hour of the day, relative, of night offences")
    hours_day: tuple[float, ...] = key("the same of day offences")
    hours_flat: tuple[float, ...] = key("the same of all others")
    weekend_nights: float = key("rate in nights of Friday and Saturday, relative", low=0.1, high=10)
    deprivation: tuple[float, ...] = key("deprivation of each area, mean about 0")
    exposure: tuple[float, ...] = key("police exposure of each area, mean about 0")
    ethnicities: tuple[str, ...] = key("groups of ethnicity; the first is the majority")
    ethnicity_shares: tuple[float, ...] = key("share of each among latent people")
    minority_by_exposure: float = key("log odds of a minority for one unit of exposure", low=-3, high=3)
    ethnicity_missing: float = key("ethnicity not stated", low=0, high=1)
    birth_missing: float = key("no date of birth", low=0, high=1)
    birth_wrong: float = key("a wrong date of birth", low=0, high=1)
    sex_missing: float = key("no sex on record", low=0, high=1)
    postcode_missing: float = key("no postcode: no fixed abode", low=0, high=1)
    code_unmapped: float = key("an offence code that no taxonomy knows", low=0, high=1)
    duplicates: float = key("people with a second nominal", low=0, high=1)
    duplicate_events: float = key("share of their events under the second nominal", low=0, high=1)
    recorded_crime_codes: float = key(
        "share of offences with a code of recorded crime, where there is one", low=0, high=1
    )
    recorded_late: float = key("share of further offences recorded days to months late", low=0, high=1)
    edited: float = key("share of offences edited later", low=0, high=1)
    edited_code: float = key("share of edits that change the code", low=0, high=1)
    reports: float = key("mean number of intelligence reports a person", low=0, high=100)
    reports_none: float = key("share of people of whom there is never a report", low=0, high=0.99)
    reports_shape: float = key("shape of the gamma in the number of reports", low=0.05, high=50)
    reports_exposure: float = key("log rate of reports for one unit of police exposure", low=-3, high=3)
    groups: tuple[Group, ...] = ()


def load_parameters(path: Path = SHIPPED) -> Parameters:
    """Return the parameters in ``path``, or raise all the problems found in it."""
    return parameters(read_toml(path), path)


def parameters(values: Mapping[str, Any], path: object) -> Parameters:
    """Return the parameters in the content of a file; ``path`` is only named in messages."""
    sections = values.get("groups", {})
    _check_version(values.get("format_version", 1), path)
    found = [
        Problem("toml-unknown-key", path=path, key=f"groups.{name}", hint=nearest(name, GROUPS))
        for name in sections
        if name not in GROUPS
    ]
    found += [
        Problem("toml-missing-key", path=path, key=f"groups.{name}", meaning=f"a section with what holds of {name}.")
        for name in GROUPS
        if name not in sections
    ]
    raise_all(found)
    groups = tuple(from_mapping(Group, sections[name], f"{path} [groups.{name}]") for name in GROUPS)
    flat = {name: value for name, value in values.items() if name not in ("groups", "format_version")}
    made = replace(from_mapping(Parameters, flat, path), groups=groups)
    raise_all([*_wrong_lengths(made, path), *_out_of_range(made, path)])
    return made


def _check_version(found: Any, path: object) -> None:
    if found != FORMAT:
        raise Problem("toml-version", path=path, found=found, newest=FORMAT)


def _wrong_lengths(made: Parameters, path: object) -> Iterator[Problem]:
    """Find lists that are not as long as what they belong to."""
    pairs = list(LENGTHS.items())
    pairs += [(one, len(getattr(made, other))) for one, other in PAIRS]
    for name, length in pairs:
        found = len(getattr(made, name))
        if found != length:
            yield Problem("setting-range", path=path, key=f"{name} (how many)", found=found, low=length, high=length)
    for name, group in zip(GROUPS, made.groups, strict=True):
        for kind in ("court", "crime"):
            wanted, found = (len(getattr(group, f"{kind}_{part}")) for part in ("codes", "shares"))
            if found != wanted or not wanted:
                where = f"groups.{name}.{kind}_shares (how many)"
                yield Problem("setting-range", path=path, key=where, found=found, low=max(wanted, 1), high=wanted)
            shares = getattr(group, f"{kind}_shares")
            if shares and not (min(shares) >= 0 and sum(shares) > 0):
                where = f"groups.{name}.{kind}_shares"
                yield Problem("setting-range", path=path, key=where, found=shares, low=0, high="a positive sum")


def _out_of_range(made: Parameters, path: object) -> Iterator[Problem]:
    """Find numbers in lists that are not in range: ages must rise, rates and shares must not be negative."""
    for field in fields(made):
        values = getattr(made, field.name)
        if field.name in ("groups", "ethnicities") or not isinstance(values, tuple):
            continue
        low, high = (-5.0, 5.0) if field.name in ("deprivation", "exposure") else (0.0, 120.0)
        for value in values:
            if not low <= value <= high:
                yield Problem("setting-range", path=path, key=field.name, found=value, low=low, high=high)
        if field.name in POSITIVE_SUMS and not sum(values) > 0:
            yield Problem("setting-range", path=path, key=f"{field.name} (sum)", found=0, low="above 0", high="any")
        if field.name.endswith("_ages") and list(values) != sorted(set(values)):
            yield Problem("setting-range", path=path, key=field.name, found="not rising", low="young", high="old")
