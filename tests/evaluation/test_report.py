"""Tests of the report: what it must hold, what it must never say, and that it is the same every time."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.confusions import CELLS
from forecast.evaluation.report import ReportContext, render_report, write_report
from forecast.evaluation.results import LevelEvaluation
from forecast.evaluation.svg import MARKS
from forecast.evaluation.wording import bounds, number
from forecast.problems import Problem

VOID = {"meta", "br", "img", "input", "link"}


class _Page(HTMLParser):
    """Collect what the checks need: elements with attributes, ids, and whether tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.fixture(scope="module")
def text(context: ReportContext) -> str:
    return render_report(context)


@pytest.fixture(scope="module")
def page(text: str) -> _Page:
    return _Page(text)


def test_the_report_is_the_same_to_the_byte(context: ReportContext, tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        write_report(context, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.html"]


def test_the_report_reaches_nothing_outside_itself(text: str, page: _Page) -> None:
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not page.named("script", "link", "img", "iframe")
    assert all((a.get("href") or "#").startswith("#") for a in page.named("a", "use"))
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


def test_ids_are_unique_and_every_inner_link_has_a_target(page: _Page) -> None:
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = [(a.get("href") or "").removeprefix("#") for a in page.named("a", "use") if a.get("href")]
    targets += [a["aria-labelledby"] or "" for a in page.named("section")]
    assert set(targets) <= set(ids)


def test_every_tag_is_closed(page: _Page) -> None:
    assert page.open == []


def test_headings_go_down_one_step_at_a_time(page: _Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_report_can_be_read_without_seeing_it(page: _Page) -> None:
    assert page.named("html")[0]["lang"] == "en-GB"
    assert len(page.named("caption")) == len(page.named("table"))
    assert all(a.get("scope") in ("row", "col", "rowgroup") for a in page.named("th"))
    assert all(a.get("aria-label") or a.get("aria-hidden") == "true" for a in page.named("svg"))


def test_texts_from_outside_are_escaped(text: str) -> None:
    assert "Simulated &lt;force&gt; &amp; co" in text
    assert "Earlier arrests, $ and &lt;b&gt;" in text
    assert "<force>" not in text
    assert "example.org/data?a=1" in text


@pytest.mark.parametrize(
    "never",
    [r"will reoffend", r"\d\s?% accurate", r"because (of|he|she|they)", r"\bcauses?\b", r"\bleads? to\b", r"\bnan\b"],
)
def test_the_report_never_says(text: str, never: str) -> None:
    words = re.sub(r"<(svg|style)\b.*?</\1>", " ", text, flags=re.S)
    assert not re.search(never, re.sub(r"<[^>]+>", " ", words), flags=re.IGNORECASE)


@pytest.mark.parametrize(
    "phrase",
    [
        "arrested again within 2 years",
        "people with a record like",
        "What the forecast does not know",
        "not signed",
        "too few to judge",
        "not a probability, so no Brier score",
        "Ch Insp Example",
        "age and sex",
        "Column “later” may hold what became known later.",
        "80 resamples of",
        "seed 7",
        "Split by time.",
        "hold for the models as fitted: they do not include",
        "over a sample of at most 2,000 cases",
    ],
)
def test_the_report_holds(text: str, phrase: str) -> None:
    assert phrase in text


def test_every_model_figure_stands_with_its_interval(text: str, evaluation: LevelEvaluation) -> None:
    for found in evaluation.models.values():
        figure = found["brier"]
        assert f'{figure.value:.4f}<span class="ci">{figure.low:.4f} to {figure.high:.4f}</span>' in text


def test_the_first_page_says_each_note_and_each_caution_once_and_notes_first(context: ReportContext) -> None:
    notes, cautions = ["The first note.", "The second note."], ["Of the table.", "Of <one> column."]
    text = render_report(dataclasses.replace(context, notes=notes, cautions=cautions))
    first_page = text[text.index("Main warnings") : text.index("<nav")]
    places = [first_page.index(f"<li>{words}</li>") for words in (*notes, cautions[0], "Of &lt;one&gt; column.")]
    assert places == sorted(places)
    assert all(text.count(words) == 1 for words in (*notes, cautions[0], "Of &lt;one&gt; column."))
    assert 'href="#cautions"' not in text


@pytest.mark.parametrize("shares", [(15.6, 9.4, 20.4, 54.6), (16.4, 9.4, 19.6, 54.6), (25.0, 25.0, 25.0, 25.0)])
def test_the_legend_of_a_hundred_people_adds_up_to_a_hundred_and_is_what_is_drawn(
    context: ReportContext, evaluation: LevelEvaluation, shares: tuple[float, ...]
) -> None:
    [confusion] = evaluation.confusions
    of_100 = {cell: Estimate(share, share - 1, share + 1) for cell, share in zip(CELLS, shares, strict=True)}
    e = dataclasses.replace(evaluation, confusions=(dataclasses.replace(confusion, of_100=of_100),))
    text = render_report(dataclasses.replace(context, evaluations=[e]))
    [legend] = re.findall(r'<ul class="legend.*?</ul>', text, flags=re.S)
    printed = [int(count) for count in re.findall(r"</svg>(\d+) \(", legend)]
    assert len(printed) == len(CELLS)
    assert sum(printed) == 100
    assert all(abs(count - share) < 1 for count, share in zip(printed, shares, strict=True))
    [picture] = re.findall(r'<svg role="img" aria-label="Of 100 people.*?</svg>', text, flags=re.S)
    label, drawn = picture.split(">", 1)
    assert [int(count) for count in re.findall(r"(?:: |; )(\d+) forecast", label)] == printed
    assert [drawn.count(f"<g {mark}>") for mark in MARKS.values()] == printed


def test_each_group_has_a_technical_table_and_other_instruments_beside_the_forecast(
    text: str, evaluation: LevelEvaluation
) -> None:
    for attribute in ("Sex", "Ethnicity"):
        [technical] = re.findall(rf"<caption>{attribute}: technical metrics.*?</table>", text, flags=re.S)
        for group in evaluation.groups[attribute.lower()]:
            for metric, digits in (("brier_skill", 3), ("log_loss", 3), ("calibration_slope", 2)):
                assert not group.judged or _shown(group.metrics[metric], digits) in technical
        [beside] = re.findall(rf"<caption>{attribute}: decile and the forecast.*?</table>", text, flags=re.S)
        for member in evaluation.scores["decile"].groups[attribute.lower()]:
            assert member.value in beside
            for auc, confusion in ((member.auc, member.confusion), (member.chosen_auc, member.chosen_confusion)):
                assert (auc is not None) == (confusion is not None) == member.judged
                if auc and confusion:
                    rates = [confusion.rates[r] for r in ("flagged", "false_negative_rate", "false_positive_rate")]
                    assert all(words in beside for words in [_shown(auc, 2), *(_shown(r, 0, 100) for r in rates)])
    assert "too few to judge" in beside


def _shown(figure: Estimate, digits: int, scale: float = 1) -> str:
    assert figure.value is not None
    return f'{number(scale * figure.value, digits)}<span class="ci">{bounds(figure, digits, scale)}</span>'


def test_a_signed_matrix_names_who_signed(context: ReportContext) -> None:
    text = render_report(dataclasses.replace(context, costs={**context.costs, "signed_by": "Supt Example"}))
    assert "Supt Example" in text
    assert "not signed" not in text


def test_a_report_of_the_barest_context_can_be_written(
    evaluate: Callable[..., LevelEvaluation],
) -> None:
    empty = np.array([])
    nothing = evaluate(
        y=empty, models={"boosted": empty}, persons=empty, groups=pd.DataFrame(), scores={}, score_cuts=None
    )
    bare = ReportContext(
        title="Bare",
        table_title="Nothing",
        source="nowhere",
        words={},
        evaluations=[nothing],
        flow=[],
        cautions=[],
        importance={},
        exceptions=[],
        costs={},
        split="",
        notes=[],
        technical={},
    )
    text = render_report(bare)
    assert "No cost matrix was given" in text
    assert "None was raised" in text
    assert "None: protected attributes were kept apart" in text


def test_several_levels_stand_in_one_report_without_mixing_their_drawings(
    context: ReportContext, evaluation: LevelEvaluation
) -> None:
    words = {"any": "arrested again within 2 years", "serious": "arrested for serious harm within 2 years"}
    serious = dataclasses.replace(evaluation, level="serious", words=words["serious"])
    page = _Page(render_report(dataclasses.replace(context, words=words, evaluations=[evaluation, serious])))
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))


def test_a_folder_that_cannot_be_written_is_a_problem_that_names_it(context: ReportContext, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Problem) as found:
        write_report(context, tmp_path / "file" / "report.html")
    assert found.value.code == "file-unwritable"


def test_the_largest_misses_of_groups_come_before_the_notes(
    context: ReportContext, evaluation: LevelEvaluation
) -> None:
    female, male = evaluation.groups["sex"]
    off = {**female.metrics, "observed_minus_forecast": Estimate(-0.049, -0.06, -0.04)}
    groups = {**evaluation.groups, "sex": (dataclasses.replace(female, metrics=off), male)}
    text = render_report(dataclasses.replace(context, evaluations=[dataclasses.replace(evaluation, groups=groups)]))
    warned = text[text.index("Main warnings") : text.index("<nav")]
    assert warned.index("Female” the forecast was too high by 4.9 of 100 (4.0 to 6.0)") < warned.index("A note.")


def test_exceptions_say_which_protected_features_the_forecast_itself_uses(context: ReportContext) -> None:
    text = render_report(dataclasses.replace(context, used=frozenset({"age", "priors"})))
    warned = text[text.index("Main warnings") : text.index("<nav")]
    assert "The forecast itself uses these protected attributes as features, by exception: age (allowed by" in warned
    assert "by exception, models beside it may: sex (allowed by" in warned
    assert "Used by the forecast" in text


def test_an_attribute_of_one_judged_value_gets_no_table(context: ReportContext, evaluation: LevelEvaluation) -> None:
    judged = next(g for g in evaluation.groups["ethnicity"] if g.judged)
    few = [g for g in evaluation.groups["ethnicity"] if not g.judged]
    e = dataclasses.replace(evaluation, groups={"sex": evaluation.groups["sex"], "ethnicity": (judged, *few)})
    text = render_report(dataclasses.replace(context, evaluations=[e]))
    assert "No table for ethnicity: fewer than two of the groups" in text
    assert "<caption>Ethnicity" not in text
    assert "<caption>Sex: forecast and what followed" in text


def test_columns_beyond_the_table_are_added_up(context: ReportContext) -> None:
    many = [(f"column {i}", 0.5) for i in range(25)] + [("small", 0.125), ("smaller", 0.0625)]
    text = render_report(dataclasses.replace(context, importance={"any": many}))
    assert "The other 2 together move it by 0.188 on average" in text
    assert '<th scope="row">small</th>' not in text
