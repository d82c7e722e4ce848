"""`verify_package FILE`: compute every sum of a package again."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from handoff.models import Package
from handoff.package.archive import Fault, digest_of, verify
from history import commands


class Command(commands.Command):
    help = (
        "Recompute the SHA-256 of everything in a package, and hold it against its manifest and against what is known here of "
        "that package. Exit 0; or exit 1 with a line for each fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the zip file of a package, or of the export of a completed project")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        known = ""
        manifest: dict[str, Any] = {}
        try:
            with path.open("rb") as opened:
                faults, manifest = verify(opened)
                if manifest and not faults:
                    known, faults = _held_against_the_record(manifest, digest_of(opened)[1])
        except OSError as refused:
            faults = [Fault("unreadable", "", f"{path.name} cannot be read: {refused.strerror}.")]
        files = manifest.get("files") or []
        if options["format"] == "json":
            told = {
                "file": path.name, "valid": not faults, "project": manifest.get("project"), "package": manifest.get("package"),
                "files": len(files), "known": known,
                "faults": [{"code": one.code, "member": one.member, "text": one.text} for one in faults],
            }  # fmt: skip
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
        else:
            for fault in faults:
                self.stdout.write(f"{path.name}: {fault.code}: {fault.text}")
            self.stdout.write(f"{len(files)} files, {len(faults)} faults. {known}".strip())
        if faults:
            sys.exit(1)


def _held_against_the_record(manifest: dict[str, Any], digest: str) -> tuple[str, list[Fault]]:
    """Return what is known here of the package, and the fault if the file is another than the one that was built.

    A file whose manifest was made anew along with its content verifies by itself: the record here tells it apart.
    """
    number, code = manifest.get("package"), manifest.get("project")
    if not isinstance(number, int) or not isinstance(code, str):
        return "An export: no record of it is kept.", []
    row = Package.objects.filter(project__code=code, number=number).exclude(sha256="").first()
    if row is None:
        return f"Package {number} of {code} is not known here.", []
    if row.sha256 == digest:
        return f"It is package {number} of {code}, as it was built.", []
    return "", [
        Fault("not-the-one-built", "", f"This is not the file of package {number} of {code} that was built here.")
    ]
