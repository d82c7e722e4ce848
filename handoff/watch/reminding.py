"""Anomalies noted to the Delivery manager, found anew at every sweep and heard of once (domain.md, Post live, add-ons).

Who that is: everybody in the group “Delivery managers”, and whoever sits in the seat that runs the project.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accounts.models import User
from handoff.watch.gate import path_of
from handoff.watch.reading import Found, watch_all
from handoff.watch.vocabulary import PLAYBOOK
from projects.inbox import LONGEST_TEXT, cut
from projects.models import Project, Seat
from projects.notice_kinds import NoticeKind
from projects.schedule import ONE_DAY
from reminders.due import Due, Source, register
from transitions.clock import BUSINESS_ZONE, business_day
from transitions.phase import Phase
from transitions.standing import Standing

GROUP = "Delivery managers"
WHY_SEAT, WHY_GROUP = "You run this project.", "You are a Delivery manager."
ALWAYS = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """What was found on one project, and who hears of it: person to reason."""

    project_id: int
    code: str
    found: Sequence[Found]
    people: Mapping[int, str]


def register_all() -> None:
    """Let the sweep ask about anomalies. For `AppConfig.ready()`."""
    register(Source("anomalies", read, decide))


def read(now: dt.datetime) -> list[Row]:
    """Read what is found on every add-on that is watched, in six queries."""
    watched = Project.objects.filter(
        phase=Phase.POST_LIVE, standing=Standing.ACTIVE, pins__version__playbook__slug=PLAYBOOK
    )
    rows = list(watched.order_by("pk").values_list("pk", "code", "actual_go_live", "kickoff"))
    if not rows:
        return []
    found = watch_all({pk: live or kickoff for pk, _, live, kickoff in rows}, business_day(now))
    group = User.objects.filter(groups__name=GROUP, is_active=True).values_list("pk", flat=True)
    managers, seated = dict.fromkeys(group, WHY_GROUP), _seated([pk for pk, *_ in rows])
    return [
        Row(pk, code, found[pk].found, {**managers, **dict.fromkeys(seated.get(pk, ()), WHY_SEAT)})
        for pk, code, *_ in rows
    ]


def decide(now: dt.datetime, rows: Sequence[Row]) -> Iterator[Due]:
    """Say of each anomaly that nobody has said anything of, once; of one that was remedied and goes on, once more. Pure."""
    today = business_day(now)
    for row in rows:
        for found in row.found:
            if not found.open:
                continue
            finding, again = found.finding, f":{found.said.pk}" if found.said else ""
            goes_on = "Said to be remedied, and goes on. " if found.said else ""
            for person_id, why in sorted(row.people.items()):
                yield Due(
                    person_id=person_id, kind=NoticeKind.ANOMALY, why=why, project_id=row.project_id, until=ALWAYS,
                    occasion=f"anomaly:{row.project_id}:{finding.kind.value}:{finding.first}{again}",
                    text=cut(f"{goes_on}Payments of {row.code}, {finding.words(today)}", LONGEST_TEXT),
                    since=_start_of(finding.first + ONE_DAY), address=path_of(row.code, found),
                )  # fmt: skip


def _seated(projects: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    seats = Seat.objects.filter(project__in=projects, role__manages=True, person__is_active=True)
    for project_id, person_id in seats.order_by().values_list("project_id", "person_id"):
        found.setdefault(project_id, set()).add(person_id)
    return found


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)
