"""Write a playbook out, byte for byte the same each time."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError

from history import commands
from playbook.format import dump_json, dump_yaml
from playbook.services import version_of


class Command(commands.Command):
    """`export_playbook SLUG [--version N] [--format yaml|json]`."""

    help = "Write a playbook to standard output: the newest published version, unless a number is given."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # Django's own `--version` tells Django's; here it names the playbook's, so the later option takes its place.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--version", type=int, dest="number", metavar="N")
        parser.add_argument("--format", choices=("yaml", "json"), default="yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the version out, or say which playbooks or versions there are."""
        try:
            version = version_of(options["slug"], number=options["number"])
        except ObjectDoesNotExist as error:
            raise CommandError(str(error)) from error
        write = dump_json if options["format"] == "json" else dump_yaml
        self.stdout.write(write(version.as_data()), ending="")
