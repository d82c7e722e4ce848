"""Addresses of readiness."""

from __future__ import annotations

from django.urls import path

from handoff.readiness import views

urlpatterns = [path("go-lives/", views.go_lives, name="go-lives")]
