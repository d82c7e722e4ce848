"""Whether the kept file of a package is still what was built: asked before it is accepted, and before it is handed out."""

from __future__ import annotations

from handoff.models import Package
from handoff.package.archive import digest_of


def wrong_with(package: Package) -> str:
    """Return what is wrong with the kept file of a package (its `file` read), in a sentence; nothing where it is as built."""
    if package.file is None:
        return f"{package} has no file."
    try:
        with package.file.file.open("rb") as opened:
            size, digest = digest_of(opened)
    except FileNotFoundError:
        return (
            f"The file of {str(package).lower()} is not where it was kept. An administrator puts it back from a backup, or "
            "whoever runs the project builds another."
        )
    if (size, digest) == (package.file.size, package.sha256):
        return ""
    return (
        f"The file of {str(package).lower()} is not the one that was built: its SHA-256 is {digest[:12]}…, and was "
        f"{package.sha256[:12]}…. It is not handed out. An administrator puts it back from a backup, or whoever runs the "
        "project builds another."
    )
