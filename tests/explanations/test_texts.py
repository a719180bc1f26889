"""Tests of the catalogue of texts, and of a force's own file laid over it."""

from __future__ import annotations

import dataclasses
import math
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.cases import Contributions, Reasons
from forecast.cli.explained import whole_text
from forecast.explanations import own, wording
from forecast.explanations.limits import interval_text, outside_sentence, set_sentence
from forecast.explanations.reasons import Reasoner
from forecast.explanations.texts import load_texts, texts_of
from forecast.models.bundle import ModelBundle
from forecast.models.outcome_sets import OutcomeSets
from forecast.problems import Problem, Problems
from forecast.scoring.scorer import notes_of
from forecast.scoring.whole_case import case_of_table
from forecast.settings import Settings
from forecast.tables.description import Feature
from forecast.tables.toml_text import to_toml
from tests.explanations.every import described, values_of
from tests.explanations.test_limits import FEATURES, SCALE, row

GERMAN = """
[reason]
raises = "erhöht die Prognose"
a_lot = "stark"

[windows]
y1 = "in den letzten 12 Monaten"

[phrases.since]
some = "letzte frühere {one} vor {time}"

[numbers]
decimal = ","
years = "{count} Jahren"

[nouns]
arrest = {no = "keine Festnahme", one = "Festnahme", many = "Festnahmen"}

[features.tempo]
many = "{count} Festnahmen im Jahr"
"""


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "texte.toml"
    path.write_text(text, "utf-8")
    return path


def said(name: str, value: Any, path: Path) -> str:
    return wording.fact(described()[name][0], value, texts=load_texts(path))


def test_a_force_says_facts_in_its_own_words_and_the_rest_stays(tmp_path: Path) -> None:
    path = file_of(tmp_path, GERMAN)
    assert said("arrests_1y", 3.0, path) == "3 Festnahmen in den letzten 12 Monaten"
    assert said("arrests_1y", 0.0, path) == "Keine Festnahme in den letzten 12 Monaten"
    assert said("years_since_arrest", 1.4, path) == "Letzte frühere Festnahme vor 1,4 Jahren"
    assert said("tempo", 2.5, path) == "2,5 Festnahmen im Jahr"
    assert said("violent", 0.0, path) == "No violent offence on record"
    assert wording.fact(described()["arrests_1y"][0], 3.0) == "3 arrests in the last 12 months"


def test_the_texts_of_an_installation_come_from_its_settings(tmp_path: Path) -> None:
    assert texts_of(Settings()) is load_texts()
    own_texts = texts_of(Settings(texts=file_of(tmp_path, GERMAN)))
    assert own_texts["reason.raises"] == "erhöht die Prognose"
    assert own_texts["reason.lowers"] == load_texts()["reason.lowers"]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('[reason]\nraisses = "hoch"', "texts-unknown-key", "Did you mean 'reason.raises'?"),
        ('nothing = "x"', "texts-unknown-key", "there is no text 'nothing'"),
        ('[phrases.count]\nfew = "x"', "texts-unknown-key", "phrases.count.few"),
        ('[features.arests]\nnone = "x"', "texts-unknown-feature", "Did you mean 'arrests'?"),
        ('[features.arrests]\nsome = "x"', "texts-unknown-key", "features.arrests.some"),
        ("[reason]\nraises = 3", "texts-no-text", "'reason.raises' is 3"),
        ('[reason]\nraises = " "', "texts-no-text", "not empty"),
        ('[phrases.count]\nmany = "{count} {window}"', "texts-placeholder-missing", "leaves out {many}"),
        ('[phrases.age]\nsome = "{age} {years}"', "texts-placeholder-unknown", "has {years}, which nothing fills in"),
        ('[phrases.age]\nsome = "{age.real}"', "texts-placeholder-unknown", "what is filled in there: {age}"),
        ('[phrases.age]\nsome = "{age:>5}"', "texts-braces", "hold more than a name"),
        ('[phrases.age]\nsome = "{age"', "texts-braces", "do not match"),
        ('[reason]\nraises = "{}"', "texts-placeholder-unknown", "what is filled in there: none"),
        ('[features.arrests]\nmany = "arrests"', "texts-placeholder-missing", "leaves out {count}"),
        ("[reason\n", "toml-syntax", "texte.toml"),
    ],
)
def test_every_fault_of_a_file_of_texts_is_a_problem_that_says_what_to_do(
    tmp_path: Path, text: str, code: str, words: str
) -> None:
    with pytest.raises(Problem) as caught:
        load_texts(file_of(tmp_path, text))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_all_faults_of_a_file_are_told_at_once_and_a_missing_file_is_one(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        load_texts(file_of(tmp_path, '[reason]\nup = "x"\ndown = "y"'))
    assert len(caught.value.items) == 2
    with pytest.raises(Problem) as missing:
        load_texts(tmp_path / "nowhere.toml")
    assert missing.value.code == "file-missing"


def test_a_whole_file_that_says_every_text_as_in_english_changes_nothing(tmp_path: Path) -> None:
    path = file_of(tmp_path, to_toml(nested(load_texts().by_key)))
    assert load_texts(path).by_key == load_texts().by_key


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, text in flat.items():
        place = content
        for name in key.split(".")[:-1]:
            place = place.setdefault(name, {})
        place[key.rpartition(".")[2]] = text
    return content


def foreign(text: str) -> str:
    """Return a text of which only the placeholders are left in Latin letters."""
    parts = string.Formatter().parse(text)
    return "".join(re.sub("[A-Za-z]", "ж", literal) + (f"{{{name}}}" if name else "") for literal, name, _, _ in parts)


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = {key: foreign(text) for key, text in load_texts().by_key.items()}
    return file_of(tmp_path_factory.mktemp("strange"), to_toml(nested(texts)))


def explained(features: list[Feature], frame: pd.DataFrame, settings: Settings) -> Reasons:
    values = np.linspace(-0.4, 0.5, len(features))[None, :]
    made = Contributions(tuple(f.name for f in features), 0.3, values, np.array([-0.2]))
    return Reasoner(features, settings).reasons(frame, made)[0]


def printed(reasons: Reasons) -> list[str]:
    lines = [text for r in reasons.items for text in (r.fact, r.direction, r.strength, r.theme, r.can_be_wrong)]
    return [*lines, *reasons.notes]


def test_a_file_in_another_language_changes_all_that_an_explained_case_says(strange: Path) -> None:
    codes = ("postcode_outward", "mosaic_code")
    features = [feature for feature, spec in described().values() if spec.subject not in codes]
    specs = [described()[f.name][1] for f in features]
    for place in range(5):
        row_of = {s.name: [values_of(s)[min(place, len(values_of(s)) - 2)]] for s in specs}
        frame = pd.DataFrame(row_of)
        frame = frame.replace({"DH1": "F"})
        reasons = explained(features, frame, Settings(texts=strange, reasons_shown=20))
        assert len(reasons.notes) == 2
        english = printed(explained(features, frame, Settings(reasons_shown=20)))
        for text, plain in zip(printed(reasons), english, strict=True):
            assert text != plain or not text
            assert not re.search("[A-Za-z]", text), text
        assert reasons.themes
        assert not re.search("[A-Za-z]", "".join(theme for theme, _ in reasons.themes))


def test_every_branch_of_every_feature_is_in_the_language_of_the_file(strange: Path) -> None:
    texts = load_texts(strange)
    for feature, spec in described().values():
        for value in values_of(spec):
            if not isinstance(value, str) and not (isinstance(value, float) and math.isnan(value)):
                assert not re.search("[A-Za-z]", wording.fact(feature, value, texts=texts)), (feature.name, value)
        assert not re.search("[A-Za-z]", wording.named(feature, texts=texts))


def test_limits_and_own_lines_speak_the_language_of_the_file_too(strange: Path) -> None:
    from forecast.models.support import fit_support

    texts = load_texts(strange)
    assert interval_text(41, 0.38, 0.45, texts=texts) == "41 жж 100 (38 жж 45)"
    held = np.array([True, True, False])
    assert "Possible outcomes" not in set_sentence(
        held, OutcomeSets((0.4, 0.3, 0.1), 0.8, 0.1, 0.0), SCALE, texts=texts
    )
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.uniform(18, 60, 300), "arrests": 3.0, "offence": ["theft", "drugs"] * 150})
    support = fit_support(FEATURES, frame, np.arange(300))
    outside = outside_sentence(support, row(age=90.0), FEATURES, texts=texts)
    assert outside.startswith("жжжж жжжжжж")
    assert wording.about(0, texts=texts) == "жжжжж жжжж 1"
    assert load_texts()["own.not_probabilities"] == own.NOT_PROBABILITIES


def test_the_file_of_the_docs_works_as_shown(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "explanations.md"
    [shown] = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    path = file_of(tmp_path, shown)
    assert said("arrests_2y", 2.0, path) == "2 detentions in the last 2 years"
    assert said("arrests_1y", 0.0, path) == "No arrest on record in the year before this one"
    assert said("years_since_arrest", 2.0, path) == "2 years since the latest earlier detention"


def test_a_text_in_another_language_leaves_no_english_on_the_terminal_nor_in_notes(
    strange: Path, bundle: ModelBundle, table_file: Path, settings: Settings
) -> None:
    theirs = dataclasses.replace(settings, texts=strange)
    first = pd.read_csv(table_file)["case_id"][0]
    notes = notes_of(bundle, {"sex": np.array([True])}, 1, texts_of(theirs))
    case = case_of_table(bundle, table_file, first, theirs)
    case = dataclasses.replace(case, explained=dataclasses.replace(case.explained, note=notes[0]))
    text = whole_text(case)
    assert wording.sentence(notes[0]) in text
    ours = [bundle.model_id, first, *bundle.scale.words, *bundle.scale.bands]
    for f in bundle.description.features:
        ours += [f.phrase, wording.sentence(f.phrase), f.unit, f.theme, *f.words, *f.levels, f.missing_words]
        ours += [part for words in (f.none_words, f.one_words, f.many_words) for part in words.split("{value}")]
    for known in sorted({each.strip() for each in ours if each.strip()}, key=len, reverse=True):
        text = re.sub(re.escape(known), "", text, flags=re.IGNORECASE)
    assert not re.findall(r"[A-Za-z]{2,}", text)
