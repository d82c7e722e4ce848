"""Files that people upload: kept outside the web root, under names of our own, and never changed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone

from projects.models.archive import Final
from projects.models.project import Project

LONGEST_FILE_NAME = 150


def uploads() -> Storage:
    """Return where uploads lie: a folder, or a bucket, by the settings."""
    return storages["uploads"]


def kept_as(row: StoredFile, filename: str) -> str:
    """Return the name under which a file is kept: nothing of what its owner called it."""
    return f"{row.project_id}/{uuid.uuid4().hex}"


class StoredFile(Final):
    """One uploaded file. Who may read it follows from what refers to it: a version of a document, a result of a test."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="files")
    file = models.FileField(upload_to=kept_as, storage=uploads, max_length=200)
    name = models.CharField(max_length=LONGEST_FILE_NAME, help_text="As its owner called it; for the download alone")
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.name
