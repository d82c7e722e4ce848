"""What the tests of people share."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from accounts import security


@pytest.fixture
def security_log(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was noted during the test, one dictionary for each line."""
    capture = LogCapture()
    monkeypatch.setattr(security, "logger", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    """A block that does, at its end, what waits for a commit: `with commits(execute=True):`."""
    return django_capture_on_commit_callbacks
