"""Gatehouse as it runs in production, on machines of a test's own: two workers, two beats, and whoever starts them again."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.machines import ROOT, Postgres, PostOffice, Process, Redis
from tests.house.waiting import eventually

#: Ten o'clock on a Tuesday in New York.
BEGIN = dt.datetime(2027, 3, 2, 15, tzinfo=dt.UTC)
#: How many children a worker has.
POOL = 2
IN_THE_ACT = "SELECT id, leased_until FROM accounts_outgoingmail WHERE leased_until IS NOT NULL AND sent_at IS NULL"
#: (person, kind, occasion): the name of a reminder.
Name = tuple[int, str, str]


def environment(folder: Path, database_url: str, redis_url: str, office: PostOffice) -> dict[str, str]:
    """Return what the processes under test are told; their clock begins now (see `settings`)."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{office.port}",
        "SITE_URL": "https://gatehouse.example.org",
        "VAR_DIR": str(folder),
        "FAULT_BEGIN": BEGIN.isoformat(),
        "FAULT_STARTED": str(time.time()),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        "DEBUG": "false",
        "PYTHONUNBUFFERED": "1",
    }


def now(told: Mapping[str, str]) -> dt.datetime:
    """Return the instant on the clock of the processes under test (see `settings`)."""
    return BEGIN + dt.timedelta(seconds=time.time() - float(told["FAULT_STARTED"]))


def fill(told: dict[str, str], folder: Path, people: int, reminders: int) -> dict[Name, str]:
    """Migrate, make the portfolio and return what is due of it: its name, and its text."""
    file = folder / "due.json"
    for arguments in (
        ["manage.py", "migrate", "--verbosity", "0"],
        ["-m", "tests.faults.portfolio", str(people), str(reminders), str(file)],
    ):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=told, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return {(person, kind, occasion): text for person, kind, occasion, text in json.loads(file.read_text())}


@dataclass
class Plant:
    """The processes, and what was done to them."""

    folder: Path
    postgres: Postgres
    redis: Redis
    office: PostOffice
    told: dict[str, str]
    workers: list[Process] = field(default_factory=list)
    beats: list[Process] = field(default_factory=list)
    #: The mails that were being sent when their senders were cut off, and until when each sender had taken it.
    cut: set[tuple[int, dt.datetime]] = field(default_factory=set)
    #: What ended by itself and was started again, by kind.
    fell: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def say(self, what: str) -> None:
        """Add a line to the story that the test prints."""
        self.log.append(f"{time.monotonic() - self.begun:6.1f} s  {what}")

    def start(self) -> None:
        """Have two of each."""
        while len(self.workers) < 2:
            name = f"worker-{time.monotonic_ns()}"
            options = ["--concurrency", str(POOL), "--hostname", f"{name}@%h", "--without-gossip", "--without-mingle"]
            command = ["-m", "celery", "-A", "config", "worker", *options]
            self.workers.append(Process("worker", command, self.told, self.folder))
        while len(self.beats) < 2:
            command = ["-m", "celery", "-A", "config", "beat", "--pidfile", ""]
            self.beats.append(Process("beat", command, self.told, self.folder))

    def tend(self) -> None:
        """Start again what ended by itself, as docker compose does (`restart: unless-stopped`)."""
        for processes in (self.workers, self.beats):
            for process in [process for process in processes if not process.lives()]:
                processes.remove(process)
                self.fell[process.name] += 1
                self.say(f"a {process.name} had ended by itself: {process.said.strip().splitlines()[-1:]}")
        self.start()

    def until(self, holds: Callable[[], object], seconds: float = 90) -> bool:
        """Return whether `holds()` comes true; what ends meanwhile is started again."""

        def held() -> object:
            self.tend()
            return holds()

        return eventually(held, seconds)

    def note_what_was_cut(self) -> None:
        """Note which mails were taken up by a sender and not written down as sent: these, and no others, may come twice."""
        self.cut.update((pk, until) for pk, until in self.postgres.ask(IN_THE_ACT))

    # What is done to them.

    def kill_pool(self) -> None:
        """`kill -9` of every child of every worker: the workers themselves live on and make new ones."""
        assert eventually(lambda: all(len(worker.children()) == POOL for worker in self.workers), 30)
        killed = sum(worker.kill_children() for worker in self.workers)
        self.note_what_was_cut()
        self.say(f"kill -9 of {killed} pool children")

    def kill_workers(self) -> None:
        """`kill -9` of every worker with its children."""
        for worker in self.workers:
            worker.kill()
        self.note_what_was_cut()
        self.say(f"kill -9 of {len(self.workers)} workers")
        self.workers.clear()
        self.start()

    def kill_beats(self) -> None:
        """`kill -9` of both beats."""
        for beat in self.beats:
            beat.kill()
        self.say(f"kill -9 of {len(self.beats)} beats")
        self.beats.clear()
        self.start()

    def forget(self) -> None:
        """FLUSHALL in Redis."""
        self.redis.forget()
        self.say("FLUSHALL")

    def restart_redis(self) -> None:
        """`kill -9` of Redis, two seconds without one, and an empty one."""
        self.redis.kill()
        time.sleep(2)
        self.redis.start()
        self.say("kill -9 of Redis, and a new one that knows nothing")

    def restart_postgres(self) -> None:
        """`pg_ctl restart -m immediate`."""
        self.postgres.restart_at_once()
        self.note_what_was_cut()
        self.say("PostgreSQL restarted, all connections cut")

    def lose_the_mail_server(self, seconds: float) -> None:
        """The mail server is away, and comes back."""
        self.office.close()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tend()
            time.sleep(0.1)
        self.office.open()
        self.say(f"the mail server was away for {seconds:g} s")

    def stop(self) -> None:
        """End all of it."""
        for process in (*self.workers, *self.beats):
            process.kill()
        self.workers.clear()
        self.beats.clear()
