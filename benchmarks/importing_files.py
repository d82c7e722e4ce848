"""`python -m benchmarks.importing_files`: how long reading 200 steps takes, and how much memory the largest files.

Reading is the best of five; `benchmarks/importing.py` times the import around it. Memory is what Python asks for at most while a
file is read (tracemalloc), without the file itself, which an upload of more than 2.5 MB keeps on disk.
"""

from __future__ import annotations

import io
import os
import resource
import time
import tracemalloc
from collections.abc import Callable

import django

STEPS = 200
ROWS = 100_000
TIMES = 5
HEADER = ("Number", "Sub-Phase", "Category", "Step", "Description", "R / A / C / I")
PHASES = ("Discovery", "Design", "Development", "Testing", "Finalize Design", "Release")


def main() -> None:
    """Measure and print one line for each."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    django.setup()
    from playbook.importing.html import read_html
    from playbook.importing.sheet import read_sheet

    files = {"page.html": a_page(STEPS), "plan.xlsx": a_book(STEPS), "plan.csv": a_csv(STEPS)}
    for name, data in files.items():
        read = read_html if name.endswith("html") else read_sheet
        print(f"read {STEPS} steps of {name} ({len(data) // 1024} KB): {best(lambda: read(data, name)):.3f} s")  # noqa: B023
    print(f"peak of the process so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    for name, data in (
        (f"{ROWS:,} rows, plan.xlsx", a_book(ROWS)),
        (f"{ROWS:,} rows, plan.csv", a_csv(ROWS)),
        (f"{ROWS:,} rows, page.html", a_page(ROWS)[: 10 * 1024 * 1024]),
        ("a page of 50 MB", b"<p>" + b"x" * 50 * 1024 * 1024),
        ("1,900 rows, plan.xlsx", a_book(1_900)),
        ("1,900 rows, page.html", a_page(1_900)),
    ):
        read = read_html if "page" in name else read_sheet
        read = read_html if "page" in name else read_sheet
        seconds, peak, told = measured(lambda: read(data, "page.html" if "page" in name else name.rpartition(" ")[2]))  # noqa: B023
        print(f"{name} ({len(data) / 1024 / 1024:.1f} MB): {told}; {seconds:.2f} s, {peak:.1f} MB at most")
    print(
        f"peak of the process at the end, files among it: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )


def best(act: Callable[[], object]) -> float:
    """Return the seconds of the quickest of several runs."""
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return min(times)


def measured(act: Callable[[], object]) -> tuple[float, float, str]:
    """Return seconds, megabytes at most, and what came of it."""
    from playbook.importing.raw import ImportRefused

    def answer() -> str:
        try:
            act()
        except ImportRefused as refused:
            return f"refused ({refused.problems[0][:60]})"
        return "read"

    started = time.perf_counter()
    told = answer()
    seconds = time.perf_counter() - started
    tracemalloc.start()
    answer()
    peak = tracemalloc.get_traced_memory()[1] / 1024 / 1024
    tracemalloc.stop()
    return seconds, peak, told


def rows(number: int) -> list[tuple[str, ...]]:
    """Return so many invented steps."""
    return [
        (
            str(place + 1),
            PHASES[place * len(PHASES) // number],
            f"Part {place // 10}",
            f"Do the thing number {place + 1}",
            f"What to do in step {place + 1}: ask, write it down, and show it to whoever is responsible for part {place // 10}.",
            "SE / INM / PM / IM",
        )
        for place in range(number)
    ]


def a_page(number: int) -> bytes:
    """Return a page with so many steps."""
    cells = "".join(
        "<tr>" + "".join(f"<td class='c'><p>{cell}</p></td>" for cell in row) + "</tr>\n" for row in rows(number)
    )
    roles = "".join(
        f"<tr><td>{name}</td><td>Us</td></tr>" for name in ("Project Manager (PM)", "Implementation Manager (IM)")
    ) + "".join(
        f"<tr><td>{name}</td><td>Us</td></tr>" for name in ("Solution Engineer (SE)", "Integrations Manager (INM)")
    )
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    return (
        f"<h1>Bench</h1><table><tr><th>Name</th><th>Team</th></tr>{roles}</table>"
        f"<table><tr>{head}</tr>\n{cells}</table>"
    ).encode()


def a_book(number: int) -> bytes:
    """Return a book with so many steps."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Plan")
    sheet.append(HEADER)
    for row in rows(number):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def a_csv(number: int) -> bytes:
    """Return text with commas with so many steps, of 10 MB at most."""
    lines = [",".join(HEADER), *(",".join(f'"{cell}"' for cell in row) for row in rows(number))]
    return "\n".join(lines).encode()[: 10 * 1024 * 1024]


if __name__ == "__main__":
    main()
