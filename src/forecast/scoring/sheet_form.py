"""Define the form of a disclosure sheet: sections of lines and a table, before anything is set as HTML or PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row of the table says of one level; ``points`` is the length of the bar."""

    number: str
    moves: str = ""
    points: int = 0
    """A cell with words alone has no number: the level does not name the fact."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: a fact, a cell for each level, and the records behind the fact."""

    fact: str
    cells: tuple[Cell, ...]
    records: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The reasons of all levels side by side: each column adds up from its first to its last row."""

    heads: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def most(self) -> int:
        """The longest bar of the facts, in points."""
        return max([abs(cell.points) for line in self.lines if not line.total for cell in line.cells] + [1])


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the sheet: lines, a table, points of a list, lines after them, and a gap that stands out."""

    heading: str
    lines: tuple[str, ...]
    table: Table | None = None
    points: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole sheet, ready to be set as HTML or PDF."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    foot: str

    def sentences(self) -> Iterator[str]:
        """Yield all running text: what a reader has to read beside the table."""
        yield self.lead
        for section in self.sections:
            yield from (*section.lines, *section.points, *section.after)
