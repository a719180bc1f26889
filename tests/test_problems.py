from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import forecast
from forecast.problems import CATALOGUE, Problem, Problems, first_of, nearest, need, raise_all

SOURCE = Path(forecast.__file__).parent
TREES = {
    path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))
}


@dataclass(frozen=True)
class Use:
    """A place that names a code: ``facts`` are the keywords it passes, ``more`` whether it passes others too."""

    where: str
    code: str | None
    facts: frozenset[str]
    more: bool


def placeholders(code: str) -> set[str]:
    entry = CATALOGUE[code]
    return {
        name for text in (entry.sentence, entry.next_step) for _, name, _, _ in string.Formatter().parse(text) if name
    }


def calls(name: str, position: int) -> Iterator[Use]:
    """Yield the calls of a function or method; the code is its argument at ``position``."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            found = (
                called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
            )
            if isinstance(node, ast.Call) and found == name and len(node.args) > position:
                argument = node.args[position]
                code = argument.value if isinstance(argument, ast.Constant) else None
                facts = frozenset(k.arg for k in node.keywords if k.arg)
                yield Use(f"{path}:{node.lineno}", code, facts, any(k.arg is None for k in node.keywords))


def texts(tree: ast.AST) -> Iterator[str]:
    yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


RAISED = list(calls("Problem", 0))
NOTED = [use for use in calls("add", 1) if use.code is not None]
CODED = list(calls("add_codes", 0))
CONVERTED = sorted({text for text in texts(TREES["tables/convert.py"]) if text.startswith("row-")})


def test_the_walk_over_the_source_finds_the_problems() -> None:
    assert len(RAISED) > 60
    assert len(NOTED) >= 8
    assert len(CODED) >= 4
    assert {"row-not-a-number", "row-unknown-category", "row-value-missing"} <= set(CONVERTED)


@pytest.mark.parametrize("use", [u for u in RAISED if u.code is not None] + NOTED, ids=lambda u: f"{u.where}-{u.code}")
def test_every_problem_has_an_entry_and_gives_all_that_its_words_need(use: Use) -> None:
    assert use.code in CATALOGUE
    assert placeholders(use.code) <= use.facts | ({"code"} if use.more else set())


def test_only_the_account_of_rows_and_what_a_worker_sends_raise_a_code_that_is_not_written_out() -> None:
    """A worker of a cluster sends code and facts as data; they come from a problem that was written out there."""
    found = {use.where.split(":")[0] for use in RAISED if use.code is None}
    assert found == {"tables/rows.py", "scoring/spark_worker.py"}


@pytest.mark.parametrize("use", CODED, ids=lambda u: u.where)
def test_codes_of_converted_columns_get_the_facts_that_they_need(use: Use) -> None:
    """Only features have ranges, so only they need `low` and `high`."""
    ranged = {"row-out-of-range"} if "low" not in use.facts else set()
    for code in set(CONVERTED) - ranged:
        assert placeholders(code) <= use.facts | {"found"}  # the account of rows adds what was found


def test_ranges_are_only_read_where_their_facts_are_given() -> None:
    ranged = {use.where.split(":")[0] for use in CODED if "low" in use.facts}
    assert ranged == {"tables/reader.py", "scoring/frames.py"}  # of a file, and as computed from records
    [raised] = [use for use in calls("Unreadable", 0) if use.code == "row-out-of-range"]
    assert raised.where.startswith("tables/convert.py")


def test_every_code_of_a_row_is_an_entry() -> None:
    for path, tree in TREES.items():
        for text in texts(tree):
            if text.startswith("row-") and " " not in text:
                assert text in CATALOGUE, path


def test_no_entry_is_dead() -> None:
    written = {text for path, tree in TREES.items() if not path.startswith("problems/") for text in texts(tree)}
    here = {use.code for use in RAISED}
    assert sorted(set(CATALOGUE) - written - here) == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_is_a_sentence_and_a_next_step(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.sentence.endswith((".", "]"))
    assert entry.next_step
    assert entry.next_step.endswith((".", "}", "NEW.", ")"))
    assert "will reoffend" not in (entry.sentence + entry.next_step).lower()


def test_nothing_that_people_read_says_that_somebody_will_reoffend() -> None:
    for path, tree in TREES.items():
        assert not [text for text in texts(tree) if "will reoffend" in text.lower()], path


def test_a_problem_carries_its_code_facts_sentence_and_next_step() -> None:
    problem = Problem("file-missing", path="a{b}.csv")
    assert (problem.code, problem.facts) == ("file-missing", {"path": "a{b}.csv"})
    assert problem.sentence == "a{b}.csv does not exist."
    assert str(problem) == f"{problem.sentence} {problem.next_step}"


def test_one_problem_is_raised_as_itself_and_several_together() -> None:
    one, two = Problem("file-missing", path="a"), Problem("file-empty", path="b")
    raise_all([])
    with pytest.raises(Problem) as single:
        raise_all([one])
    assert single.value is one
    with pytest.raises(Problems) as both:
        raise_all([one, two])
    assert both.value.items == (one, two)
    assert "a does not exist" in str(both.value)
    assert "b holds no rows" in str(both.value)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("thread", ["threads", "seed"], "Did you mean 'threads'?"),
        ("zzz", ["threads", "seed"], "Known: seed, threads."),
        ("zzz", [], "Known: none."),
        ("arests", [f"arrests_{n}y" for n in range(60)] + ["arrests"], "Did you mean 'arrests'?"),
        ("zzzzzz", [f"arrests_{n}y" for n in range(60)], "None of 60 is like it."),
    ],
)
def test_a_hint_names_the_nearest_word_or_all(word: str, known: list[str], hint: str) -> None:
    assert nearest(word, known) == hint


def test_a_hint_for_a_long_list_names_five_at_most() -> None:
    hint = nearest("arr", [f"arrests_{n}y" for n in range(60)])
    assert hint.startswith("The nearest of 60 known: arrests_")
    assert hint.count(",") == 4


def test_a_package_that_is_not_there_is_named_with_its_extra() -> None:
    need("json", "train")
    with pytest.raises(Problem, match=r"reoffending-forecast\[train\]"):
        need("no_such_package", "train")


@pytest.mark.parametrize(
    ("count", "text"), [(1, "c0"), (5, "c0, c1, c2, c3, c4"), (190, "c0, c1, c2, c3, c4 and 185 more")]
)
def test_of_many_names_five_are_shown_and_the_rest_counted(count: int, text: str) -> None:
    assert first_of([f"c{i}" for i in range(count)]) == text
