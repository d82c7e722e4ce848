"""Fills the seeded database, in a process of its own: `python -m benchmarks.prepare N`, with DATABASE_URL naming it.

Beside the demo's N projects, on all of which Priya is the project manager, there are nine of the Integration playbook alone,
so of 46 steps, lived through to the middle of Development; and Nils, who has the SE's seat on a dozen projects.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

#: Numbers of the plans of our own projects: far from those of the demo.
FIRST_PLAN = 50_000
#: One for each of eight clients, and one for the work by hand.
OWN_PROJECTS = 9
OWN_NAME = "Benchwork"
SYSTEM = "Tyndall"
TYPICAL = "nils@example.org"
TYPICAL_PROJECTS = 12


def main(arguments: Sequence[str]) -> None:
    """Migrate, load, seed and add what is ours."""
    django.setup()
    count = int(arguments[0])
    call_command("migrate", verbosity=0)
    call_command("load_playbooks", verbosity=0)
    begun = time.monotonic()
    call_command("seed_demo", projects=count)
    print(f"seed_demo --projects {count} took {time.monotonic() - begun:.1f} s", flush=True)
    add_own_projects()
    add_typical_person()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def add_own_projects() -> None:
    """Start and work nine projects of 46 steps through the services, Priya running them."""
    from playbook.models import Version
    from projects.demo import Plan, live_through, seed_people

    people = seed_people(settings.DEMO_PASSWORD)
    versions = {v.playbook.slug: v for v in Version.objects.latest_published().select_related("playbook")}
    for index in range(OWN_PROJECTS):
        name = f"{OWN_NAME} {index + 1}"
        plan = Plan(FIRST_PLAN + index, name, "utility", "partner", ("integration",), "development", 0.5, 2, SYSTEM)
        live_through(plan, people, versions, timezone.now())


def add_typical_person() -> None:
    """Seat somebody on as many projects as one person really works on."""
    from accounts.models import User
    from projects.models import Project
    from projects.team import fill_seat

    nils = User.objects.create_user(TYPICAL, "Nils Aker")
    adele = User.objects.get(email="adele@example.org")
    with_se = Project.objects.active().filter(seats__role__code="SE", phase="development").order_by("pk").distinct()
    for project in with_se[:TYPICAL_PROJECTS]:
        seat = next(seat for seat in project.board.seats if seat.role.code == "SE")
        fill_seat(project, seat.id, nils, by=adele)


if __name__ == "__main__":
    main(sys.argv[1:])
