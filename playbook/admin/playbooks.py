"""Admin: the list of playbooks, and a playbook's versions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from history.admin import HistoryOnItsPage
from playbook.admin.bases import AnyAdmin
from playbook.admin.imports import import_page
from playbook.models import Playbook, Version
from playbook.services import start_playbook


@admin.register(Playbook)
class PlaybookAdmin(HistoryOnItsPage, AnyAdmin):
    """A playbook is a name; what it says, its title among it, is edited in a draft."""

    history_kind = "playbook"
    list_display = ("title", "slug", "kind", "versions_link")
    search_fields = ("title", "slug")
    fields = ("slug", "title", "kind")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Playbook]:
        return super().get_queryset(request).annotate(version_count=Count("versions"))

    def get_fields(self, request: HttpRequest, obj: Playbook | None = None) -> Any:
        """Show the versions of a playbook that there is."""
        return (*self.fields, "version_list") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Playbook | None = None) -> Any:
        """Fix the name of a playbook once it is there: exports and projects go by it."""
        return (*self.fields, "version_list") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Playbook | None = None) -> bool:
        """A playbook itself is made and then only looked at."""
        return super().has_change_permission(request, obj) and obj is None

    def has_view_permission(self, request: HttpRequest, obj: Playbook | None = None) -> bool:
        """Whoever may change drafts may look at playbooks."""
        return super().has_view_permission(request, obj) or super().has_change_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="playbook_playbook_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Import a page or a sheet as a draft."""
        return import_page(request, self.admin_site)

    @admin.display(description="Versions")
    def versions_link(self, playbook: Any) -> SafeString:
        """Link to the list of a playbook's versions."""
        url = f"{reverse('admin:playbook_version_changelist')}?playbook__id__exact={playbook.pk}"
        return format_html('<a href="{}">{}</a>', url, playbook.version_count)

    @admin.display(description="Versions")
    def version_list(self, playbook: Playbook) -> SafeString:
        """Link to each version, newest first."""
        versions = playbook.versions.select_related("playbook")
        rows = ((row.admin_url(), row.number, row.get_status_display().lower()) for row in versions)
        return format_html_join("", '<div><a href="{}">Version {}</a>, {}</div>', rows)

    def save_model(self, request: HttpRequest, obj: Playbook, form: Any, change: bool) -> None:
        """Make the playbook with an empty draft."""
        start_playbook(obj)

    def response_add(self, request: HttpRequest, obj: Playbook, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to the draft: that is where the work is."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(Version.objects.get(playbook=obj).admin_url())
