"""What the admin pages of a version and of its rows have in common: they change drafts alone, and say why not the rest."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from history.admin import HistoryOnItsPage
from playbook.admin.bases import AnyAdmin
from playbook.models import DraftOnly, PublishedIsFinal, Version
from transitions.blockers import Blocker, MoveRefused


def refused(request: HttpRequest, version: Version, refusal: MoveRefused | PublishedIsFinal) -> HttpResponse:
    """Answer 409: what was asked for, why it did not happen, and where that is cleared."""
    blockers = refusal.blockers if isinstance(refusal, MoveRefused) else [Blocker("published", str(refusal))]
    context = {
        **admin.site.each_context(request),
        "title": "Nothing was changed",
        "version": version,
        "blockers": blockers,
        "offer_draft": not version.is_draft,
        "opts": Version._meta,
    }
    return TemplateResponse(request, "admin/playbook/refused.html", context, status=409)


class DraftAdmin(HistoryOnItsPage, AnyAdmin):
    """An admin whose objects are a version or belong to one. Published ones are shown, never changed."""

    actions = None
    list_per_page = 50

    class Media:
        css = {"all": ("admin-playbook.css",)}  # noqa: RUF012 - Django's own form

    def version_of(self, obj: Any) -> Version:
        """Return the version that `obj` is or belongs to."""
        return obj.owning_version() if isinstance(obj, DraftOnly) else obj

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only drafts change."""
        return super().has_change_permission(request, obj) and (obj is None or self.version_of(obj).is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only drafts, and rows of drafts, are deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or self.version_of(obj).is_draft)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change drafts may read what is published."""
        return super().has_view_permission(request, obj) or super().has_change_permission(request, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the object; for a POST under its version's lock, so that the form is compared with what is saved over."""
        obj = super().get_object(request, object_id, from_field)
        # The history page comes here too, outside any transaction.
        if obj is None or request.method != "POST" or not transaction.get_connection().in_atomic_block:
            return obj
        list(Version.objects.select_for_update(of=("self",)).filter(pk=self.version_of(obj).pk))
        return super().get_object(request, object_id, from_field)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save the form; a POST to a published object is refused with the reason."""
        version = self._final_version(request, object_id)
        if version is not None and super().has_change_permission(request):
            return refused(request, version, PublishedIsFinal(version))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Ask and delete; a POST for a published object is refused with the reason."""
        version = self._final_version(request, object_id)
        if version is not None and super().has_delete_permission(request):
            return refused(request, version, PublishedIsFinal(version))
        return super().delete_view(request, object_id, extra_context)

    def _final_version(self, request: HttpRequest, object_id: str | None) -> Version | None:
        if request.method != "POST" or object_id is None:
            return None
        obj = super().get_object(request, object_id)
        version = None if obj is None else self.version_of(obj)
        return None if version is None or version.is_draft else version

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Render the form with the status that its errors have: 409 where it is stale, 400 where it is wrong."""
        response = super().render_change_form(request, context, *args, **kwargs)
        if context.get("errors"):
            form = context["adminform"].form
            response.status_code = 409 if getattr(form, "is_stale", False) else 400
        return response
