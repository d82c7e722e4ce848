"""PDFs of plain values, on reportlab: headings, texts, tables that break over pages under repeated heads.

What people wrote stays text: nothing of it is markup. The same values give the same bytes. The font has the letters of western
European languages; of others it shows Greek, Cyrillic, Chinese and Japanese with the reader's own fonts, an accented letter that
it lacks without its accent, and a box for the rest. The spreadsheets beside the PDFs have every letter as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import landscape, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    LongTable,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

from handoff.package.contents import Section, Topic

PAGE = landscape(letter)
MARGIN = 0.6 * inch
WIDTH = PAGE[0] - 2 * MARGIN
PLAIN, BOLD, ELSEWHERE = "Vera", "VeraBd", "HeiseiKakuGo-W5"
#: So much of one cell is shown; the spreadsheet has the rest.
LONGEST_CELL, MOST_LINES = 6_000, 120
#: So many rows of one table are shown; the spreadsheet has the rest.
MOST_ROWS = 2_000
_CUT = " … (the whole text is in the spreadsheet)"
#: Letters that the substitute font has: Greek, Cyrillic, kana and signs of Chinese and Japanese.
_SUBSTITUTED = re.compile("[\u0386-\u03ce\u0401-\u0451\u3000-\u30ff\u4e00-\u9fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
INK, SOFT, LINE, HEAD = (
    colors.HexColor("#1d2733"),
    colors.HexColor("#5b6675"),
    colors.HexColor("#c6ccd4"),
    colors.HexColor("#eef1f4"),
)


@cache
def fonts() -> frozenset[int]:
    """Register the fonts, once a process; return the letters that they have."""
    for name, file in ((PLAIN, "Vera.ttf"), (BOLD, "VeraBd.ttf")):
        pdfmetrics.registerFont(TTFont(name, file))
    pdfmetrics.registerFont(UnicodeCIDFont(ELSEWHERE))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    plain, bold = (set(pdfmetrics.getFont(name).face.charToGlyph) for name in (PLAIN, BOLD))
    return frozenset(plain & bold)


@cache
def _style(name: str) -> ParagraphStyle:
    fonts()
    body = ParagraphStyle("body", fontName=PLAIN, fontSize=8, leading=11, textColor=INK, splitLongWords=1)
    made = {
        "body": body,
        "soft": ParagraphStyle("soft", body, textColor=SOFT),
        "head": ParagraphStyle("head", body, fontName=BOLD),
        "title": ParagraphStyle("title", body, fontName=BOLD, fontSize=20, leading=26, spaceAfter=6),
        "chapter": ParagraphStyle("chapter", body, fontName=BOLD, fontSize=15, leading=20, spaceAfter=4),
        "section": ParagraphStyle(
            "section", body, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=8, spaceAfter=4
        ),
        "listed": ParagraphStyle("listed", body, fontSize=10, leading=17),
    }
    return made[name]


def plain(text: str) -> str:
    """Return a text in letters that can be drawn: what no font here has becomes its letter without accents, or a box."""
    known, drawn = fonts(), []
    for sign in _CONTROL.sub(" ", text).replace("\t", " "):
        if ord(sign) in known or sign == "\n" or _SUBSTITUTED.match(sign):
            drawn.append(sign)
            continue
        base = "".join(one for one in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(one))
        seen = all(ord(one) in known for one in base)
        if base and seen:
            drawn.append(base)
        elif not unicodedata.combining(sign) and unicodedata.category(sign) not in {"Cf", "Cs"}:
            drawn.append("□" if ord("□") in known else "?")
    return "".join(drawn)


def marked(text: str) -> str:
    """Return a text as reportlab's paragraphs take it: escaped, lines kept, letters of other fonts marked as such."""
    escaped = escape(plain(text))
    escaped = re.sub(rf"(?:{_SUBSTITUTED.pattern})+", lambda run: f'<font name="{ELSEWHERE}">{run[0]}</font>', escaped)
    return escaped.replace("\n", "<br/>")


def words_of(value: object) -> str:
    """Return a value of a table in words: days as `Nov 24, 2026`, instants in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC)
        return f"{moment:%b} {moment.day}, {moment.year} {moment:%H:%M} UTC"
    if isinstance(value, dt.date):
        return f"{value:%b} {value.day}, {value.year}"
    return shortened(str(value))


def shortened(text: str) -> str:
    """Return as much of a text as one cell or paragraph shows: breaking one over very many pages takes minutes."""
    lines = text.splitlines()
    kept = "\n".join(lines[:MOST_LINES])[:LONGEST_CELL]
    return kept + _CUT if len(lines) > MOST_LINES or len(text) > LONGEST_CELL else text


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that knows at the end how many pages there are: “page n of m” at the foot of each."""

    foot: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 7.5)
            self.setFillColor(SOFT)
            self.drawString(MARGIN, 0.35 * inch, self.foot)
            self.drawRightString(PAGE[0] - MARGIN, 0.35 * inch, f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()


class _Document(BaseDocTemplate):  # type: ignore[misc]
    """A document that tells its contents of its chapters."""

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802 - reportlab's name
        if getattr(flowable, "style", None) is not None and flowable.style.name == "chapter":
            text = flowable.getPlainText()
            key = hashlib.sha256(f"{text}{self.page}".encode()).hexdigest()[:16]
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(text, key, 0)
            self.notify("TOCEntry", (0, escape(text), self.page, key))


def document(title: str, subtitle: str, foot: str, topics: Sequence[Topic], *, listed: bool = False) -> bytes:
    """Return a PDF of topics, each a chapter.

    Args:
        title, subtitle: at its head. foot: at the foot of every page, beside the page's number.
        listed: whether a page of contents goes before the chapters, each of which begins a page then.
    """
    fonts()
    out = io.BytesIO()
    numbered = type("Numbered", (_Numbered,), {"foot": plain(foot)[:150]})
    made = _Document(
        out, pagesize=PAGE, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN, invariant=1,
        title=plain(title), author="Gatehouse", subject=plain(subtitle),
    )  # fmt: skip
    frame = Frame(MARGIN, MARGIN, WIDTH, PAGE[1] - 2 * MARGIN, 0, 0, 0, 0)
    made.addPageTemplates([PageTemplate(frames=[frame])])
    story: list[Any] = [
        Paragraph(marked(title), _style("title")),
        Paragraph(marked(subtitle), _style("soft")),
        Spacer(1, 10),
    ]
    if listed:
        contents = TableOfContents(levelStyles=[_style("listed")], dotsMinLevel=0)
        story += [contents]
    for topic in topics:
        story += [PageBreak()] if listed else []
        story += [Paragraph(marked(topic.title), _style("chapter"))] if listed or len(topics) > 1 else []
        for section in topic.sections:
            story += _section(section)
    made.multiBuild(story, canvasmaker=numbered) if listed else made.build(story, canvasmaker=numbered)
    return out.getvalue()


def _section(section: Section) -> Iterator[Any]:
    yield Paragraph(marked(section.title), _style("section"))
    if section.words:
        yield Paragraph(marked(shortened(section.words)), _style("soft"))
        yield Spacer(1, 4)
    if not section.rows:
        if section.header:
            yield Paragraph(marked(section.empty), _style("soft"))
        return
    shown = section.shown or [(place, 1.0) for place in range(len(section.header))]
    whole = sum(share for _, share in shown)
    widths = [WIDTH * share / whole for _, share in shown]
    head = [Paragraph(marked(section.header[place]), _style("head")) for place, _ in shown]
    body = _style("body")
    rows = [[Paragraph(marked(words_of(row[place])), body) for place, _ in shown] for row in section.rows[:MOST_ROWS]]
    yield LongTable([head, *rows], colWidths=widths, repeatRows=1, splitInRow=1, style=_RULED)
    if len(section.rows) > MOST_ROWS:
        more = f"and {len(section.rows) - MOST_ROWS:,} more rows, which are in the spreadsheet."
        yield Paragraph(more, _style("soft"))


_RULED = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), HEAD),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)
