"""How much work something is, in calls: the same on every machine, whatever else runs there. Seconds are for `benchmarks`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Effort:
    """What was counted: calls of functions, Python's and C's."""

    calls: int = 0


@contextmanager
def effort() -> Iterator[Effort]:
    """Count the calls made in this thread until the block ends."""
    spent = Effort()

    def count(frame: FrameType, event: str, about: object) -> None:
        if event in ("call", "c_call"):
            spent.calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield spent
    finally:
        sys.setprofile(before)
