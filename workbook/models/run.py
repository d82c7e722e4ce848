"""What was tested: runs with the text of their cases as it was, results that are only added, defects, signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import User
from history.tracking import HistoryOf
from projects.models import Project, StoredFile
from projects.models.archive import Final, FinalQuerySet, Owned, OwnedQuerySet
from projects.models.decision import Signed
from projects.models.lock import under_project
from transitions.blockers import Blocker
from transitions.defect import DefectMachine
from transitions.machine import GuardedQuerySet
from transitions.run import RunMachine
from workbook.models.workbook import Case
from workbook.rights import may_close, may_test
from workbook.vocabulary import LONGEST_LINK, LONGEST_REASON, LONGEST_TITLE, Kind, Outcome, Severity

#: What follows from the end of a run, within its move: called with the run, the move, and `by` and `now` by name.
Follower = Callable[..., None]
_followers: list[Follower] = []


def after_end(follower: Follower) -> None:
    """Let something follow from every end of a run, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


class RunQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Runs."""


class Run(RunMachine, Owned):
    """One time through the cases of a kind: against which build, where, from when to when."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    number = models.PositiveSmallIntegerField(help_text="Counts the runs of the project and kind")
    build = models.CharField(max_length=80)
    environment = models.CharField(max_length=80)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, editable=False)
    due = models.DateField(null=True, blank=True, help_text="By when the testers should be through")

    #: Its state and end are told by the record of its moves.
    history = HistoryOf(root="project", without=("state", "ended_at", "revision"))
    objects: ClassVar[Any] = RunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "kind", "-number")
        constraints = (
            models.UniqueConstraint(fields=("project", "kind", "number"), name="run_number_once"),
            models.UniqueConstraint(fields=("project", "kind"), condition=Q(state="open"), name="one_open_run"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} run {self.number}"

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> Run:
        """Lock the project, then read the run."""
        return under_project(self)

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Whoever leads the testing ends a run."""
        return by is not None and may_close(self.project, by)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        self.ended_at = now
        self.save(update_fields=("state", "revision", "ended_at"))
        for follower in _followers:
            follower(self, move, by=by, now=now)


class RunCase(Final):
    """A case as a run has it: its text when the run began, whatever becomes of the case."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="run_cases")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="cases")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pinned")
    position = models.PositiveIntegerField(help_text="Counts the cases of the run, from 1")
    suite_title = models.CharField(max_length=LONGEST_TITLE)
    title = models.CharField(max_length=LONGEST_TITLE)
    preconditions = models.TextField(blank=True)
    steps = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    mandatory = models.BooleanField()

    class Meta:
        base_manager_name = "objects"
        ordering = ("run", "position")
        constraints = (
            models.UniqueConstraint(fields=("run", "case"), name="run_case_once"),
            models.UniqueConstraint(fields=("run", "position"), name="run_position_once"),
        )

    def __str__(self) -> str:
        return self.title


class ResultQuerySet(FinalQuerySet):  # type: ignore[override]
    """Results."""

    def latest_of(self, run: Run | int) -> ResultQuerySet:
        """Return the result that counts for each case of a run: the last one."""
        of_run = self.model._default_manager.filter(run=run)
        last = of_run.order_by().values("run_case").annotate(last=Max("pk")).values("last")
        return self.filter(pk__in=last)


class Result(Final):
    """What one case came to, once. The last result of a case counts; the ones before it stay."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="results")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="results")
    run_case = models.ForeignKey(RunCase, on_delete=models.PROTECT, related_name="results")
    outcome = models.CharField(max_length=14, choices=[c for c in Outcome.choices if c[0] != Outcome.UNTESTED.value])
    note = models.TextField(blank=True, max_length=LONGEST_REASON, help_text="What happened, or why")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[Any] = ResultQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("run", "-pk")
        indexes = (models.Index(fields=("run", "run_case", "-id"), name="result_latest"),)

    def __str__(self) -> str:
        return f"{self.run_case}: {self.get_outcome_display()}"


class ResultFile(Final):
    """Evidence for a result."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="result_files")
    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="results")

    class Meta:
        base_manager_name = "objects"
        ordering = ("result", "pk")

    def __str__(self) -> str:
        return str(self.file)


class DefectQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Defects."""


class Defect(DefectMachine, Owned):
    """What testing found, and where it is followed up: our own row says only what the gate needs."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="defects")
    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="defects")
    title = models.CharField(max_length=LONGEST_TITLE)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    link = models.URLField(
        max_length=LONGEST_LINK, blank=True, validators=[URLValidator(schemes=["https"])], help_text="In the tracker"
    )
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)

    history = HistoryOf(root="project", without=("state", "revision"))
    objects: ClassVar[Any] = DefectQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("severity", "pk")
        indexes = (models.Index(fields=("project", "severity"), name="defect_open", condition=Q(state="open")),)

    def __str__(self) -> str:
        return self.title

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> Defect:
        """Lock the project, then read the defect."""
        return under_project(self)

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """Whoever tests inside the company closes a defect and opens it again."""
        return by is not None and not by.is_outside and may_test(self.project, by, Kind.SIT)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []


class RunSignOff(Signed):
    """The biller's word on one closed run: on that run, with the results as they stood (domain.md, Phases: UAT)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="run_sign_offs")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="sign_offs")
    decision = models.CharField(max_length=10, choices=[("approved", "Approved"), ("rejected", "Rejected")])
    recorded = models.BooleanField(
        default=False,
        help_text="Given elsewhere by the biller, and written down by somebody else, who says how they know",
    )

    class Meta:
        base_manager_name = "objects"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.run}: {self.get_decision_display()} by {self.by}"

    def sealed_values(self) -> dict[str, Any]:
        return super().sealed_values() | {
            "project": self.project_id,
            "run": self.run_id,
            "decision": self.decision,
            "recorded": self.recorded,
        }
