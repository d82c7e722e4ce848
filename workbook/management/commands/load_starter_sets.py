"""Load the starter sets of SIT and UAT cases from YAML files: those that ship with the product, unless files are named."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from history import commands
from workbook.starter import StarterSetRefused, load_set, shipped


class Command(commands.Command):
    """`load_starter_sets [FILE ...]`."""

    help = (
        "Load starter sets of test cases. Without files, load those in fixtures/workbook. "
        "A playbook that has a set keeps it: sets are edited in the admin. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, metavar="FILE", help="YAML files; by default the product's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all the files or, where one of them cannot be loaded, none."""
        with transaction.atomic():
            for file in options["files"] or shipped():
                try:
                    loaded = load_set(commands.text_of(file))
                except StarterSetRefused as refused:
                    raise CommandError(f"{file}: {refused}. Nothing was loaded.") from refused
                self.stdout.write(f"{loaded.playbook}: {loaded.words}")
