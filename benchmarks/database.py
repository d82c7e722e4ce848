"""The databases of the benchmark: one that is seeded once and only read, and a copy of it for each run.

Every run so begins with the very same rows, whatever the run before it has written or left half done. What a seeded database
is made of stands in its comment; when that is not what is wanted now, it is made anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parent.parent
SEEDED, RUN = "gatehouse_bench", "gatehouse_bench_run"
#: The number of the advisory lock, in the server's own database. PostgreSQL lets go of it when its holder ends.
LOCK = 4_628_424_873
DEFAULT_SERVER = "postgres://root@127.0.0.1:5432/"
#: What a seeded database depends on: other rows would come of it if one of these changed.
SOURCES = (
    "*/migrations/*.py", "fixtures/playbooks/*.yaml", "projects/demo.py", "projects/bulk_demo.py", "projects/start.py",
    "projects/schedule.py", "benchmarks/prepare.py",
)  # fmt: skip


def address(name: str) -> str:
    """Return the URL of the database `name` on the server of DATABASE_URL (127.0.0.1 unless that is set).

    Raises:
        SystemExit: DATABASE_URL names no PostgreSQL.
    """
    parts = urlsplit(os.environ.get("BENCH_SERVER") or os.environ.get("DATABASE_URL") or DEFAULT_SERVER)
    if not parts.scheme.startswith("postgres"):
        raise SystemExit("The benchmark needs PostgreSQL: leave DATABASE_URL out, or name a server with it.")
    return urlunsplit(parts._replace(path=f"/{name}"))


def wanted(projects: int) -> str:
    """Return what a database seeded now with so many projects would be made of, as one line."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return f"benchmark of Gatehouse: {projects} projects, sources {digest.hexdigest()[:16]}"


@contextmanager
def alone() -> Iterator[None]:
    """Hold the server's benchmark lock: a second run would drop the first one's database, and each would measure the other.

    Raises:
        SystemExit: somebody else holds it.
    """
    with _server() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise SystemExit("Another benchmark is running on this server. Start this one when it has ended.")
        yield


def is_seeded(projects: int) -> bool:
    """Return whether the seeded database is there and made of what is wanted."""
    with _server() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [SEEDED])
        found = cursor.fetchone()
    return found is not None and found[0] == wanted(projects)


def make() -> None:
    """Make the database to be seeded, in the place of the one that may be there."""
    with _server() as cursor:
        _drop(cursor, SEEDED)
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(SEEDED)))


def mark_seeded(projects: int) -> None:
    """Say that the database is complete, and what it is made of."""
    with _server() as cursor:
        statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
        cursor.execute(statement.format(sql.Identifier(SEEDED), sql.Literal(wanted(projects))))


@contextmanager
def copied() -> Iterator[str]:
    """Copy the seeded database for one run; yield the copy's URL, and drop the copy at the end."""
    with _server() as cursor:
        _drop(cursor, RUN)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        cursor.execute(statement.format(sql.Identifier(RUN), sql.Identifier(SEEDED)))
    try:
        yield address(RUN)
    finally:
        with _server() as cursor:
            _drop(cursor, RUN)


@contextmanager
def _server() -> Iterator[Any]:
    """Yield a cursor outside any transaction, on the server's own database."""
    connection = psycopg2.connect(address("postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _drop(cursor: Any, name: str) -> None:
    cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
