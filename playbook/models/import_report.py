"""What an import said of each row: kept beside the draft that it made, so that it can be mended page in hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from playbook import vocabulary as words
from playbook.models.version import Version


class ImportReport(models.Model):
    """The report of the import that made a version. Written once, with it; it goes with a draft that is deleted."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="import_report")
    file = models.CharField(max_length=words.LONGEST_TITLE)
    rows = models.JSONField(default=list, help_text="What became of each row (playbook.importing.raw.ReportRow)")
    drift = models.JSONField(default=list, help_text="What drifted (playbook.importing.drift.Drift)")
    since = models.PositiveIntegerField(
        null=True, blank=True, help_text="The number of the version that it drifted from"
    )
    imported_at = models.DateTimeField(auto_now_add=True)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return f"Import of {self.file} into {self.version}"
