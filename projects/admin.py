"""Reference data is edited here; live state is only read: it moves by perform(), on the project's own page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html

from history.admin import HistoryOnItsPage
from history.stale import RowAdmin
from projects.models import (
    Approval,
    Biller,
    BillerMrr,
    CoreSystem,
    CoreSystemProduct,
    DateChange,
    LiveCustomer,
    Partner,
    Project,
    ProjectStep,
    Seat,
    Waiver,
)  # fmt: skip
from transitions.models import TransitionRecord


@admin.register(Biller)
class BillerAdmin(HistoryOnItsPage, RowAdmin):
    history_kind = "biller"
    list_display = ("name", "code", "vertical", "state", "enterprise")
    list_filter = ("vertical", "enterprise", "state")
    search_fields = ("name", "code")


@admin.register(CoreSystem)
class CoreSystemAdmin(HistoryOnItsPage, RowAdmin):
    history_kind = "core-system"
    list_display = ("name", "vendor")
    list_select_related = ("vendor",)
    search_fields = ("name", "vendor__name", "partner")
    readonly_fields = ("partner",)


@admin.register(Partner)
class PartnerAdmin(HistoryOnItsPage, RowAdmin):
    history_kind = "partner"
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(CoreSystemProduct)
class CoreSystemProductAdmin(HistoryOnItsPage, RowAdmin):
    """Whether something is confirmed is not ticked here: the page of the integration has an act for it, with who and when."""

    history_kind = "core-system-product"
    list_display = ("core_system", "product", "stage", "to_confirm", "confirmed_by")
    list_filter = ("to_confirm", "stage", "product")
    list_select_related = ("core_system", "confirmed_by")
    search_fields = ("core_system__name", "details")
    readonly_fields = ("to_confirm", "doubt", "confirmed_by", "confirmed_at")


@admin.register(LiveCustomer)
class LiveCustomerAdmin(HistoryOnItsPage, RowAdmin):
    history_kind = "live-customer"
    list_display = ("core_system", "biller", "since")
    list_select_related = ("core_system", "biller")
    search_fields = ("core_system__name", "biller__name")


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look things up. Nothing is added, changed or deleted here, by anybody."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(HistoryOnItsPage, ReadOnlyAdmin):
    history_kind = "project"
    list_display = (
        "code",
        "name",
        "integration_kind",
        "phase",
        "standing",
        "steps_done",
        "steps_total",
        "target_go_live",
    )
    list_filter = ("phase", "standing", "integration_kind")
    search_fields = ("code", "name")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["on_its_page", *(field.name for field in Project._meta.fields if field.name != "id")]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["on_its_page"]

    @admin.display(description="Moved on")
    def on_its_page(self, project: Project) -> str:
        """Link to where the project is moved."""
        return format_html('<a href="{}">the project’s own page</a>', project.get_absolute_url())


@admin.register(BillerMrr)
class BillerMrrAdmin(ReadOnlyAdmin):
    list_display = ("biller", "as_of", "amount", "by", "at")
    list_select_related = ("biller", "by")
    search_fields = ("biller__name",)
    date_hierarchy = "as_of"


@admin.register(ProjectStep)
class ProjectStepAdmin(HistoryOnItsPage, ReadOnlyAdmin):
    history_kind = "step"
    list_display = ("project", "__str__", "template", "status", "due", "owner", "until")
    list_filter = ("status",)
    list_select_related = ("project", "template", "owner")
    search_fields = ("project__code", "own_title", "template__title")


@admin.register(Seat)
class SeatAdmin(HistoryOnItsPage, ReadOnlyAdmin):
    history_kind = "seat"
    list_display = ("project", "role", "person")
    list_select_related = ("project", "role", "person")
    search_fields = ("project__code", "person__name", "person__email")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("project", "step", "decision", "by", "at")
    list_select_related = ("project", "step__template", "by")
    list_filter = ("decision",)
    search_fields = ("project__code",)


@admin.register(Waiver)
class WaiverAdmin(ReadOnlyAdmin):
    list_display = ("project", "text", "by", "expires", "at")
    list_select_related = ("project", "by")
    search_fields = ("project__code", "text")


@admin.register(DateChange)
class DateChangeAdmin(ReadOnlyAdmin):
    list_display = ("project", "step", "field", "old", "new", "by", "at")
    list_select_related = ("project", "step__template", "by")
    search_fields = ("project__code",)


@admin.register(TransitionRecord)
class TransitionRecordAdmin(ReadOnlyAdmin):
    list_display = ("at", "subject", "move", "source", "target", "by", "note")
    list_filter = ("machine", "move")
    list_select_related = ("by",)
    search_fields = ("subject", "note")
    date_hierarchy = "at"
