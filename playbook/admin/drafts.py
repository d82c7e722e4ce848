"""What the admin pages of a version and of its rows have in common: they change drafts alone, and say why not the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from history.admin import HistoryOnItsPage
from history.stale import AnswersErrors, fingerprint
from playbook.editing import ChangedMeanwhile
from playbook.models import DraftOnly, PublishedIsFinal, Version
from transitions.blockers import Blocker, MoveRefused


def refused(
    request: HttpRequest, version: Version, refusal: MoveRefused | PublishedIsFinal, *, status: int = 409
) -> HttpResponse:
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
    return TemplateResponse(request, "admin/playbook/refused.html", context, status=status)


def conflict(request: HttpRequest, version: Version, changed: ChangedMeanwhile) -> HttpResponse:
    """Answer 409: what somebody else changed, who and when, and the way to what is there now."""
    context = {
        **admin.site.each_context(request),
        "title": "Somebody changed this meanwhile",
        "version": version,
        "clashes": changed.clashes,
        "opts": Version._meta,
    }
    return TemplateResponse(request, "admin/playbook/conflict.html", context, status=409)


DraftView = Callable[[Any, HttpRequest, Version], HttpResponse]


def on_draft(view: DraftView) -> Callable[[Any, HttpRequest, int], HttpResponse]:
    """Give a view of the version's admin the draft that the address names.

    It answers 404 where there is none, 403 to who may not change steps, 409 with the way out where the version is published and
    where the view is refused or finds that somebody changed what it was to change.
    """

    @wraps(view)
    def answer(self: Any, request: HttpRequest, pk: int) -> HttpResponse:
        version = self._version(request, pk)
        if not request.user.has_perm("playbook.change_step"):
            raise PermissionDenied
        if not version.is_draft:
            return refused(request, version, PublishedIsFinal(version))
        try:
            return view(self, request, version)
        except (MoveRefused, PublishedIsFinal) as refusal:
            return refused(request, version, refusal)
        except ChangedMeanwhile as changed:
            return conflict(request, version, changed)

    return answer


def mark_of(row: Any) -> str:
    """Return a text that differs where a version or a step says something else, the step's number aside."""
    return fingerprint({**asdict(row.as_data()), "number": None})


class DraftAdmin(HistoryOnItsPage, AnswersErrors):
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
        """Ask and delete. Refused with the reason for a published object, and for one that changed since it was shown."""
        version = self._final_version(request, object_id)
        if version is not None and super().has_delete_permission(request):
            return refused(request, version, PublishedIsFinal(version))
        with transaction.atomic():
            obj = self.get_object(request, unquote(object_id))
            if obj is None or not self.has_delete_permission(request, obj):
                return super().delete_view(request, object_id, extra_context)
            mark = mark_of(obj)
            if request.method == "POST" and request.POST.get("seen") != mark:
                text = f"“{obj}” is not deleted: it changed since you were asked. Look at what it says now, then delete it."
                stale = MoveRefused([Blocker("stale", text, request.path)])
                return refused(request, self.version_of(obj), stale)
            return super().delete_view(request, object_id, {**(extra_context or {}), "seen": mark})

    def _final_version(self, request: HttpRequest, object_id: str | None) -> Version | None:
        if request.method != "POST" or object_id is None:
            return None
        obj = super().get_object(request, object_id)
        version = None if obj is None else self.version_of(obj)
        return None if version is None or version.is_draft else version
