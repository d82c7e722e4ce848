"""`python -m benchmarks.sweep [--sqlite]`: a sweep over 1,000 projects and 200 people, and a delivery of what it made.

Makes a database of its own (PostgreSQL, or SQLite in a temporary folder), seeds it, measures, prints a table, and drops it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.database import address

NAME, PEOPLE, TURNS = "gatehouse_bench_sweep", 200, 5


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--projects", type=int, default=1000, metavar="N", help="how many there are (default 1000)")
    options = parser.parse_args()
    with ExitStack() as after:
        if options.sqlite:
            folder = after.enter_context(tempfile.TemporaryDirectory())
            os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'sweep.sqlite3'}"
        else:
            os.environ["DATABASE_URL"] = address(NAME)
            _server("CREATE DATABASE {}")
            after.callback(_server, "DROP DATABASE {} WITH (FORCE)")
        os.environ |= {"REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings.test"}
        _measure(options.projects)


def _server(statement: str) -> None:
    connection = psycopg2.connect(address("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        if statement.startswith("CREATE"):
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME)))
        cursor.execute(sql.SQL(statement).format(sql.Identifier(NAME)))
    connection.close()


def _measure(projects: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from projects.models import Notice, Project, Seat
    from reminders.delivery import deliver
    from reminders.sweep import sweep

    for command, given in (("migrate", {}), ("load_playbooks", {}), ("seed_demo", {"projects": projects})):
        call_command(command, verbosity=0, **given)
    people = _spread()
    now = timezone.now()
    morning = dt.datetime.combine(_working_day(now.date()), dt.time(12, 30), dt.UTC)
    print(
        f"{connection.vendor}: {Project.objects.active().count()} running projects, {Seat.objects.count()} seats, {people} people"
    )
    print("\n| Work | median, ms | slowest, ms | queries | rows |\n| --- | ---: | ---: | ---: | ---: |")
    first = _timed(lambda: sweep(morning))
    _row("First sweep: everything is written", [first], Notice.objects.count())
    again = [_timed(partial(sweep, morning + dt.timedelta(minutes=10 + turn))) for turn in range(TURNS)]
    _row("Sweep that finds it all written", again, 0)
    later = morning + dt.timedelta(hours=1)
    _row(
        "Routing, and the digests of a morning, sent as well",
        [_timed(lambda: deliver(later))],
        Notice.objects.exclude(mail=None).count(),
    )
    idle = [_timed(partial(deliver, later + dt.timedelta(minutes=1 + turn))) for turn in range(TURNS)]
    _row("Delivery that finds nothing to do", idle, 0)


def _spread() -> int:
    """Put 200 people into the seats of the company's own, a few dozen seats each."""
    from accounts.models import User
    from projects.models import Seat

    made = [User(email=f"p{number}@example.org", name=f"Person {number}") for number in range(PEOPLE)]
    User.objects.bulk_create(made)
    people = list(User.objects.filter(name__startswith="Person ").order_by("pk"))
    seats = list(Seat.objects.filter(person__side="internal").order_by("pk"))
    for seat in seats:
        seat.person = people[(seat.project_id * 7 + seat.role_id) % PEOPLE]
    Seat.objects.bulk_update(seats, ["person"], batch_size=1000)
    return len({seat.person_id for seat in seats})


def _working_day(day: dt.date) -> dt.date:
    from projects.schedule import working_day_on_or_after

    return working_day_on_or_after(day)


def _timed(work: Callable[[], Any]) -> tuple[float, int]:
    """Return how long it took, in milliseconds, and how many queries it asked."""
    from django.db import connection

    asked = 0

    def count(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(statement, params, many, context)

    with connection.execute_wrapper(count):
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000, asked


def _row(name: str, runs: list[tuple[float, int]], rows: int) -> None:
    times = [each for each, _ in runs]
    asked = ", ".join(map(str, sorted({number for _, number in runs})))
    print(f"| {name} | {statistics.median(times):,.0f} | {max(times):,.0f} | {asked} | {rows:,} |", flush=True)


if __name__ == "__main__":
    main()
