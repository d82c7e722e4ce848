"""Packages in the table: one that waits and one with an open gap on both projects, and what somebody would send there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.core.files.base import ContentFile

from handoff.models import Package, PackageGap
from projects.models import Project, StoredFile
from projects.models.file import uploads
from transitions.moves import perform

ABSENT = 9876
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Make on both projects package 1, returned with a gap, and package 2, which waits; without building either."""
    gaps = []
    for project, by in ((own, cast.priya), (foreign, cast.adele)):
        first = _built(project, 1, by)
        perform(first, "return_package", by=cast.adele, gaps=[("The contacts", None)], note="Not yet.")
        gaps.append(PackageGap.objects.get(package=first).pk)
        _built(project, 2, by)
    number = {"number": (2, 2, ABSENT)}
    return {
        "package-progress": number, "accept-package": number, "return-package": number, "package-file": number,
        "settle-gap": {"gap_id": (*gaps, ABSENT)},
    }  # fmt: skip


def _built(project: Project, number: int, by: Any) -> Package:
    content = b"a package"
    name = uploads().save(f"{project.pk}/package-{number}", ContentFile(content))
    # SHA-256 of the content: the file is handed out only while it is what was built.
    digest = hashlib.sha256(content).hexdigest()
    kept = StoredFile(
        project=project,
        name=f"package-{number}.zip",
        content_type="application/zip",
        size=len(content),
        sha256=digest,
        by=by,
    )
    kept.file.name = name
    kept.save()
    package = Package.objects.create(project=project, number=number, requested_by=by)
    package.built_as = (kept, {})
    return perform(package, "finish_package", by=None).row


Body = Callable[[Any, str], dict[str, Any]]

#: Of a project: whoever has no seat any more does none of it.
BODIES: dict[str, Body] = {
    "build-package": lambda site, of: {},
    "settle-gap": lambda site, of: {"note": "They are in."},
}

#: Who runs the project does not decide for Client Services.
REFUSED_BODIES: dict[str, Body] = {
    "accept-package": lambda site, of: {"revision": 1, "note": ""},
    "return-package": lambda site, of: {"back-revision": 1, "back-note": "", "back-gap_1": "The contacts"},
}
