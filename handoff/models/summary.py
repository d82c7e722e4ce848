"""The Integration Summary: what is said of each field, and what Client Services accepted."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from handoff.summary.fields import BY_KEY, LONGEST_KEY, LONGEST_NOTE, LONGEST_REASON, LONGEST_VALUE
from history.tracking import HistoryOf
from projects.models import Project
from projects.models.archive import Final, Owned


class SummaryEntry(Owned):
    """What is said of one field: its value, or that it does not apply, with the reason; or nothing any more.

    Made when somebody first says something: a field without a row is open. Whoever changes it says which `revision` they saw.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="summary_entries")
    key = models.SlugField("field", max_length=LONGEST_KEY)
    value = models.TextField(blank=True, max_length=LONGEST_VALUE)
    not_applicable = models.BooleanField("does not apply", default=False)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True, help_text="Why it does not apply")
    prefilled = models.BooleanField(
        "taken from the project", default=False, help_text="As the project had it, taken over by whoever is named"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=0, editable=False)

    #: Who and when is told by the history itself.
    history = HistoryOf(root="project", without=("by", "at", "revision"))

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "pk")
        verbose_name = "field of an Integration Summary"
        verbose_name_plural = "fields of Integration Summaries"
        constraints = (
            models.UniqueConstraint(fields=("project", "key"), name="summary_entry_once"),
            models.CheckConstraint(
                condition=Q(not_applicable=False, reason="") | (Q(not_applicable=True, value="") & ~Q(reason="")),
                name="summary_value_or_reason",
            ),
        )

    def __str__(self) -> str:
        field = BY_KEY.get(self.key)
        return field.title if field else self.key

    @property
    def is_open(self) -> bool:
        """Whether nothing is said."""
        return not self.value and not self.not_applicable


class SummaryAcceptance(Final):
    """Client Services took the summary as it stood, in full: what was said then, and the SHA-256 of it."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="summary_acceptances")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, max_length=LONGEST_NOTE)
    said = models.JSONField(help_text="By key: a value, or why it does not apply (handoff.summary.values)")
    digest = models.CharField(max_length=64, validators=[RegexValidator(r"\A[0-9a-f]{64}\Z")])

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "-pk")
        verbose_name = "acceptance of an Integration Summary"
        verbose_name_plural = "acceptances of Integration Summaries"

    def __str__(self) -> str:
        return f"Accepted by {self.by}"
