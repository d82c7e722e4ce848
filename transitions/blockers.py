"""What stands in the way of a move, said so that a person can clear it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a move is refused.

    `code` is stable and for programs, `text` is a sentence, `link` leads to where it is cleared (a path, or empty),
    `owner` names who can clear it (or is empty). `subject` tells blockers of one code apart (a step's key): a waiver
    is for one `(code, subject)`. One that stands for several (“and 140 more”) is not `waivable`: nobody sets aside what they
    have not read.
    """

    code: str
    text: str
    link: str = ""
    owner: str = ""
    subject: str = ""
    waivable: bool = True

    def as_dict(self) -> dict[str, str]:
        """Return the four public keys of design.md: `code`, `text`, `link`, `owner`."""
        return {"code": self.code, "text": self.text, "link": self.link, "owner": self.owner}


class MoveRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A move did not happen and nothing changed; `blockers` says why. Never empty."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(blockers)
        super().__init__("; ".join(blocker.text for blocker in self.blockers))


class UnknownMove(MoveRefused):
    """The row has no move of that name."""


class NotPermitted(MoveRefused):
    """The person may not make this move, whatever the state of the row."""


class Archived(MoveRefused):
    """The row belongs to a completed project, which changes no more, by any door."""

    def __init__(self, what: str = "This project") -> None:
        super().__init__([Blocker("archived", f"{what} is complete and archived: nothing in it changes any more.")])


class StaleRow(MoveRefused):
    """The row changed since the person saw it. `row` is what it is now."""

    row: Any

    def __init__(self, row: object, text: str) -> None:
        self.row = row
        super().__init__([Blocker("stale", text)])
