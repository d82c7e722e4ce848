"""A project: one biller's run through fixed versions of its playbooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import User
from history.tracking import HistoryOf
from playbook.models import Step, Version
from projects.board import Board, Totals
from projects.closing import as_completed, close_steps
from projects.health import Health
from projects.models.archive import Owned
from projects.models.registry import Biller, CoreSystem
from raci.grants import Grant, permission_ids
from transitions.blockers import Archived, Blocker
from transitions.gates import (
    GateFacts,
    SectionFacts,
    WaiverFacts,
    advance_blockers,
    complete_blockers,
    gate,
    return_blockers,
)  # fmt: skip
from transitions.machine import GuardedQuerySet
from transitions.phase import Phase, PhaseMachine
from transitions.standing import Standing, StandingMachine

VIEW, VIEW_ALL = "view_project", "view_all_projects"

#: What follows from a passage between phases, within its move: called with the project, which stands in its new phase and is
#: saved, the move (`advance`, `return_to`), and `by`, `now` and `details` by name.
PhaseFollower = Callable[..., None]
_phase_followers: list[PhaseFollower] = []


def after_phase(follower: PhaseFollower) -> None:
    """Let something follow from every passage between phases, in `AppConfig.ready()`."""
    if follower not in _phase_followers:
        _phase_followers.append(follower)


class ProjectAct(Protocol):
    """What a move of the project asks, records and writes where a part of this room has it (projects.upgrade)."""

    def blockers(self, project: Project, *, by: User, today: dt.date, details: dict[str, Any]) -> list[Blocker]:
        """Return what stands in the way."""

    def facts(self, project: Project) -> dict[str, Any]:
        """Return what was true at the passage, as JSON."""

    def settle(self, project: Project, *, by: User, now: dt.datetime, details: dict[str, Any]) -> Sequence[str]:
        """Write what follows, and return the project's fields to be saved; its totals are counted afresh after it."""


_acts: dict[str, ProjectAct] = {}


def register_act(move: str, act: ProjectAct) -> None:
    """Say what is behind a move of the project, in `AppConfig.ready()`."""
    _acts[move] = act


class IntegrationKind(models.TextChoices):
    """How the biller's core system is reached (domain.md, Words), or that the project adds to a live biller."""

    PARTNER = "partner", "Partner integration"
    CUSTOM = "custom", "Custom integration"
    EXISTING = "existing", "Existing integration"
    ADD_ON = "add_on", "Add-on"


class ProjectQuerySet(GuardedQuerySet):
    """Projects, in the words of the pages that list them."""

    def visible_to(self, person: User) -> Self:
        """Projects that the person may see: by a seat's grant, or by a group that sees all.

        No group and no mark of an administrator opens a project to somebody outside the company: a seat alone does.
        """
        if person.is_superuser and not person.is_outside:
            return self
        ids = permission_ids(Project)
        granted = ProjectGrant.objects.filter(content_object=OuterRef("pk"), user=person, permission=ids[VIEW])
        if person.is_outside:
            return self.filter(Exists(granted))
        memberships: Any = User.groups.through
        sees_all = memberships.objects.filter(user=person, group__permissions=ids[VIEW_ALL])
        return self.filter(Exists(granted) | Exists(sees_all))

    def active(self) -> Self:
        """Projects that are being worked on."""
        return self.filter(standing=Standing.ACTIVE)

    def update(self, **kwargs: Any) -> int:
        if self.filter(standing=Standing.COMPLETE).exists():
            raise Archived
        return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        if Project.objects.filter(pk__in=[row.pk for row in rows], standing=Standing.COMPLETE).exists():
            raise Archived
        return super().bulk_update(rows, fields, batch_size)


class Project(PhaseMachine, StandingMachine):
    """One biller's implementation. Its row is the lock under which all of it moves (docs/adr/0004).

    The totals (`steps_total` to `next_template`) are written with every move of a step, `health` and `health_at` with every
    status update; `recount` holds them against the rows.
    """

    MOVES = PhaseMachine.PHASE_MOVES + StandingMachine.STANDING_MOVES
    BIRTH_STATES: ClassVar = {
        "phase": tuple(Phase)
    }  # a project enters at the first phase in which its playbooks have a step

    code = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(r"^[A-Z]{2,6}-\d{1,4}$", "Use a code such as MRW-1.")]
    )
    biller = models.ForeignKey(Biller, on_delete=models.PROTECT, related_name="projects")
    number = models.PositiveSmallIntegerField(
        editable=False, help_text="Counts the projects of its biller; ends the code"
    )
    core_system = models.ForeignKey(
        CoreSystem, null=True, blank=True, on_delete=models.PROTECT, related_name="projects"
    )
    name = models.CharField(max_length=120)
    integration_kind = models.CharField(max_length=10, choices=IntegrationKind.choices)
    phased_go_live = models.BooleanField(default=False)
    versions = models.ManyToManyField(Version, through="ProjectPlaybook", related_name="projects")
    phases = models.JSONField(help_text="The phases it visits, in order")
    kickoff = models.DateField()
    target_go_live = models.DateField()
    baseline_go_live = models.DateField(editable=False)
    actual_go_live = models.DateField(null=True, blank=True)
    mrr = models.DecimalField(
        "MRR, US dollars", max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="managed_projects"
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    start_key = models.UUIDField(unique=True, editable=False, help_text="The same start posted twice is one project")
    phase_since = models.DateTimeField()

    steps_total = models.PositiveSmallIntegerField(default=0)
    steps_done = models.PositiveSmallIntegerField(default=0)
    steps_blocked = models.PositiveSmallIntegerField(default=0)
    steps_waiting = models.PositiveSmallIntegerField(default=0)
    phase_total = models.PositiveSmallIntegerField(default=0)
    phase_done = models.PositiveSmallIntegerField(default=0)
    next_due = models.DateField(null=True, blank=True)
    next_template = models.ForeignKey(Step, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    health = models.CharField(max_length=10, choices=Health.choices, blank=True, editable=False)
    health_at = models.DateTimeField(null=True, blank=True, editable=False)

    #: Phase and standing are told by the record of moves; the totals follow from the steps, the health from the last update.
    history = HistoryOf(
        without=(
            *("phase", "phase_since", "standing", "revision", "start_key", "next_template", "health", "health_at"),
            *Totals.__slots__,
        )
    )
    objects: ClassVar[Any] = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        permissions = (
            (VIEW_ALL, "Can see every project"),
            ("manage_project", "Can move the project and name its people"),
            ("waive_gate", "Can waive a criterion of a gate"),
            ("work_step", "Can work a step"),
            ("approve_step", "Can decide what asks for approval"),
            ("hand_off", "Can hand over to Client Services, or take over"),
            ("decide_tier", "Can decide on the tier of support, and take projects over for Client Services"),
        )
        constraints = (
            models.UniqueConstraint(fields=("biller", "number"), name="project_number_once"),
            models.CheckConstraint(condition=Q(target_go_live__gte=models.F("kickoff")), name="go_live_after_kickoff"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="phase_known"),
            models.CheckConstraint(condition=Q(standing__in=Standing.values), name="standing_known"),
            models.CheckConstraint(condition=Q(steps_done__lte=models.F("steps_total")), name="done_within_total"),
            models.CheckConstraint(condition=Q(health__in=("", *Health.values)), name="health_known"),
        )
        indexes = (
            models.Index(fields=("standing", "next_due"), name="project_worst_first"),
            models.Index(fields=("standing", "phase"), name="project_phase"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("project", args=[self.code])

    @cached_property
    def _url(self) -> str:
        return self.get_absolute_url()

    def step_url(self, path: str) -> str:
        """Return the address of the step `playbook/step-key`. As `reverse("step", …)`, which a test holds it to."""
        return f"{self._url}steps/{path}/"

    def _save_table(self, *args: Any, **kwargs: Any) -> bool:
        # Every save comes through here: save_base() too. A project that was complete when it was read changes no more.
        standing = self._loaded_states.get("standing")
        if standing is None and self.pk is not None:
            standing = Project.objects.filter(pk=self.pk).values_list("standing", flat=True).first()
        if standing == Standing.COMPLETE:
            raise Archived(str(self))
        return super()._save_table(*args, **kwargs)

    # The board: what the page shows and the gate judges.

    @cached_property
    def board(self) -> Board:
        """The live steps and seats, read once for this instance."""
        return Board.load(self)

    @cached_property
    def waiver_facts(self) -> list[WaiverFacts]:
        """Every waiver ever given, read once for this instance; the gate looks at their expiry."""
        rows = self.waivers.order_by("at", "pk").values_list("code", "subject", "text", "by__name", "reason", "expires")
        return [WaiverFacts(*row) for row in rows]

    @cached_property
    def section_facts(self) -> tuple[SectionFacts, ...]:
        """How far the sections of its documents are, read once for this instance; not asked for where no step names any."""
        if not self.board.outlines:
            return ()
        rows = self.document_sections.order_by().values_list("document__slug", "slug", "state")
        return self.board.section_facts({f"{slug}/{part}" if part else slug: state for slug, part, state in rows})

    def gate_facts(self, today: dt.date) -> GateFacts:
        """Return what the gate out of the present phase is asked about, `today` being the company's day."""
        return as_completed(self.board.gate_facts(today=today, waivers=self.waiver_facts, sections=self.section_facts))

    # What perform() asks.

    def visited_phases(self) -> list[str]:
        return list(self.phases)

    def locked(self) -> Project:
        return Project.objects.select_for_update(of=("self",)).get(pk=self.pk)

    def is_archived(self) -> bool:
        return self.standing == Standing.COMPLETE

    def permits(self, move: str, by: User | None) -> bool:
        """Whoever runs the project moves it; an administrator may stand in."""
        return by is not None and by.is_active and (by.is_superuser or self.board.manages(by.pk))

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> list[Blocker]:
        if move == "return_to":
            facts = self.board.gate_facts(today=today)
            return return_blockers(facts, to=details["phase"], visited=self.visited_phases())
        if move in {"advance", "complete"}:
            self._judged = self.gate_facts(today)
            return (advance_blockers if move == "advance" else complete_blockers)(self._judged)
        if move in _acts:
            return _acts[move].blockers(self, by=by, today=today, details=details)
        return []

    _judged: GateFacts | None = None

    def facts(self, move: str) -> dict[str, Any]:
        """Freeze the gate as it stood at the passage, or what the act was about."""
        if move in _acts:
            return _acts[move].facts(self)
        if self._judged is None:
            return {}
        return {
            "criteria": [criterion.as_dict() for criterion in gate(self._judged)],
            "steps": {step.key: step.status for step in self._judged.steps},
        }

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        written = ["phase", "standing", "revision", *Totals.__slots__]
        if move in {"advance", "return_to"}:
            self.phase_since = now
            written.append("phase_since")
            live_on = self.actual_go_live
            if move == "advance" and self.phase == Phase.POST_LIVE:
                self.actual_go_live = details["today"]
            elif move == "return_to" and self.phase != Phase.POST_LIVE:
                self.actual_go_live = None
            if self.actual_go_live != live_on:
                written.append("actual_go_live")
        elif move == "complete":
            close_steps(self, by=by, now=now)
        elif move in _acts:
            written += _acts[move].settle(self, by=by, now=now, details=details)
        self.write_totals()
        self.save(update_fields=written)
        if move in {"advance", "return_to"}:
            for follower in _phase_followers:
                follower(self, move, by=by, now=now, details=details)

    def save_totals(self) -> None:
        """Set the totals from the board and save them alone."""
        self.write_totals()
        self.save(update_fields=Totals.__slots__)

    def write_totals(self) -> None:
        """Set the totals from the board, without saving."""
        totals = self.board.totals()
        for name in totals.__slots__:
            setattr(self, name, getattr(totals, name))

    def refuse_if_archived(self) -> None:
        """Raise Archived if nothing here may change any more."""
        if self.is_archived():
            raise Archived(str(self))


class ProjectPlaybook(Owned):
    """A version that a project is pinned to."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="pins")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="pins")

    history = HistoryOf(root="project")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "version"), name="pin_once"),)

    def __str__(self) -> str:
        return f"{self.project} on {self.version}"


class ProjectGrant(Grant):
    """What a person may do on a project. Written by `raci.grants` alone."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="grants")

    class Meta(Grant.Meta):
        indexes = (models.Index(fields=("user", "permission", "content_object"), name="grant_user"),)
