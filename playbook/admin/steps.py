"""Admin: one step on its own form."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from history.tracking import history_of
from playbook import vocabulary as words
from playbook.admin.drafts import DraftAdmin, refused
from playbook.admin.forms import SEATS, StepForm
from playbook.editing import move_to_phase
from playbook.models import PublishedIsFinal, Step, Version
from playbook.services import add_step, rename_step, set_letters
from raci.letters import Letter
from transitions.blockers import Blocker, MoveRefused
from transitions.version import VersionStatus


@admin.register(Step)
class StepAdmin(DraftAdmin):
    """A step is reached from its version's page, and added there."""

    history_kind = "playbook-step"
    form = StepForm
    list_display = ("number", "title", "phase", "version")
    list_display_links = ("title",)
    list_filter = ("version__playbook", "phase")
    search_fields = ("key", "title")
    list_select_related = ("version__playbook",)

    fieldsets = (
        (None, {"fields": (("key", "phase"), "title", "category", "guidance", "seen")}),
        ("Who", {"fields": ("responsible", "accountable", "consulted", "informed", "raci_source")}),
        (
            "How",
            {"fields": ("applies", "approval", "duration_days", "needs", "documents", "meeting", "open_questions")},
        ),
    )
    final_fieldsets = (
        (None, {"fields": ("key", "phase", "title", "category", "guidance")}),
        ("Who", {"fields": ("responsible", "accountable", "consulted", "informed", "raci_source")}),
        (
            "How",
            {"fields": ("applies", "approval", "duration_days", "needed", "document_list", "meeting", "questions")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        steps: QuerySet[Step] = super().get_queryset(request)
        return steps.select_related("version__playbook").prefetch_related("letters__role")

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Leave steps out of the admin's index: a step without its version says little."""
        return {}

    def get_fieldsets(self, request: HttpRequest, obj: Step | None = None) -> Any:
        """Show lists as lists where nothing can be typed."""
        return self.fieldsets if obj is None or self.has_change_permission(request, obj) else self.final_fieldsets

    def get_form(self, request: HttpRequest, obj: Step | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form for a step of that version: its roles, its other steps."""
        if change and obj is not None and not self.has_change_permission(request, obj):
            kwargs["fields"] = ()
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.version = obj.version if obj is not None else self._version(request)
        return form

    def _version(self, request: HttpRequest) -> Version:
        given = request.GET.get("version", "")
        versions = Version.objects.select_related("playbook")
        return get_object_or_404(versions, pk=int(given) if given.isdecimal() and len(given) < 19 else 0)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """Add a step to the version that the address names (`?version=`)."""
        if "version" not in request.GET:
            messages.info(request, "Choose the draft first, then add a step on its page.")
            return HttpResponseRedirect(reverse("admin:playbook_version_changelist"))
        version = self._version(request)
        if not version.is_draft:
            return refused(request, version, PublishedIsFinal(version))
        there = version.steps.aggregate(count=Count("pk"), highest=Max("number"))
        if there["count"] >= words.MOST_STEPS or (there["highest"] or 0) >= words.LARGEST_NUMBER:
            most = f"{words.MOST_STEPS} steps are the most that a version has, {words.LARGEST_NUMBER:,} the highest number."
            text = f"{most} Delete one first."
            return refused(request, version, MoveRefused([Blocker("too-many-steps", text, version.admin_url())]))
        return super().add_view(request, form_url, {**(extra_context or {}), "version": version})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save the form. What was typed into one of a step that is gone is shown again, so that it is not lost."""
        number = int(object_id) if object_id and object_id.isdecimal() and len(object_id) < 19 else 0
        if request.method == "POST" and number and not Step.objects.filter(pk=number).exists():
            gone = history_of(Step).objects.filter(id=number).order_by("-history_id").first()
            version = gone and self._drafts(request).filter(pk=gone.version_id).first()
            if version:
                return self._gone(request, version, gone)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _drafts(self, request: HttpRequest) -> QuerySet[Version]:
        drafts = Version.objects.select_related("playbook").filter(status=VersionStatus.DRAFT)
        return drafts if self.has_change_permission(request) else drafts.none()

    def _gone(self, request: HttpRequest, version: Version, gone: Any) -> HttpResponse:
        typed = [
            (name.replace("_", " ").capitalize(), "\n".join(request.POST.getlist(name)))
            for name in (*StepForm.Meta.fields, *SEATS.values())
            if request.POST.get(name)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "This step is gone",
            "version": version,
            "gone": gone,
            "typed": typed,
            "opts": Version._meta,
        }
        return TemplateResponse(request, "admin/playbook/step/gone.html", context, status=409)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the step with the way back to its version."""
        number = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        version = Version.objects.filter(steps__pk=number).select_related("playbook").first()
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "version": version})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take nothing but the version from the address, and that apart."""
        return {}

    def save_model(self, request: HttpRequest, obj: Step, form: Any, change: bool) -> None:
        """Save the step and its letters."""
        if change:
            obj.save()
            if "key" in form.changed_data:
                rename_step(obj, old_key=form.initial["key"])
            if "phase" in form.changed_data:
                by: Any = request.user
                number = move_to_phase(obj, obj.phase, by=by)
                messages.info(
                    request, f"In {obj.get_phase_display()} it is step {number}, behind those that were there."
                )
        else:
            obj.version = form.version
            add_step(obj)
        if any(name in form.changed_data for name in SEATS.values()):
            set_letters(obj, form.raci)

    def response_add(self, request: HttpRequest, obj: Step, post_url_continue: str | None = None) -> HttpResponse:
        """Go back to the version, unless the person goes on with this step or the next."""
        response = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{reverse('admin:playbook_step_add')}?version={obj.version_id}")
        return response if "_continue" in request.POST else self._to_version(obj)

    def response_change(self, request: HttpRequest, obj: Step) -> HttpResponse:
        """Go back to the version, unless the person goes on."""
        response = super().response_change(request, obj)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{reverse('admin:playbook_step_add')}?version={obj.version_id}")
        return response if "_continue" in request.POST else self._to_version(obj)

    def delete_model(self, request: HttpRequest, obj: Step) -> None:
        """Delete, and keep the way back to the version."""
        request.version_left = obj.version  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Go back to the version."""
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(request.version_left.admin_url())  # type: ignore[attr-defined]

    def _to_version(self, step: Step) -> HttpResponse:
        return HttpResponseRedirect(f"{step.version.admin_url()}#step-{step.pk}")

    # What a published step shows in place of its form's own fields.

    def _seat(self, step: Step, letter: str) -> str:
        return ", ".join(step.raci.under(letter))

    def responsible(self, step: Step) -> str:
        """R."""
        return self._seat(step, Letter.RESPONSIBLE)

    def accountable(self, step: Step) -> str:
        """A, and whether it was derived."""
        derived = " (derived)" if Letter.ACCOUNTABLE in step.derived else ""
        return self._seat(step, Letter.ACCOUNTABLE) + derived

    def consulted(self, step: Step) -> str:
        """C."""
        return self._seat(step, Letter.CONSULTED)

    def informed(self, step: Step) -> str:
        """I."""
        return self._seat(step, Letter.INFORMED)

    @admin.display(description="Needs")
    def needed(self, step: Step) -> str:
        """The keys of the steps that come first."""
        return ", ".join(step.needs)

    @admin.display(description="Documents")
    def document_list(self, step: Step) -> str:
        """The documents that the step writes."""
        return ", ".join(step.documents)

    @admin.display(description="Open questions")
    def questions(self, step: Step) -> str:
        """What the source leaves open."""
        return "\n".join(step.open_questions)
