"""A spreadsheet that was read, between the look at what it would do and the doing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.file import LONGEST_FILE_NAME
from projects.models.project import Project


class SheetDraft(models.Model):
    """What was read of a sheet, for whoever looked at it. Written by `projects.sheet_drafts`; gone when it was applied, or old.

    It is no part of what the project says, so it has no history, and the project's end does not keep it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(
        max_length=20, help_text="What it is to be imported into, in the word of the room that does"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    name = models.CharField(max_length=LONGEST_FILE_NAME)
    rows = models.JSONField(help_text="[number of the row, its values as text by column], in the order of the sheet")
    ignored = models.JSONField(default=list, help_text="Headings that were passed over")
    letters = models.JSONField(default=dict, help_text="Under which letter of the sheet each column was found")

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("project", "purpose", "by"), name="sheet_draft_one_for_each_purpose"),
        )

    def __str__(self) -> str:
        return self.name
