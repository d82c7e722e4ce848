"""Servers and processes of a test's own, which it may kill: PostgreSQL, Redis, a post office, Celery, serve."""

from __future__ import annotations

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import redis

from tests.house.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
#: PostgreSQL does not run as root; Debian's package makes somebody who may.
NOT_ROOT = "postgres"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def postgres_programs() -> Path | None:
    """Return the folder of the newest `initdb` of this machine, or None."""
    found = shutil.which("initdb")
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    if found:
        return Path(found).resolve().parent
    return Path(max(folders, key=lambda path: float(path.split("/")[4]))) if folders else None


class Postgres:
    """A cluster in a folder of its own.

    It does not wait for the disk (`fsync = off`): that is for machines that lose their power. What is killed here is processes,
    and what these have written to the system is there after them.
    """

    def __init__(self) -> None:
        programs = postgres_programs()
        assert programs, "look for them first"
        self.programs = programs
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="gatehouse-postgres-"))
        self.who: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, NOT_ROOT)
            self.who = {"user": NOT_ROOT}
        self.data = self.folder / "data"
        self._run("initdb", "--pgdata", self.data, "--username", "gatehouse", "--auth", "trust", "--encoding", "UTF8")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
                "max_connections = 60\nfsync = off\n"
            )
        self._control("start")
        self.url = f"postgres://gatehouse@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **self.who
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _control(self, *what: str) -> None:
        # What it says goes into a file: the server keeps the pipe of whoever starts it, which then never ends.
        self._run("pg_ctl", *what, "-w", "-D", self.data, "-l", self.folder / "log")

    def restart_at_once(self) -> None:
        """Cut every connection, lose what is in memory, come up again from the disk."""
        self._control("restart", "-m", "immediate")

    def remove(self) -> None:
        """Stop it and take its folder away."""
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def take_tables_of(self, url: str) -> None:
        """Make the tables of another database, and its list of migrations: `migrate` then has little left to do.

        Only a shortcut. Where the other server is a newer one than our `pg_dump`, there are none, and `migrate` makes them.
        """
        dump = [str(self.programs / "pg_dump"), "--no-owner", "--no-privileges", "--dbname", url]
        for part in (["--schema-only"], ["--data-only", "--table", "django_migrations"]):
            script = subprocess.run([*dump, *part], stdin=subprocess.DEVNULL, capture_output=True)
            if script.returncode:
                return
            into = [str(self.programs / "psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", self.url]
            done = subprocess.run(into, input=script.stdout, capture_output=True)
            assert done.returncode == 0, done.stderr.decode()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query, asked beside Django."""
        connection = psycopg2.connect(self.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return list(cursor.fetchall())
        finally:
            connection.close()


class Redis:
    """A Redis that keeps nothing on disk, as a broker that forgets."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", tempfile.gettempdir()]
        self.process = subprocess.Popen(
            ["redis-server", *where, "--save", "", "--appendonly", "no"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert eventually(self.answers, 20)

    def answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.ConnectionError:
            return False

    def forget(self) -> None:
        """FLUSHALL."""
        redis.Redis.from_url(self.url).flushall()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Process:
    """One of our processes, in a group of its own; what it says is in a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.output = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.output.open("w") as output:
            self.popen = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def lives(self) -> bool:
        return self.popen.poll() is None

    def children(self) -> list[int]:
        """The ids of its child processes: those of a worker's pool, or of a server's workers."""
        found = subprocess.run(["pgrep", "-P", str(self.popen.pid)], capture_output=True, text=True).stdout
        return [int(pid) for pid in found.split()]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.popen.pid, number)

    def kill(self) -> None:
        """`kill -9` of it and all its children, as a machine that loses its power."""
        if self.lives():
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def kill_children(self) -> int:
        """`kill -9` of its children alone; return how many."""
        pids = self.children()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it had ended by itself in between
                continue
        return len(pids)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that the post office took."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str


class PostOffice:
    """The mail server, and what it took."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.file = folder / "letters.jsonl"
        self.file.touch()
        command = ["-m", "tests.faults.post_office", str(self.port), str(self.file)]
        self.process = Process("post-office", command, os.environ, folder)
        assert eventually(self.answers, 20), self.process.said

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.process.signal(signal.SIGUSR1)
        assert eventually(lambda: not self.answers(), 10)

    def open(self) -> None:
        self.process.signal(signal.SIGUSR2)
        assert eventually(self.answers, 10)

    def fall_silent(self) -> None:
        """Take the next mail and say nothing."""
        self.process.signal(signal.SIGHUP)

    def letters(self) -> list[Letter]:
        """What it said 250 to, in order. A line that is being written is left for the next time."""
        lines = self.file.read_text().splitlines(keepends=True)
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
        return [Letter(row["id"], tuple(row["to"]), row["subject"], row["text"]) for row in rows]
