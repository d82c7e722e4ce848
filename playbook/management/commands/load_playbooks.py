"""Load playbooks from YAML files: those that ship with the product, unless files are named."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from history import commands
from playbook.format import FormatError
from playbook.lint import lint
from playbook.services import LoadResult, load_playbook


class Command(commands.Command):
    """`load_playbooks [FILE ...]`."""

    help = (
        "Load playbooks from YAML. Without files, load those in fixtures/playbooks and publish each that is new. "
        "A file that was loaded before changes nothing; one that differs becomes a draft."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, metavar="FILE", help="YAML files; by default the product's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all the files or, where one of them cannot be loaded, none."""
        shipped = sorted((Path(settings.BASE_DIR) / "fixtures" / "playbooks").glob("*.yaml"))
        files: list[Path] = options["files"] or shipped
        if not files:
            raise CommandError("There is no file to load in fixtures/playbooks.")
        own = {file.resolve() for file in shipped}
        with transaction.atomic():
            results = [_load(file, publish=file.resolve() in own) for file in files]
        for result in results:
            self.stdout.write(_said(result))


def _load(file: Path, *, publish: bool) -> LoadResult:
    try:
        return load_playbook(commands.text_of(file), publish=publish)
    except FormatError as error:
        problems = "\n".join(f"{file}, {problem}" for problem in error.problems[:50])
        raise CommandError(f"{problems}\nNothing was loaded.") from error


def _said(result: LoadResult) -> str:
    version = result.version
    if result.outcome == "unchanged":
        return f"{result.slug}: unchanged, version {version.number} says the same"
    if version.is_draft:
        errors = sum(finding.is_error for finding in lint(version.as_data()))
        what = f"with {errors} errors that publishing refuses" if errors else "to be published in the admin"
        return f"{result.slug}: version {version.number} is a new draft, {what}; see lint_playbook {result.slug}"
    return f"{result.slug}: version {version.number} loaded and published"
