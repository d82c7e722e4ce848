"""Run a command with PostgreSQL and Redis: `python scripts/services.py pytest …`.

DATABASE_URL and REDIS_URL choose the servers. Where one is not set, the server of this machine is used, and started
first if it is installed and does not answer. The suite makes and drops databases of its own (`test_…`); the one in
the URL is only connected to. Where no role of ours may make databases, root makes one, with a password for this run.
"""

from __future__ import annotations

import getpass
import glob
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg2
import redis

POSTGRES = "127.0.0.1:5432"
REDIS = "redis://127.0.0.1:6379/9"  # a database of its own, beside whatever a developer keeps in 0
ROLE = "gatehouse"
SECONDS_TO_START = 30


def main() -> int:
    """Find or start both servers, then run the command and return its exit code."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        database_url = os.environ.get("DATABASE_URL") or find_postgres()
        redis_url = os.environ.get("REDIS_URL") or find_redis()
        check(database_url, redis_url)
    except NotThere as missing:
        print(f"Cannot run the suite over real services: {missing}", file=sys.stderr)
        return 1
    print(f"== PostgreSQL at {database_url.rpartition('@')[2]}, Redis at {redis_url.rpartition('@')[2]}", flush=True)
    environment = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return subprocess.run(sys.argv[1:], env=environment).returncode


class NotThere(Exception):  # noqa: N818
    """A server cannot be had; the message says why."""


def check(database_url: str, redis_url: str) -> None:
    """Raise NotThere unless both servers answer over a real connection, and the role may make databases."""
    if not may_make_databases(database_url):
        raise NotThere("DATABASE_URL does not answer, or its role may not make databases")
    try:
        redis.Redis.from_url(redis_url).ping()
    except redis.RedisError as error:
        raise NotThere(f"REDIS_URL does not answer: {error}") from error


def find_postgres() -> str:
    """Return a URL of the local PostgreSQL whose role may make databases."""
    if not listening():
        start_postgres()
    for url in candidates():
        if may_make_databases(url):
            return url
    return make_role()


def candidates() -> Iterator[str]:
    """URLs that work where the local server trusts its own machine."""
    for user in dict.fromkeys((getpass.getuser(), ROLE, "postgres")):
        for name in ("test", "postgres"):
            yield f"postgres://{user}@{POSTGRES}/{name}"


def listening() -> bool:
    """Return whether PostgreSQL answers at all, be it with a refusal to let us in."""
    try:
        psycopg2.connect(f"postgres://postgres@{POSTGRES}/postgres", connect_timeout=3).close()
    except psycopg2.OperationalError as error:
        return "refused" not in str(error) and "starting up" not in str(error)
    return True


def may_make_databases(url: str) -> bool:
    """Return whether we can sign in at `url` with a role that may make databases."""
    try:
        connection = psycopg2.connect(url, connect_timeout=3)
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            (allowed,) = cursor.fetchone() or (False,)
            return bool(allowed)
    finally:
        connection.close()


def start_postgres() -> None:
    """Start the newest installed cluster and wait until it answers."""
    versions = sorted((path.split("/")[3] for path in glob.glob("/etc/postgresql/*/main")), key=float)
    if not versions or not shutil.which("pg_ctlcluster"):
        raise NotThere("PostgreSQL is not installed; install it, or set DATABASE_URL")
    print(f"== starting PostgreSQL {versions[-1]}", flush=True)
    run(["pg_ctlcluster", "--skip-systemctl-redirect", versions[-1], "main", "start"])
    wait_for(listening, "PostgreSQL")


def make_role() -> str:
    """As root, give the role `gatehouse` a new password and a database, and return its URL."""
    if os.geteuid() != 0:
        raise NotThere("no role here may make databases; set DATABASE_URL to one that may")
    print(f"== making the PostgreSQL role “{ROLE}”", flush=True)
    password = secrets.token_urlsafe(24)
    as_postgres(f"CREATE ROLE {ROLE} LOGIN CREATEDB", may_exist=True)
    as_postgres(f"ALTER ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'")
    as_postgres(f"CREATE DATABASE {ROLE} OWNER {ROLE}", may_exist=True)
    url = f"postgres://{ROLE}:{quote(password)}@{POSTGRES}/{ROLE}"
    if not may_make_databases(url):
        raise NotThere("the role was made, but cannot sign in; set DATABASE_URL")
    return url


def as_postgres(statement: str, *, may_exist: bool = False) -> None:
    """Run one statement as the cluster's superuser, on standard input so that no list of processes shows it."""
    done = subprocess.run(
        ["su", "postgres", "-c", "psql --no-psqlrc --quiet --set ON_ERROR_STOP=1"],
        input=statement + ";\n",
        text=True,
        capture_output=True,
        cwd="/",
    )
    if done.returncode and not (may_exist and "already exists" in done.stderr):
        raise NotThere(f"psql says: {done.stderr.strip()}")


def find_redis() -> str:
    """Return the URL of the local Redis, started without a file if it does not answer."""
    client = redis.Redis.from_url(REDIS)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    if not answers():
        if not shutil.which("redis-server"):
            raise NotThere("Redis is not installed; install it, or set REDIS_URL")
        print("== starting Redis", flush=True)
        where = ["--bind", "127.0.0.1", "--port", "6379", "--dir", "/tmp"]  # noqa: S108 - it writes nothing there
        run(["redis-server", "--daemonize", "yes", *where, "--save", "", "--appendonly", "no"])
        wait_for(answers, "Redis")
    return REDIS


def run(command: list[str]) -> None:
    """Run a command without input; raise NotThere with what it says if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise NotThere(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")


def wait_for(answers: Callable[[], bool], what: str) -> None:
    """Return when `answers()` does; raise NotThere after half a minute."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers():
        if time.monotonic() > deadline:
            raise NotThere(f"{what} was started and does not answer")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
