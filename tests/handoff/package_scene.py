"""Packages for the tests of this part."""

from __future__ import annotations

import io
import zipfile

from django.db import connection

from accounts.models import User
from handoff.models import Package
from handoff.package import contents
from handoff.package.acts import request_package
from handoff.package.build import build
from projects.models import Project

PLAYBOOKS = ("integration", "transition-to-cs")


def fewer_topics(monkeypatch) -> None:
    """Let packages hold two topics: what they hold is not what most tests are about, and writing it takes seconds."""
    kept = {slug: part for slug, part in contents._parts.items() if slug in {"project", "raid-log"}}
    monkeypatch.setattr(contents, "_parts", kept)


def built(project: Project, by: User) -> Package:
    """Ask for a package and build it."""
    asked = request_package(project, by=by)
    assert build(asked.pk)
    return fresh(asked)


def fresh(package: Package) -> Package:
    """Return a package read again."""
    found: Package = Package.objects.select_related("file", "project").get(pk=package.pk)
    return found


def opened(package: Package) -> zipfile.ZipFile:
    """Return the archive of a package."""
    assert package.file is not None
    return zipfile.ZipFile(io.BytesIO(package.file.file.open("rb").read()))


def complete(project: Project) -> Project:
    """Archive a project, past all gates."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET standing = 'complete' WHERE id = %s", [project.pk])
    return Project.objects.get(pk=project.pk)
