"""Documents that the steps of a project write: how far each section is, and where it lies, version by version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from history.tracking import HistoryOf
from playbook import vocabulary as words
from projects.models.archive import Final, Owned, OwnedQuerySet
from projects.models.file import StoredFile
from projects.models.lock import under_project
from projects.models.project import Project
from projects.outline import may_approve, may_write
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.section import SectionMachine, SectionState

LONGEST_LINK, LONGEST_LABEL = 500, 200
ONE_OF_TWO = "Give a link or choose a file: one of the two."


class Document(Owned):
    """One document of a project, by the name under which its steps know it. Made when somebody first writes to it."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="documents")
    slug = models.SlugField(max_length=words.LONGEST_DOCUMENT)
    title = models.CharField(max_length=words.LONGEST_DOCUMENT)
    visible_to_customer = models.BooleanField(
        default=False, help_text="People outside the company see it, with its latest version."
    )

    history = HistoryOf(root="project")

    class Meta:
        ordering = ("title",)
        constraints = (models.UniqueConstraint(fields=("project", "slug"), name="document_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def current(self) -> DocumentVersion | None:
        """The latest version of the whole, of those that were read with the document."""
        return self.latest_of(None)

    def latest_of(self, section_id: int | None) -> DocumentVersion | None:
        """Return the latest version of a section, or of the whole, of those that were read with the document."""
        found = [version for version in self.versions.all() if version.section_id == section_id]
        return max(found, key=lambda version: version.number, default=None)


class DocumentSectionQuerySet(GuardedQuerySet, OwnedQuerySet):  # type: ignore[override]
    """Sections."""


class DocumentSection(SectionMachine, Owned):
    """How far one section of a document is; with an empty slug, a document that has no sections.

    Made when somebody first touches it: one that has no row is empty.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="document_sections")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="sections")
    slug = models.SlugField(max_length=words.LONGEST_DOCUMENT, blank=True)
    title = models.CharField(max_length=2 * words.LONGEST_DOCUMENT + 2)
    reason = models.TextField(blank=True, help_text="Why it does not apply")
    reason_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state_since = models.DateTimeField(null=True)

    #: How far it is, and why it does not apply, is told by the record of its moves.
    history = HistoryOf(root="project", without=("state", "reason", "reason_by", "state_since", "revision"))
    objects: ClassVar[Any] = DocumentSectionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        base_manager_name = "objects"
        ordering = ("document", "pk")
        constraints = (
            models.UniqueConstraint(fields=("document", "slug"), name="section_once"),
            models.CheckConstraint(condition=Q(state__in=SectionState.values), name="section_state_known"),
            models.CheckConstraint(
                condition=~Q(state=SectionState.NOT_APPLICABLE) | ~Q(reason=""), name="section_skipped_with_reason"
            ),
        )

    def __str__(self) -> str:
        return self.title

    # What perform() asks.

    def root(self) -> Project:
        return self.project

    def locked(self) -> DocumentSection:
        """Lock the project, then read the section."""
        return under_project(self, "document")

    def is_archived(self) -> bool:
        return self.project.is_archived()

    def permits(self, move: str, by: User | None) -> bool:
        """R of a step that writes it drafts, hands in, skips and reopens; A approves or sends back; who runs the project all."""
        if by is None:
            return False
        may = may_approve if move in {"approve_section", "send_back_section"} else may_write
        return may(self.project.board, self.document.slug, by, self.slug)

    def blockers(self, move: str, *, by: User, today: dt.date, details: dict[str, Any]) -> Sequence[Blocker]:
        return []

    def is_begun(self) -> bool:
        return self.document.versions.filter(section=self if self.slug else None).exists()

    def settle(self, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
        skipped = self.state == SectionState.NOT_APPLICABLE
        self.reason, self.reason_by = (details["note"], by) if skipped else ("", None)
        self.state_since = now
        self.save(update_fields=("state", "revision", "reason", "reason_by", "state_since"))


class DocumentVersion(Final):
    """One version of a document or section: a file that lies here, or a link to where it lies elsewhere.

    The SHA-256 is that of the file or, where it lies elsewhere and nobody gave its own, of link and label.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="document_versions")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    section = models.ForeignKey(
        DocumentSection, null=True, blank=True, on_delete=models.PROTECT, related_name="versions",
        help_text="The section that it is of; none for the whole document",
    )  # fmt: skip
    number = models.PositiveSmallIntegerField()
    link = models.URLField(max_length=LONGEST_LINK, blank=True, validators=[URLValidator(schemes=["https"])])
    file = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="document_versions"
    )
    label = models.CharField(max_length=LONGEST_LABEL, blank=True)
    sha256 = models.CharField(
        max_length=64, validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "Give 64 hexadecimal digits.")]
    )
    of_file = models.BooleanField(default=False, help_text="The SHA-256 is the file's own, as its owner gave it.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("document", "-number")
        constraints = (
            models.UniqueConstraint(fields=("document", "number"), name="document_version_once"),
            models.CheckConstraint(
                condition=Q(link="", file__isnull=False) | (~Q(link="") & Q(file__isnull=True)),
                name="version_is_link_or_file",
                violation_error_message=ONE_OF_TWO,
            ),
        )

    def __str__(self) -> str:
        return f"{self.document}, version {self.number}"

    @property
    def name(self) -> str:
        """What the version is called: its label, or its file's name."""
        return self.label or (self.file.name if self.file else "")

    @property
    def address(self) -> str:
        """Where it is: the link, or the path of our download."""
        return self.link or self.path_from(reverse("project", args=[self.document.project.code]))

    def path_from(self, base: str) -> str:
        """Return the link, or the path of our download under `base`: the project's own path, or "" on its pages."""
        return self.link or f"{base}documents/{self.document.slug}/versions/{self.number}"
