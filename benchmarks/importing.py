"""How long an import takes: `python -m benchmarks.importing`, on whatever database the settings name. Nothing is kept.

A scrape of 200 steps, with nothing before it, and again changed, over the version that the first import made; then as many
steps as HTML, XLSX and CSV. The goal (issue 7): under two seconds.
"""

from __future__ import annotations

import os
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.importing_files import a_book, a_csv, a_page  # noqa: E402
from playbook.importing.services import import_playbook  # noqa: E402

ROUNDS, STEPS = 5, 200
PHASES = ("Discovery", "Design", "Development", "Testing")
HEAD = (
    "Project Roles\nName\nTeam\n1\nHarbour Lead (HL)\nHarbour\n2\nBerth Engineer (BE)\nEngineering\n3\nSkipper (SK)\nCustomer\n"
    "Process Steps\nSub-Phase\nCategory\nStep\nDescription\nR / A / C / I\n"
)
ADDRESS = "URL:/spaces/(space)/pages/77/P9+-+Berths\n"


def page(said: str) -> bytes:
    """Return a scrape whose every description ends in `said`."""
    rows = (
        f"{number}\n{PHASES[number * len(PHASES) // (STEPS + 1)]}\nDeck {number // 10}\nLay plank {number} of the pontoon\n"
        f"The engineer lays it and the skipper walks over it, {number} times at least.\n{said}\nHL / BE / SK\n"
        for number in range(1, STEPS + 1)
    )
    return f"{HEAD}{''.join(rows)}{ADDRESS}".encode()


def main() -> None:
    """Measure, print, take it all back."""
    scrapes = {"first import": page("Twice."), "changed page over it": page("Three times.")}
    files = {"page.html": a_page(STEPS), "plan.xlsx": a_book(STEPS), "plan.csv": a_csv(STEPS)}
    took: dict[str, list[tuple[float, float, int]]] = {name: [] for name in scrapes | files}
    for _ in range(ROUNDS):
        with transaction.atomic():
            for name, data in (scrapes | files).items():
                begun, worked = time.perf_counter(), time.process_time()
                with CaptureQueriesContext(connection) as asked:
                    slug = "" if name in scrapes else name.replace(".", "-")
                    result = import_playbook(data, "berths.txt" if name in scrapes else name, slug=slug)
                took[name].append((time.perf_counter() - begun, time.process_time() - worked, len(asked)))
                assert len({row.step for row in result.rows if row.step}) == STEPS
                assert len(result.drift) == (STEPS if result.since else 0)
            transaction.set_rollback(True)
    for name, rounds in took.items():
        clock, work = ([1000 * one[place] for one in rounds] for place in (0, 1))
        print(
            f"{name}, {STEPS} steps: {statistics.median(clock):.0f} ms by the clock (slowest {max(clock):.0f}), "
            f"{statistics.median(work):.0f} ms of processor, {rounds[-1][2]} queries"
        )


if __name__ == "__main__":
    main()
