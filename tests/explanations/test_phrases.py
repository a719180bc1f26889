"""Walk every feature of the catalogue and of the shipped tables through every branch of its phrase."""

from __future__ import annotations

import re
from typing import Any

import pytest

from forecast.explanations import phrases, wording
from forecast.explanations.texts import load_texts
from forecast.features.catalogue import SETS, whole_set
from forecast.features.spec import WINDOW_YEARS, Op
from forecast.tables.description import Feature
from forecast.tables.library import load, shipped
from tests.explanations.every import described, of_tables, values_of, values_of_table
from tests.helpers import CAUSAL

CATALOGUE = list(described())
ALL = tuple(of_tables())
TABLES = [pytest.param(f, id=f"{i}:{f.name}") for i, f in enumerate(ALL)]
ODD = ("= 0", ": 0", "  ", "{", "}", "None,", " None", " nan", "Not on record:", "not held", "not on bail", " ,", "()")
PLURAL_OF_ONE = re.compile(
    r"(?<![\d.])1 (?!in 100|to |or )(?:[a-z]+ ){0,2}"
    r"(?:arrests|offences|years|months|points|kinds|orders|terms|breaches|burglaries|thefts|events|reports|recalls)\b"
)
WINDOWS = ("in the last 12 months", "in the last 2 years", "in the last 5 years")


def check(said: str) -> None:
    """Assert what is so of every sentence about a fact."""
    assert said[:1].isupper() or said[:1].isdigit(), said
    assert said == said.strip()
    assert not [odd for odd in ODD if odd in said], said
    assert not said.startswith(("Not ", "Nan")), said
    assert not [word for word in (*CAUSAL, "will ", "because") if word in said.lower()], said
    assert not PLURAL_OF_ONE.search(said), said
    assert not re.search(r"\d\.\d*0\b", said), said


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_feature_of_the_catalogue_is_said_well_whatever_its_value(name: str) -> None:
    feature, spec = described()[name]
    assert phrases.spec_of(feature) is spec
    branches = set()
    for value in values_of(spec):
        said = wording.fact(feature, value)
        check(said)
        branches.add(said)
        if spec.window >= 0 and isinstance(value, float):
            assert WINDOWS[spec.window] in said
            assert str(WINDOW_YEARS[spec.window]).replace("1", "12") in said
        if spec.op in (Op.COUNT, Op.RUNNING, Op.HARM, Op.KINDS) and value == 0.0:
            assert said.startswith("No ")
    assert len(branches) > 2
    check(wording.sentence(wording.named(feature)))
    assert wording.theme(feature) in {text for key, text in load_texts().by_key.items() if key.startswith("themes.")}
    assert wording.theme(feature) != "other facts on record"
    assert wording.can_be_wrong(feature).endswith(".")


@pytest.mark.parametrize("feature", TABLES)
def test_every_feature_of_a_shipped_table_is_said_well_whatever_its_value(feature: Feature) -> None:
    for value, recorded in values_of_table(feature):
        said = wording.fact(feature, value, recorded)
        check(said)
        assert "recorded as no" not in said
        if recorded is not None and not recorded.isdigit():
            assert recorded in said
    assert wording.theme(feature) != "other facts on record"
    assert wording.can_be_wrong(feature).endswith(".")


def test_every_level_of_a_shipped_table_is_said_with_its_word() -> None:
    for feature in ALL:
        for i, level in enumerate(feature.levels):
            said = wording.fact(feature, float(i) if feature.kind == "ordered" else level)
            assert (feature.words[i] if feature.words else level).lower() in said.lower()


GOLDEN: list[tuple[str, Any, str]] = [
    ("arrests_1y", 3.0, "3 arrests in the last 12 months"),
    ("arrests_2y", 1.0, "1 arrest in the last 2 years"),
    ("arrests_1y", 0.0, "No arrest in the last 12 months"),
    ("arrests", 12.0, "12 arrests on record"),
    ("violent", 0.0, "No violent offence on record"),
    ("violent_5y", 2.0, "2 violent offences in the last 5 years"),
    ("violence_2y", 1.0, "1 offence of violence against a person in the last 2 years"),
    ("group_theft_2y", 4.0, "4 thefts in the last 2 years"),
    ("group_burglary_dwelling", 1.0, "1 burglary of a home on record"),
    ("sex_register", 1.0, "1 offence on record that can lead to the sex offender register"),
    ("murder", 1.0, "1 homicide or attempt at one on record"),
    ("harm_2y", 349.6, "About 350 severity points for offences in the last 2 years"),
    ("violent_harm", 0.0, "No severity points for violent offences on record"),
    ("years_since_arrest", 1.4, "Latest earlier arrest 1.4 years ago"),
    ("years_since_arrest", 0.36, "Latest earlier arrest 4 months ago"),
    ("years_since_arrest", 0.01, "Latest earlier arrest under a month ago"),
    ("years_since_arrest", None, "No earlier arrest on record"),
    ("years_since_order", 2.0, "Latest order began 2 years ago"),
    ("PriorSexualOffenceLatestYears", 100.0, "No earlier sexual offence on record"),
    ("PriorSexualOffenceLatestYears", 99.0, "Latest earlier sexual offence 99 years ago"),
    ("FirstDrugOffenceAge", 17.99, "Aged 17 at the first earlier drug offence"),
    ("first_arrest_age", float("nan"), "No age at a first earlier arrest: none on record"),
    ("age", 34.98, "Age 34"),
    ("Gender", "F", "Sex: female"),
    ("CustodyPostcodeOutwardTop24", "DH1", "First half of the postcode: DH1"),
    ("CustodyMosaicCodeTop28", None, "Commercial segment of the household: not recorded"),
    ("PriorIntelCount", 2.0, "2 intelligence reports on record"),
    ("violent_share", 0.124, "12 in 100 of earlier offences were violent"),
    ("violent_share", 0.0, "None of the earlier offences were violent"),
    ("violent_share", None, "Violent offences among earlier offences: no earlier offence on record"),
    ("breach_event_share", 1.0, "All earlier arrests were for breach of an order"),
    ("top_share", 0.5, "50 in 100 of earlier offences were of the commonest kind"),
    ("mean_gap", 0.5, "6 months between earlier arrests on average"),
    ("last_gap", None, "Time between the latest two earlier arrests: fewer than two on record"),
    ("tempo", 2.48, "2.5 arrests a year since the first one"),
    ("tempo", 0.0, "No arrests a year: none on record"),
    ("tempo", 1.001, "1 arrest a year since the first one"),
    ("acceleration", 1.5, "1.5 more arrests in the last 12 months than the yearly average of the four years before"),
    ("acceleration", -1.0, "1 fewer arrest in the last 12 months than the yearly average of the four years before"),
    ("years_free", 0.0, "No time free: a term of imprisonment running now"),
    ("kinds_2y", 0.0, "No kind of offence in the last 2 years"),
    ("kinds_5y", 3.0, "3 kinds of offence in the last 5 years"),
    ("same_kind_2y", 1.0, "1 earlier offence in the last 2 years of the kinds held for now"),
    ("now_offences", 2.0, "Held now for 2 offences"),
    ("now_violence", 1.0, "Held now for violence against a person"),
    ("now_violent", 0.0, "No violent offence among the offences held for now"),
    ("now_breach_event", 0.0, "Arrested now on other grounds than breach of an order"),
    ("bail_now", 1.0, "On bail now"),
    ("community_order_now", 0.0, "No community order running now"),
    ("prison_orders", 2.0, "2 terms of imprisonment on record"),
    ("recall_events_2y", 1.0, "1 recall to prison in the last 2 years"),
    ("sanction_previous", 0.0, "No conviction or caution on record"),
    ("sanction_now_drink_driving", 1.0, "Held now for drink driving"),
]


@pytest.mark.parametrize(("name", "value", "said"), GOLDEN, ids=[f"{name}={value}" for name, value, _ in GOLDEN])
def test_a_fact_reads_as_a_sergeant_would_say_it(name: str, value: Any, said: str) -> None:
    assert wording.fact(described()[name][0], value) == said


OF_TABLES = [
    ("priors_count", 0.0, None, "No prior offence on record"),
    ("age", 34.0, None, "Age 34 at screening"),
    ("Age_at_Release", 48.0, "48 or older", "Age 48 or older at release"),
    ("Prior_Arrest_Episodes_Felony", 10.0, "10 or more", "10 or more prior arrests for felonies on record"),
    ("Gang_Affiliated", 0.0, None, "No gang affiliation on record"),
    ("Prison_Years", 1.0, None, "1 to 2 years in prison"),
    ("DrugTests_THC_Positive", 0.25, None, "25 in 100 of drug tests positive for cannabis"),
    ("Percent_Days_Employed", 1.0, None, "Employed on all days"),
    ("years_since_last", 0.5, None, "Latest arrest on record 6 months ago"),
    ("on_bail", 0.0, None, "No bail on record when arrested"),
]


@pytest.mark.parametrize(("name", "value", "recorded", "said"), OF_TABLES, ids=[name for name, *_ in OF_TABLES])
def test_a_fact_of_a_table_does_too(name: str, value: float, recorded: str | None, said: str) -> None:
    feature = next(f for f in ALL if f.name == name)
    assert wording.fact(feature, value, recorded) == said


@pytest.mark.parametrize("name", SETS)
def test_no_two_features_of_a_set_say_the_same(name: str) -> None:
    """Two facts of one case in the same words, one raising and one lowering the forecast, could not be told apart."""
    said: dict[str, str] = {}
    for f in whole_set(name).features:
        feature, spec = described()[f.name]
        for value in values_of(spec):
            text = wording.fact(feature, value)
            assert said.setdefault(text, f.name) == f.name, text


@pytest.mark.parametrize("name", shipped())
def test_no_two_features_of_a_table_do_either(name: str) -> None:
    said: dict[str, str] = {}
    for feature in load(name).features:
        for value, recorded in values_of_table(feature):
            text = wording.fact(feature, value, recorded)
            assert said.setdefault(text, feature.name) == feature.name, text
