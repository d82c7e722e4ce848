"""Commands are acts: what one writes came from a command, in one batch."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from history.context import Origin, acting


class Command(BaseCommand):
    """The base of our commands. One that names a person (`--by`) hands them to its service, which names them."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command as an act."""
        with acting(origin=Origin.COMMAND):
            return super().execute(*args, **options)
