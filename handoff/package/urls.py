"""Addresses of packages, the export and the overview slide. The converter `code` is that of projects."""

from __future__ import annotations

from django.urls import URLPattern, path

from handoff.package import views

ALL = "projects/<code:code>/package"

urlpatterns: list[URLPattern] = [
    path(f"{ALL}/", views.show, name="package"),
    path(f"{ALL}/build", views.build, name="build-package"),
    path(f"{ALL}/<int:number>/progress", views.progress, name="package-progress"),
    path(f"{ALL}/<int:number>/accept", views.accept, name="accept-package"),
    path(f"{ALL}/<int:number>/return", views.give_back, name="return-package"),
    path(f"{ALL}/<int:number>/download", views.download, name="package-file"),
    path(f"{ALL}/gaps/<int:gap_id>/settle", views.settle, name="settle-gap"),
    path("projects/<code:code>/export.zip", views.export, name="export-project"),
    path("projects/<code:code>/overview.pdf", views.overview, name="overview-slide"),
]
