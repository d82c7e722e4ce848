"""What the biller is told at each turn of their support, pure: the letter is kept with the turn as it was sent.

It names who supports them, until when, and how they open a case. Reasons are ours and stand in no letter.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from handoff.support.vocabulary import HELP_DESK, Turn


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter: a subject, and paragraphs."""

    subject: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it is kept: the subject, an empty line, the paragraphs."""
        return "\n\n".join((self.subject, *self.paragraphs))

    @classmethod
    def of(cls, text: str) -> Letter:
        """Return the letter that was kept as `text`."""
        subject, *paragraphs = text.split("\n\n")
        return cls(subject, tuple(paragraphs))


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter is made from.

    Args:
        support: the kind of support. start, end: its days; the help desk takes over on `end`. old_end: where it was moved.
        waits: the day of an evaluation that is still ahead. tsm, tsm_email: who supports them; empty where nobody is named yet.
        leaflet: the address of the welcome leaflet, or empty. cases: how they open a case.
    """

    project: str
    support: str
    start: dt.date
    end: dt.date
    cases: str
    old_end: dt.date | None = None
    waits: dt.date | None = None
    tsm: str = ""
    tsm_email: str = ""
    leaflet: str = ""


def letter(turn: Turn, told: Told) -> Letter:
    """Return what the biller is told at a turn."""
    subject, opening = _OPENINGS[turn](told)
    paragraphs = [opening]
    if turn not in {Turn.ENDED, Turn.WITHDRAWN} and told.end > told.start:
        paragraphs.append("After that the regular Client Services team supports you.")
        paragraphs.append(_who(told))
    if turn != Turn.WITHDRAWN:
        paragraphs.append(told.cases)
    if told.leaflet and turn in {Turn.STARTED, Turn.ENDED}:
        paragraphs.append(f"The welcome leaflet says the rest: {told.leaflet}")
    return Letter(f"{told.project}: {subject}", tuple(paragraphs))


def _started(told: Told) -> tuple[str, str]:
    if told.end <= told.start:
        return "you are live", f"You are live since {_day(told.start)}. The {HELP_DESK} supports you from this day on."
    until = (
        f"It lasts until {_day(told.waits)} at least; then we look at it together, and it goes on where that is needed."
        if told.waits
        else f"It lasts until {_day(told.end)}."
    )
    return "your support begins", f"You are live since {_day(told.start)}, and {told.support} begins with it. {until}"


def _evaluated(told: Told) -> tuple[str, str]:
    if told.old_end and told.end > told.old_end:
        return "your support goes on", f"We looked at how things go. {told.support} goes on until {_day(told.end)}."
    return (
        "your support was looked at",
        f"We looked at how things go. {told.support} lasts until {_day(told.end)}, as planned.",
    )


def _extended(told: Told) -> tuple[str, str]:
    before = f", not {_day(told.old_end)}" if told.old_end else ""
    return "your support lasts longer", f"{told.support} lasts until {_day(told.end)}{before}."


def _tsm(told: Told) -> tuple[str, str]:
    until = f"until {_day(told.waits)} at least" if told.waits else f"until {_day(told.end)}"
    return "who supports you", f"Somebody else looks after you from today on. {told.support} lasts {until}, as before."


def _ended(told: Told) -> tuple[str, str]:
    text = f"{told.support} has ended. From today on the regular Client Services team supports you, at the {HELP_DESK}."
    return "the help desk supports you now", text


def _withdrawn(told: Told) -> tuple[str, str]:
    text = f"The go-live of {_day(told.start)} was taken back, and {told.support} with it. "
    text += "Your implementation team is with you again."
    return "your go-live was taken back", text


_OPENINGS = {
    Turn.STARTED: _started,
    Turn.EVALUATED: _evaluated,
    Turn.EXTENDED: _extended,
    Turn.TSM: _tsm,
    Turn.ENDED: _ended,
    Turn.WITHDRAWN: _withdrawn,
}


def _who(told: Told) -> str:
    if not told.tsm:
        return "We will tell you who looks after you; until then your project manager does."
    return f"{told.tsm} ({told.tsm_email}) looks after you." if told.tsm_email else f"{told.tsm} looks after you."


def _day(day: dt.date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
