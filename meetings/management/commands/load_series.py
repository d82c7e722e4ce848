"""Load the company's series of meetings from a YAML file: the one that ships with the product, unless one is named."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from history import commands
from meetings.company import SeriesRefused, load_company_series, shipped


class Command(commands.Command):
    """`load_series [FILE]`."""

    help = (
        "Load the company's series of meetings. Without a file, load fixtures/meetings/series.yaml. "
        "A kind that is there stays as it is edited in the admin. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="a YAML file; by default the product's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all of the file or, where it cannot be loaded, nothing."""
        file = options["file"] or shipped()
        try:
            made = load_company_series(file.read_bytes().decode())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}. Nothing was loaded.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} is no UTF-8. Nothing was loaded.") from error
        except SeriesRefused as refused:
            raise CommandError(f"{file}: {refused} Nothing was loaded.") from refused
        self.stdout.write(
            ", ".join(f"{one.title} planned" for one in made) or "Every series is there; nothing was changed."
        )
