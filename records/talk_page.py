"""The values of every page and part of a page that shows talk, ready to be written out; where they show, `talk_panels` says.

Comments are read in two queries whatever their number (they, and whom they mention); what they are on, in those of its kinds.
People outside get theirs made for an `Outsider`, with every address relative to their page, so that whoever looks as they do
gets the same words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from markupsafe import Markup

from accounts.models import Side, User
from projects.models import Project
from projects.outside import Outsider
from projects.paging import Paging
from projects.people import Person
from records import prose
from records.models import Comment
from records.subjects import Subject, find, find_all, kind_of, kinds
from records.talk import may_decide, runs
from records.talk_form import CommentForm, TalkFilter
from transitions.clock import BUSINESS_ZONE

PER_PAGE, ON_PANEL, ON_PROJECT = 50, 20, 3
#: From a step's page, or from the page of one thing's talk, up to the project's.
UP = "../../../"
ARCHIVED = "The project is complete: what was said here is kept, and nothing is added."
HEADINGS = {"list": "Write a comment", "thread": "What was said"}
SIDES = {Side.CUSTOMER: "Customer", Side.PARTNER: "Partner"}


@dataclass(frozen=True, slots=True)
class Line:
    """One comment as it is shown. An address that is empty is an act that is not offered."""

    id: int
    by: Person
    side: str
    moment: str
    at: str
    html: Markup
    address: str
    visible: bool = False
    edited: str = ""
    versions: str = ""
    deleted: str = ""
    decision: str = ""
    decided: bool = False
    revision: int = 0
    subject: str = ""
    subject_address: str = ""
    edit: str = ""
    delete: str = ""
    show: str = ""
    decide: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: one of ours, or somebody outside for whom the page is made (then `up` leads from it to the project's)."""

    project: Project
    person: User | None = None
    who: Outsider | None = None
    up: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The clock on which they read; for people outside the company's, so that who looks as they do reads the same."""
        return self.person.zone if self.person else BUSINESS_ZONE

    @property
    def base(self) -> str:
        """Where the addresses of talk begin."""
        return reverse("talk", args=[self.project.code]) if self.person else f"{self.up}talk/"

    @property
    def runs(self) -> bool:
        """Whether they run the project."""
        return self.person is not None and runs(self.project, self.person)

    @property
    def person_id(self) -> int | None:
        """Whose own comments are theirs to change."""
        return self.person.pk if self.person else self.who.person_id if self.who else None

    def about(self, subject: Subject) -> str:
        """Return the address of all that was said about something."""
        return f"{self.base}{subject.kind}/{subject.id}/"


@dataclass(slots=True)
class Box:
    """A part of a page with comments, and where one is written. `shape` says which part it is, for its answer by htmx."""

    id: str
    heading: str
    shape: str
    action: str
    lines: list[Line]
    total: int
    form: CommentForm
    subject: Subject
    inside: bool
    closed: str = ""
    more: str = ""
    mentions: str = ""
    named: bool = False
    next: str = ""
    told: Sequence[str] = ()
    nothing: str = ""
    errors: list[str] = field(default_factory=list)


# Reading -----------------------------------------------------------------------------------------------------------------


def comments_for(reader: Reader, *, on: Subject | None = None) -> Any:
    """Return the comments that somebody may read; for people outside the caller sees to it that what they are on is theirs."""
    rows = Comment.objects.filter(project=reader.project)
    if on is not None:
        known = kind_of(on.kind)
        assert known is not None, "a subject is of a known kind"
        rows = rows.filter(subject_type_id=known.type_id, subject_id=on.id)
    return rows if reader.person else rows.filter(visible=True)


def lines(rows: Any, reader: Reader, *, subjects: dict[tuple[int, int], Subject] | None = None) -> list[Line]:
    """Read comments and return them as lines, in their order; `subjects` where they are known already."""
    found = list(rows.select_related("by", "decided_by", "deleted_by").prefetch_related("mentions"))
    if subjects is None:
        pairs = {(row.subject_type_id, row.subject_id) for row in found}
        subjects = find_all(reader.project, pairs, who=reader.who)
    runs_it = reader.runs
    return [_line(row, reader, subjects.get((row.subject_type_id, row.subject_id)), runs_it) for row in found]


def _line(row: Comment, reader: Reader, subject: Subject | None, runs_it: bool) -> Line:
    inside, zone, base = reader.person is not None, reader.zone, f"{reader.base}{row.pk}"
    open_ = not reader.project.is_archived() and row.deleted_at is None
    theirs = open_ and row.by_id == reader.person_id
    settled = row.decided_at is not None
    readable = row.deleted_at is None or runs_it
    decides = open_ and reader.person is not None and subject and may_decide(reader.project, subject, reader.person)
    return Line(
        id=row.pk,
        by=Person(row.by_id, row.by.name),
        side=SIDES.get(Side(row.by_side), "") if inside else "",
        moment=moment(row.at, zone, inside=inside),
        at=row.at.isoformat(),
        html=prose.shown(row.text, tuple(sorted({one.words for one in row.mentions.all()})))
        if readable
        else Markup(""),
        address=base,
        visible=row.visible,
        edited=_edited(row, zone) if row.deleted_at is None else "",
        versions=f"{base}/versions" if inside and row.edited_at and readable else "",
        deleted=_deleted(row, reader),
        decision=_decision(row, reader) if row.deleted_at is None else "",
        decided=settled,
        revision=row.revision,
        subject="" if subject is None else "the project" if subject.kind == "project" else subject.title,
        subject_address="" if subject is None or subject.kind == "project" else _where(subject, reader),
        edit=f"{base}/edit" if theirs and not settled else "",
        delete=f"{base}/delete" if (theirs or (open_ and runs_it)) and not settled else "",
        show=f"{base}/show" if inside and open_ and not row.visible and (theirs or runs_it) else "",
        decide=f"{base}/decision" if decides else "",
    )


def _where(subject: Subject, reader: Reader) -> str:
    return subject.address if reader.person else reader.about(subject)


def moment(at: dt.datetime, zone: ZoneInfo, *, inside: bool = True) -> str:
    """Return an instant as people read it: `Nov 24, 2026, 9:05` on their clock, with `ET` where it is the company's."""
    local = at.astimezone(zone)
    return f"{local:%b} {local.day}, {local.year}, {local.hour}:{local:%M}" + ("" if inside else " ET")


def _edited(row: Comment, zone: ZoneInfo) -> str:
    if row.edited_at is None:
        return ""
    local = row.edited_at.astimezone(zone)
    same_day = local.date() == row.at.astimezone(zone).date()
    return "edited " + (f"{local.hour}:{local:%M}" if same_day else f"{local:%b} {local.day}, {local.hour}:{local:%M}")


def _day(at: dt.datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%b} {local.day}, {local.year}"


def _deleted(row: Comment, reader: Reader) -> str:
    if row.deleted_at is None or row.deleted_by is None:
        return ""
    # Who deleted it may be somebody of whom people outside know nothing.
    by = f" by {row.deleted_by.name}" if reader.person else ""
    return f"Deleted{by} on {_day(row.deleted_at, reader.zone)}"


def _decision(row: Comment, reader: Reader) -> str:
    if row.decided_at is None or row.decided_by is None:
        return ""
    by = f", marked by {row.decided_by.name}" if reader.person else ""
    return f"Decision of {_day(row.decided_at, reader.zone)}{by}"


# Parts of pages ------------------------------------------------------------------------------------------------------------


def box_about(
    subject: Subject, reader: Reader, *, shape: str = "panel", size: int = ON_PANEL, start: int = 0, next: str = "",
    form: CommentForm | None = None, told: Sequence[str] = (),
) -> Box:  # fmt: skip
    """Return what was said about one thing, the latest first, and where more is said."""
    known = kind_of(subject.kind)
    assert known is not None, "a subject is of a known kind"
    rows = comments_for(reader, on=subject)
    total = rows.count()
    shown = lines(
        rows.latest_first()[start : start + size], reader, subjects={(known.type_id, subject.id): subject}
    ) if total else []  # fmt: skip
    box = _box(subject, reader, shape, shown, total, next=next, form=form, told=told)
    box.more = reader.about(subject) if total > len(shown) and shape != "thread" else ""
    return box


def box_of_project(project: Project, person: User, *, form: CommentForm | None = None, told: Sequence[str] = ()) -> Box:
    """Return the latest of all that was said on a project, for its page; what is written there is on the project."""
    reader = Reader(project, person)
    subject = find(project, "project", [project.pk])[project.pk]
    rows = comments_for(reader)
    total = rows.count()
    shown = lines(rows.latest_first()[:ON_PROJECT], reader) if total else []
    address = project.get_absolute_url()
    box = _box(subject, reader, "aside", shown, total, next=address, form=form, told=told)
    box.named, box.more = True, reader.base
    return box


def _box(
    subject: Subject, reader: Reader, shape: str, shown: list[Line], total: int, *, next: str, form: CommentForm | None,
    told: Sequence[str],
) -> Box:  # fmt: skip
    inside = reader.person is not None
    form = form or CommentForm()
    box = Box(
        id=f"talk-{subject.kind}-{subject.id}", heading=HEADINGS.get(shape, "Talk" if inside else "Comments"), shape=shape,
        action=reader.about(subject), lines=shown, total=total, form=form, subject=subject, inside=inside,
        closed=ARCHIVED if reader.project.is_archived() else "", next=next, told=told,
        mentions=reverse("talk-mentions", args=[reader.project.code]) if inside else "",
    )  # fmt: skip
    box.errors = [str(message) for messages in form.errors.values() for message in messages]
    box.nothing = "Nobody has said anything here yet."
    return box


def box_for_outside(project: Project, who: Outsider) -> Box:
    """Return what both sides said, on all that somebody outside sees of a project; what they write there is on the project."""
    reader = Reader(project, who=who)
    subject = find(project, "project", [project.pk], who=who)[project.pk]
    theirs = readable_by(who, project)
    rows = comments_for(reader).filter(_on(theirs)) if theirs else Comment.objects.none()
    shown = lines(rows.latest_first()[: ON_PANEL + 1], reader, subjects=theirs) if theirs else []
    box = _box(subject, reader, "panel", shown[:ON_PANEL], len(shown), next="", form=None, told=())
    box.named = True
    box.more = reader.about(subject) if len(shown) > ON_PANEL else ""
    return box


def readable_by(who: Outsider, project: Project) -> dict[tuple[int, int], Subject]:
    """Return what somebody outside sees of that on which there are comments for both sides."""
    pairs = Comment.objects.filter(project=project, visible=True).order_by().values_list("subject_type", "subject_id")
    return find_all(project, pairs.distinct(), who=who)


def _on(subjects: Iterable[tuple[int, int]]) -> Q:
    by_type: dict[int, list[int]] = {}
    for type_id, pk in subjects:
        by_type.setdefault(type_id, []).append(pk)
    found = Q()
    for type_id, keys in by_type.items():
        found |= Q(subject_type_id=type_id, subject_id__in=keys)
    return found


# The list ------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TalkList:
    """A page of a project's talk, and what it may be narrowed to."""

    lines: list[Line]
    paging: Paging
    kinds: list[tuple[str, str]]
    people: list[tuple[int, str]]
    decisions: int


def talk_list(project: Project, person: User, chosen: TalkFilter) -> TalkList:
    """Return a page of all that was said on a project, the latest first."""
    reader = Reader(project, person)
    everything = comments_for(reader)
    rows = _narrowed(everything, chosen, hidden=not reader.runs)
    paging = Paging.of(rows.count(), chosen.page, PER_PAGE, lambda page: chosen.query(page=page) or "?")
    writers = everything.order_by("by__name").values_list("by", "by__name").distinct()
    return TalkList(
        lines(rows.latest_first()[paging.start : paging.stop], reader),
        paging,
        [(kind.name, kind.label) for kind in kinds()],
        list(writers),
        everything.readable().exclude(decided_at=None).count(),
    )


def _narrowed(rows: Any, chosen: TalkFilter, *, hidden: bool) -> Any:
    if chosen.decisions:
        rows = rows.readable().exclude(decided_at=None)
    if chosen.seen:
        rows = rows.filter(visible=chosen.seen == "customer")
    if chosen.about and (kind := kind_of(chosen.about)):
        rows = rows.filter(subject_type_id=kind.type_id)
    if chosen.by:
        rows = rows.filter(by=chosen.by)
    if chosen.q:
        # Who may not read what was deleted does not find out by searching what it said.
        rows = (rows.readable() if hidden else rows).filter(text__icontains=chosen.q)
    return rows


def page_number(comment: Comment, reader: Reader, subject: Subject) -> int:
    """Return on which page of what was said about something a comment stands, counted from 1."""
    later = comments_for(reader, on=subject).filter(Q(at__gt=comment.at) | Q(at=comment.at, pk__gt=comment.pk)).count()
    return int(later) // PER_PAGE + 1
