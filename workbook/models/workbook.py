"""What is tested: suites and their cases, and what must hold at the end."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from history.tracking import HistoryOf
from playbook.models import Playbook
from projects.models import Project
from projects.models.archive import Owned
from workbook.vocabulary import LONGEST_TEXT, LONGEST_TITLE, Kind


class Suite(Owned):
    """A group of cases: one data flow, one part of a screen."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="suites")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    title = models.CharField(max_length=LONGEST_TITLE)
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoryOf(root="project")

    class Meta:
        base_manager_name = "objects"
        ordering = ("project", "kind", "position", "pk")
        constraints = (models.UniqueConstraint(fields=("project", "kind", "title"), name="suite_once"),)

    def __str__(self) -> str:
        return self.title


class Case(Owned):
    """One case, as it is now. A run pins its text; whoever changes it says which `revision` they saw."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cases")
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="cases")
    number = models.PositiveIntegerField(help_text="Counts the cases of the project; its name in files and links")
    title = models.CharField(max_length=LONGEST_TITLE)
    preconditions = models.TextField(blank=True, max_length=LONGEST_TEXT)
    steps = models.TextField(blank=True, max_length=LONGEST_TEXT)
    expected = models.TextField(blank=True, max_length=LONGEST_TEXT)
    mandatory = models.BooleanField(default=True, help_text="The gate asks that it was run")
    position = models.PositiveIntegerField(default=0)
    retired = models.BooleanField(default=False, help_text="Left out of the runs to come; those that were made keep it")
    revision = models.PositiveIntegerField(default=0, editable=False)

    history = HistoryOf(root="project", without=("revision",))

    class Meta:
        base_manager_name = "objects"
        ordering = ("suite", "position", "number")
        constraints = (models.UniqueConstraint(fields=("project", "number"), name="case_number_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        """`T-14`: what people and files call it."""
        return f"T-{self.number}"


class ExitCriteria(Owned):
    """What must hold at the end of one kind of testing on one project. Without a row, the defaults of the fields hold."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="exit_criteria")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    share_passed = models.PositiveSmallIntegerField(
        default=100, validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Of the cases that apply, in per cent; a waived case counts as passed, N/A does not count at all",
    )  # fmt: skip
    revision = models.PositiveIntegerField(default=0, editable=False)

    history = HistoryOf(root="project", without=("revision",))

    class Meta:
        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=("project", "kind"), name="exit_criteria_once"),
            models.CheckConstraint(condition=Q(share_passed__gte=1, share_passed__lte=100), name="share_in_per_cent"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.share_passed} %"


class StarterSuite(models.Model):
    """A suite that projects on a playbook may begin with. Edited in the admin; projects take copies."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="starter_suites")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    title = models.CharField(max_length=LONGEST_TITLE)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("playbook", "kind", "position", "pk")
        constraints = (models.UniqueConstraint(fields=("playbook", "kind", "title"), name="starter_suite_once"),)

    def __str__(self) -> str:
        return self.title


class StarterCase(models.Model):
    """A case of a starter suite."""

    suite = models.ForeignKey(StarterSuite, on_delete=models.CASCADE, related_name="cases")
    title = models.CharField(max_length=LONGEST_TITLE)
    preconditions = models.TextField(blank=True, max_length=LONGEST_TEXT)
    steps = models.TextField(blank=True, max_length=LONGEST_TEXT)
    expected = models.TextField(blank=True, max_length=LONGEST_TEXT)
    mandatory = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("suite", "position", "pk")
        constraints = (models.UniqueConstraint(fields=("suite", "title"), name="starter_case_once"),)

    def __str__(self) -> str:
        return self.title
