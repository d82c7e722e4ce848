"""Addresses of this part."""

from __future__ import annotations

from django.urls import URLPattern, path

from handoff.tier import views

urlpatterns: list[URLPattern] = [
    path("tiers", views.tiers, name="tiers"),
    path("projects/<code:code>/tier", views.tier, name="tier"),
    path("projects/<code:code>/tier/mrr", views.enter_mrr, name="tier-mrr"),
]
