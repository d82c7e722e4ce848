"""Import a page or a sheet as a draft, and say what became of every row."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from history import commands
from playbook.importing.raw import ImportRefused
from playbook.importing.services import Imported, import_playbook
from playbook.importing.sorts import LARGEST_FILE


class Command(commands.Command):
    """`import_playbook FILE [--slug SLUG] [--format text|json]`."""

    help = (
        "Import a file as a draft: a plain-text scrape, HTML, XLSX, CSV, or our own YAML. "
        "Every row is reported: read, guessed (and why), refused (and where), or kept as a note."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--slug", default="", help="the playbook; found from the page where it is not given")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file, or say what is wrong with it; then nothing has changed."""
        file: Path = options["file"]
        try:
            with file.open("rb") as opened:
                # One byte more than is read: a larger file is refused by its size, and never loaded.
                data = opened.read(LARGEST_FILE + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Nothing was imported.") from error
        try:
            result = import_playbook(data, file.name, slug=options["slug"])
        except ImportRefused as refused:
            raise CommandError("\n".join([*refused.problems, "Nothing was imported."])) from refused
        if options["format"] == "json":
            self.stdout.write(json.dumps(result.as_dict(), indent=2, ensure_ascii=False))
            return
        for line in _lines(result):
            self.stdout.write(line)


def _lines(result: Imported) -> list[str]:
    lines = [f"{row.where}: {row.outcome}{_step(row.number, row.step)}: {row.text}" for row in result.rows]
    for one in result.drift:
        lines.append(f"since version {result.since}: {one.change}{_step(one.number, one.step)}: {one.text}")
    number = result.version.number
    if result.outcome == "unchanged":
        return [*lines, f"{result.slug}: unchanged, version {number} says the same"]
    counts = {
        outcome: sum(row.outcome == outcome for row in result.rows)
        for outcome in ("read", "guessed", "refused", "kept")
    }
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return [*lines, f"{result.slug}: version {number} is a new draft ({told}); see lint_playbook {result.slug}"]


def _step(number: int | None, key: str) -> str:
    return f" {number} {key}" if key else ""
