"""Addresses of the watch."""

from __future__ import annotations

import datetime as dt

from django.urls import URLPattern, path, register_converter

from handoff.watch import views


class DayConverter:
    """A day, `2026-12-03`."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        """Return the day; ValueError, and so 404, for one that is in no calendar."""
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date | str) -> str:
        """Return the day as addresses have it."""
        return str(value)


register_converter(DayConverter, "watchday")

urlpatterns: list[URLPattern] = [
    path("projects/<code:code>/watch/", views.watch, name="watch"),
    path("projects/<code:code>/watch/day", views.day, name="watch-day"),
    path("projects/<code:code>/watch/projection", views.projection, name="watch-projection"),
    path(
        "projects/<code:code>/watch/projection/<int:projection_id>/remove", views.projection_remove,
        name="watch-projection-remove",
    ),
    path("projects/<code:code>/watch/anomalies/<slug:kind>/<watchday:first>", views.anomaly, name="watch-anomaly"),
    path("projects/<code:code>/watch/export.csv", views.export, name="watch-export"),
    path("projects/<code:code>/watch/import", views.import_sheet, name="watch-import"),
    path("projects/<code:code>/watch/import/<int:draft_id>", views.import_look, name="watch-import-look"),
]  # fmt: skip
