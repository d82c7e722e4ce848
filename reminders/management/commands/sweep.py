"""`sweep [--at ISO] [--dry-run]`: write down what is due by now, or by an instant, and say what was made and skipped."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from history import commands
from projects.notice_kinds import NoticeKind
from reminders.due import sources
from reminders.sweep import last_end, look, sweep
from transitions.clock import BUSINESS_ZONE

KINDS = dict(NoticeKind.choices)


class Command(commands.Command):
    help = "Write down what is due by now for whom (once, however often it is run), and say what was made and skipped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", default="", metavar="ISO", help="judge by this instant; without a zone, Eastern")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")

    def handle(self, *args: Any, **options: Any) -> None:
        now = _instant(options["at"])
        if options["dry_run"]:
            found = [look(source, now, last_end(now)) for source in sources()]
            made = Counter(due.kind.value for each in found for due in each.new)
            skipped = [[due.kind.value, due.text] for each in found for due in each.skipped]
        else:
            row = sweep(now)
            if row is None:
                self.stdout.write("Another sweep is under way; it does the same.")
                return
            made, skipped = Counter(row.made), row.skipped
        for kind, number in sorted(made.items()):
            self.stdout.write(f"{KINDS[kind]}: {number}")
        for kind, text in skipped:
            self.stdout.write(f"Too late for: {KINDS.get(kind, '')} {text}")
        verb = "would be made" if options["dry_run"] else "made"
        self.stdout.write(f"{sum(made.values())} {verb}, {len(skipped)} skipped, as of {now.isoformat()}.")


def _instant(text: str) -> dt.datetime:
    if not text:
        return timezone.now()
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not an instant. Write it as 2026-11-23T08:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=BUSINESS_ZONE)
