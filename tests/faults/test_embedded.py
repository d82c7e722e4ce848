"""The same on the embedded default: one process that serves, SQLite, the clock as a thread of it, and `kill -9` in the middle."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from tests.faults.machines import PostOffice, Process, free_port
from tests.faults.plant import Name, environment, fill, now
from tests.faults.portfolio import ZONES
from tests.faults.reckoning import reckon
from tests.house.waiting import eventually

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded default is SQLite: make test"),
]

REMINDERS = int(os.environ.get("FAULT_REMINDERS_EMBEDDED", "600"))
PEOPLE = 40

# In the test's database alone: each notice counts to 30,000 first, so that a killing in the middle meets the middle.
SLOW_DISK = """
CREATE TRIGGER slow BEFORE INSERT ON projects_notice BEGIN
    SELECT count(*) FROM (WITH RECURSIVE one(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM one WHERE x < 30000) SELECT x FROM one);
END
"""
QUICK_DISK = "DROP TRIGGER slow"
NOTICES = "SELECT count(*) FROM projects_notice"
MORNING = (
    "UPDATE reminders_hours SET digest_at = ? WHERE person_id IN (SELECT id FROM accounts_user WHERE time_zone = ?)"
)
IN_THE_ACT = "SELECT id, leased_until FROM accounts_outgoingmail WHERE leased_until IS NOT NULL AND sent_at IS NULL"
SAID = "SELECT count(*) FROM projects_notice JOIN accounts_outgoingmail mail ON mail.id = mail_id WHERE mail.sent_at IS NOT NULL"


class Serve:
    """`manage.py serve` and its database, which it may be killed over."""

    def __init__(self, folder: Path, office: PostOffice) -> None:
        self.file = folder / "gatehouse.sqlite3"
        self.folder = folder
        self.told = environment(folder, f"sqlite:///{self.file}", "", office)
        self.process: Process | None = None

    def start(self) -> None:
        self.process = Process("serve", ["manage.py", "serve", "--port", str(free_port())], self.told, self.folder)

    def kill(self) -> None:
        """`kill -9` of all of it."""
        assert self.process
        self.process.kill()

    def kill_clock(self) -> int:
        """`kill -9` of the process that serves, whose thread the clock is; the one above it makes a new one. Return how many."""
        assert self.process
        return self.process.kill_children()

    def ask(self, query: str, *values: str) -> int:
        """Return the number that a query gives."""
        return next((int(number) for (number,) in self.rows(query, *values)), 0)

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, asked beside Django."""
        kept = sqlite3.connect(self.file, timeout=20, isolation_level=None)
        try:
            return list(kept.execute(query, values).fetchall())
        finally:
            kept.close()

    def writes(self) -> bool:
        """Whether somebody holds the lock of writers for half a second: in this test that is who sweeps."""
        return all(self._locked() and not time.sleep(0.1) for _ in range(5))

    def _locked(self) -> bool:
        kept = sqlite3.connect(self.file, timeout=0, isolation_level=None)
        try:
            kept.execute("BEGIN IMMEDIATE")
            kept.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            kept.close()
        return False


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    made = PostOffice(tmp_path)
    yield made
    made.process.kill()


@pytest.fixture
def serve(tmp_path: Path, office: PostOffice, migrated: Path) -> Iterator[Serve]:
    made = Serve(tmp_path, office)
    shutil.copy(migrated, made.file)
    yield made
    if made.process:
        made.process.kill()
        print(made.process.said)


def test_one_process_that_dies_loses_nothing_and_says_nothing_twice(serve: Serve, office: PostOffice) -> None:
    due: dict[Name, str] = fill(serve.told, serve.folder, PEOPLE, REMINDERS)
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}")

    say(f"{len(due)} reminders are due for {len({person for person, _, _ in due})} people")
    serve.ask(SLOW_DISK)
    serve.start()
    for fault in (serve.kill_clock, serve.kill):
        assert eventually(serve.writes), "nobody sweeps"
        fault()
        say(f"{fault.__name__} in the middle of a sweep")
        assert serve.ask(NOTICES) < len(due), "the sweep had ended before"
    serve.ask(QUICK_DISK)
    serve.start()
    assert eventually(lambda: serve.ask(NOTICES) >= len(due)), "something was not written down"
    for zone in ZONES:
        morning = (now(serve.told) + dt.timedelta(seconds=1)).astimezone(ZoneInfo(zone)).time()
        serve.ask(MORNING, morning.isoformat(), zone)
    cut: set[tuple[int, str]] = set()
    for share, fault in ((0.1, serve.kill_clock), (0.4, serve.kill)):
        assert eventually(lambda share=share: serve.ask(SAID) >= share * len(due)), f"stuck before {share:.0%}"
        assert serve.ask(SAID) < len(due), "all of it had been said before"
        fault()
        say(f"{fault.__name__} while mails go out")
        cut.update((pk, until) for pk, until in serve.rows(IN_THE_ACT))
    serve.start()
    assert eventually(lambda: serve.ask(SAID) >= 0.7 * len(due))
    office.close()
    time.sleep(3)
    office.open()
    say("the mail server was away for 3 s")
    assert eventually(lambda: serve.ask(SAID) >= len(due))

    serve.kill()
    account = reckon(due, office.letters(), serve.rows)
    say(f"{account.notices} reminders in {account.mails} mails, {account.letters} letters")
    may = Counter(pk for pk, _ in cut)
    say(f"cut off in the act: {may.total()}; came again: {account.twice.total()}")
    assert account.twice <= may
    assert may.total() <= 2  # one thread sends, and was killed twice
