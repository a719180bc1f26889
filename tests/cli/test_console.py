"""Tests of what the commands share."""

from __future__ import annotations

import pytest

from forecast.cli.console import Terminal, interval, table


def test_a_table_sets_its_columns_and_ends_no_line_with_blanks():
    text = table(("name", "count"), [("a", 5), ("longer", 12)], right=(1,))
    assert text == "name    count\n------  -----\na           5\nlonger     12"


def test_a_table_without_rows_is_its_head():
    assert table(("name",), []) == "name\n----"


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ((0.71234, 0.69, 0.7312), "0.712 (0.690 to 0.731)"),
        ((0.5, None, None), "0.500"),
        ((None, None, None), "-"),
    ],
    ids=str,
)
def test_a_figure_stands_with_its_interval(figures: tuple[float | None, ...], text: str):
    assert interval(*figures) == text


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    terminal.moving = True
    return terminal


def test_on_a_terminal_one_line_moves(moving: Terminal, capsys: pytest.CaptureFixture[str]):
    moving.begin("fitting", 4)
    moving.shown = 0.0
    moving.advance(2)
    moving.close()
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\r  fitting: [############............]  50 %" in err


def test_the_end_may_come_more_often_than_announced(moving: Terminal, capsys: pytest.CaptureFixture[str]):
    moving.begin("fitting", 2)
    moving.advance(5)
    moving.close()
    assert "100 %" in capsys.readouterr().err


def test_work_of_unknown_size_counts(moving: Terminal, capsys: pytest.CaptureFixture[str]):
    moving.begin("reading")
    moving.shown = 0.0
    moving.advance(12_000)
    moving.close()
    assert "reading: 12,000 in 0 s" in capsys.readouterr().err


def test_elsewhere_each_stretch_is_a_line(capsys: pytest.CaptureFixture[str]):
    terminal = Terminal()
    terminal.moving = False
    terminal.begin("reading", 10)
    terminal.advance(10)
    terminal.begin("fitting", 10)
    terminal.close()
    assert capsys.readouterr().err == "  reading ...\n  fitting ...\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_quiet_is_quiet(is_terminal: bool, capsys: pytest.CaptureFixture[str]):
    terminal = Terminal(quiet=True)
    terminal.moving = is_terminal
    terminal.begin("reading", 10)
    terminal.advance(5)
    terminal.close()
    assert capsys.readouterr().err == ""
