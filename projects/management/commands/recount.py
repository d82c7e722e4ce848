"""`recount [--check]`: hold every project's totals against its steps, and its grants against its seats."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from history import commands
from projects.models import Project
from projects.recount import recount


class Command(commands.Command):
    help = "Recompute every project's totals and grants from its rows, report each difference and put it right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only report; exit 1 if anything differs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for project, differences in recount(Project.objects.all(), write=not options["check"]):
            found += 1
            for name, (stored, true) in differences.items():
                self.stdout.write(f"{project.code}: {name} says {stored}, the steps say {true}")
        self.stdout.write(f"{Project.objects.count()} projects compared, {found} differed.")
        if found and options["check"]:
            sys.exit(1)
