"""Held against each other at the end: what was due, what is written down, what the mail server took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.machines import Letter
from tests.faults.plant import Name

NOTICES = """
SELECT notice.person_id, notice.kind, notice.occasion, notice.text, notice.mail_id
FROM projects_notice notice
"""
MAILS = """
SELECT mail.id, person.email, mail.sent_at, mail.failed_at
FROM accounts_outgoingmail mail JOIN accounts_user person ON person.id = mail.person_id
"""


@dataclass(frozen=True, slots=True)
class Account:
    """The numbers of it. `twice`: how often a letter came again under its Message-ID, by the mail's key."""

    notices: int
    mails: int
    letters: int
    twice: Counter[int]


def reckon(due: Mapping[Name, str], letters: Sequence[Letter], ask: Callable[[str], Sequence[Any]]) -> Account:
    """Assert that each reminder is written down once and stands once in one mail that was sent and taken; return the numbers.

    A letter that came again under the same Message-ID must be the same to the letter; how many may is for the caller to say.
    """
    notices, mails = ask(NOTICES), ask(MAILS)
    written = Counter((person, kind, occasion) for person, kind, occasion, _, _ in notices)
    expected = Counter(due.keys())
    assert written == expected, f"not written: {list(expected - written)[:5]}; too many: {list(written - expected)[:5]}"
    addresses = {pk: email for pk, email, _, _ in mails}
    unsent = [pk for pk, _, sent, failed in mails if not sent or failed]
    assert unsent == [], f"mails not sent: {unsent[:5]}"

    said: dict[int, list[str]] = {}
    for _, _, _, text, mail in notices:
        said.setdefault(mail, []).append(text)
    assert said.keys() == addresses.keys(), "a notice without a mail, or a mail without a notice"

    taken: dict[int, list[Letter]] = {}
    for letter in letters:
        taken.setdefault(_row_of(letter), []).append(letter)
    missing = sorted(addresses.keys() - taken.keys())
    assert taken.keys() == addresses.keys(), f"{len(missing)} mails never came to the server: {missing[:5]}"
    for pk, copies in taken.items():
        same = {(copy.id, copy.to, copy.subject, copy.text) for copy in copies}
        assert len(same) == 1, f"mail {pk} came again with other words"
        assert copies[0].to == (addresses[pk],), f"mail {pk} went to {copies[0].to}"
        words = " ".join(copies[0].text.split())
        told = Counter(" ".join(text.split()) for text in said[pk])
        found = {text: words.count(text) for text in told}
        assert found == told, f"mail {pk} says {found}, and is to say {told}"
    twice = Counter({pk: len(copies) - 1 for pk, copies in taken.items() if len(copies) > 1})
    return Account(len(notices), len(mails), len(letters), twice)


def _row_of(letter: Letter) -> int:
    """The key of the row from which a letter was made: its Message-ID begins with that (accounts.mail.message_id_of)."""
    return int(letter.id.removeprefix("<").partition(".")[0])
