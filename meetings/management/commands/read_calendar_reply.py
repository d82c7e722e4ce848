"""Take a reply to an invitation from the mailbox to which they go: a mail server's pipe, or a file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from history import commands
from meetings.replies import MOST_OF_MAIL, ReplyRefused, take_reply


class Command(commands.Command):
    """`read_calendar_reply FILE`, or `-` for what is piped in."""

    help = (
        "Read one reply to an invitation (a mail, or the .ics in it) and write the answer down. "
        "A reply that came too late is left aside, with the reason; one that cannot count is refused with exit 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the mail or .ics file; - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read it, no further than a mail of ours can be long, and say what became of it."""
        try:
            if options["file"] == "-":
                raw = sys.stdin.buffer.read(MOST_OF_MAIL + 1)
            else:
                with Path(options["file"]).open("rb") as file:
                    raw = file.read(MOST_OF_MAIL + 1)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        try:
            read = take_reply(raw, by=None)
        except ReplyRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(read.words)
