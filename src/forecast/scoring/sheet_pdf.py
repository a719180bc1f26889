"""Set a disclosure sheet as PDF: one side of A4, or two where one would be too small to read.

The same sheet gives the same bytes on one installation: no time and no random id is written, and the font is embedded.
"""

from __future__ import annotations

import io
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from forecast.explanations.drawing import AMBER, GREY, INK, STYLES
from forecast.explanations.wording import sentence
from forecast.problems import need

if TYPE_CHECKING:
    from forecast.explanations.texts import Texts
    from forecast.scoring.sheet_form import Cell, Line, Section, Sheet, Table

SIZES = (9.4, 9.0, 8.6, 8.3, 8.0, 7.7, 7.4, 7.1)
"""Sizes of letters in points, tried in turn; DejaVu and Vera are large for their size: 7 is like 8 of most others."""
MARGIN = 34.0
BAR_WIDE, BAR_HIGH = 58.0, 6.0


def sheet_pdf(sheet: Sheet, texts: Texts) -> bytes:
    """Return the sheet as a PDF file; raise ``extra-missing`` where reportlab is not installed."""
    need("reportlab", "sheet")
    for size in SIZES:
        pages, made = _Setting(size, texts).build(sheet, sheet.foot)
        if pages == 1:
            return made
    for size in SIZES:
        sides = _Setting(size, texts).build(sheet, sheet.foot)[0]
        pages, made = _Setting(size, texts).build(sheet, f"{sheet.foot} {texts.say('sheet.sides', count=sides)}")
        if pages <= 2:
            break
    return made


def _fonts() -> tuple[str, str]:
    """Register and return the plain and the bold font: DejaVu where matplotlib brings it, else Vera of reportlab.

    Vera lacks some letters outside Western Europe; what a font lacks is set as an empty box.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if (found := util.find_spec("matplotlib")) is not None and found.origin:
        folder, files = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf", ("DejaVuSans", "DejaVuSans-Bold")
    else:
        folder, files = Path(str(resources.files("reportlab"))) / "fonts", ("Vera", "VeraBd")
    for name in files:
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(files[0], normal=files[0], bold=files[1], italic=files[0], boldItalic=files[1])
    return files


class _Setting:
    """Sets a sheet in one size of letters."""

    def __init__(self, size: float, texts: Texts) -> None:
        from reportlab.lib.styles import ParagraphStyle

        plain, bold = _fonts()
        look: dict[str, Any] = {"fontName": plain, "textColor": INK}
        self.texts, self.size = texts, size
        self.text = ParagraphStyle("text", **look, fontSize=size, leading=1.26 * size, spaceAfter=0.22 * size)
        self.title = ParagraphStyle("title", parent=self.text, fontName=bold, fontSize=1.7 * size, leading=2.1 * size)
        self.head = ParagraphStyle(
            "head", parent=self.text, fontName=bold, fontSize=1.12 * size, leading=1.4 * size, spaceBefore=0.4 * size
        )
        self.cell = ParagraphStyle("cell", parent=self.text, fontSize=0.97 * size, leading=1.2 * size, spaceAfter=0)
        self.small = ParagraphStyle("small", parent=self.text, fontSize=0.88 * size, leading=1.1 * size, textColor=GREY)
        self.gap = ParagraphStyle(
            "gap", parent=self.text, fontName=bold, borderWidth=0.8, borderColor=INK, borderPadding=3,
            spaceBefore=5, spaceAfter=6, leftIndent=4, rightIndent=4,
        )  # fmt: skip

    def build(self, sheet: Sheet, foot: str) -> tuple[int, bytes]:
        """Return the number of pages and the file."""
        from reportlab.lib.pagesizes import A4
        from reportlab.platypus import HRFlowable, SimpleDocTemplate

        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN - 8, bottomMargin=MARGIN - 10,
            title=sheet.title, author="", subject=foot, creator="forecast", lang="en-GB", invariant=1,
        )  # fmt: skip
        self.width = document.width - 12  # a frame keeps 6 points on either side
        flow = [self._p(sheet.title, self.title), self._p(sheet.lead)]
        for section in sheet.sections:
            flow += self._section(section)
        flow += [HRFlowable(width="100%", thickness=0.6, color=INK, spaceBefore=4, spaceAfter=2)]
        flow.append(self._p(foot, self.small))
        document.build(flow)
        return document.page, out.getvalue()

    def _p(self, text: str, style: Any = None, *, bold: bool = False) -> Any:
        from reportlab.platypus import Paragraph

        said = escape(text)
        return Paragraph(f"<b>{said}</b>" if bold else said, style or self.text)

    def _section(self, section: Section) -> list[Any]:
        from reportlab.platypus import KeepTogether

        flow = [self._p(section.heading, self.head), *(self._p(line) for line in section.lines)]
        if section.table is not None:
            flow.append(self._table(section.table))
        flow += [self._p(f"\u2022 {point}") for point in section.points]
        flow += [self._p(line) for line in section.after]
        flow += [self._p(section.gap, self.gap)] if section.gap else []
        return flow if section.table is not None else [KeepTogether(flow)]

    def _table(self, table: Table) -> Any:
        """Return the reasons: fact and records, and for each level number, words and a bar."""
        from reportlab.platypus import Table as Grid

        bars = BAR_WIDE if len(table.heads) < 3 else 0.0
        words = 92.0 * self.size / 8
        fact = self.width - len(table.heads) * (words + bars)
        head: list[Any] = [self._p(sentence(self.texts["case.fact"]), self.cell, bold=True)]
        for text in table.heads:
            head += [self._p(f"{sentence(text)}: {self.texts['case.points']}", self.cell, bold=True), ""]
        rows = [head, *(self._row(line, table.most, bars) for line in table.lines)]
        widths = [fact, *([words, bars] * len(table.heads))]
        return Grid(rows, widths, repeatRows=1, style=self._look(table), spaceBefore=1, spaceAfter=2)

    def _look(self, table: Table) -> Any:
        from reportlab.platypus import TableStyle

        commands: list[tuple[Any, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("FONTSIZE", (0, 0), (-1, -1), 1),  # of empty cells, which would make their rows higher
            ("LEADING", (0, 0), (-1, -1), 1),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 0.8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.4),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
            ("LINEBELOW", (0, 1), (-1, -1), 0.3, GREY),
        ]
        commands += [("SPAN", (1 + 2 * k, 0), (2 + 2 * k, 0)) for k in range(len(table.heads))]
        return TableStyle(commands)

    def _row(self, line: Line, most: int, bars: float) -> list[Any]:
        from reportlab.platypus import Paragraph

        records = f' <font size="{0.85 * self.size:.1f}" color="{GREY}">{escape(line.records)}</font>'
        fact = f"<b>{escape(line.fact)}</b>" if line.total else escape(line.fact)
        row: list[Any] = [Paragraph(fact + (records if line.records else ""), self.cell)]
        for cell in line.cells:
            row.append(Paragraph(f"<b>{escape(cell.number)}</b> {escape(cell.moves)}".strip(), self.cell))
            row.append(self._bar(cell, most) if bars and cell.points and not line.total else "")
        return row

    def _bar(self, cell: Cell, most: int) -> Any:
        """Return a bar to the right (raises) or left (lowers, striped) of none."""
        from reportlab.graphics.shapes import Drawing, Rect
        from reportlab.graphics.shapes import Line as Stroke
        from reportlab.lib.colors import HexColor

        room, middle = BAR_WIDE - 6, (BAR_WIDE - 6) / 2
        long = max(abs(cell.points) / most * (middle - 1), 0.8)
        x = middle if cell.points > 0 else middle - long
        fill, outline, striped = STYLES["raises" if cell.points > 0 else "lowers"]
        drawing = Drawing(room, BAR_HIGH + 1)
        look = {"fillColor": HexColor(fill), "strokeColor": HexColor(outline), "strokeWidth": 0.6}
        drawing.add(Rect(x, 0.5, long, BAR_HIGH - 1, **look))
        for at in range(2, int(long), 3) if striped else ():
            drawing.add(Stroke(x + at, 0.5, x + at, BAR_HIGH - 0.5, strokeColor=HexColor(AMBER), strokeWidth=0.6))
        drawing.add(Stroke(middle, 0, middle, BAR_HIGH, strokeColor=HexColor(GREY), strokeWidth=0.5))
        return drawing
