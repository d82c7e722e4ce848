"""That the post office's file is what its answers were: a mail is written down only where the 250 can still be said."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope

from tests.faults import post_office
from tests.faults.post_office import HUNG_UP, Office

LETTER = b"Message-ID: <7.abc@example.org>\r\nSubject: Due\r\n\r\nInvoicing is due.\r\n"


def taken(office: Office, transport: Any) -> tuple[str, list[str]]:
    """Return what a letter that came over `transport` is answered, and the ids in the file after it."""
    envelope = Envelope()
    envelope.content, envelope.rcpt_tos = LETTER, ["sofia@example.org"]
    steps = office.handle_DATA(SimpleNamespace(transport=transport), None, envelope)  # type: ignore[arg-type]
    return ended(steps), [json.loads(line)["id"] for line in office.file.read_text().splitlines()]


def ended(steps: Coroutine[Any, Any, str]) -> str:
    """Return what `steps` return. By hand: Playwright keeps a loop running in this thread, and no thread has two."""
    try:
        while True:
            steps.send(None)
    except StopIteration as end:
        return str(end.value)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(post_office, "SECONDS_EACH", 0)
    file = tmp_path / "letters.jsonl"
    file.touch()
    return Office(0, file)


def test_a_letter_is_written_down_and_taken(office: Office) -> None:
    listens = SimpleNamespace(is_closing=lambda: False)
    assert taken(office, listens) == ("250 Taken", ["<7.abc@example.org>"])


@pytest.mark.parametrize("transport", [SimpleNamespace(is_closing=lambda: True), None], ids=["closing", "gone"])
def test_what_comes_as_it_hangs_up_is_not_written_down(office: Office, transport: Any) -> None:
    assert taken(office, transport) == (HUNG_UP, [])
