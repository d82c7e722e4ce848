"""Admin: a version's page, with its findings and steps, and its way to publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from history.stale import fingerprint
from playbook.admin.bases import AnyInline
from playbook.admin.bulk import BulkPages
from playbook.admin.drafts import DraftAdmin, refused
from playbook.admin.fields import document_lines
from playbook.admin.forms import PublishForm, RetireForm, RoleForm, RoleFormSet, VersionForm
from playbook.admin.grid import GridPages
from playbook.admin.imports import report_page
from playbook.admin.order import OrderPages, back_to, step_in
from playbook.admin.table import step_table
from playbook.lint import Finding, lint
from playbook.models import ImportReport, PublishedIsFinal, Role, Version
from playbook.services import move_step, new_draft, publish_version, restores, retire_version
from playbook.use import listed_at, used_by
from playbook.versions_page import confirmed_rows
from transitions.blockers import Blocker, MoveRefused
from transitions.version import VersionStatus

CHANGED_MEANWHILE = Blocker(
    "stale", "The version changed since this page was shown. Look at what it says now, then choose again."
)


class RoleInline(AnyInline):
    """A version's few roles, on its own page."""

    model = Role
    form = RoleForm
    formset = RoleFormSet
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
class VersionAdmin(OrderPages, BulkPages, GridPages, DraftAdmin):
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
        *("title", "kind", ("source_file", "source_page"), "changes", "open_questions", "documents"),
        *("change_note", "seen", "roles_seen"),
    )
    final_fields = (
        *("title", "kind", "source_words", "change_log", "questions", "document_list", "change_note", "published_at"),
        *("published_by", "warnings", "digest"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        versions: QuerySet[Version] = super().get_queryset(request)
        imported = Exists(ImportReport.objects.filter(version=OuterRef("pk")))
        return versions.select_related("playbook", "published_by").annotate(was_imported=imported)

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
            path("<int:pk>/import/", wrap(require_safe(self.import_report_view)), name="playbook_version_import"),
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
            ids = dict(version.steps.values_list("key", "pk"))
            context.update(step_table(data, ids, request.GET))
            context["can_edit"] = self.has_change_permission(request, version)
            context["can_draft"] = self._may_draft(request)
            context["can_publish"] = self._may_publish(request)
            context["restores"] = not version.is_draft and restores(version)
            context["compared_with"] = self._compared_with(version)
            context["used_by"] = used_by([version.pk])[version.pk]
            context["used_at"] = listed_at(version)
        response = super().render_change_form(request, context, *args, **kwargs)
        if version is not None and context["step_filter"].errors and response.status_code == 200:
            response.status_code = 400
        return response

    def _compared_with(self, version: Version) -> int | None:
        """Return the number of the version that a draft replaces, or that a published one replaced."""
        others = Version.objects.filter(playbook=version.playbook_id, number__lt=version.number)
        published = others.exclude(status=VersionStatus.DRAFT).order_by("-number")
        return published.values_list("number", flat=True).first()

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

    @admin.display(description="Documents")
    def document_list(self, version: Version) -> str:
        """The documents and sections, one a line."""
        return "\n".join(document_lines(version.documents))

    @admin.display(description="Warnings confirmed")
    def warnings(self, version: Version) -> str:
        """What was confirmed at publication, by whom and when."""
        if not version.confirmed_warnings or version.published_at is None:
            return "None."
        by = version.published_by.name if version.published_by else "Gatehouse, with what ships with it"
        day = timezone.localtime(version.published_at)
        rows = confirmed_rows(version.confirmed_warnings, lint(version.as_data()))
        return "\n".join(
            [f"Confirmed by {by} on {day:%b} {day.day}, {day.year}:", *(f"{row.where}: {row.text}" for row in rows)]
        )

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

    def import_report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the import that made the version said."""
        return report_page(request, self.admin_site, self._version(request, pk))

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
        words = "restored" if draft.change_note else "copied"
        messages.success(request, f"{draft} is a draft now, {words} from version {version.number}.")
        return HttpResponseRedirect(draft.admin_url())

    def order_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Move the step named by `up` or `down` by one place."""
        version = self._version(request, pk)
        if not self._may_draft(request):
            raise PermissionDenied
        direction = "up" if "up" in request.POST else "down"
        step = step_in(version, request.POST.get(direction, ""))
        try:
            move_step(step, places=-1 if direction == "up" else 1)
        except PublishedIsFinal as refusal:
            return refused(request, version, refusal)
        return HttpResponseRedirect(f"{back_to(version, request)}#step-{step.pk}")

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what publishing asks for, and publish. A refusal shows its blockers at 409 and changes nothing."""
        version = self._version(request, pk)
        if not self._may_publish(request):
            raise PermissionDenied
        data = version.as_data()
        findings = lint(data)
        seen = fingerprint(asdict(data))
        if request.method != "POST":
            form = PublishForm(initial={"note": version.change_note})
            return self._publish_page(request, version, findings, form, seen)
        form = PublishForm(request.POST)
        if not form.is_valid():
            return self._publish_page(request, version, findings, form, seen, status=400)
        try:
            with transaction.atomic():
                self._publish(request, version, form)
        except MoveRefused as refusal:
            now = self._version(request, pk)  # somebody may have published it since it was read above
            return self._publish_page(request, now, findings, form, seen, blockers=refusal.blockers, status=409)
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
            "can_draft": self._may_draft(request),
            "compared_with": self._compared_with(version),
            "restores": not version.is_draft and restores(version),
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
