"""Addresses of the Integration Summary. The converter `code` is that of projects."""

from __future__ import annotations

from django.urls import URLPattern, path

from handoff.summary import views

AT = "projects/<code:code>/summary"

urlpatterns: list[URLPattern] = [
    path(f"{AT}/", views.show, name="summary"),
    path(f"{AT}/print", views.printed, name="summary-print"),
    path(f"{AT}/fill", views.fill, name="fill-summary"),
    path(f"{AT}/accept", views.accept, name="accept-summary"),
    path(f"{AT}/<slug:key>", views.field, name="summary-field"),
]
