"""What agendas are made from, read for any number of meetings and projects in a constant number of queries.

Plain values only: what follows from them is decided in `meetings.agenda`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.urls import reverse

from meetings.models import AgendaItem, MeetingAction, Series
from meetings.planned import Planned, planned
from meetings.production import production_cases
from meetings.vocabulary import COMPANY, Kind, Outcome
from playbook.catalog import StepTemplate, version_template
from playbook.vocabulary import ApprovalKind
from projects.models import Project, ProjectStep, Seat
from projects.settled import Topic, settled
from projects.titles import title_of
from records.models import RaidItem
from records.models.raid import RaidKind
from transitions.meeting import ActionState, OccurrenceState
from transitions.phase import Phase
from transitions.step import CLOSED, OPEN, StepStatus

#: Meetings are looked for so far ahead: the last of those who wait has a date too.
AHEAD = dt.timedelta(days=210)
#: The last Monday before a go-live lies within this, whatever was moved or cancelled.
BACK = dt.timedelta(days=62)
#: Where Client Services decides on a TSM (domain.md, Time, Meetings; the playbook's own step).
TSM_DECISION, TRANSITION = "release.tsm-decision", "transition-to-cs"
#: Who takes part in triage for Client Services. A role code belongs to its playbook: these are those of TRANSITION.
TSM_CODES = ("TSM", "TAM")
#: A phased go-live is under way in these.
PHASED_IN = (Phase.RELEASE, Phase.POST_LIVE)
FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)

Key = tuple[int, dt.date]


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that a review still waits for."""

    title: str
    address: str
    due: dt.date | None


@dataclass(frozen=True, slots=True)
class About:
    """The project that a point of an agenda is about."""

    id: int
    code: str
    name: str
    target: dt.date

    @property
    def title(self) -> str:
        """`MRW-1 Marrow County Tax`."""
        return f"{self.code} {self.name}"

    @property
    def address(self) -> str:
        """Its page."""
        return reverse("project", args=[self.code])


@dataclass(frozen=True, slots=True)
class Review:
    """A project in Design whose technical design review is open.

    Args:
        ready_at: since when every step that the review needs has been closed; None while one is open.
        held_up: why the review itself does not go on, where somebody blocked it or waits for the customer; `until` when.
    """

    about: About
    step_id: int
    step_address: str
    ready_at: dt.datetime | None
    open_steps: tuple[OpenStep, ...] = ()
    held_up: str = ""
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Triaged:
    """A project of a phased go-live with a TSM, and its open issues as (words, address)."""

    about: About
    issues: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Facts:
    """All that the agendas of some meetings are made from."""

    #: The series concerned, and those of their kind.
    family: Sequence[Series] = ()
    #: Meetings of the kinds concerned, by kind, in their order.
    meetings: dict[str, list[Planned]] = field(default_factory=dict)
    reviews: Sequence[Review] = ()
    going_live: Sequence[About] = ()
    #: (project, series, day) of what was presented.
    presented: Collection[tuple[int, int, dt.date]] = ()
    triaged: Sequence[Triaged] = ()
    undecided: Sequence[About] = ()
    #: Rows of the meetings asked about, and of others what nobody has settled.
    items: Mapping[Key, list[AgendaItem]] = field(default_factory=dict)
    #: Open actions by series, which nobody follows elsewhere.
    actions: Mapping[int, list[MeetingAction]] = field(default_factory=dict)


def read_facts(meetings: Iterable[Planned], now: dt.datetime) -> Facts:
    """Read what the agendas of `meetings` are made from: a constant number of queries for each kind among them."""
    asked = list(meetings)
    facts = Facts()
    if not asked:
        return facts
    kinds = {meeting.series.kind for meeting in asked}
    family = facts.family = _family(asked)
    first = min([now, *(meeting.starts for meeting in asked)]) - BACK
    last = max([now, *(meeting.starts for meeting in asked)]) + AHEAD
    for meeting in planned(family, first, last):
        facts.meetings.setdefault(meeting.series.kind, []).append(meeting)
    if Kind.TDR in kinds:
        facts.reviews = read_reviews()
    if Kind.GO_LIVE in kinds:
        facts.going_live = read_going_live()
        facts.presented = read_presented()
    if Kind.TRIAGE in kinds:
        facts.triaged = _read_triaged()
    if Kind.TSM_REVIEW in kinds:
        facts.undecided = _read_undecided()
    facts.items = _read_items(asked, family)
    facts.actions = _read_actions(family)
    return facts


def family_of(series: Series) -> list[Series]:
    """Return the series that go on where another ended: the company's of a kind, a project's of a kind; in one query."""
    return _family_query(Q(kind=series.kind, project_id=series.project_id))


def _family(asked: Iterable[Planned]) -> list[Series]:
    wanted = Q()
    for kind, project_id in {(meeting.series.kind, meeting.series.project_id) for meeting in asked}:
        wanted |= Q(kind=kind, project_id=project_id)
    return _family_query(wanted)


def _family_query(wanted: Q) -> list[Series]:
    return list(Series.objects.filter(wanted).select_related("project").order_by("pk"))


def company_series(*kinds: str) -> list[Series]:
    """Return the company's series of some kinds, or of all; in one query."""
    return _family_query(Q(kind__in=kinds or COMPANY, project=None))


PROJECT = ("project_id", "project__code", "project__name", "project__target_go_live")


def read_reviews(project_id: int | None = None) -> list[Review]:
    """Return the projects in Design whose technical design review is open, in two queries: all, or one."""
    rows: Any = ProjectStep.objects.filter(
        template__approval=ApprovalKind.TECHNICAL_DESIGN_REVIEW, status__in=OPEN,
        project__standing="active", project__phase=Phase.DESIGN,
    ).order_by("project_id", "template__number")  # fmt: skip
    if project_id is not None:
        rows = rows.filter(project=project_id)
    columns = ("pk", "template_id", "template__version_id", "status", "reason", "until")
    found = list(rows.values_list(*PROJECT, *columns))
    templates: dict[int, StepTemplate] = {}
    needed: dict[int, tuple[str, ...]] = {}
    for *_, template_id, version_id, _, _, _ in found:
        if template_id in needed:
            continue
        version = version_template(version_id)
        by_path = {step.path: step for step in version.steps.values()}
        wanted = [by_path[path] for path in version.steps[template_id].needs if path in by_path]
        needed[template_id] = tuple(step.path for step in wanted)
        templates[template_id] = version.steps[template_id]
    # By key: what an upgrade left at another version is needed just so.
    keys = {path.partition("/")[2] for paths in needed.values() for path in paths}
    waits_for: dict[tuple[int, str], tuple[str, str, dt.date | None, dt.datetime | None]] = {}
    of = ProjectStep.objects.filter(project__in={row[0] for row in found}, template__key__in=keys)
    for owner, playbook, key, *waits in of.order_by().values_list(
        "project_id", "template__version__playbook__slug", "template__key", title_of(), "status", "due", "status_since"
    ):
        waits_for[owner, f"{playbook}/{key}"] = (waits[0], waits[1], waits[2], waits[3])
    made: dict[int, Review] = {}
    for owner, code, name, target, pk, template_id, _version, status, reason, until in found:
        about = About(owner, code, name, target)
        steps = [(path, *waits_for[owner, path]) for path in needed[template_id] if (owner, path) in waits_for]
        still = tuple(
            OpenStep(title, f"{about.address}steps/{one}/", due)
            for one, title, state, due, _ in steps
            if state not in CLOSED
        )
        ready_at = None if still else max((since or FIRST for *_, since in steps), default=FIRST)
        stands = status in (StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER)
        held_up = f"{StepStatus(status).label}: {reason}" if stands else ""
        path = templates[template_id].path
        made.setdefault(
            owner,
            Review(about, pk, f"{about.address}steps/{path}/", ready_at, still, held_up, until if stands else None),
        )
    return list(made.values())


def read_going_live() -> list[About]:
    """Return the projects that are to go live, in one query. One that is live, or begins after it, presents no more."""
    rows = Project.objects.active().filter(actual_go_live=None).exclude(phase=Phase.POST_LIVE).order_by("code")
    return [About(*row) for row in rows.values_list("pk", "code", "name", "target_go_live")]


def read_presented(project_id: int | None = None) -> set[tuple[int, int, dt.date]]:
    """Return what was presented to Client Services, as (project, series, day), in one query."""
    rows = AgendaItem.objects.filter(outcome=Outcome.PRESENTED, occurrence__series__kind=Kind.GO_LIVE)
    rows = rows.filter(project__isnull=False) if project_id is None else rows.filter(project=project_id)
    return set(rows.order_by().values_list("project_id", "occurrence__series_id", "occurrence__day"))


def _read_triaged() -> list[Triaged]:
    seats = Seat.objects.filter(
        role__code__in=TSM_CODES, role__version__playbook__slug=TRANSITION, person__is_active=True,
        project__standing="active", project__phased_go_live=True, project__phase__in=PHASED_IN,
    )  # fmt: skip
    projects = [About(*row) for row in seats.order_by("project__code").values_list(*PROJECT).distinct()]
    ids = [one.id for one in projects]
    issues: dict[int, list[tuple[str, str]]] = {owner: list(cases) for owner, cases in production_cases(ids).items()}
    rows = RaidItem.objects.live().filter(project__in=ids, kind=RaidKind.ISSUE)
    codes = {one.id: one.code for one in projects}
    for owner, number, title in rows.order_by("number").values_list("project_id", "number", "title"):
        address = reverse("raid-item", args=[codes[owner], f"I-{number}"])
        issues.setdefault(owner, []).append((f"I-{number} {title}", address))
    return [Triaged(one, tuple(issues.get(one.id, ()))) for one in projects]


def _read_undecided() -> list[About]:
    decided: Any = ProjectStep.objects.filter(
        template__key=TSM_DECISION, template__version__playbook__slug=TRANSITION, status__in=CLOSED
    )
    rows = Project.objects.active().filter(actual_go_live=None).exclude(phase=Phase.POST_LIVE)
    found = [About(*row) for row in rows.order_by("code").values_list("pk", "code", "name", "target_go_live")]
    known = settled(Topic.TIER, [one.id for one in found])
    if known is None:
        known = frozenset(decided.values_list("project", flat=True))
    return [one for one in found if one.id not in known]


def _read_items(asked: Sequence[Planned], family: Sequence[Series]) -> dict[Key, list[AgendaItem]]:
    """Read the rows of the meetings asked about, and of others of their family what nobody has settled yet."""
    wanted = Q(occurrence__in=[meeting.row.pk for meeting in asked if meeting.row and meeting.row.pk])
    wanted |= Q(outcome="", occurrence__series__in=[one.pk for one in family]) & ~Q(
        occurrence__state=OccurrenceState.HELD
    )
    rows = AgendaItem.objects.filter(wanted).select_related(
        "occurrence", "project", "step__template__version__playbook", "settled_by", "added_by"
    )
    found: dict[Key, list[AgendaItem]] = {}
    for row in rows.order_by("position", "pk"):
        found.setdefault((row.occurrence.series_id, row.occurrence.day), []).append(row)
    return found


def _read_actions(family: Sequence[Series]) -> dict[int, list[MeetingAction]]:
    rows = MeetingAction.objects.filter(
        state=ActionState.OPEN, raid_item=None, comment=None, occurrence__series__in=[one.pk for one in family]
    ).select_related("owner", "project", "occurrence")
    found: dict[int, list[MeetingAction]] = {}
    for row in rows.order_by("due", "pk"):
        found.setdefault(row.occurrence.series_id, []).append(row)
    return found
