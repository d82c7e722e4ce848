"""Replacing a person everywhere in one act, as when they leave: shown first, then done whole or not at all.

`plan` reads what names the person and says what would become of it; `replace_person` does what was shown, or refuses if
something changed since. Archived projects are listed and left: nothing in them changes any more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.activity import set_active
from accounts.models import Side, User
from history.context import named
from projects.inbox import seat_given, tell
from projects.models import CommentRequest, Notice, Project, ProjectStep, Seat
from projects.team import may_sit, projects_naming, settle_people
from projects.titles import title_of
from raci.grants import holds_globally
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.standing import Standing
from transitions.step import OPEN, StepStatus

HELD_UP = frozenset({StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER})
Lines = dict[int, list[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """Something else that names people, kept by another file (delegations). For `register`, in `AppConfig.ready()`.

    `names` returns what names a person, as sentences by project id, in a fixed number of queries. `pass_on` is called with
    `person`, `successor` (or None), `projects` (locked, none of them archived), `by` and `now`, before grants are settled.
    """

    names: Callable[[User], Mapping[int, Collection[str]]]
    pass_on: Callable[..., None]


_parts: list[Part] = []


def register(part: Part) -> None:
    """Add something that passes on with everything else."""
    if part not in _parts:
        _parts.append(part)


@dataclass(slots=True)
class ProjectLine:
    """What names the person on one project, in words."""

    id: int
    code: str
    name: str
    standing: str
    seats: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    clears: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    runs: bool = False
    also: list[str] = field(default_factory=list)

    @property
    def archived(self) -> bool:
        """Whether it is left as it is."""
        return self.standing == Standing.COMPLETE

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What there is, as (what, which) for a page."""
        found = [
            ("Seats", ", ".join(self.seats)),
            ("Named on", ", ".join(self.named)),
            ("Clears", ", ".join(self.clears)),
            ("Comments asked", ", ".join(self.comments)),
            ("Also", ", ".join(self.also)),
            ("Runs the project", "yes" if self.runs else ""),
        ]
        return [(what, which) for what, which in found if which]


@dataclass(slots=True)
class Plan:
    """What would happen: project by project, with what speaks against it and what to think of."""

    person: User
    successor: User | None
    projects: list[ProjectLine]
    archived: list[ProjectLine]
    refused: list[Blocker]
    warnings: list[str]
    fingerprint: str

    @property
    def empty(self) -> bool:
        """Whether nothing that can change names the person."""
        return not self.projects


def may_replace(person: User) -> bool:
    """Return whether somebody may replace people, in one query."""
    return holds_globally(person, "accounts", "replace_person")


def plan(person: User, successor: User | None = None) -> Plan:
    """Return what replacing `person` by `successor` (or nobody) would do, in a fixed number of queries."""
    seats = _rows(
        Seat.objects.filter(person=person), "role__name", "role__code", "role__side", "role__version__playbook__title"
    )
    steps = _rows(
        ProjectStep.objects.filter(Q(responsible=person) | Q(accountable=person) | Q(owner=person)),
        title_of(), "template__number", "responsible_id", "accountable_id", "owner_id", "status", "revision",
    )  # fmt: skip
    asked = CommentRequest.objects.filter(person=person, withdrawn_at=None, answered_at=None, step__status__in=OPEN)
    comments = _rows(asked, title_of("step__"))
    also = _also(person)
    ids = {row[1] for row in (*seats, *steps, *comments)} | set(also)
    known = Project.objects.filter(Q(pk__in=ids) | Q(manager=person)).order_by("name", "code")
    lines = {
        pk: ProjectLine(pk, code, name, standing, runs=manager_id == person.pk)
        for pk, code, name, standing, manager_id in known.values_list("pk", "code", "name", "standing", "manager_id")
    }
    for _, project_id, name, code, _side, _title in seats:
        lines[project_id].seats.append(f"{name} ({code})")
    for _, project_id, title, number, r_id, a_id, owner_id, status, _revision in steps:
        letters = "".join(letter for letter, pk in (("R", r_id), ("A", a_id)) if pk == person.pk)
        if letters:
            lines[project_id].named.append(f"{number} {title} ({letters})")
        if owner_id == person.pk:
            lines[project_id].clears.append(f"{number} {title}, {StepStatus(status).label.lower()}")
    for _, project_id, title in comments:
        lines[project_id].comments.append(title)
    for project_id, sentences in also.items():
        lines[project_id].also.extend(sentences)
    for line in lines.values():
        line.seats = list(dict.fromkeys(line.seats))
    live = [line for line in lines.values() if not line.archived]
    live_ids = {line.id for line in live}
    live_seats = [row for row in seats if row[1] in live_ids]
    return Plan(
        person, successor, live, [line for line in lines.values() if line.archived],
        _refusals(person, successor, live_seats) + _nobody_clears(person, successor, live),
        _warnings(successor, live_seats),
        _fingerprint(person, successor, seats, steps, comments, also, lines.values()),
    )  # fmt: skip


@named
def replace_person(
    person: User,
    successor: User | None,
    *,
    by: User,
    deactivate: bool = False,
    fingerprint: str,
    now: dt.datetime | None = None,
) -> Plan:
    """Put `successor`, or nobody, in the place of `person` on every project that is not archived; return what was done.

    Seats, names on steps, who clears what is held up (without a successor whoever runs the project), open comment requests,
    who runs a project, and what is registered; grants follow. One transaction, the projects locked in the order of their ids.

    Args:
        by: needs the permission `accounts.replace_person`. deactivate: whether the person is deactivated with it.
        fingerprint: of the plan that was looked at.

    Raises:
        NotPermitted. StaleRow: something changed since the plan was made. MoveRefused: what speaks against it.
        ValidationError: the person may not be deactivated by `by`.
    """
    now = now or timezone.now()
    if not may_replace(by):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not replace people.")])
    with transaction.atomic():
        # The person before the projects, as where somebody is deactivated: whoever comes second waits, nobody for ever.
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        wanted = projects_naming(person) | Project.objects.filter(
            Q(pk__in=ProjectStep.objects.filter(owner=person).values("project"))
            | Q(
                pk__in=CommentRequest.objects.filter(person=person, withdrawn_at=None, answered_at=None).values(
                    "project"
                )
            )
            | Q(pk__in=list(_also(person)))
        )
        ids = list(wanted.order_by().values_list("pk", flat=True).distinct())
        locked = list(Project.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
        found = plan(person, successor)
        if found.fingerprint != fingerprint or not {line.id for line in found.projects} <= set(ids):
            raise StaleRow(found, f"What names {person.name} changed since you looked. Look again, then choose.")
        if found.refused:
            raise MoveRefused(found.refused)
        projects = [project for project in locked if not project.is_archived()]
        _pass_on(person, successor, projects, by=by, now=now)
        if successor is not None:
            tell(_notices(found, successor, by, now))
        if deactivate:
            set_active(person, False, by=by)
    return found


def _pass_on(person: User, successor: User | None, projects: list[Project], *, by: User, now: dt.datetime) -> None:
    mine = [project.pk for project in projects]
    Seat.objects.filter(person=person, project__in=mine).update(person=successor)
    for name in ("responsible", "accountable"):
        named = ProjectStep.objects.filter(project__in=mine, **{name: person})
        named.update(**{name: successor, "revision": F("revision") + 1})
    for part in _parts:
        part.pass_on(person=person, successor=successor, projects=projects, by=by, now=now)
    for project in projects:
        settle_people(project, by=by, now=now)
    asked = CommentRequest.objects.filter(project__in=mine, person=person, withdrawn_at=None, answered_at=None)
    asked.update(withdrawn_at=now)  # on closed steps too: they might be reopened
    held_up = ProjectStep.objects.filter(project__in=mine, owner=person)
    if successor is not None:
        held_up.update(owner=successor, revision=F("revision") + 1)
        return
    for project in projects:
        held_up.filter(project=project).update(owner_id=project.manager_id, revision=F("revision") + 1)


def _rows(rows: Any, *columns: Any) -> list[tuple[Any, ...]]:
    return list(rows.order_by("project_id", "pk").values_list("pk", "project_id", *columns))


def _also(person: User) -> Lines:
    found: Lines = {}
    for part in _parts:
        for project_id, sentences in part.names(person).items():
            found.setdefault(project_id, []).extend(sentences)
    return found


def _refusals(person: User, successor: User | None, seats: Iterable[tuple[Any, ...]]) -> list[Blocker]:
    if successor is None:
        return []
    if successor.pk == person.pk:
        return [Blocker("same-person", f"{person.name} cannot take over from themselves.", subject="successor")]
    if not successor.is_active:
        return [Blocker("deactivated", f"{successor.name} is deactivated and cannot take over.", subject="successor")]
    if not may_sit(successor, person.side):
        whose = "somebody from outside" if person.is_outside else "one of ours"
        text = f"{successor.name} sits on the other side: choose {whose}, or nobody."
        return [Blocker("other-side", text, subject="successor")]
    wrong = dict.fromkeys(f"{name} ({code})" for _, _, name, code, side, _ in seats if not may_sit(successor, side))
    return [
        Blocker("other-side", f"{successor.name} may not sit as {role}: empty that seat first.", subject="successor")
        for role in wrong
    ]


def _nobody_clears(person: User, successor: User | None, lines: Iterable[ProjectLine]) -> list[Blocker]:
    """What is held up needs somebody who clears it: without a successor it is whoever else runs the project."""
    asking = {line.id: line for line in lines if line.clears} if successor is None else {}
    if not asking:
        return []
    managers = Seat.objects.filter(project__in=list(asking), role__manages=True, person__is_active=True)
    answered = set(managers.exclude(person=person).values_list("project_id", flat=True))
    return [
        Blocker(
            "nobody-clears",
            f"{line.name} ({line.code}): {line.clears[0]}. Somebody has to clear it, and nobody else runs the project.",
            reverse("project", args=[line.code]),
        )
        for pk, line in asking.items()
        if pk not in answered
    ]


def _warnings(successor: User | None, seats: Iterable[tuple[Any, ...]]) -> list[str]:
    if successor is None:
        return []
    other = dict.fromkeys((name, code, side) for _, _, name, code, side, _ in seats if side != successor.side)
    theirs = Side(successor.side).label.lower()
    return [
        f"{successor.name} sits on the {theirs}’s side; {name} ({code}) is a role of the {Side(side).label.lower()}."
        for name, code, side in other
        if may_sit(successor, side)
    ]


def _fingerprint(person: User, successor: User | None, *seen: Any) -> str:
    """Return what tells one plan from another: everything it was made of."""
    lines = [(line.id, line.standing, line.runs) for line in seen[-1]]
    facts = [person.pk, person.is_active, successor.pk if successor else None, *seen[:-1], lines]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _notices(found: Plan, successor: User, by: User, now: dt.datetime) -> Iterable[Notice]:
    for line in found.projects:
        project = Project(pk=line.id, code=line.code, name=line.name)
        roles = line.seats or ["what was theirs"]
        text = f"You take over from {found.person.name} on {line.name}: {', '.join(line.seats) or 'what was theirs to do'}."
        yield seat_given(project, successor, roles, by=by, now=now, occasion=f"replace:{found.person.pk}", text=text)
