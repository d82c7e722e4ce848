"""Reminders on real processes that are killed: PostgreSQL, Redis, two workers, two beats and a mail server, each of its own.

Nothing may be lost, and nothing heard twice. What ends at the mail server is this: a sender that dies between the server's
“250” and our commit, or loses the database there, sends that mail once more under the same Message-ID, which a mailbox shows
once. So no mails may come again but those that were being sent when their sender was cut off, and each of them once for each
time that it was. They are counted, and hold the same words under the same Message-ID.

FAULT_REMINDERS sets how many reminders there are.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.machines import Postgres, PostOffice, Redis, postgres_programs
from tests.faults.plant import Name, Plant, environment, fill, now
from tests.faults.reckoning import reckon
from tests.house.test_services import url_of_the_test_database

pytestmark = [
    pytest.mark.services,
    pytest.mark.postgres,
    pytest.mark.skipif(not postgres_programs(), reason="PostgreSQL's initdb is not installed"),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]

REMINDERS = int(os.environ.get("FAULT_REMINDERS", "10000"))
PEOPLE = 200

# In the rows of the test's database alone: each notice costs a little, so that a killing in the middle meets the middle.
SLOW_DISK = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON projects_notice FOR EACH ROW EXECUTE FUNCTION slow();
SELECT 1
"""
QUICK_DISK = "DROP TRIGGER slow ON projects_notice; SELECT 1"
WRITING = """
SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT INTO "projects_notice"%%'
"""
SWEEPING = f"{WRITING} AND query_start < clock_timestamp() - interval '20 ms'"
NOTICES = "SELECT person_id, kind, occasion FROM projects_notice"
SAID = """
SELECT count(*) FROM projects_notice JOIN accounts_outgoingmail mail ON mail.id = mail_id WHERE mail.sent_at IS NOT NULL
"""
MORNING = """
UPDATE reminders_hours SET digest_at = (%s::timestamptz AT TIME ZONE person.time_zone)::time
FROM accounts_user person WHERE person.id = person_id RETURNING 1
"""
UNSENT = "SELECT id, kind, attempts, error FROM accounts_outgoingmail WHERE sent_at IS NULL"


@pytest.fixture
def plant(tmp_path: Path, db: None) -> Iterator[Plant]:
    """The machines, up; the tables are there and empty."""
    with ExitStack() as ends:  # whatever was started by then, wherever it fails
        postgres = Postgres()
        ends.callback(postgres.remove)
        postgres.take_tables_of(url_of_the_test_database())
        redis = Redis()
        ends.callback(redis.kill)
        office = PostOffice(tmp_path)
        ends.callback(office.process.kill)
        made = Plant(tmp_path, postgres, redis, office, environment(tmp_path, postgres.url, redis.url, office))
        ends.callback(lambda: print("\n".join(made.log)))
        ends.callback(made.stop)
        yield made


def test_nothing_is_lost_and_nothing_heard_twice(plant: Plant) -> None:
    due = fill(plant.told, plant.folder, PEOPLE, REMINDERS)
    plant.say(f"{len(due)} reminders are due for {len({person for person, _, _ in due})} people")

    _sweep_badly(plant, due)
    _deliver_badly(plant, due)

    time.sleep(3)  # three times everything more, of which nothing may come
    plant.stop()
    account = reckon(due, plant.office.letters(), plant.postgres.ask)
    may = Counter(pk for pk, _ in plant.cut)
    plant.say(f"{account.notices} reminders in {account.mails} mails, {account.letters} letters")
    plant.say(
        f"cut off in the act: {may.total()}; came again: {account.twice.total()}; ended by themselves: {dict(plant.fell)}"
    )
    assert account.twice <= may
    assert account.twice  # at least the one whose sender was not told: what is counted here can be counted


def _sweep_badly(plant: Plant, due: dict[Name, str]) -> None:
    """Let nothing of a sweep come to its end: four times something is killed or cut in the middle of it."""
    seen: set[object] = set()

    def sweeps() -> bool:
        """Whether somebody new does: the statement of one who was killed runs on in the database, and is then undone."""
        new = {pid for (pid,) in plant.postgres.ask(SWEEPING)} - seen
        seen.update(new)
        return bool(new)

    plant.postgres.ask(SLOW_DISK)
    plant.start()
    plant.say("two workers and two beats are started")
    for fault in (plant.kill_pool, plant.kill_workers, plant.restart_postgres, plant.kill_pool):
        assert plant.until(sweeps), "nobody sweeps"
        fault()
        seen.update(pid for (pid,) in plant.postgres.ask(WRITING))
        assert len(plant.postgres.ask(NOTICES)) < len(due), "the sweep had ended before"
    assert plant.until(sweeps), "nobody sweeps"
    plant.forget()
    plant.kill_beats()
    plant.postgres.ask(QUICK_DISK)
    assert plant.until(lambda: len(plant.postgres.ask(NOTICES)) >= len(due)), "something was not written down"
    plant.say("all reminders are written down")


def _deliver_badly(plant: Plant, due: dict[Name, str]) -> None:
    """Kill and cut while mails go out, at each of these shares of what is said."""
    plant.postgres.ask(MORNING, now(plant.told) + dt.timedelta(seconds=1))
    faults = (
        (0.05, plant.kill_pool),
        (0.15, plant.kill_workers),
        (0.25, plant.restart_postgres),
        (0.35, plant.forget),
        (0.40, plant.kill_beats),
        (0.50, plant.restart_redis),
        (0.60, lambda: plant.lose_the_mail_server(5)),
        (0.75, lambda: _die_before_the_answer(plant)),
        (0.85, plant.kill_pool),
    )
    for share, fault in faults:
        assert plant.until(lambda share=share: _said(plant) >= share * len(due)), f"stuck before {share:.0%}"
        assert _said(plant) < len(due), "all of it had been said before"
        fault()
    assert plant.until(lambda: _said(plant) >= len(due)), plant.postgres.ask(UNSENT)[:5]
    plant.say("all is said")


def _die_before_the_answer(plant: Plant) -> None:
    """Kill the sender between the server's taking a mail and our knowing of it: the one case of the same mail twice."""
    taken = len(plant.office.letters())
    plant.office.fall_silent()
    assert plant.until(lambda: len(plant.office.letters()) > taken)
    plant.say("a mail is taken, and its sender not told")
    plant.kill_workers()


def _asked(plant: Plant, query: str) -> int:
    (row,) = plant.postgres.ask(query)
    return int(row[0])


def _said(plant: Plant) -> int:
    return _asked(plant, SAID)
