"""The offence taxonomy: golden codes, forms of a code, whole public lists, encoding of columns, faults of a file."""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from forecast.problems import Problem, Problems
from forecast.records.rules import FLAGS, GROUPS, read_rules
from forecast.records.taxonomy import CLASSES, Taxonomy, load_taxonomy, normalise

SHIPPED = Path(__file__).parents[2] / "src/forecast/records/offences.toml"

# code, group, flags, weight ("~" before it: assumed)
GOLDEN = """
1        violence_serious    serious,violent,violence,murder            7973.393
00101    violence_serious    serious,violent,violence,murder            7973.393
2        violence_serious    serious,violent,violence,murder            4654.298
3A       violence_serious    serious,violent,violence,murder            2024.223
3B       violence_noinjury   violent,violence                           275.309
00301    violence_noinjury   violent,violence                           275.309
4.4      motoring            serious                                    1022.814
00401    violence_serious    serious,violent,violence,murder            7973.393
00407    violence_serious    serious,violent,violence                   1005.177
00408    motoring            serious                                    111.361
00418    motoring            -                                          ~111.361
5D       violence_serious    serious,violent,violence                   2034.742
00501    violence_serious    serious,violent,violence                   2034.742
00514    violence_serious    serious,violent,violence,weapon,firearm    ~1446.983
8N       violence_injury     violent,violence                           189.154
00801    violence_injury     violent,violence                           189.154
00806    violence_injury     violent,violence                           189.154
8L       violence_noinjury   violent,violence                           36.098
8R       violence_noinjury   violent,violence                           15.139
00811    weapons             weapon                                     52.126
00816    weapons             serious,violent,weapon,firearm             616.56
00826    weapons             weapon                                     53.038
00831    breach_justice      breach                                     ~36.098
9A       public_order        -                                          6.812
10A      weapons             serious,violent,weapon,firearm             616.56
10C      weapons             weapon                                     52.126
10D      weapons             weapon                                     53.038
11A      violence_injury     violent,violence                           138.716
19C      sexual              serious,sex_register                       2952.941
01908    sexual              serious,sex_register                       2952.941
02003    sexual              serious,sex_register                       459.07
72       sexual              serious                                    1671.443
88E      sexual              sex_register                               39.922
08610    sexual              serious,sex_register                       137.283
13900    sexual              -                                          ~39.922
28E      burglary_dwelling   property                                   465.381
02803    burglary_dwelling   property                                   465.381
29A      burglary_dwelling   serious,violent,property                   2288.669
30C      burglary_other      property                                   123.018
31       burglary_other      serious,violent,property                   1849.52
33A      fraud               property                                   135.275
34B      robbery             serious,violent                            799.629
03401    robbery             serious,violent                            799.629
35       robbery             serious                                    785.81
36       violence_serious    serious,violent,violence                   1216.815
37/1     vehicle             serious,property                           532.417
37/2     vehicle             property                                   53.45
04600    theft               property                                   11.856
45       vehicle             property                                   32.921
54       theft               property                                   55.135
05301    fraud               property                                   ~140.538
56A      criminal_damage     serious,property                           826.19
05602    criminal_damage     property                                   186.668
05716    criminal_damage     serious,property                           ~186.668
05800    criminal_damage     property                                   5.397
62A      public_order        violent                                    362.896
06601    public_order        violent                                    72.509
06698    breach_justice      breach                                     72.509
06700    breach_justice      -                                          97.846
83       breach_justice      breach                                     3.304
08103    weapons             serious,weapon,firearm                     1287.544
11501    weapons             weapon,firearm                             ~250.25
92A      drugs_supply        supply,drug                                512.957
92D      drugs_possession    drug                                       8.082
09251    drugs_possession    drug                                       8.082
09261    drugs_possession    drug                                       1.771
09271    drugs_supply        supply,drug                                512.957
10400    violence_noinjury   violent,violence                           7.544
105A     violence_noinjury   violent,violence                           13.511
10500    violence_noinjury   violent,violence                           13.511
106      violence_serious    serious,violent,violence                   1069.064
10600    other               -                                          ~3.816
12511    public_order        -                                          6.812
802      motoring            -                                          119.877
80301    motoring            -                                          ~7.26
99       other               -                                          179.249
"""
ROWS = [tuple(line.split()) for line in GOLDEN.strip().splitlines()]
UNKNOWN = [
    "",
    "   ",
    "777",
    "77700",
    "806",
    "4600",
    "00899",
    "00503",
    "09216",
    "8Z",
    "8",
    "8NN",
    "105AB",
    "1/2/3",
    "murder",
    "0080600",
    "８N",
]

# The Ministry of Justice's actuarial category of a PNC code, and the groups of ours that agree with it.
AGREES = {
    "ABSCONDING_OR_BAIL": "breach_justice",
    "ACQUISITIVE_VIOLENCE": "robbery",
    "BURGLARY_DOMESTIC": "burglary_dwelling",
    "BURGLARY_OTHER": "burglary_other",
    "CRIMINAL_DAMAGE": "criminal_damage",
    "DRINK_DRIVING": "motoring",
    "DRUG_IMPORT_EXPORT_OR_PRODUCTION": "drugs_supply",
    "DRUG_POSSESSION_OR_SUPPLY": "drugs_possession drugs_supply",
    "DRUNKENNESS": "public_order",
    "FIREARMS_MOST_SERIOUS": "weapons violence_serious",
    "FIREARMS_OTHER": "weapons",
    "FRAUD_AND_FORGERY": "fraud",
    "HANDLING_STOLEN_GOODS": "theft",
    "MOTORING_OFFENCES": "motoring",
    "OTHER_OFFENCES": "other breach_justice",
    "PUBLIC_ORDER_AND_HARRASSMENT": "public_order violence_noinjury breach_justice",
    "SEXUAL_AGAINST_CHILD": "sexual",
    "SEXUAL_NOT_AGAINST_CHILD": "sexual",
    "THEFT_NON_MOTOR": "theft",
    "UNKNOWN": "other breach_justice",
    "VEHICLE_RELATED_THEFT": "vehicle",
    "VIOLENCE_AGAINST_THE_PERSON_ABH_PLUS": "violence_serious violence_injury",
    "VIOLENCE_AGAINST_THE_PERSON_SUB_ABH": "violence_noinjury",
    "WEAPONS_NON_FIREARM": "weapons",
    "WELFARE_FRAUD": "fraud",
}
# Where we part from it on purpose: class or code, the groups that we give instead, to how many codes, and why.
EXCEPTIONS = {
    "003": ("violence_noinjury", 2, "threats to kill are threats"),
    "00525": ("other", 1, "unfit for aviation duty: a matter of regulation"),
    "00528": ("violence_noinjury", 1, "a threatening communication"),
    "00602": ("violence_noinjury", 1, "throwing things at a train"),
    "00603": ("violence_noinjury", 1, "negligence on the railway"),
    "007": ("other", 17, "rules of shipping"),
    "008": (
        "breach_justice violence_injury violence_noinjury",
        14,
        "assaults on constables without injury, aggravated common assault, dogs, breach of orders",
    ),
    "014": ("other", 3, "abortion"),
    "015": ("other", 1, "concealment of birth"),
    "029": ("burglary_dwelling", 1, "aggravated burglary is burglary"),
    "031": ("burglary_other", 1, "aggravated burglary is burglary"),
    "032": ("burglary_other", 1, "entering with intent is burglary"),
    "033": ("theft", 1, "going equipped goes with theft"),
    "035": ("robbery", 1, "blackmail goes with robbery"),
    "03612": ("breach_justice", 1, "breach of an order"),
    "03701": ("vehicle", 1, "taking a vehicle that caused a death is vehicle crime"),
    "041": ("theft", 1, "theft by an employee is theft"),
    "044": ("theft", 1, "theft of a bicycle is theft"),
    "05915": ("criminal_damage", 1, "making an explosive goes with threats of damage"),
    "066": ("breach_justice", 2, "contempt and breach of orders"),
    "067": ("breach_justice", 3, "perjury is against justice"),
    "068": ("breach_justice other", 4, "organised crime and computers; breach of orders"),
    "078": ("other sexual violence_serious", 26, "immigration is no fraud, trafficking is violence"),
    "079": ("breach_justice", 5, "intimidating witnesses, research by jurors: against justice"),
    "094": ("other", 1, "shining a laser"),
    "095": ("other", 20, "disclosure and false statements to regulators"),
    "099": ("other", 3, "endangering aircraft; regulations on terrorism"),
    "111": ("other", 10, "dogs dangerously out of control that injured nobody, so far as the code says"),
    "13718": ("theft", 1, "taking a bicycle is theft"),
    "155": ("other", 2, "lights that dazzle aircraft"),
    "173": ("motoring", 2, "rules of public service vehicles"),
    "177": ("breach_justice", 2, "false evidence is against justice"),
    "193": (
        "breach_justice drugs_possession",
        6,
        "obstructing a drugs search, closed premises; drug testing orders are breach",
    ),
    "194": ("other", 60, "immigration is no fraud; obstructing an immigration officer"),
    "195": ("other", 2, "tickets and noise"),
    "820": ("motoring", 4, "evading a charging scheme on the road"),
    "950": ("other", 1, "court martial"),
}


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy()


@pytest.fixture(scope="module")
def public_list() -> Callable[[str], list[dict[str, str]]]:
    """Return the rows of a list of the data folder; skip if it is not there."""
    folder = Path(os.environ.get("FORECAST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "offences"

    def read(name: str) -> list[dict[str, str]]:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"{path} is not there: set FORECAST_DATA to a folder that holds offences/{name}")
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def flags_of(offence: object) -> list[str]:
    return [flag for flag in FLAGS if getattr(offence, flag)]


@pytest.mark.parametrize(("code", "group", "flags", "weight"), ROWS, ids=[row[0] for row in ROWS])
def test_a_code_has_its_group_flags_and_weight(
    taxonomy: Taxonomy, code: str, group: str, flags: str, weight: str
) -> None:
    offence = taxonomy.lookup(code)
    assert offence.group == group
    assert flags_of(offence) == ([] if flags == "-" else sorted(flags.split(","), key=FLAGS.index))
    assert (offence.weight, offence.weight_assumed) == (float(weight.lstrip("~")), weight.startswith("~"))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("8N", "8N"),
        ("008N", "8N"),
        ("08n", "8N"),
        (" 105 a ", "105A"),
        ("046", "46"),
        ("46", "46"),
        ("00806", "00806"),
        ("008/06", "00806"),
        ("8/6", "00806"),
        ("37.2", "03702"),
        ("4.10", "00410"),
        ("0", "0"),
    ],
)
def test_a_code_is_read_in_each_form_that_it_is_written_in(written: str, code: str) -> None:
    assert normalise(written) == code
    assert normalise(code) == code


@pytest.mark.parametrize("code", UNKNOWN)
def test_an_unknown_code_is_a_problem_and_never_guessed(taxonomy: Taxonomy, code: str) -> None:
    assert taxonomy.find(code) is None
    with pytest.raises(Problem, match=re.escape(f"'{code}' is not an offence code")) as raised:
        taxonomy.lookup(code)
    assert (raised.value.code, raised.value.facts["version"]) == ("offence-unknown", taxonomy.version)


def test_groups_are_eighteen_in_a_fixed_order_each_with_a_phrase(taxonomy: Taxonomy) -> None:
    assert tuple(group.name for group in taxonomy.groups) == GROUPS
    assert len(GROUPS) == 18
    assert (GROUPS[0], GROUPS[7], GROUPS[17]) == ("violence_serious", "theft", "other")
    assert len({group.phrase for group in taxonomy.groups}) == 18
    assert [g.name for g in taxonomy.groups if g.serious] == ["violence_serious", "sexual", "robbery"]
    assert [g.name for g in taxonomy.groups if g.supply] == ["drugs_supply"]


def test_classes_are_groups_then_flags_and_leave_bits_for_features(taxonomy: Taxonomy) -> None:
    assert taxonomy.classes[:18] == GROUPS
    assert taxonomy.classes[18] == "any"
    assert taxonomy.classes[19:] == FLAGS
    assert len(set(taxonomy.classes)) == len(taxonomy.classes) <= 40


def test_the_class_is_three_digits_in_either_form(taxonomy: Taxonomy) -> None:
    assert [taxonomy.lookup(code).ho_class for code in ("8N", "00806", "46", "105A", "37/2")] == [
        "008", "008", "046", "105", "037",
    ]  # fmt: skip


def test_flags_keep_their_meaning_over_all_published_codes(
    taxonomy: Taxonomy, public_list: Callable[[str], list[dict[str, str]]]
) -> None:
    for row in public_list("home_office_offence_codes.csv"):
        offence = taxonomy.lookup(row["ho_code"])
        assert not offence.firearm or offence.weapon
        assert not offence.murder or offence.serious
        assert offence.violence == offence.group.startswith("violence_")
        assert offence.drug == offence.group.startswith("drugs_")
        assert not offence.sex_register or offence.group == "sexual"
        assert not offence.breach or offence.group == "breach_justice"
        if "FIREARMS" in row["actuarial_category"]:
            assert offence.firearm, row


def test_every_published_code_maps(taxonomy: Taxonomy, public_list: Callable[[str], list[dict[str, str]]]) -> None:
    rows = public_list("home_office_offence_codes.csv")
    assert len(rows) == 3039
    assert [row["ho_code"] for row in rows if taxonomy.find(row["ho_code"]) is None] == []
    assert {taxonomy.lookup(row["ho_code"]).group for row in rows} == set(GROUPS)


def test_no_rule_speaks_of_a_subclass_or_class_that_is_not_published(
    public_list: Callable[[str], list[dict[str, str]]],
) -> None:
    """A range that runs over a gap would guess at codes that are created later."""
    codes = {row["ho_code"] for row in public_list("home_office_offence_codes.csv")}
    selectors = {selector for selector in read_rules(SHIPPED).meanings if not selector.startswith("=")}
    assert sorted(selectors - codes - {code[:3] for code in codes}) == []


def test_every_code_with_a_published_weight_has_that_weight(
    taxonomy: Taxonomy, public_list: Callable[[str], list[dict[str, str]]]
) -> None:
    rows = public_list("ons_crime_severity_weights.csv")
    assert len(rows) == 134
    for row in rows:
        for column in ("code_severity", "code_original"):
            offence = taxonomy.lookup(row[column])
            assert offence.weight == pytest.approx(float(row["weight"]), abs=0.0005), row
            assert not offence.weight_assumed


def test_groups_agree_with_the_actuarial_categories_but_for_what_is_said(
    taxonomy: Taxonomy, public_list: Callable[[str], list[dict[str, str]]]
) -> None:
    apart: dict[str, list[str]] = {}
    for row in public_list("home_office_offence_codes.csv"):
        code, group = row["ho_code"], taxonomy.lookup(row["ho_code"]).group
        if group not in AGREES[row["actuarial_category"]].split():
            apart.setdefault(code if code in EXCEPTIONS else code[:3], []).append(group)
    found = {key: (" ".join(sorted(set(groups))), len(groups)) for key, groups in apart.items()}
    assert found == {key: (groups, count) for key, (groups, count, _) in EXCEPTIONS.items()}


def test_the_text_of_the_published_lists_is_not_copied(
    taxonomy: Taxonomy, public_list: Callable[[str], list[dict[str, str]]]
) -> None:
    ours = SHIPPED.read_text("utf-8").lower()
    long = {
        r["sub_category"].lower() for r in public_list("home_office_offence_codes.csv") if len(r["sub_category"]) > 40
    }
    assert [text for text in long if text in ours] == []


ARRAYS = {
    "string": lambda c: pa.array(c, pa.string()),
    "large-string": lambda c: pa.array(c, pa.large_string()),
    "dictionary": lambda c: pa.array(c, pa.string()).dictionary_encode(),
    "chunks": lambda c: pa.chunked_array([c[:2], c[2:]], pa.string()),
    "chunks-of-dictionaries": lambda c: pa.chunked_array([pa.array(p).dictionary_encode() for p in (c[:2], c[2:])]),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_column_is_encoded_as_its_codes_are_looked_up(taxonomy: Taxonomy, kind: str) -> None:
    codes = ["8N", "00806", None, "777", "34B", "8N", "09271"]
    encoded = taxonomy.encode(ARRAYS[kind](codes))
    found = [taxonomy.find(code) for code in codes]
    assert [a.dtype.name for a in (encoded.mask, encoded.weight_milli, encoded.group, encoded.unknown)] == [
        "uint64", "int64", "int8", "bool",
    ]  # fmt: skip
    assert encoded.unknown.tolist() == [False, False, True, True, False, False, False]
    assert encoded.group.tolist() == [GROUPS.index(o.group) if o else -1 for o in found]
    assert encoded.weight_milli.tolist() == [189154, 189154, 0, 0, 799629, 189154, 512957]
    names = [tuple(c for i, c in enumerate(CLASSES) if int(mask) >> i & 1) for mask in encoded.mask]
    assert [set(name) for name in names] == [set(o.classes) if o else set() for o in found]
    assert names[0] == ("violence_injury", "any", "violent", "violence")


@pytest.mark.parametrize("kind", ["string", "chunks", "dictionary"])
def test_an_empty_or_all_missing_column_is_encoded(taxonomy: Taxonomy, kind: str) -> None:
    assert len(taxonomy.encode(ARRAYS[kind]([])).mask) == 0
    assert taxonomy.encode(ARRAYS[kind]([None, None, None])).unknown.tolist() == [True] * 3


def test_a_slice_of_a_dictionary_array_is_encoded_by_its_own_rows(taxonomy: Taxonomy) -> None:
    codes = pa.array(["8N", "34B", "777", "34B"]).dictionary_encode()[1:3]
    assert taxonomy.encode(codes).weight_milli.tolist() == [799629, 0]


def test_a_million_codes_are_encoded_in_well_under_a_second(taxonomy: Taxonomy) -> None:
    codes = pa.array([row[0] for row in ROWS]).take(pa.array(np.arange(1_000_000) % len(ROWS)))
    start = time.perf_counter()
    encoded = taxonomy.encode(codes)
    assert time.perf_counter() - start < 1.5  # about 0.1 s on an idle machine
    assert not encoded.unknown.any()


def test_the_shipped_taxonomy_is_read_once_and_names_its_version(taxonomy: Taxonomy) -> None:
    assert load_taxonomy() is taxonomy
    assert re.fullmatch(r"20\d\d-\d\d", taxonomy.version)


def altered(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_force_may_bring_its_own_taxonomy(tmp_path: Path) -> None:
    path = altered(tmp_path, ('version = "2026-11"', 'version = "mine"'), ('recorded = "34A 34B"', 'recorded = "34A"'))
    with pytest.raises(Problem, match="34B has a weight, but no rule says its group"):
        load_taxonomy(path)
    mine = load_taxonomy(altered(tmp_path, ('version = "2026-11"', 'version = "mine"')))
    assert mine.version == "mine"
    assert mine.lookup("34B") == load_taxonomy().lookup("34B")


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ('classes = "034"', 'classes = "034 046"', "selects 046, as does rule"),
        ('subclasses = "066/01"', 'subclasses = "066/01 066/01"', "selects 066/01, as does rule"),
        ('subclasses = "066/01"', 'subclasses = "066/01-59"', "selects 066/02, as does rule"),
        ('recorded = "34A 34B"', 'recorded = "34A 034B"', "'034B' should be written '34B'"),
        ('classes = "034"', 'classes = "34"', "'34' is not of the form of classes"),
        ('classes = "034"', 'classes = "034/01"', "'034/01' is not of the form of classes"),
        ('subclasses = "066/01"', 'subclasses = "066"', "'066' is not of the form of subclasses"),
        ("033 039-044", "033 044-039", "runs backwards"),
        ('group = "robbery"', 'group = "robery"', "Did you mean 'robbery'"),
        ('group = "robbery"', "", "needs a text 'group'"),
        ('with = ["murder"]', 'with = ["killing"]', "names 'killing', which is not known"),
        ('with = ["murder"]', 'with = ["serious"]', "is what group 'violence_serious' says already"),
        ('with = ["murder"]', 'with = "murder"', "'with' must be a list of texts"),
        ('without = ["violent"]', 'without = ["murder"]', "is what group 'robbery' says already"),
        ('with = ["murder"]', 'wiht = ["murder"]', "names 'wiht', which is not known"),
        ('phrase = "theft"', 'phrase = ""', "group 'theft' needs a text 'phrase'"),
        ("[groups.theft]", "[groups.thefts]", "must define, in this order"),
        ('version = "2026-11"', "", "needs a text 'version'"),
        ('"8N" = 189.154', '"8N" = -1', "the weight of 8N must be a number above 0"),
        ('"8N" = 189.154', '"8N" = true', "the weight of 8N must be a number above 0"),
        ('"8N" = 189.154', '"8N" = 189.154\n"08N" = 5', "08N has two weights"),
        ('like = "31A"', 'like = "31Z"', "that code has no weight"),
        ('like = "31A", classes = "031"', 'like = "31A", recorded = "8N"', "weighs 8N, which has a weight already"),
    ],
)
def test_a_fault_of_the_rules_is_a_problem_that_says_where(tmp_path: Path, old: str, new: str, detail: str) -> None:
    with pytest.raises((Problem, Problems), match=re.escape(detail)) as raised:
        load_taxonomy(altered(tmp_path, (old, new)))
    items = raised.value.items if isinstance(raised.value, Problems) else (raised.value,)
    assert {item.code for item in items} == {"taxonomy-rule"}
    assert all("mine.toml" in item.sentence for item in items)


def test_all_faults_are_found_in_one_pass(tmp_path: Path) -> None:
    path = altered(tmp_path, ('phrase = "theft"', 'phrase = ""'), ('group = "robbery"', 'group = "robery"'))
    with pytest.raises(Problems) as raised:
        load_taxonomy(path)
    assert len(raised.value.items) == 2


@pytest.mark.parametrize("content", ["", "groups = 5\nrules = 5\nseverity = 5\nweights = 5", "[groups]\ntheft = 5"])
def test_a_file_of_another_kind_is_a_problem(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Problems) as raised:
        load_taxonomy(path)
    assert {item.code for item in raised.value.items} == {"taxonomy-rule"}
