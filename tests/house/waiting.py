"""Waiting for another process, which a busy machine may keep waiting for long."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object], seconds: float = 60) -> bool:
    """Return whether `holds()` comes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(held)
