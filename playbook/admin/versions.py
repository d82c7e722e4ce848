"""Admin: a version's page, with its findings and steps, and its way to publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from history.stale import fingerprint
from playbook.admin.bases import AnyInline
from playbook.admin.drafts import DraftAdmin, refused
from playbook.admin.forms import PublishForm, RetireForm, RoleForm, VersionForm
from playbook.data import PlaybookData, StepData
from playbook.lint import Finding, lint
from playbook.models import PublishedIsFinal, Role, Version
from playbook.services import move_step, new_draft, publish_version, retire_version
from raci.letters import LETTERS
from transitions.blockers import Blocker, MoveRefused
from transitions.phase import Phase

CHANGED_MEANWHILE = Blocker(
    "stale", "The version changed since this page was shown. Look at what it says now, then choose again."
)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step in the table of its version's page."""

    pk: int
    number: int
    phase: str
    title: str
    letters: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def url(self) -> str:
        """The step's own form."""
        return reverse("admin:playbook_step_change", args=[self.pk])

    @property
    def errors(self) -> int:
        """How many findings refuse publication."""
        return sum(finding.is_error for finding in self.findings)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding with the way to where it is mended."""

    finding: Finding
    url: str


class RoleInline(AnyInline):
    """A version's few roles, on its own page."""

    model = Role
    form = RoleForm
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        """Only drafts get roles."""
        return super().has_add_permission(request, obj) and (obj is None or obj.is_draft)

    def has_change_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        """Only roles of drafts change."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        """Only roles of drafts are deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def has_view_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        """Whoever may change drafts may read what is published."""
        return super().has_view_permission(request, obj) or super().has_change_permission(request, obj)


@admin.register(Version)
class VersionAdmin(DraftAdmin):
    """A version: what it says as a whole, what lint finds, its roles, a table of its steps."""

    history_kind = "version"
    form = VersionForm
    inlines = (RoleInline,)
    list_display = ("playbook", "number", "status", "published_at", "published_by", "change_note")
    list_display_links = ("playbook", "number")
    list_filter = ("status", "playbook")
    search_fields = ("playbook__title", "playbook__slug", "change_note")
    list_select_related = ("playbook", "published_by")
    draft_fields = (
        *("title", "kind", ("source_file", "source_page"), "changes", "open_questions", "change_note"),
        *("seen", "roles_seen"),
    )
    final_fields = (
        *("title", "kind", "source_words", "change_log", "questions", "change_note", "published_at", "published_by"),
        *("warnings", "digest"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        versions: QuerySet[Version] = super().get_queryset(request)
        return versions.select_related("playbook", "published_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version begins as a copy, with a new playbook, or from a file; never as an empty form."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Version | None = None) -> Any:
        """Show lists as lists where nothing can be typed."""
        can_change = obj is None or self.has_change_permission(request, obj)
        return ((None, {"fields": self.draft_fields if can_change else self.final_fields}),)

    def get_form(self, request: HttpRequest, obj: Version | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of a draft; one without fields of the model for what is only shown."""
        if obj is not None and not self.has_change_permission(request, obj):
            kwargs["fields"] = ()
        return super().get_form(request, obj, change, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/new-draft/", wrap(require_POST(self.new_draft_view)), name="playbook_version_new_draft"),
            path("<int:pk>/order/", wrap(require_POST(self.order_view)), name="playbook_version_order"),
            path("<int:pk>/publish/", wrap(self.publish_view), name="playbook_version_publish"),
            path("<int:pk>/retire/", wrap(self.retire_view), name="playbook_version_retire"),
            *super().get_urls(),
        ]

    # The page ------------------------------------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Add findings and steps to the page, in as many queries for 200 steps as for two."""
        version = context.get("original")
        if version is not None:
            data = Version.objects.select_related("playbook").get(pk=version.pk).as_data()
            context.update(self._tables(version, data))
            context["can_edit"] = self.has_change_permission(request, version)
            context["can_draft"] = self._may_draft(request)
            context["can_publish"] = self._may_publish(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def _tables(self, version: Version, data: PlaybookData) -> dict[str, Any]:
        findings = lint(data)
        ids = dict(version.steps.values_list("key", "pk"))
        rows = [_row(ids[step.key], step, findings) for step in data.steps]
        urls = {row_key: reverse("admin:playbook_step_change", args=[pk]) for row_key, pk in ids.items()}
        return {
            "findings": [FindingRow(finding, urls.get(finding.step, "")) for finding in findings],
            "error_count": sum(finding.is_error for finding in findings),
            "step_rows": rows,
        }

    # What a published version shows in place of its form's own fields.

    @admin.display(description="Source")
    def source_words(self, version: Version) -> str:
        """File and page of the source."""
        return ", ".join(f"{name} {value}" for name, value in version.source.items())

    @admin.display(description="Change log of the source")
    def change_log(self, version: Version) -> str:
        """The entries, one a line."""
        return "\n".join(
            " | ".join(change.get(name) or "" for name in ("version", "date", "author", "note"))
            for change in version.changes
        )

    @admin.display(description="Open questions")
    def questions(self, version: Version) -> str:
        """What the source leaves open."""
        return "\n".join(version.open_questions)

    @admin.display(description="Warnings confirmed")
    def warnings(self, version: Version) -> str:
        """What was confirmed at publication."""
        return "\n".join(version.confirmed_warnings)

    # Moves -----------------------------------------------------------------------------------------------------------

    def _version(self, request: HttpRequest, pk: int) -> Version:
        version = self.get_queryset(request).filter(pk=pk).first()
        if version is None:
            raise Http404(f"There is no version {pk}.")
        return version

    def _may_draft(self, request: HttpRequest) -> bool:
        return request.user.has_perm("playbook.change_version")

    def _may_publish(self, request: HttpRequest) -> bool:
        return request.user.has_perm("playbook.publish_version")

    def new_draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Copy the version as the next draft; 409 where there is a draft already."""
        version = self._version(request, pk)
        if not self._may_draft(request):
            raise PermissionDenied
        try:
            draft = new_draft(version, self._person(request))
        except MoveRefused as refusal:
            return refused(request, version, refusal)
        self.log_addition(request, draft, f"Copied from {version}.")
        messages.success(request, f"{draft} is a draft now, copied from version {version.number}.")
        return HttpResponseRedirect(draft.admin_url())

    def order_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Move the step named by `up` or `down` by one place."""
        version = self._version(request, pk)
        if not self._may_draft(request):
            raise PermissionDenied
        direction = "up" if "up" in request.POST else "down"
        given = request.POST.get(direction, "")
        step = version.steps.filter(pk=int(given) if given.isdecimal() and len(given) < 19 else 0).first()
        if step is None:
            raise Http404("There is no such step in this version.")
        try:
            move_step(step, by=-1 if direction == "up" else 1)
        except PublishedIsFinal as refusal:
            return refused(request, version, refusal)
        return HttpResponseRedirect(f"{version.admin_url()}#step-{step.pk}")

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what publishing asks for, and publish. A refusal shows its blockers at 409 and changes nothing."""
        version = self._version(request, pk)
        if not self._may_publish(request):
            raise PermissionDenied
        data = version.as_data()
        findings = lint(data)
        seen = fingerprint(asdict(data))
        if request.method != "POST":
            return self._publish_page(request, version, findings, PublishForm(), seen)
        form = PublishForm(request.POST)
        if not form.is_valid():
            return self._publish_page(request, version, findings, form, seen, status=400)
        try:
            with transaction.atomic():
                self._publish(request, version, form)
        except MoveRefused as refusal:
            return self._publish_page(request, version, findings, form, seen, blockers=refusal.blockers, status=409)
        messages.success(request, f"{version} is published. New projects start on it; it does not change any more.")
        return HttpResponseRedirect(version.admin_url())

    def _publish(self, request: HttpRequest, version: Version, form: PublishForm) -> None:
        # Under the lock, so that what the person saw is what is published.
        held = version.locked()
        if form.cleaned_data["seen"] != fingerprint(asdict(held.as_data())):
            raise MoveRefused([CHANGED_MEANWHILE])
        note, confirmed = form.cleaned_data["note"], form.cleaned_data["confirmed"]
        publish_version(held, by=self._person(request), note=note, confirmed=confirmed)
        self.log_change(request, version, f"Published: {note}")

    def _publish_page(
        self,
        request: HttpRequest,
        version: Version,
        findings: Sequence[Finding],
        form: PublishForm,
        seen: str,
        *,
        blockers: Sequence[Blocker] = (),
        status: int = 200,
    ) -> HttpResponse:
        warnings: dict[str, list[Finding]] = {}
        for finding in findings:
            if not finding.is_error:
                warnings.setdefault(finding.id, []).append(finding)
        ticked = set(request.POST.getlist("confirmed"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Publish {version}",
            "version": version,
            "opts": self.opts,
            "form": form,
            "seen": seen,
            "blockers": blockers,
            "errors": [finding for finding in findings if finding.is_error],
            "warnings": [(key, group[0], group, key in ticked) for key, group in warnings.items()],
        }
        return TemplateResponse(request, "admin/playbook/version/publish.html", context, status=status)

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason and retire; a refusal shows its blockers at 409."""
        version = self._version(request, pk)
        if not self._may_publish(request):
            raise PermissionDenied
        form = RetireForm(request.POST if request.method == "POST" else None)
        status = 200
        if request.method == "POST" and form.is_valid():
            try:
                retire_version(version, by=self._person(request), note=form.cleaned_data["note"])
            except MoveRefused as refusal:
                return refused(request, version, refusal)
            self.log_change(request, version, f"Retired: {form.cleaned_data['note']}")
            messages.success(request, f"{version} is retired. Projects that run on it go on; none starts on it.")
            return HttpResponseRedirect(version.admin_url())
        if request.method == "POST":
            status = 400
        context = {
            **self.admin_site.each_context(request),
            "title": f"Retire {version}",
            "version": version,
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/playbook/version/retire.html", context, status=status)

    def _person(self, request: HttpRequest) -> Any:
        return request.user


def _row(pk: int, step: StepData, findings: Sequence[Finding]) -> StepRow:
    return StepRow(
        pk=pk,
        number=step.number,
        phase=Phase(step.phase).label,
        title=step.title,
        letters=tuple(", ".join(step.raci.under(letter)) for letter in LETTERS),
        findings=tuple(finding for finding in findings if finding.step == step.key),
    )
