"""What a project's history tells of its packages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from handoff.models import Package
from history.reading import Name, Names
from playbook.history_page import MOVE_WORDS
from projects.history_page import register


def register_all() -> None:
    """Let the history of projects tell of packages and of their moves."""
    MOVE_WORDS.update(
        finish_package="built", fail_package="given up", accept_package="accepted for Client Services",
        return_package="returned by Client Services",
    )  # fmt: skip
    register("package", "Package", Package, _package, namer=_packages)


def _package(row: Any, names: Names) -> Name:
    return names.of(Package, row.id)


def _packages(keys: Any) -> dict[int, Name]:
    rows = Package.objects.filter(pk__in=keys).values_list("pk", "number", "project__code")
    return {
        pk: Name(f"Package {number}, {code}", f"{reverse('package', args=[code])}#package-{number}")
        for pk, number, code in rows
    }
