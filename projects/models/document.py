"""Documents that the steps of a project write: links to where they lie, version by version."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.utils import timezone

from history.tracking import HistoryOf
from playbook import vocabulary as words
from projects.models.archive import Final, Owned
from projects.models.project import Project

LONGEST_LINK, LONGEST_LABEL = 500, 200


class Document(Owned):
    """One document of a project, by the name under which its steps know it. Made when its first version is."""

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
        """The latest version, of those that were read with the document."""
        return max(self.versions.all(), key=lambda version: version.number, default=None)


class DocumentVersion(Final):
    """One version of a document: where it lies, and the SHA-256 of the file or, where nobody gave that, of link and label."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="document_versions")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    link = models.URLField(max_length=LONGEST_LINK, validators=[URLValidator(schemes=["https"])])
    label = models.CharField(max_length=LONGEST_LABEL, blank=True)
    sha256 = models.CharField(
        max_length=64, validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "Give 64 hexadecimal digits.")]
    )
    of_file = models.BooleanField(default=False, help_text="The SHA-256 is the file's own, as its owner gave it.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("document", "-number")
        constraints = (models.UniqueConstraint(fields=("document", "number"), name="document_version_once"),)

    def __str__(self) -> str:
        return f"{self.document}, version {self.number}"
