"""Playbooks and their versions. A published version is immutable, by every door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.urls import reverse

from history.tracking import HistoryOf, Tracked, TrackedQuerySet
from playbook import vocabulary as words
from playbook.format import ChangeData, DocumentData, PlaybookData, digest
from playbook.lint import lint, publish_blockers, warning_ids
from playbook.vocabulary import PlaybookKind
from transitions.blockers import Blocker
from transitions.machine import GuardedQuerySet
from transitions.version import VersionMachine, VersionStatus

slug_validator = RegexValidator(rf"\A{words.SLUG_PATTERN.pattern}\Z", f"Use {words.SLUG_WORDS}.")


class PublishedIsFinal(Exception):  # noqa: N818
    """Somebody tried to change a version that is published."""

    def __init__(self, version: Version | None = None) -> None:
        super().__init__(f"{version or 'This version'} is published and does not change any more. Start a new draft.")


def refuse_final(version_ids: Iterable[Any]) -> None:
    """Raise PublishedIsFinal unless all those versions are drafts; keep them so until the transaction ends.

    Publishing takes the same lock, so a step cannot be saved into a version between its last check and its publication.
    """
    held = Version.objects.select_for_update(of=("self",)).filter(pk__in=version_ids).select_related("playbook")
    for version in held.order_by("pk"):
        if not version.is_draft:
            raise PublishedIsFinal(version)


class Playbook(Tracked):
    """A method with a name. What it says is in its versions."""

    slug = models.CharField(max_length=words.LONGEST_SLUG, unique=True, validators=[slug_validator])
    # As the newest published version has them; a published version keeps its own.
    title = models.CharField(max_length=words.LONGEST_PLAYBOOK_TITLE)
    kind = models.CharField(max_length=10, choices=PlaybookKind.choices, default=PlaybookKind.PHASED)
    # A number is given once: that of a draft that was deleted is not given again.
    last_number = models.PositiveIntegerField(default=0, editable=False)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf(without=("last_number",))

    class Meta:
        base_manager_name = "objects"
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("playbook", args=[self.slug])

    def next_number(self) -> int:
        """Return the number of the version to come: one more than the highest that there ever was."""
        highest = self.versions.aggregate(highest=models.Max("number"))["highest"]
        return max(highest or 0, self.last_number) + 1


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

    def _make(self, rows: list[Any], **asked: Any) -> list[Any]:
        if asked.get("update_conflicts"):
            # It would write over versions by their primary key or number, published ones among them.
            raise PublishedIsFinal
        return super()._make(rows, **asked)

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
    documents = models.JSONField(
        default=list, blank=True, help_text="The documents that its steps write (playbook.data)"
    )
    notes = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="What an import found no place for: where it stood, and its text",
    )
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
            documents=tuple(DocumentData.of(document) for document in self.documents),
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
