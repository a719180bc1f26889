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

from forecast.evaluation.report import ReportContext, render_report, write_report
from forecast.evaluation.results import LevelEvaluation
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
    ],
)
def test_the_report_holds(text: str, phrase: str) -> None:
    assert phrase in text


def test_every_model_figure_stands_with_its_interval(text: str, evaluation: LevelEvaluation) -> None:
    for found in evaluation.models.values():
        figure = found["brier"]
        assert f'{figure.value:.4f}<span class="ci">{figure.low:.4f} to {figure.high:.4f}</span>' in text


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
