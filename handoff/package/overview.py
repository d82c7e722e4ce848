"""The Integration Overview slide as a PDF: one landscape page, always; what is too long is shortened."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence

from reportlab.lib.units import inch
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from handoff.package.pdf import BOLD, HEAD, INK, LINE, MARGIN, PAGE, PLAIN, SOFT, WIDTH, fonts, plain
from handoff.package.slide import NONE_NAMED, Slide

_COLUMN = (WIDTH - 0.3 * inch) / 2
_TOP = PAGE[1] - MARGIN


def overview_pdf(slide: Slide) -> bytes:
    """Return the slide of a project. The same values give the same bytes."""
    fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAGE, invariant=1)
    canvas.setTitle(plain(f"Integration Overview: {slide.name}"))
    canvas.setAuthor("Gatehouse")
    _head(canvas, slide)
    left, right = MARGIN, MARGIN + _COLUMN + 0.3 * inch
    facts = [
        ("Biller", slide.biller), ("Core system", slide.core_system), ("For the core system", slide.partner),
        ("Kind", slide.kind), ("Method", slide.method),
    ]  # fmt: skip
    below = _block(canvas, left, _TOP - 1.0 * inch, "What is joined", facts)
    flows = [(flow.title, f"{flow.state}{'  ' + flow.link if flow.link else ''}") for flow in slide.flows]
    _block(
        canvas, left, below, "Flows of data", flows, more=slide.more_flows, empty="No Discovery page on this project."
    )
    dates = [(name, _day(day)) for name, day in slide.dates]
    below = _block(canvas, right, _TOP - 1.0 * inch, "Dates", dates)
    below = _block(
        canvas,
        right,
        below,
        "Team",
        [(name, role) for role, name in slide.people],
        more=slide.more_people,
        empty="Nobody yet.",
    )
    asked = [(title, f"by {_day(due)}" if due else "no date") for title, due in slide.asked]
    _block(
        canvas, right, below, "What the biller and its vendor have to do", asked, more=slide.more_asked, share=0.68,
        empty="Nothing is open with them.",
    )  # fmt: skip
    canvas.setFont(PLAIN, 7)
    canvas.setFillColor(SOFT)
    foot = f"{slide.name} ({slide.code}), {slide.biller}. As of {slide.at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC."
    canvas.drawString(MARGIN, 0.35 * inch, fit(foot, PLAIN, 7, WIDTH - inch))
    canvas.drawRightString(PAGE[0] - MARGIN, 0.35 * inch, "page 1 of 1")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def fit(text: str, font: str, size: float, width: float) -> str:
    """Return a text on one line that is no wider than `width`, shortened with … where it is longer."""
    text = " ".join(plain(text[:400]).split())
    if stringWidth(text, font, size) <= width:
        return text
    while text and stringWidth(f"{text}…", font, size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _head(canvas: Canvas, slide: Slide) -> None:
    canvas.setFillColor(HEAD)
    canvas.rect(0, _TOP - 0.55 * inch, PAGE[0], 0.55 * inch + MARGIN, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 20)
    canvas.drawString(MARGIN, _TOP - 0.2 * inch, fit(f"Integration Overview: {slide.name}", BOLD, 20, WIDTH))
    canvas.setFont(PLAIN, 10)
    canvas.setFillColor(SOFT)
    said = (slide.biller, slide.kind, slide.core_system if slide.core_system != NONE_NAMED else "", slide.code)
    words = "  ·  ".join(filter(None, said))
    canvas.drawString(MARGIN, _TOP - 0.42 * inch, fit(words, PLAIN, 10, WIDTH))


def _block(
    canvas: Canvas,
    x: float,
    y: float,
    title: str,
    rows: Sequence[tuple[str, str]],
    *,
    more: int = 0,
    empty: str = "",
    share: float = 0.42,
) -> float:
    """Draw a heading and lines of two columns; return where the next block begins."""
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 11)
    canvas.drawString(x, y, title)
    canvas.setStrokeColor(LINE)
    canvas.line(x, y - 4, x + _COLUMN, y - 4)
    y -= 18
    first = _COLUMN * share - 6
    for name, value in rows:
        canvas.setFillColor(INK)
        canvas.setFont(PLAIN, 8.5)
        canvas.drawString(x, y, fit(name, PLAIN, 8.5, first))
        canvas.setFillColor(SOFT)
        canvas.drawString(x + _COLUMN * share, y, fit(value, PLAIN, 8.5, _COLUMN * (1 - share)))
        y -= 13
    canvas.setFillColor(SOFT)
    canvas.setFont(PLAIN, 8.5)
    if not rows and empty:
        canvas.drawString(x, y, empty)
        y -= 13
    if more:
        canvas.drawString(x, y, f"and {more} more")
        y -= 13
    return y - 12


def _day(day: dt.date | None) -> str:
    return f"{day:%b} {day.day}, {day.year}" if day else "no date"
