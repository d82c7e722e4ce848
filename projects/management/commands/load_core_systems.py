"""`load_core_systems [FILE]`: the core systems known to Outbound, as far as their source is certain."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from history import commands
from projects.registry_fixture import FixtureError, load_core_systems


class Command(commands.Command):
    help = "Add the core systems of a YAML file that the registry has not. What is there stays; a second time changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="by default the product’s own")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the file, whole or not at all."""
        file: Path = options["file"] or Path(settings.BASE_DIR) / "fixtures" / "registry" / "core_systems.yaml"
        try:
            done = load_core_systems(commands.text_of(file))
        except FixtureError as error:
            raise CommandError(f"{file}: {error} Nothing was loaded.") from error
        self.stdout.write(
            f"Core systems added: {done.core_systems}. Products added: {done.products}. To be confirmed: {done.to_confirm}."
        )
