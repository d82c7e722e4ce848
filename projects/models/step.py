"""A live step: a playbook's step on one project."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User
from history.tracking import HistoryOf
from playbook.models import Step
from playbook.vocabulary import LONGEST_TITLE
from projects.board import A, LiveStep, R
from projects.evidence import NO_DOOR, seal
from projects.models.archive import Owned, OwnedQuerySet
from projects.models.lock import under_project
from projects.models.project import Project
from projects.people import Person
from projects.signoff import Deciding, SignOff, Statement, may_know_of, sign_off_of, statement
from transitions.blockers import Blocker
from transitions.gates import StepFacts, step_blockers
from transitions.machine import GuardedQuerySet, StateGuarded, in_move
from transitions.moves import follow
from transitions.step import OPEN, StepMachine, StepStatus

#: Letters that let a person make each move; whoever runs the project may make those in MANAGED too.
BY_LETTER: dict[str, frozenset[str]] = {
    "start": frozenset({R, A}),
    "complete": frozenset({R, A}),
    "submit": frozenset({R, A}),
    "approve": frozenset({A}),
    "reject": frozenset({A}),
    "excuse": frozenset({A}),
    "wait": frozenset({R, A}),
    "block": frozenset({R, A}),
    "resume": frozenset({R, A}),
    "mark_not_applicable": frozenset({R, A}),
    "reopen": frozenset({R, A}),
}
#: Moves that are decisions: the parties of the sign-off make them (projects.signoff), not whoever runs the project.
DECISIONS = {"approve": "approved", "reject": "rejected", "excuse": "excused"}
MANAGED = frozenset(BY_LETTER) - frozenset(DECISIONS)

#: Called at the end of every settled move, in its transaction, in the order of registration: `(step, move, by=, now=, details=)`.
Follower = Callable[..., None]
_followers: list[Follower] = []


def follow_with(follower: Follower) -> None:
    """Let `follower` write what follows from a step's moves (mails, notices), in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


class ProjectStepQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Live steps."""

    def take_back(self) -> None:
        """Delete steps that an upgrade made, within the move that undoes it; nothing else ever deletes a step."""
        if not in_move():
            raise StateGuarded("Steps are made N/A, never deleted: only undoing an upgrade takes back those it made")
        self._refuse_archived()
        models.QuerySet.delete(self)


class ProjectStep(StepMachine, Owned):
    """One step of one project. Its guidance is its template's, and its title unless the project gave it one of its own.

    Its state, dates and people are its own.
    """

    BIRTH_STATES: ClassVar = {"status": (StepStatus.NOT_APPLICABLE,)}  # left out at the start, still shown

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="steps")
    template = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="live")
    own_title = models.CharField(
        max_length=LONGEST_TITLE, blank=True, help_text="Nothing where it is called as in the playbook"
    )
    due = models.DateField(null=True, blank=True)
    baseline_due = models.DateField(null=True, editable=False)
    reason = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    until = models.DateField(null=True, blank=True)
    status_since = models.DateTimeField(null=True)
    visible_to_customer = models.BooleanField(
        default=False, help_text="Everybody outside the company who has a seat here sees the step"
    )
    customer_note = models.CharField(
        max_length=1000, blank=True, help_text="What is asked of people outside, in their words"
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="responsible_for"
    )
    accountable = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="accountable_for"
    )

    #: Its status, and the reason, owner and date that come with one, are told by the record of its moves.
    history = HistoryOf(root="project", without=("status", "status_since", "reason", "owner", "until", "revision"))
    objects: ClassVar[Any] = ProjectStepQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("project", "template__number")
        constraints = (
            models.UniqueConstraint(fields=("project", "template"), name="live_step_once"),
            models.CheckConstraint(condition=Q(status__in=StepStatus.values), name="status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=(StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER))
                | (~Q(reason="") & Q(owner__isnull=False) & Q(until__isnull=False)),
                name="held_up_with_reason_owner_date",
            ),
            models.CheckConstraint(
                condition=~Q(status=StepStatus.NOT_APPLICABLE) | ~Q(reason=""), name="not_applicable_with_reason"
            ),
        )
        indexes = (
            models.Index(fields=("project", "due"), name="step_open", condition=Q(status__in=OPEN)),
            models.Index(
                fields=("project",),
                name="step_departs",
                condition=Q(status=StepStatus.NOT_APPLICABLE) | ~Q(own_title=""),
            ),
        )

    def __str__(self) -> str:
        return self.own_title or self.template.title

    @cached_property
    def live(self) -> LiveStep:
        """This step on its project's board."""
        return next(step for step in self.project.board.steps if step.id == self.pk)

    @property
    def step_facts(self) -> StepFacts:
        """This step as the gates see it."""
        return self.project.board.step_facts(self.live)

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> ProjectStep:
        """Lock the project, then read the step: two people on two steps of a project take turns."""
        return under_project(self, "template")

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """R works the step; A and the parties of its sign-off decide it; whoever runs the project may do all but decide.

        An administrator stands in for whoever runs the project, never for a party; to excuse one takes A or a seat that runs it.
        """
        if by is None or not by.is_active:
            return False
        board = self.project.board
        if board.letters_of(by.pk, self.live) & BY_LETTER[move]:
            return True
        if move == "excuse":
            return board.manages(by.pk)
        if move in DECISIONS:
            return bool(self.live.template.approval) and self.sign_off.concerns(by.pk)
        return by.is_superuser or board.manages(by.pk)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> list[Blocker]:
        board = self.project.board
        found = step_blockers(move, self.step_facts, board.gate_facts(today=today))
        if move in {"block", "wait"}:
            found += self._date_in_the_past(details["until"], today)
        if move == "reject":
            found += self._cannot_reopen(details.get("reopens", ()), by)
        return found or (self._cannot_decide(move, by, details) if move in DECISIONS else [])

    def _cannot_decide(self, move: str, by: User, details: dict[str, Any]) -> list[Blocker]:
        """Find out for whom the decision is made, and hold what was shown against what is there now."""
        found = self.sign_off.resolve(move, by, details.get("party", ""), details["note"])
        if isinstance(found, list):
            return found
        self._deciding, self._statement = found, statement(self, by, self.sign_off)
        if details.get("shown") == "":
            text = f"“{self}” is decided on a page that shows what is decided."
            return [Blocker("not-shown", text, f"{self.project.step_url(self.live.path)}decide", subject="shown")]
        if details.get("shown") not in (None, self._statement.digest):
            text = "What you were shown has changed meanwhile. Look at what it is now, then decide."
            return [Blocker("shown-changed", text, subject="shown")]
        return []

    _deciding: Deciding | None = None
    _statement: Statement | None = None

    @cached_property
    def sign_off(self) -> SignOff:
        """The present round of decisions on this step, read once for this instance."""
        return sign_off_of(self)

    def is_last_word(self) -> bool:
        assert self._deciding is not None, "perform() asks for the blockers first"
        return all(view.party == self._deciding.party for view in self.sign_off.outstanding)

    def _date_in_the_past(self, until: dt.date, today: dt.date) -> list[Blocker]:
        if until >= today:
            return []
        return [
            Blocker(
                "date-past",
                f"{until:%b} {until.day}, {until.year} is past: say by when it will be cleared.",
                subject="until",
            )
        ]

    def _cannot_reopen(self, keys: Any, by: User) -> list[Blocker]:
        board, found = self.project.board, []
        for key in keys:
            named = board.by_path.get(key)
            if named is None or not may_know_of(board, named, by):
                found.append(Blocker("unknown-step", f"This project has no step “{key}”.", subject=key))
            elif named.status != StepStatus.DONE:
                found.append(
                    Blocker("not-done", f"“{named.template.title}” is not done, so it cannot be reopened.", subject=key)
                )
            else:
                found += step_blockers("reopen", board.step_facts(named), board.gate_facts(today=dt.date.min))
        return found

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        self._write_why(details)
        if self.status != self.live.status:
            self.status_since = now
        self.save(update_fields=("status", "revision", "reason", "owner", "until", "status_since"))
        live = self.live
        live.status, live.reason, live.until, live.revision = self.status, self.reason, self.until, self.revision
        live.status_since = self.status_since
        owner = details.get("owner")
        live.owner = Person(owner.pk, owner.name) if owner else None
        self.project.board.__dict__.pop("all_facts", None)
        reopened = list(dict.fromkeys(details.get("reopens", ())))
        if move == "reject":
            self._reopen_named(reopened, by=by, now=now, note=details["note"])
        if move in DECISIONS:
            self._write_decision(move, by=by, now=now, details=details, reopened=reopened)
        self.project.save_totals()
        self.__dict__.pop("sign_off", None)  # it was the one before this move
        for follower in _followers:
            follower(self, move, by=by, now=now, details=details)

    def _write_decision(
        self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any], reopened: list[str]
    ) -> None:
        """Write the decision with its evidence, sealed over the project's decision before it."""
        assert self._deciding is not None, "perform() asks for the blockers first"
        assert self._statement is not None, "perform() asks for the blockers first"
        deciding, evidence = self._deciding, (details.get("evidence") or NO_DOOR).cut()
        before = self.project.approvals.order_by("-pk").values_list("sha256", flat=True).first()
        row = self.approvals.model(
            project=self.project, step=self, decision=DECISIONS[move], by=by, at=now, note=details["note"], reopened=reopened,
            party=deciding.party, round=self.sign_off.round, recorded=deciding.recorded,
            delegated_from_id=deciding.delegated_from, name=by.name, email=by.email,
            address=evidence.address, agent=evidence.agent, method=evidence.method,
            shown=self._statement.text, shown_sha256=self._statement.digest, previous_sha256=before or "",
        )  # fmt: skip
        row.sha256 = seal(row)
        row.save()

    def _write_why(self, details: dict[str, Any]) -> None:
        """Keep the reason with the state that it explains: blocked, waiting, N/A. Any other state has none."""
        explained = self.status in {StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER, StepStatus.NOT_APPLICABLE}
        self.reason = details["note"] if explained else ""
        self.owner = details.get("owner")
        self.until = details.get("until")

    def _reopen_named(self, keys: Any, *, by: User, now: dt.datetime, note: str) -> None:
        """Reopen the steps that a rejection names, each with its own record, under the same lock."""
        board = self.project.board
        rows = {row.pk: row for row in self.project.steps.select_related("template")} if keys else {}
        for key in keys:
            row = rows[board.by_path[key].id]
            row.project = self.project
            follow(row, "reopen", by=by, note=note, now=now)
