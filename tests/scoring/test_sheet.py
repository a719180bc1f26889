"""Tests of the disclosure sheet: what it says, how easily it reads, how it is set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from forecast.cases import Reason
from forecast.explanations.distance import Otherwise, Trial
from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.scoring.sheet import make_sheet
from forecast.scoring.sheet_form import Section, Sheet
from forecast.scoring.sheet_html import sheet_html
from forecast.scoring.sheet_pdf import sheet_pdf
from forecast.scoring.used import Used
from forecast.scoring.whole_case import WholeCase, case_of_records, case_of_table
from forecast.settings import Settings
from tests.helpers import CAUSAL
from tests.scoring.people import person_with_history

TEXTS = load_texts()
READING_EASE, GRADE = 70.0, 7.0
"""Flesch's reading ease of 60 to 70 is plain English, as 13 to 15 year olds read it; the grade is Kincaid's."""


@pytest.fixture
def file(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path / "cases.csv"


@pytest.fixture
def of_table(limited: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings) -> Callable[..., WholeCase]:
    def at(row: int = 3, **changes: str) -> WholeCase:
        return case_of_table(limited, file, table["case_id"][row], settings, changes)

    return at


@pytest.fixture(scope="module")
def of_records(record_bundle: ModelBundle, checked: Path, settings: Settings) -> WholeCase:
    _, custody_id = person_with_history(checked / "records", least=6)
    return case_of_records(record_bundle, checked / "records", custody_id, settings)


def sheet_of(case: WholeCase, **changes: str) -> Sheet:
    settings = dataclasses.replace(case.settings, **changes)
    return make_sheet(case.bundle, case.explained, settings, used=case.used, trial=case.trial, corrected=case.corrected)


def section(sheet: Sheet, heading: str) -> Section:
    return next(s for s in sheet.sections if s.heading == TEXTS[heading])


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def syllables(word: str) -> int:
    """Count groups of vowels, without a silent e at the end: good to about a tenth over a text."""
    word = word.lower()
    count = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith("le") and count > 1
    return max(count - silent, 1)


def flesch(text: str) -> tuple[float, float]:
    """Return Flesch's reading ease (1948) and the grade of Kincaid et al. (1975)."""
    words = re.findall(r"[A-Za-z']+|\d+", text)
    sentences = len(re.findall(r"[.!?:](?:\s|$)", text))
    a_sentence, a_word = len(words) / sentences, sum(map(syllables, words)) / len(words)
    return 206.835 - 1.015 * a_sentence - 84.6 * a_word, 0.39 * a_sentence + 11.8 * a_word - 15.59


def test_the_measure_of_reading_ease_tells_plain_from_hard():
    plain = "A person decides. The forecast does not decide anything. You can say that a fact is wrong."
    hard = "Notwithstanding the aforementioned considerations, algorithmic determinations necessitate proportionality."
    assert flesch(plain)[0] > READING_EASE > flesch(hard)[0]


@pytest.mark.parametrize("row", [0, 3, 8])
def test_the_sheet_reads_easily(of_table: Callable[..., WholeCase], row: int):
    ease, grade = flesch(" ".join(sheet_of(of_table(row)).sentences()))
    assert ease > READING_EASE
    assert grade < GRADE


def test_the_sheet_of_a_record_reads_easily(of_records: WholeCase):
    ease, grade = flesch(" ".join(sheet_of(of_records).sentences()))
    assert ease > READING_EASE
    assert grade < GRADE


def test_no_sentence_of_the_catalogue_is_long():
    said = [text for key, text in TEXTS.by_key.items() if key.startswith("sheet.")]
    for text in said:
        for sentence in re.split(r"(?<=[.:])\s", text):
            assert len(sentence.split()) <= 25, sentence


def test_both_sides_the_range_the_group_and_the_band_are_said(of_table: Callable[..., WholeCase]):
    case = of_table()
    said = " ".join(section(sheet_of(case), "sheet.forecast").lines)
    for level, words in zip(case.bundle.scale.reached, case.bundle.scale.words, strict=True):
        shown = round(case.explained.reasons[level].shown)
        assert f"about {shown} were {words} ({shown} %). About {100 - shown} were not." in said
    assert said.count("the share lies between") == 2
    assert "Nobody knows which of the 100 you are." in said
    assert f"The band is {case.explained.band}." in said
    assert "MODERATE starts at 40 in 100" in said
    assert re.search(r"points? (below|above) (LOW|MODERATE|HIGH) \((from|below) [\d.]+ in 100\)", said)


def test_no_claim_that_one_person_will_do_anything_and_no_causal_word(
    of_table: Callable[..., WholeCase], of_records: WholeCase
):
    for case in (of_table(), of_records):
        notes = " ".join(case.explained.reasons["any"].notes)
        said = " ".join(sheet_of(case).sentences()).replace(notes, "").lower()
        for note in case.explained.reasons["any"].notes:
            said = said.replace(note.lower(), "")
        assert not [word for word in (*CAUSAL, "accurate", "will reoffend", "risk of you") if word in said]


def test_what_was_used_and_what_was_not_are_said_as_the_model_has_it(
    of_table: Callable[..., WholeCase], of_records: WholeCase
):
    used = section(sheet_of(of_table()), "sheet.used").lines[0]
    assert "One row of the table cases.csv, as it stood on " in used
    assert "Also used: your age, your sex." in used
    assert "Not used: your name, your ethnicity" in used
    used = section(sheet_of(of_records), "sheet.used").lines[0]
    assert re.search(r"as it stood on \d+ \w+ \d{4}, \d\d:\d\d \(UTC\): custody events: \d+, offences: \d+", used)
    assert "intelligence reports: " not in used
    assert "Not used: your name, your age, your sex" in used


def test_the_records_that_are_counted_stood_at_the_moment(of_records: WholeCase, checked: Path):
    records, custody_id = person_with_history(checked / "records", least=6)
    events = records.custody_events.to_pylist()
    moment = of_records.explained.as_of
    assert custody_id == of_records.explained.case_id
    stood = {
        e["custody_id"]
        for e in events
        if e["recorded_at"] <= moment and (e["superseded_at"] is None or e["superseded_at"] >= moment)
    }
    assert dict(of_records.used.counts)["custody_events"] == len(stood)


def test_every_column_of_the_table_adds_up(of_table: Callable[..., WholeCase], of_records: WholeCase):
    for case in (of_table(), of_table(9), of_records):
        table = section(sheet_of(case), "sheet.why").table
        assert table is not None
        for k in range(len(table.heads)):
            points = [line.cells[k].points for line in table.lines]
            assert sum(points[:-1]) == points[-1]


def test_the_records_behind_a_fact_are_named_the_newest_few(of_records: WholeCase):
    table = section(sheet_of(of_records), "sheet.why").table
    assert table is not None
    facts = {i.fact: i.records for r in of_records.explained.reasons.values() for i in r.items}
    named = [line for line in table.lines if line.records]
    assert named
    for line in named:
        ids = facts[line.fact]
        assert line.records.startswith(f"Records, newest first: {', '.join(reversed(ids[-3:]))}")
        assert (f"and {len(ids) - 3} earlier" in line.records) == (len(ids) > 3)


def test_how_often_it_is_right_comes_from_the_bundle_with_intervals(of_table: Callable[..., WholeCase]):
    case = of_table()
    said = " ".join(section(sheet_of(case), "sheet.right").lines)
    assert "tested on cases whose outcome was known" in said
    auc = case.bundle.manifest["metrics"]["any"]["boosting"]["auc"]
    low, high = (round(100 * end) for end in auc[1:])
    assert f"In {round(100 * auc[0])} of 100 such pairs" in said
    assert f"95 times of 100 between {low} and {high}" in said
    assert "Of 100 people," in said


def test_a_bundle_that_was_never_tested_says_so(of_records: WholeCase):
    assert section(sheet_of(of_records), "sheet.right").lines == (TEXTS["sheet.untested"],)


def test_whom_to_ask_is_the_setting_or_a_marked_gap(of_table: Callable[..., WholeCase]):
    gap = section(sheet_of(of_table()), "sheet.challenge")
    assert gap.gap.startswith("[TO BE FILLED IN")
    asked = section(sheet_of(of_table(), disclosure_contact="The Review Desk, review@example.org"), "sheet.challenge")
    assert (asked.gap, asked.after[-1]) == ("", "Ask: The Review Desk, review@example.org")


def test_the_first_records_that_would_change_the_band_are_named(of_records: WholeCase):
    planted = tuple(Otherwise("", "", "", "LOW", (0.1, 0.0), record=f"O{i}", day=f"2016-05-0{i}") for i in range(5))
    case = dataclasses.replace(of_records, trial=Trial(planted, 9, True))
    said = section(sheet_of(case), "sheet.challenge")
    assert "5 of them would change the band if they were wrong, such as:" in said.lines[0]
    assert said.points == tuple(
        f"If the record O{i} (2016-05-0{i}) were not yours, the band would be LOW." for i in range(3)
    )


def test_where_no_record_alone_would_change_the_band_it_says_how_many_were_tried(of_records: WholeCase):
    said = section(sheet_of(dataclasses.replace(of_records, trial=Trial((), 7, True))), "sheet.challenge")
    assert "We left out each of the 7 records behind the facts above in turn." in said.lines[0]
    assert said.points == ()


def test_how_facts_may_be_wrong_is_said_once_each(of_table: Callable[..., WholeCase]):
    said = section(sheet_of(of_table()), "sheet.challenge").lines[0]
    assert "Facts like those above can be wrong. " in said
    for way in ("wrong.age", "wrong.recorded"):
        assert said.count(TEXTS[way]) == 1
    assert TEXTS["wrong.intelligence"] not in said


def test_a_correction_shows_both_figures_and_both_bands(of_table: Callable[..., WholeCase]):
    case = of_table(3, priors="40")
    assert case.corrected is not None
    said = section(sheet_of(case), "sheet.correction").lines[0]
    for level, words in zip(case.bundle.scale.reached, case.bundle.scale.words, strict=True):
        before, after = (round(e.reasons[level].shown) for e in (case.corrected.before, case.corrected.after))
        assert f"For '{words}', the forecast is {before} in 100 as the record stands." in said
        assert f"With this change it is {after} in 100." in said
    bands = case.corrected.before.band, case.corrected.after.band
    assert "Band as the record stands: {}. Band with this change: {}.".format(*bands) in said
    assert "Earlier arrests on record: '0' changed to '40'. Nothing on record was changed." in said


def test_a_sheet_with_a_correction_cannot_be_taken_for_the_real_one(of_table: Callable[..., WholeCase]):
    plain, changed = sheet_of(of_table(3)), sheet_of(of_table(3, priors="40"))
    assert (plain.title, changed.title) == (TEXTS["sheet.title"], TEXTS["sheet.corrected_title"])
    assert changed.sections[0].heading == TEXTS["sheet.correction"]
    assert TEXTS["sheet.not_as_it_stands"] in section(changed, "sheet.used").lines[0]
    assert TEXTS["sheet.not_as_it_stands"] not in section(plain, "sheet.used").lines[0]
    said = " ".join(changed.sentences())
    assert "kept" not in said
    assert "put right to" not in said
    ease, grade = flesch(said)
    assert ease > READING_EASE
    assert grade < GRADE


def test_what_the_forecast_does_not_know_is_said_of_the_model_at_hand(of_records: WholeCase):
    said = section(sheet_of(of_records), "sheet.unknown").lines[0]
    assert "It does not know your health, your home, your work, your family or what you have to say." in said


class Page(HTMLParser):
    """Notes elements with their attributes, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_has_a_language_a_title_headings_in_order_and_heads_of_rows_and_columns(
    of_table: Callable[..., WholeCase],
):
    html = sheet_html(sheet_of(of_table()), TEXTS)
    seen = Page(html).seen
    tags = [tag for tag, _ in seen]
    assert dict(seen)["html"] == {"lang": "en-GB"}
    assert "title" in tags
    assert [t for t in tags if t in ("h1", "h2", "h3")] == ["h1"] + ["h2"] * 7
    assert {a.get("scope") for t, a in seen if t == "th"} == {"col", "row"}
    assert all(a.get("aria-hidden") == "true" for t, a in seen if t == "svg")
    assert "main" in tags
    assert not [a for _, a in seen for name in a if name in ("src", "href")]
    assert "http" not in html
    ids = [a["id"] for _, a in seen if "id" in a]
    assert len(ids) == len(set(ids))


def test_texts_of_a_record_are_text_on_the_page(of_table: Callable[..., WholeCase]):
    case = of_table()
    used = Used("", (), "<script>alert(1)</script>.csv")
    made = make_sheet(case.bundle, case.explained, case.settings, used=used, trial=case.trial)
    assert "<script>" not in sheet_html(made, TEXTS)
    assert pages(sheet_pdf(made, TEXTS)) == 1


def test_the_same_case_gives_the_same_bytes(of_records: WholeCase):
    sheet = sheet_of(of_records)
    assert sheet_pdf(sheet, TEXTS) == sheet_pdf(sheet_of(of_records), TEXTS)
    assert sheet_html(sheet, TEXTS) == sheet_html(sheet_of(of_records), TEXTS)


def test_six_reasons_a_level_and_two_levels_fit_on_one_side_of_a4(
    of_table: Callable[..., WholeCase], of_records: WholeCase
):
    case = of_table(3, priors="40")
    assert all(len(case.explained.reasons[level].items) >= 6 for level in ("any", "serious"))
    for each in (case, of_records):
        pdf = sheet_pdf(sheet_of(each), TEXTS)
        assert pages(pdf) == 1
        assert b"/MediaBox [ 0 0 595.2756 841.8898 ]" in pdf
        assert b"FontFile2" in pdf  # the font is embedded


def test_a_sheet_that_does_not_fit_has_two_sides_and_says_so(of_records: WholeCase):
    long = tuple(
        Reason(f"f{i}", f"Łódź {i}: a fact in many words, of which there are far too many here", "raises", "some", 1.0)
        for i in range(25)
    )
    reasons = {
        level: dataclasses.replace(found, items=long, remainder=round(found.shown - found.start - 25, 1))
        for level, found in of_records.explained.reasons.items()
    }
    case = dataclasses.replace(of_records, explained=dataclasses.replace(of_records.explained, reasons=reasons))
    shorter = sheet_pdf(sheet_of(of_records), TEXTS)
    assert (pages(shorter), pages(sheet_pdf(sheet_of(case), TEXTS))) == (1, 2)
