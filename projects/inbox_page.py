"""The inbox: what a person hears, unread first, by project and day, ready to be written out.

One light query finds all that is heard; it is folded into entries (a morning's summary of one project is one, and so is what one
person did of a kind on one project in a day), and only the notices of the page are read in full. A notice of a project that the
person no longer sees is not shown; one that was put off comes back on its day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from accounts.models import User
from projects.days import short
from projects.models import IN_SUMMARY, Notice, NoticeKind, Project
from projects.notice_kinds import GROUPS, Route
from transitions.clock import business_day

PER_PAGE = 50
#: Further back than this nobody pages: the rest is in the projects' own history.
MOST = 2000
KINDS = dict(NoticeKind.choices)
#: What asks something of the person: each stands alone, however many there are.
ALONE = frozenset({*GROUPS[0][1]} - {NoticeKind.OWNED})
#: Of no one project, and of meetings.
OF_MEETINGS = frozenset({*dict(GROUPS)["Meetings"], NoticeKind.ACTION_GIVEN})
#: The places of what is of no project, as ids that none has.
MEETINGS, COMPANY = 0, -1
SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What is asked for: unread, all, or what was put off; one kind or every."""

    show: str = ""
    kind: str = ""
    page: int = 1

    def query(self, **changes: Any) -> str:
        """Return the address' query with `changes`; nothing for all defaults."""
        values = {"show": self.show, "kind": self.kind, "page": 1} | changes
        given = [f"{name}={value}" for name, value in values.items() if value and value != 1]
        return f"?{'&'.join(given)}" if given else ""


@dataclass(slots=True)
class Entry:
    """One line of the inbox: a notice, or the summary of several."""

    ids: list[int]
    unread: bool
    kind: str
    kind_name: str = ""
    text: str = ""
    why: str = ""
    address: str = ""
    at: str = ""
    until: str = ""
    parts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The ids as the form that marks them read sends them."""
        return ",".join(map(str, self.ids))


@dataclass(slots=True)
class Group:
    """The entries of one project on one day."""

    project: str
    code: str
    address: str
    day: str
    unread: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry before its words are read."""

    group: tuple[bool, dt.date, int]
    kind: str
    ids: tuple[int, ...]


def _mine(person: User, now: dt.datetime) -> Any:
    seen = Project.objects.visible_to(person).order_by()
    mine = Notice.objects.filter(person=person, heard_from__lte=now).exclude(route=Route.OFF)
    return mine.filter(Q(project=None) | Q(project__in=seen))


def heard(person: User, now: dt.datetime) -> Any:
    """Return the notices that the person hears by `now`, of projects that they see."""
    return _mine(person, now).exclude(snoozed_until__gt=now)


def snoozed(person: User, now: dt.datetime) -> Any:
    """Return the notices that the person put off and that have not come back by `now`."""
    return _mine(person, now).filter(snoozed_until__gt=now)


def unread_count(person: User, now: dt.datetime) -> int:
    """Return how many notices the person has not read, in one query."""
    return int(heard(person, now).filter(read_at=None).order_by().count())


def counts(person: User, now: dt.datetime) -> tuple[int, int]:
    """Return how many notices are unread and how many are put off, in one query."""
    off = Q(snoozed_until__gt=now)
    found = (
        _mine(person, now)
        .order_by()
        .aggregate(
            unread=Count("pk", filter=Q(read_at=None) & (Q(snoozed_until=None) | ~off)), snoozed=Count("pk", filter=off)
        )
    )
    return found["unread"], found["snoozed"]


def entries_of(person: User, chosen: InboxFilter, now: dt.datetime) -> list[_Found]:
    """Return all entries, in one query; `MOST` notices at most.

    Unread first, the latest day first within; of what was put off, what comes back first.
    """
    put_off = chosen.show == SNOOZED
    rows = snoozed(person, now) if put_off else heard(person, now)
    if not chosen.show:
        rows = rows.filter(read_at=None)
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    found: dict[tuple[Any, ...], list[int]] = {}
    zone = person.zone
    columns = ("pk", "read_at", "heard_from", "snoozed_until", "project_id", "kind", "by_id")
    for pk, read_at, heard_from, until, project_id, kind, by_id in (
        rows.order_by("-heard_from", "-pk").values_list(*columns)[:MOST]
    ):  # fmt: skip
        place = project_id or (MEETINGS if kind in OF_MEETINGS else COMPANY)
        day = (
            max(heard_from, until or heard_from).astimezone(zone).date()
        )  # what was put off is of the day it comes back
        found.setdefault(((read_at is None, day, place), kind, _fold(pk, kind, by_id)), []).append(pk)
    entries = [_Found(group, kind, tuple(ids)) for (group, kind, _), ids in found.items()]
    if put_off:
        return sorted(entries, key=lambda entry: (entry.group[1], -entry.group[2]))
    # Stable: within a project's day the latest stays first.
    return sorted(entries, key=lambda entry: (not entry.group[0], -entry.group[1].toordinal(), -entry.group[2]))


def _fold(pk: int, kind: str, by_id: int | None) -> tuple[str, int]:
    """Return what notices of a kind, project and day have in common that make one entry."""
    if kind in IN_SUMMARY:
        return ("summary", 0)
    return ("by", by_id) if by_id and kind not in ALONE else ("alone", pk)


def groups_of(person: User, shown: Sequence[_Found], now: dt.datetime) -> list[Group]:
    """Read the entries of a page in full, in their order, under their project and day; in one query."""
    ids = [pk for entry in shown for pk in entry.ids]
    rows = Notice.objects.select_related("project", "by", "step__template__version__playbook").in_bulk(ids)
    zone, today = person.zone, business_day(now)
    groups: list[Group] = []
    last: tuple[bool, dt.date, int] | None = None
    for entry in shown:
        notices = [rows[pk] for pk in entry.ids if pk in rows]
        if not notices:
            continue
        if entry.group != last:
            project = notices[0].project
            day = f"{entry.group[1]:%a} {short(entry.group[1], today)}"
            place = "Meetings" if entry.group[2] == MEETINGS else "Of no one project"
            named = (project.name, project.code, project.get_absolute_url()) if project else (place, "", "")
            groups.append(Group(*named, day, entry.group[0]))
            last = entry.group
        groups[-1].entries.append(_entry(entry, notices, zone))
    return groups


def _entry(found: _Found, notices: Sequence[Notice], zone: ZoneInfo) -> Entry:
    first = notices[0]
    local = first.heard_from.astimezone(zone)
    entry = Entry(
        list(found.ids), found.group[0], found.kind, KINDS.get(found.kind, found.kind), first.text, first.why,
        address_of(first), f"{local.hour}:{local:%M}",
    )  # fmt: skip
    if first.snoozed_until:
        back = first.snoozed_until.astimezone(zone)
        entry.until = f"{back:%A, %b} {back.day}, {back.hour}:{back:%M}"
    if len(notices) > 1:
        entry.text = _folded_text(found.kind, notices)
        entry.address = first.project.get_absolute_url() if first.project else first.address
        entry.parts = [(notice.text, address_of(notice)) for notice in reversed(notices)]
        entry.why = " ".join(dict.fromkeys(notice.why.replace("this step", "these steps") for notice in notices))
    return entry


def _folded_text(kind: str, notices: Sequence[Notice]) -> str:
    first = notices[0]
    if kind in IN_SUMMARY and first.project:
        return f"{first.project.name}: {len(notices)} steps done"
    who = first.by.name if first.by else "The system"
    return f"{who}: {KINDS.get(kind, kind).lower()}, {len(notices)} times"


def address_of(notice: Notice) -> str:
    """Return the path that a notice leads to; its project and step are read already."""
    if notice.address or notice.project is None:
        return notice.address
    if notice.step is None:
        return notice.project.get_absolute_url()
    template = notice.step.template
    path = f"{template.version.playbook.slug}/{template.key}"
    address = notice.project.step_url(path)
    return f"{address}comment" if notice.kind == NoticeKind.COMMENT_ASKED else address
