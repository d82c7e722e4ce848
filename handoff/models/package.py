"""Packages for Client Services: each is one archive of a project, with what it was found to lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoff.rights import takes_over
from history.tracking import HistoryOf
from projects.models import Project, StoredFile
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.lock import under_project
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.package import PackageMachine, PackageState

LONGEST_GAP, LONGEST_SETTLEMENT, LONGEST_PART, MOST_GAPS = 300, 1_000, 80, 20
#: Moves that the worker makes, who is nobody.
BY_WORKER = frozenset({"finish_package", "fail_package"})

#: What follows from a move, within its transaction: called with the package, the move, and `by` and `now` by name.
Follower = Callable[..., None]
#: Says what is wrong with the kept file of a package, in a sentence, or nothing.
Check = Callable[["Package"], str]
_followers: list[Follower] = []
_checks: list[Check] = []


def after_move(follower: Follower) -> None:
    """Let something follow from every move of a package, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


def check_before_acceptance(check: Check) -> None:
    """Let `check` look at the kept file before a package is accepted, in `AppConfig.ready()`."""
    if check not in _checks:
        _checks.append(check)


class PackageQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Packages."""


class Package(PackageMachine, Owned):
    """One archive of a project for Client Services: asked for, built by a worker, accepted or returned.

    `attempt` counts who took up the building: a worker whose lease ran out finishes nothing that another has taken up since.
    `writing` is the name under which a file may lie in the storage before the row says so.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="packages")
    number = models.PositiveSmallIntegerField(help_text="Counts the packages of the project")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)

    part = models.CharField(max_length=LONGEST_PART, blank=True, help_text="What is being written")
    done = models.PositiveSmallIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    writing = models.CharField(max_length=200, blank=True)

    file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="packages")
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    built_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="What was said with the decision, or why it failed")

    #: What becomes of it is told by the record of its moves; how far the worker is, by nothing.
    history = HistoryOf(
        root="project",
        without=(
            *("state", "revision", "part", "done", "parts", "attempt", "leased_until", "writing", "file", "sha256"),
            *("manifest", "built_at", "decided_by", "decided_at", "note"),
        ),
    )
    objects: ClassVar[Any] = PackageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-number")
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="package_number_once"),
            models.UniqueConstraint(fields=("project",), condition=Q(state="building"), name="one_package_building"),
            models.CheckConstraint(
                condition=Q(state__in=("building", "failed"), file=None)
                | (Q(state__in=("built", "accepted", "returned"), file__isnull=False) & ~Q(sha256="")),
                name="package_whole_or_without_file",
            ),
        )
        indexes = (models.Index(fields=("leased_until",), name="package_waiting", condition=Q(state="building")),)

    def __str__(self) -> str:
        return f"Package {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("package", args=[self.project.code]) + f"#package-{self.number}"

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> Package:
        """Lock the project, then read the package."""
        row = under_project(self, "file")
        row.built_as = self.built_as
        return row

    #: What the worker has built and stored, while it finishes: the file's row, the manifest.
    built_as: tuple[StoredFile, dict[str, Any]] | None = None

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """The worker builds; Client Services accepts and returns."""
        if move in BY_WORKER:
            return by is None
        return by is not None and takes_over(self.project, by)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        if move in BY_WORKER:
            return []
        newer = Package.objects.filter(project=self.project, number__gt=self.number).exclude(state=PackageState.FAILED)
        if newest := newer.order_by("-number").first():
            return [Blocker("newer-package", f"{newest} is newer: look at that one.", newest.get_absolute_url())]
        if move == "accept_package":
            return [Blocker("package-changed", words) for check in _checks if (words := check(self))]
        return list(self._impossible_gaps(details.get("gaps") or ()))

    def _impossible_gaps(self, gaps: Sequence[tuple[str, User | None]]) -> Sequence[Blocker]:
        if len(gaps) > MOST_GAPS:
            return [
                Blocker(
                    "too-many-gaps", f"{MOST_GAPS} gaps is the most that a package is returned with.", subject="gaps"
                )
            ]
        found = []
        for text, owner in gaps:
            if not text.strip():
                found.append(Blocker("gap-empty", "Say of each gap what is missing.", subject="gaps"))
            elif len(text) > LONGEST_GAP:
                found.append(Blocker("gap-too-long", f"A gap has {LONGEST_GAP} characters at most.", subject="gaps"))
            if owner is not None and (owner.is_outside or not owner.is_active):
                found.append(Blocker("gap-owner", f"{owner} cannot own a gap: it is our own work.", subject="gaps"))
        return found

    def settle(self, move: str, *, by: User | None, now: dt.datetime, details: dict[str, Any]) -> None:
        if move == "finish_package":
            assert self.built_as is not None, "the worker says what it has built"
            self.file, self.manifest = self.built_as
            self.sha256, self.built_at = self.file.sha256, now
        else:
            self.note, self.decided_by, self.decided_at = details.get("note", ""), by, now
        self.leased_until, self.part, self.writing = None, "", ""
        self.save()
        for text, owner in details.get("gaps") or ():
            assert by is not None, "somebody returns it"
            PackageGap.objects.create(
                project=self.project, package=self, text=text.strip(), owner=owner, named_by=by, named_at=now
            )
        for follower in _followers:
            follower(self, move, by=by, now=now)


class PackageGap(Final):
    """One thing that a returned package lacks, and who sees to it. In the way of the go-live until it is settled."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="package_gaps")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="gaps")
    text = models.CharField(max_length=LONGEST_GAP)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField(default=timezone.now)

    class Meta:
        base_manager_name = "objects"
        ordering = ("package", "pk")

    def __str__(self) -> str:
        return self.text


class GapSettlement(Final):
    """That a gap is settled: by whom, when, and how. Once, for good."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="gap_settlements")
    gap = models.OneToOneField(PackageGap, on_delete=models.PROTECT, related_name="settlement")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=LONGEST_SETTLEMENT)

    class Meta:
        base_manager_name = "objects"
        ordering = ("gap",)

    def __str__(self) -> str:
        return f"{self.gap}: settled by {self.by}"
