"""Addresses of support after go-live."""

from __future__ import annotations

from django.urls import URLPattern, path

from handoff.support import views

urlpatterns: list[URLPattern] = [
    path("support/", views.index, name="supports"),
    path("projects/<code:code>/support/", views.show, name="support"),
    path("projects/<code:code>/support/begin", views.begin, name="begin-support"),
    path("projects/<code:code>/support/tsm", views.tsm, name="support-tsm"),
    path("projects/<code:code>/support/contact", views.contact, name="support-contact"),
    path("projects/<code:code>/support/letters/<int:turn_id>", views.letter, name="support-letter"),
]
