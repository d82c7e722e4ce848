"""What a version is made of: its roles, its steps, and the letters between them."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from accounts.models import Side
from history.tracking import HistoryOf
from playbook import vocabulary as words
from playbook.format import RoleData, StepData
from playbook.models.draft_only import DraftOnly
from playbook.models.version import Version
from playbook.vocabulary import Applies, ApprovalKind
from raci.letters import Letter, Raci
from transitions.phase import PHASE_ORDER, Phase

key_validator = RegexValidator(rf"\A{words.KEY_PATTERN.pattern}\Z", f"Use {words.KEY_WORDS}.")


class Role(DraftOnly):
    """A seat that a playbook knows. Its code means something inside its playbook only (domain.md, Words)."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="roles")
    code = models.CharField(max_length=words.LONGEST_CODE)
    name = models.CharField(max_length=words.LONGEST_NAME)
    team = models.CharField(max_length=words.LONGEST_NAME, blank=True)
    side = models.CharField(max_length=10, choices=Side.choices, default=Side.INTERNAL)
    manages = models.BooleanField(
        "runs the project", default=False, help_text="Whoever holds this seat moves the project and names its people."
    )
    signs_as = models.CharField(
        max_length=20,
        choices=words.SignsAs.choices,
        blank=True,
        help_text="Whose word this seat gives on a customer's sign-off.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoryOf(root="version")

    class Meta:
        base_manager_name = "objects"
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=("version", "code"), name="role_code_once"),)

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"

    def owning_version(self) -> Version:
        return self.version

    def as_data(self) -> RoleData:
        """Return the role as a plain value."""
        return RoleData(self.code, self.name, self.team, self.side, self.manages, self.signs_as)


class Step(DraftOnly):
    """One step of the method: what, in which phase, after what, and who."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=words.LONGEST_KEY, validators=[key_validator])
    number = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(words.LARGEST_NUMBER)]
    )
    phase = models.CharField(max_length=12, choices=Phase.choices)
    category = models.CharField(max_length=words.LONGEST_NAME, blank=True)
    title = models.CharField(max_length=words.LONGEST_TITLE)
    guidance = models.TextField(blank=True)
    applies = models.CharField(max_length=15, choices=Applies.choices, default=Applies.ALWAYS)
    approval = models.CharField(max_length=30, choices=ApprovalKind.choices, blank=True)
    duration_days = models.PositiveSmallIntegerField(
        "duration in working days", default=1, validators=[MaxValueValidator(words.LONGEST_DURATION)]
    )
    needs = models.JSONField(default=list, blank=True, help_text="Keys of the steps that come first")
    documents = models.JSONField(default=list, blank=True)
    meeting = models.CharField(max_length=words.LONGEST_MEETING, blank=True)
    raci_source = models.CharField(max_length=words.LONGEST_CELL, blank=True)
    derived = models.JSONField(default=list, blank=True)
    open_questions = models.JSONField(default=list, blank=True)
    source = models.JSONField(
        default=dict, blank=True, editable=False, help_text="Where the step was read: file, page, row"
    )

    history = HistoryOf(root="version")

    class Meta:
        base_manager_name = "objects"
        ordering = ("number", "pk")
        constraints = (
            models.UniqueConstraint(fields=("version", "key"), name="step_key_once"),
            models.UniqueConstraint(fields=("version", "number"), name="step_number_once"),
        )

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"

    def owning_version(self) -> Version:
        return self.version

    @property
    def phase_rank(self) -> int:
        """0 for Discovery to 6 for Post-Live."""
        return PHASE_ORDER[self.phase]

    @property
    def raci(self) -> Raci:
        """The step's letters, by role code, in the order of the source. Prefetch `letters__role` for many steps."""
        found: dict[str, list[str]] = {letter: [] for letter in Letter.values}
        for assignment in sorted(self.letters.all(), key=lambda row: row.position):
            found[assignment.letter].append(assignment.role.code)
        return Raci.from_dict(found)

    def as_data(self) -> StepData:
        """Return the step as a plain value. Prefetch `letters__role` for many steps."""
        return StepData(
            key=self.key,
            number=self.number,
            phase=self.phase,
            category=self.category,
            title=self.title,
            guidance=self.guidance,
            raci=self.raci,
            raci_source=self.raci_source,
            derived=tuple(self.derived),
            applies=self.applies,
            approval=self.approval,
            duration_days=self.duration_days,
            needs=tuple(self.needs),
            documents=tuple(self.documents),
            meeting=self.meeting,
            open_questions=tuple(self.open_questions),
            source=dict(self.source),
        )


class StepRole(DraftOnly):
    """One letter of one role on one step."""

    VERSION_PATH = "step__version"

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="letters")
    # RESTRICT, not PROTECT: a draft that is deleted takes both its steps and its roles along.
    role = models.ForeignKey(Role, on_delete=models.RESTRICT, related_name="letters")
    letter = models.CharField(max_length=1, choices=Letter.choices)
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoryOf(root="step")

    class Meta:
        base_manager_name = "objects"
        ordering = ("step", "position", "pk")
        constraints = (models.UniqueConstraint(fields=("step", "role", "letter"), name="letter_once"),)
        indexes = (models.Index(fields=("role", "letter"), name="steprole_role_letter"),)

    def __str__(self) -> str:
        return f"{self.role.code} {self.letter}"

    def owning_version(self) -> Version:
        return self.step.version
