"""Draw one explained case: the start, each reason, the rest and the forecast as bars, words first.

Bars, not a waterfall: lay people read both equally well and force plots worse (`ui.md`, section 3). Both directions
differ in colour, in lightness and in hatching, and every bar has its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.explanations import wording
from forecast.explanations.drawing import GREY, Bar, Drawing, Line, Words, joined, wrap
from forecast.explanations.told import Told, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.explanations.texts import Texts

MARGIN, BAR, SMALL = 16.0, 16.0, 12.0
SIDE_BY_SIDE = 600.0
"""From this width words stand left of the bars; in a narrower drawing above them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the picture: what it says, how the bar looks, how long it is, and its number."""

    text: str
    moves: str
    style: str
    points: int
    number: str


def rows_of(told: Told, texts: Texts) -> list[Row]:
    """Return the rows of one level, from the start to the forecast."""
    made = [Row(texts["reason.start"], "", "level", told.start, str(told.start))]
    for item, points in told.rows:
        moves = f"{item.direction} {item.strength}" if item.points else item.direction
        number = signed(points) if points else texts["case.under_1"]
        made.append(Row(item.fact, moves, _style(item.points), points, number))
    rest = told.remainder
    made.append(Row(texts["reason.remainder"], "", _style(rest), rest, signed(rest)))
    return [*made, Row(texts["case.forecast"], "", "figure", told.shown, str(told.shown))]


def picture(
    case: str, levels: Sequence[tuple[str, Told]], texts: Texts, *, width: float = 760.0, note: str = ""
) -> Drawing:
    """Return the drawing of one case: (words, told) of each level, lowest first.

    ``width`` in pixels: 760 for paper and screens, 390 for a telephone. ``note``: what stands above all, as the
    correction that the case is shown with.
    """
    heads = [
        texts.say("picture.head", shown=wording.about(told.shown, texts=texts), words=words) for words, told in levels
    ]
    rows = [rows_of(told, texts) for _, told in levels]
    layout = _Layout(width, [row.points for level in rows for row in level])
    layout.note(note)
    for head, level in zip(heads, rows, strict=True):
        layout.level(head, level)
    layout.legend(texts)
    described = joined([said for head, level in zip(heads, rows, strict=True) for said in (head, *_said(level, texts))])
    title, described = texts.say("picture.title", id=case), joined([note, described]) if note else described
    return Drawing(width, layout.y, tuple(layout.shapes), f"{title}. {note}" if note else title, described)


def _said(rows: Sequence[Row], texts: Texts) -> list[str]:
    """Return the rows as sentences, for those who cannot see the bars."""
    return [
        texts.say("picture.row", fact=row.text, moves=row.moves, points=row.number)
        if row.moves
        else texts.say("picture.plain_row", fact=row.text, points=row.number)
        for row in rows
    ]


def _style(points: float) -> str:
    return "lowers" if points < 0 else "raises"


class _Layout:
    """Places rows one below the other; bars of a drawing share one scale and one upright line at none."""

    def __init__(self, width: float, points: Sequence[int]) -> None:
        self.width, self.y = width, MARGIN
        self.shapes: list[Bar | Line | Words] = []
        self.aside = width >= SIDE_BY_SIDE
        self.words = (width - 3 * MARGIN) * 0.52 if self.aside else width - 2 * MARGIN
        left = 2 * MARGIN + self.words if self.aside else MARGIN
        most, least = max([*points, 1]), min([*points, 0])
        self.scale = (width - left - MARGIN - 2 * _NUMBER) / (most - least)
        self.zero = left + _NUMBER - least * self.scale

    def note(self, text: str) -> None:
        """Add what stands above all levels."""
        for line in wrap(text, self.width - 2 * MARGIN, 14, bold=True) if text else ():
            self.y += 19
            self.shapes.append(Words(MARGIN, self.y, line, 14, bold=True))
        self.y += 8 if text else 0

    def level(self, head: str, rows: Sequence[Row]) -> None:
        """Add the head and the bars of one level."""
        for text in wrap(head, self.width - 2 * MARGIN, 15, bold=True):
            self.y += 20
            self.shapes.append(Words(MARGIN, self.y, text, 15, bold=True))
        self.y += 14
        for row in rows:
            self._row(row)
        self.y += 18

    def _row(self, row: Row) -> None:
        top = self.y
        for text in wrap(row.text, self.words, 14):
            self.y += 18
            self.shapes.append(Words(MARGIN, self.y, text, 14, bold=row.style in ("level", "figure")))
        if row.moves:
            self.y += 15
            self.shapes.append(Words(MARGIN, self.y, row.moves, SMALL, colour=GREY))
        place = top + 5 if self.aside else self.y + 6
        self.y = max(self.y + 8, place + BAR + 6)
        self._bar(row, place)
        self.shapes.append(Line(self.zero, place - 3, BAR + 6))

    def _bar(self, row: Row, y: float) -> None:
        long = abs(row.points) * self.scale
        x = self.zero if row.points >= 0 else self.zero - long
        if row.points:
            self.shapes.append(Bar(x, y, long, BAR, row.style))
        side = (x - 5, "end") if row.points < 0 else (x + long + 5, "start")
        self.shapes.append(Words(side[0], y + 13, row.number, 13, bold=True, anchor=side[1]))

    def legend(self, texts: Texts) -> None:
        """Say what the two kinds of bars mean, and what the figures are."""
        x = MARGIN
        for style, text in (("raises", texts["reason.raises"]), ("lowers", texts["reason.lowers"])):
            self.shapes += [Bar(x, self.y, 22, 12, style), Words(x + 28, self.y + 11, text, SMALL)]
            x += 28 + 0.62 * SMALL * len(text) + MARGIN
        self.y += 18
        for sentence in (texts["picture.note"], texts["picture.about"]):
            for text in wrap(sentence, self.width - 2 * MARGIN, SMALL):
                self.y += 16
                self.shapes.append(Words(MARGIN, self.y, text, SMALL, colour=GREY))
        self.y += MARGIN


_NUMBER = 50.0
"""Room for a number beside a bar, on either side."""
