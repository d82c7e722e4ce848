"""What the method says: playbooks, their versions, roles and steps. A published version is immutable, by every door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.urls import reverse

from accounts.models import Side
from history.tracking import HistoryOf, Tracked, TrackedQuerySet
from playbook import vocabulary as words
from playbook.format import ChangeData, PlaybookData, RoleData, StepData, digest
from playbook.lint import lint, publish_blockers, warning_ids
from playbook.vocabulary import Applies as Applies
from playbook.vocabulary import ApprovalKind as ApprovalKind
from playbook.vocabulary import PlaybookKind as PlaybookKind
from raci.letters import Letter, Raci
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.phase import PHASE_ORDER, Phase
from transitions.version import VersionMachine, VersionStatus

slug_validator = RegexValidator(rf"\A{words.SLUG_PATTERN.pattern}\Z", f"Use {words.SLUG_WORDS}.")
key_validator = RegexValidator(rf"\A{words.KEY_PATTERN.pattern}\Z", f"Use {words.KEY_WORDS}.")


class PublishedIsFinal(Exception):  # noqa: N818
    """Somebody tried to change a version that is published."""

    def __init__(self, version: Version | None = None) -> None:
        super().__init__(f"{version or 'This version'} is published and does not change any more. Start a new draft.")


class RowStays(Exception):  # noqa: N818
    """Somebody tried to hand a row from one version to another, which would change a version behind its back."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(f"A {model._meta.verbose_name} stays in the version that it was made in.")


def refuse_final(version_ids: Iterable[Any]) -> None:
    """Raise PublishedIsFinal unless all those versions are drafts; keep them so until the transaction ends.

    Publishing takes the same lock, so a step cannot be saved into a version between its last check and its publication.
    """
    held = Version.objects.select_for_update(of=("self",)).filter(pk__in=version_ids).select_related("playbook")
    for version in held.order_by("pk"):
        if not version.is_draft:
            raise PublishedIsFinal(version)


class DraftOnlyQuerySet(TrackedQuerySet):
    """Rows of a version: changed and deleted in bulk only while every version concerned is a draft."""

    def _guard(self) -> None:
        refuse_final(list(self.order_by().values_list(f"{self.model.VERSION_PATH}_id", flat=True).distinct()))

    def update(self, **kwargs: Any) -> int:
        """Change the rows. They stay where they are: a row is never handed from one version to another."""
        owner = self.model.VERSION_PATH.split("__")[0]
        if kwargs.keys() & {owner, f"{owner}_id"}:
            raise RowStays(self.model)
        with transaction.atomic():
            self._guard()
            return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        with transaction.atomic():
            self.model._default_manager.filter(pk__in=[row.pk for row in rows])._guard()
            return super().bulk_update(rows, fields, batch_size)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        if kwargs.get("update_conflicts"):
            # It would write over rows by their primary key, whichever version they are in.
            raise RowStays(self.model)
        with transaction.atomic():
            refuse_final({row.owning_version().pk for row in rows})
            return super().bulk_create(rows, *args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            self._guard()
            return super().delete()


class DraftOnly(Tracked):
    """A row of a version. It changes with its draft, and no more once that is published."""

    VERSION_PATH: ClassVar[str] = "version"

    objects = DraftOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def owning_version(self) -> Version:
        """Return the version that this row is part of."""
        raise NotImplementedError

    def _guard(self) -> None:
        target = self.owning_version()
        stored = self._stored_version_id()
        if stored not in (None, target.pk):
            raise RowStays(type(self))
        refuse_final([target.pk])

    def _stored_version_id(self) -> Any:
        if self.pk is None:
            return None
        rows = type(self)._default_manager.filter(pk=self.pk)
        return rows.values_list(f"{self.VERSION_PATH}_id", flat=True).first()

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Save the row while its version is a draft."""
        with transaction.atomic():
            self._guard()
            super().save_base(*args, **kwargs)

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> Any:
        # loaddata calls Model.save_base itself, past the one above, and comes here.
        if raw:
            self._guard()
        return super()._save_table(raw, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            refuse_final([self._stored_version_id()])
            return super().delete(*args, **kwargs)


class Playbook(Tracked):
    """A method with a name. What it says is in its versions."""

    slug = models.CharField(max_length=words.LONGEST_SLUG, unique=True, validators=[slug_validator])
    # As the newest published version has them; a published version keeps its own.
    title = models.CharField(max_length=words.LONGEST_PLAYBOOK_TITLE)
    kind = models.CharField(max_length=10, choices=PlaybookKind.choices, default=PlaybookKind.PHASED)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("playbook", args=[self.slug])

    def next_number(self) -> int:
        """Return the number of the version to come: one more than the highest there is."""
        highest = self.versions.aggregate(highest=models.Max("number"))["highest"]
        return (highest or 0) + 1


class VersionQuerySet(GuardedQuerySet):
    """Versions by their life."""

    def published(self) -> Self:
        """Versions on which a project may start."""
        return self.filter(status=VersionStatus.PUBLISHED)

    def latest_published(self) -> Self:
        """The newest published version of each playbook."""
        newest = (
            Version.objects.filter(playbook=models.OuterRef("playbook"), status=VersionStatus.PUBLISHED)
            .order_by("-number")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(newest))

    def _refuse_final(self) -> None:
        refuse_final(list(self.order_by().values_list("pk", flat=True)))

    def update(self, **kwargs: Any) -> int:
        with transaction.atomic():
            self._refuse_final()
            return super().update(**kwargs)

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> int:
        rows = list(objs)
        with transaction.atomic():
            refuse_final([row.pk for row in rows])
            return super().bulk_update(rows, fields, batch_size)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            # It would write over versions by their primary key or number, published ones among them.
            raise PublishedIsFinal
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete drafts, and with each its roles, steps and letters."""
        with transaction.atomic():
            self._refuse_final()
            return models.QuerySet.delete(self)


class Version(VersionMachine):
    """One edition of a playbook. Live projects are pinned to it."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=words.LONGEST_PLAYBOOK_TITLE)
    kind = models.CharField(max_length=10, choices=PlaybookKind.choices, default=PlaybookKind.PHASED)
    digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of the canonical export, from publication on"
    )
    loaded_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of the file that the version was loaded from"
    )
    source = models.JSONField(default=dict, blank=True)
    changes = models.JSONField(default=list, blank=True)
    open_questions = models.JSONField(default=list, blank=True)
    change_note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    confirmed_warnings = models.JSONField(default=list, blank=True, editable=False)

    #: That it was published or retired, by whom and when, is told by the record of its moves; digests follow from what it says.
    history = HistoryOf(
        root="playbook", without=("status", "revision", "digest", "loaded_digest", "published_at", "published_by")
    )

    objects = VersionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        # Related managers write through the base manager (`version.steps.add`): it has to be the guarded one too.
        base_manager_name = "objects"
        ordering = ("playbook", "-number")
        constraints = (models.UniqueConstraint(fields=("playbook", "number"), name="version_number_once"),)
        permissions = (("publish_version", "Can publish and retire versions"),)

    def __str__(self) -> str:
        return f"{self.playbook.title} v{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("playbook-version", args=[self.playbook.slug, self.number])

    @property
    def is_draft(self) -> bool:
        """Whether the version may still change."""
        return self.status == VersionStatus.DRAFT

    def admin_url(self) -> str:
        """Return the path of the admin page on which the version is mended and published."""
        return reverse("admin:playbook_version_change", args=[self.pk])

    def as_data(self) -> PlaybookData:
        """Return what the version says, in four queries whatever its size (one more where its playbook is not loaded)."""
        roles, steps = self.roles.all(), self.steps.prefetch_related("letters__role")
        return PlaybookData(
            playbook=self.playbook.slug,
            title=self.title,
            kind=self.kind,
            version=self.number,
            source=dict(self.source),
            changes=tuple(ChangeData(**change) for change in self.changes),
            open_questions=tuple(self.open_questions),
            roles=tuple(role.as_data() for role in roles),
            steps=tuple(step.as_data() for step in steps),
        )

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Save a draft. A final version is saved by its own move alone, which `settle` does below."""
        with transaction.atomic():
            if not self._settling:
                refuse_final([self.pk])
            super().save_base(*args, **kwargs)

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> Any:
        # As for its rows: loaddata comes here, past save_base().
        if raw:
            refuse_final([self.pk])
        return super()._save_table(raw, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            refuse_final([self.pk])
            return models.Model.delete(self, *args, **kwargs)

    # What perform() asks.

    _settling = False

    def locked(self) -> Version:
        return Version.objects.select_for_update(of=("self",)).select_related("playbook").get(pk=self.pk)

    def permits(self, move: str, by: Any) -> bool:
        """The system publishes what ships with the product; a person needs the permission."""
        return by is None or (by.is_active and by.has_perm("playbook.publish_version"))

    def blockers(self, move: str, *, by: Any, today: Any, details: dict[str, Any]) -> list[Blocker]:
        if move != "publish":
            return []
        return publish_blockers(lint(self.as_data()), confirmed=details.get("confirmed", ()), link=self.admin_url())

    def settle(self, move: str, *, by: Any, now: Any, details: dict[str, Any]) -> None:
        if move == "publish":
            self.published_at, self.published_by = now, by
            data = self.as_data()
            self.digest = digest(data)
            self.change_note = details["note"] or self.change_note
            self.confirmed_warnings = [
                found for found in warning_ids(lint(data)) if found in details.get("confirmed", ())
            ]
            Playbook.objects.filter(pk=self.playbook_id).update(title=self.title, kind=self.kind)
        self._settling = True
        try:
            self.save()
        finally:
            self._settling = False


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
