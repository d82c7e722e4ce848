"""`python -m tests.faults.portfolio PEOPLE REMINDERS FILE`: late projects in an empty, migrated database.

The people sit in teams of eight, each team on projects of its own whose design is late, in turns in each seat; so what is due
is real: steps overdue, to whoever works them, is accountable and runs the project. Half of them hear at once, a mail for each
project, the others in the digest, which is set to the evening. FILE gets what should be heard, as the sources of reminders say
it of these rows: (person, kind, occasion, text) each.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path

import django

ROLES = ("PM", "IM", "SE", "SA", "INM", "TSM", "CSM", "IS")
#: In each of them 10:00 in New York in March is between 8:00 and 17:00.
ZONES = ("America/New_York", "America/Chicago", "America/Sao_Paulo", "Europe/London", "Europe/Berlin")
EVENING = dt.time(19, 59)
#: So many days ago was each step due: long enough for all three letters, not too long to be of use.
LATE_DAYS = 12


def main(people: int, reminders: int, file: Path) -> None:
    """Make the rows, and write down what is due of them."""
    from django.core.management import call_command
    from django.utils import timezone

    call_command("load_playbooks", verbosity=0)
    now = timezone.now()
    teams = _people(people)
    _projects(teams, range(1), now)
    more = -(-reminders // len(due(now))) - 1
    _projects(teams, range(1, 1 + more), now)
    _take_away(len(due(now)) - reminders, now)
    found = due(now)
    _choose_who_hears_at_once(teams, found)
    assert len(found) == len({one[:3] for one in found}) == reminders, (
        f"{len(found)} are due, {reminders} were asked for"
    )
    file.write_text(json.dumps(sorted(found)))


def due(now: dt.datetime) -> list[tuple[int, str, str, str]]:
    """Return what the sources say is due, and of use, by now: (person, kind, occasion, text)."""
    from reminders.due import sources

    return [
        (one.person_id, str(one.kind), one.occasion, one.text)
        for source in sources()
        for one in source.decide(now, source.read(now))
        if one.since <= now < one.until
    ]


def _people(count: int) -> list[dict[str, object]]:
    from accounts.models import Side, User

    adele = User.objects.create_superuser("adele@example.org", "Adele Novak")
    bo = User.objects.create_user("bo@example.org", "Bo Halvorsen", side=Side.CUSTOMER)
    User.objects.bulk_create(
        User(
            email=f"person{number}@example.org",
            name=f"Person {number}",
            time_zone=ZONES[number % len(ZONES)],
            password="!",
        )
        for number in range(count)
    )
    made = list(User.objects.filter(email__startswith="person").order_by("pk"))
    size = len(ROLES)
    return [
        {**dict(zip(ROLES, made[at : at + size], strict=True)), "Adele": adele, "B": bo, "CIS": bo}
        for at in range(0, len(made), size)
    ]


def _choose_who_hears_at_once(teams: list[dict[str, object]], found: list[tuple[int, str, str, str]]) -> None:
    """Every second person, and whoever has more to hear than a digest names: what is here must stand in a mail, word by word."""
    from projects.notice_kinds import NoticeKind, Route
    from reminders.models import Hours, Preference
    from reminders.words import MOST

    told = Counter(person for person, *_ in found)
    people = [team[role].pk for team in teams for role in ROLES]  # type: ignore[attr-defined]
    chosen = [pk for place, pk in enumerate(people) if place % 2 or told[pk] > MOST]
    Preference.objects.bulk_create(
        Preference(person_id=pk, kind=kind, route=Route.NOW) for pk in chosen for kind in NoticeKind
    )
    Hours.objects.bulk_create(Hours(person_id=pk, digest_at=EVENING) for pk in people if pk not in chosen)


def _projects(teams: list[dict[str, object]], numbers: range, now: dt.datetime) -> None:
    """Bring in projects of these numbers for each team, and let what is open in them be late."""
    from projects.bulk_demo import bring_in_projects
    from projects.demo import Plan
    from projects.models import ProjectStep
    from transitions.step import OPEN

    for place, team in enumerate(teams):
        for number in numbers:
            plan = Plan(
                index=number * len(teams) + place, name="Marrow County Tax", vertical="tax", kind="partner",
                playbooks=("integration",), phase="design", share=0.0, late_days=0, core_system="SimpleSolve",
            )  # fmt: skip
            turn = number * 3 % len(ROLES)
            seats = dict(zip(ROLES, [team[role] for role in ROLES[turn:] + ROLES[:turn]], strict=True))
            bring_in_projects([plan], {**team, **seats}, now, each=lambda _: None)  # type: ignore[arg-type]
    late = ProjectStep.objects.filter(status__in=OPEN, template__phase="design")
    late.update(due=now.date() - dt.timedelta(days=LATE_DAYS))


def _take_away(surplus: int, now: dt.datetime) -> None:
    """Put steps off until there are `surplus` reminders less."""
    from projects.models import ProjectStep
    from projects.notice_kinds import NoticeKind
    from reminders.due import sources

    of_step: dict[int, int] = {}
    for source in sources():
        for one in source.decide(now, source.read(now)):
            if one.kind == NoticeKind.OVERDUE and one.step_id and one.since <= now < one.until:
                of_step[one.step_id] = of_step.get(one.step_id, 0) + 1
    away: list[int] = []
    for pk, count in sorted(of_step.items(), key=lambda item: (-item[1], item[0])):
        if count <= surplus:
            away.append(pk)
            surplus -= count
    far = now.date() + dt.timedelta(days=400)
    for at in range(0, len(away), 500):
        ProjectStep.objects.filter(pk__in=away[at : at + 500]).update(due=far)


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
