"""Starter sets are edited here, a case on its own form. What is tested on a project is written on the project's own pages."""

from __future__ import annotations

from django.contrib import admin

from history.stale import RowAdmin
from workbook.models import StarterCase, StarterSuite


@admin.register(StarterSuite)
class StarterSuiteAdmin(RowAdmin):
    list_display = ("title", "kind", "playbook", "position")
    list_filter = ("playbook", "kind")
    list_select_related = ("playbook",)
    search_fields = ("title",)


@admin.register(StarterCase)
class StarterCaseAdmin(RowAdmin):
    list_display = ("title", "suite", "mandatory", "position")
    list_filter = ("suite__playbook", "suite__kind", "suite")
    list_select_related = ("suite",)
    search_fields = ("title", "steps", "expected")
