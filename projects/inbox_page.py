"""The inbox: what a person hears, unread first, by project and day, ready to be written out.

One light query finds all that is heard; it is folded into entries (a morning's summary of one project is one), and only the
notices of the page are read in full. A notice of a project that the person no longer sees is not shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from projects.days import short
from projects.models import IN_SUMMARY, Notice, NoticeKind, Project
from transitions.clock import business_day

PER_PAGE = 50
#: Further back than this nobody pages: the rest is in the projects' own history.
MOST = 2000
KINDS = dict(NoticeKind.choices)


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What is asked for: unread or all, one kind or every."""

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
    text: str = ""
    why: str = ""
    address: str = ""
    at: str = ""
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


def heard(person: User, now: dt.datetime) -> Any:
    """Return the notices that the person hears by `now`, of projects that they see."""
    seen = Project.objects.visible_to(person).order_by()
    return Notice.objects.filter(person=person, heard_from__lte=now, project__in=seen)


def unread_count(person: User, now: dt.datetime) -> int:
    """Return how many notices the person has not read, in one query."""
    return int(heard(person, now).filter(read_at=None).order_by().count())


def entries_of(person: User, chosen: InboxFilter, now: dt.datetime) -> list[_Found]:
    """Return all entries, unread first, the latest day first within, in one query; `MOST` notices at most."""
    rows = heard(person, now)
    if chosen.show != "all":
        rows = rows.filter(read_at=None)
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    found: dict[tuple[Any, ...], list[int]] = {}
    zone = person.zone
    columns = ("pk", "read_at", "heard_from", "project_id", "kind")
    for pk, read_at, heard_from, project_id, kind in rows.order_by("-heard_from", "-pk").values_list(*columns)[:MOST]:
        group = (read_at is None, heard_from.astimezone(zone).date(), project_id)
        folded = 0 if kind in IN_SUMMARY else pk
        found.setdefault((group, kind, folded), []).append(pk)
    entries = [_Found(group, kind, tuple(ids)) for (group, kind, _), ids in found.items()]
    # Stable: within a project's day the latest stays first.
    return sorted(entries, key=lambda entry: (not entry.group[0], -entry.group[1].toordinal(), -entry.group[2]))


def groups_of(person: User, shown: Sequence[_Found], now: dt.datetime) -> list[Group]:
    """Read the entries of a page in full, in their order, under their project and day; in one query."""
    ids = [pk for entry in shown for pk in entry.ids]
    rows = Notice.objects.select_related("project", "step__template__version__playbook").in_bulk(ids)
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
            groups.append(Group(project.name, project.code, project.get_absolute_url(), day, entry.group[0]))
            last = entry.group
        groups[-1].entries.append(_entry(entry, notices, zone))
    return groups


def _entry(found: _Found, notices: Sequence[Notice], zone: ZoneInfo) -> Entry:
    first = notices[0]
    local = first.heard_from.astimezone(zone)
    entry = Entry(
        list(found.ids), found.group[0], KINDS.get(found.kind, found.kind), first.text, first.why, _address(first),
        f"{local.hour}:{local:%M}",
    )  # fmt: skip
    if found.kind in IN_SUMMARY and len(notices) > 1:
        entry.text = f"{first.project.name}: {len(notices)} steps done"
        entry.address = first.project.get_absolute_url()
        entry.parts = [(notice.text, _address(notice)) for notice in reversed(notices)]
        entry.why = " ".join(dict.fromkeys(notice.why.replace("this step", "these steps") for notice in notices))
    return entry


def _address(notice: Notice) -> str:
    if notice.step is None:
        return notice.project.get_absolute_url()
    template = notice.step.template
    path = f"{template.version.playbook.slug}/{template.key}"
    address = notice.project.step_url(path)
    return f"{address}comment" if notice.kind == NoticeKind.COMMENT_ASKED else address


def mark_read(person: User, ids: Iterable[int], *, now: dt.datetime) -> bool:
    """Mark the person's notices read; return False, and mark none, where one of them is not theirs."""
    wanted = set(ids)
    mine = Notice.objects.filter(person=person, pk__in=wanted)
    if mine.count() != len(wanted):
        return False
    mine.filter(read_at=None).update(read_at=now)
    return True
