"""`python -m benchmarks`: prepare, serve, measure, beside SQL by hand; print two tables and keep the numbers as JSON.

The tables are Markdown, for docs/benchmarks.md. `--profile NAME` looks at one kind of work from inside instead.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import platform
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import database
from benchmarks.serve import THREADS, WORKERS, Server, served

if TYPE_CHECKING:
    from benchmarks.report import Result
    from benchmarks.scene import Case

#: With one client, product and SQL take turns in so many slices, so that what else the machine does falls on both.
SLICES = 4
WARM_UP_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks."""
    options = _options(arguments)
    folder = database.ROOT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with database.alone():
        _run(options, folder)


def _run(options: argparse.Namespace, folder: Path) -> None:
    if options.fresh or not database.is_seeded(options.projects):
        _seed(options.projects)
    with database.copied() as address:
        environment = _environment(address)
        os.environ.update(environment)
        _set_up(quiet=True)
        if options.profile:
            _look_inside(options)
        else:
            _bench(options, environment, folder, address)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--projects", type=int, default=1000, metavar="N", help="how many the demo has (default 1000)")
    parser.add_argument("--clients", default="1,8", help="numbers of clients, parted by commas (default 1,8)")
    parser.add_argument("--seconds", type=float, default=4, help="how long each is measured (default 4)")
    parser.add_argument("--only", default="", metavar="NAMES", help="kinds of work, parted by commas (default all)")
    parser.add_argument("--fresh", action="store_true", help="make the seeded database anew")
    parser.add_argument("--profile", default="", metavar="NAME", help="show where one kind of work spends its time")
    parser.add_argument("--sort", default="tottime", choices=("tottime", "cumulative"), help="order of the profile")
    parser.add_argument("--requests", type=int, default=100, help="how many are profiled (default 100)")
    return parser.parse_args(arguments)


def _environment(address: str) -> dict[str, str]:
    """Return production's environment, behind a proxy that ends TLS, on the database at `address`."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATABASE_URL": address,
        "REDIS_URL": "",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "BEHIND_TLS_PROXY": "true",
        "PYTHONPATH": str(database.ROOT),
    }


def _seed(projects: int) -> None:
    print(f"== {database.SEEDED}: migrate, load_playbooks, seed_demo --projects {projects}", flush=True)
    database.make()
    environment = _environment(database.address(database.SEEDED))
    subprocess.run([sys.executable, "-m", "benchmarks.prepare", str(projects)], env=environment, check=True)
    database.mark_seeded(projects)


def _set_up(*, quiet: bool) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    if quiet:
        logging.getLogger("django_structlog").setLevel(logging.ERROR)
    call_command("collectstatic", interactive=False, verbosity=0)


def _cases(address: str, only: str) -> list[Case]:
    from benchmarks.by_hand import ByHand
    from benchmarks.same import check
    from benchmarks.scene import Scene

    scene = Scene(ByHand(address))
    check(scene)
    cases = scene.cases()
    names = only.split(",") if only else [case.name for case in cases]
    if unknown := set(names) - {case.name for case in cases}:
        raise SystemExit(
            f"No work is called {', '.join(unknown)}. There are: {', '.join(case.name for case in cases)}."
        )
    return [case for case in cases if case.name in names]


def _look_inside(options: argparse.Namespace) -> None:
    from benchmarks.inside import profile, queries

    (case,) = _cases(os.environ["DATABASE_URL"], options.profile)
    for milliseconds, statement in queries(case.script(0)):
        print(f"{milliseconds:6.1f} ms  {statement[:220]}")
    profile(case.script(0), requests=options.requests, sort=options.sort)


def _bench(options: argparse.Namespace, environment: Mapping[str, str], folder: Path, address: str) -> None:
    from benchmarks.inside import look
    from benchmarks.report import Result, parts_list, product_table, ratio_table

    cases = _cases(address, options.only)
    results = [Result(case.name, case.title, case.goal, look(case.script(0))) for case in cases]
    load = os.getloadavg()[0]
    with served(environment, folder / "gunicorn.log") as server:
        for case, result in zip(cases, results, strict=True):
            for clients in map(int, options.clients.split(",")):
                _measure(server, case, result, clients, options.seconds)
            print(f"   {case.name}: done", file=sys.stderr, flush=True)
    loads = f"load {load:.1f} before the run and {os.getloadavg()[0]:.1f} after it"
    print(f"\n{_machine()}, {loads}; gunicorn with {WORKERS} workers of {THREADS} threads.\n")
    print(product_table(results), ratio_table(results), parts_list(results), sep="\n\n")
    kept = folder / f"{dt.datetime.now():%Y-%m-%d-%H%M%S}.json"  # noqa: DTZ005 - a name for people here
    about = {
        "machine": _machine(),
        "load": [load, os.getloadavg()[0]],
        "command": sys.argv[1:],
        "projects": options.projects,
    }
    kept.write_text(
        json.dumps(about | {"results": [result.as_dict() for result in results]}, indent=1), encoding="utf-8"
    )
    print(f"\nKept as {kept.relative_to(database.ROOT)}.")


def _measure(server: Server, case: Case, result: Result, clients: int, seconds: float) -> None:
    """Warm up; then measure in slices, with one client in turn with the work by hand."""
    from benchmarks.clients import Load, run

    every = [case.script(number) for number in range(8)] if clients == 1 else []
    warm = run(server.port, every or [case.script(number) for number in range(clients)], WARM_UP_SECONDS)
    scripts = [one.script for one in warm][:clients]
    load, before = Load(), sum(server.memory())
    slices = SLICES if clients == 1 else 1
    for _ in range(slices):
        if clients == 1 and case.by_hand is not None:
            _by_hand(case, result, seconds / slices / 2)
        taken = server.processor()
        rounds = run(server.port, scripts, seconds / slices)
        load.served += server.processor() - taken
        scripts = [one.script for one in rounds]
        load.add(rounds)
    result.loads[clients] = load
    result.memory[clients] = (before, sum(server.memory()))


def _by_hand(case: Case, result: Result, seconds: float) -> None:
    assert case.by_hand is not None
    if not result.hand:
        for _ in range(8):  # the server chooses its plans from the first few
            case.by_hand()
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        result.hand.append(case.by_hand())


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{dt.date.today()}, {os.cpu_count()} cores ({model}), Python {platform.python_version()}"  # noqa: DTZ011


if __name__ == "__main__":
    main()
