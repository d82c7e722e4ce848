"""Commands are acts: what one writes came from a command, in one batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from history.context import Origin, acting


class Command(BaseCommand):
    """The base of our commands. One that names a person (`--by`) hands them to its service, which names them."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command as an act."""
        with acting(origin=Origin.COMMAND):
            return super().execute(*args, **options)


def text_of(file: Path) -> str:
    """Return what a file says that a command was given to load.

    Raises:
        CommandError: it cannot be read, or is no UTF-8.
    """
    try:
        # Bytes, not text: a line end that is rewritten on the way would move the lines of every message.
        return file.read_bytes().decode()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Nothing was loaded.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{file}, line {line}: this is no UTF-8. Nothing was loaded.") from error
