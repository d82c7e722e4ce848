"""What each client does, request after request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

from benchmarks.clients import Request

#: Moves of a step that is in progress, after which it is in progress again.
CYCLE = ("complete", "reopen", "block", "resume")
#: Where in the cycle a step stands.
PLACES = {"in_progress": 0, "done": 1, "blocked": 3}
#: What a move says besides its name; the owner is the client's own.
NOTES = {"reopen": "Asked for again", "block": "Their file transfer account is locked"}


@dataclass
class Reading:
    """Read the same pages over and over, one after the other."""

    session: str
    paths: Sequence[str]
    expected: int = 200
    count: int = 0

    def request(self) -> Request:
        """Return the next page's request."""
        self.count += 1
        return Request(self.paths[self.count % len(self.paths)])


@dataclass
class Moving:
    """Move one step round its cycle, as htmx does from the project's page."""

    session: str
    path: str
    revision: int
    place: int
    owner: int
    until: str
    expected: int = 200

    def request(self) -> Request:
        """Return the next move; the answer to the one before must have been a success."""
        move = CYCLE[self.place % len(CYCLE)]
        form: dict[str, Any] = {"move": move, "revision": self.revision, "note": NOTES.get(move, "")}
        if move == "block":
            form |= {"owner": self.owner, "until": self.until}
        self.place += 1
        self.revision += 1
        return Request(self.path, form, htmx=True)


@dataclass
class Starting:
    """Start one project after another, each for a biller that is new."""

    session: str
    path: str
    form: Mapping[str, Any]
    number: int
    expected: int = 302
    count: int = 0
    name: str = field(default="Started", init=False)

    def request(self) -> Request:
        """Return the next start."""
        self.count += 1
        code = biller_code(self.number, self.count)
        own = {"start_key": uuid.uuid4(), "biller_name": f"{self.name} {code}", "biller_code": code}
        return Request(self.path, {**self.form, **own})


def biller_code(number: int, count: int) -> str:
    """Return six letters that no other biller has: `number` tells one series from another, `count` goes on within it."""
    letters = ""
    for _ in range(4):
        count, rest = divmod(count, 26)
        letters = ascii_uppercase[rest] + letters
    return f"Q{ascii_uppercase[number]}{letters}"
