"""`project_status CODE [--format json|text]`: where a project stands."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from history import commands
from projects.lookup import NotFound, project_by_code
from projects.status import project_status
from transitions.clock import business_day


class Command(commands.Command):
    help = "Say where a project stands: phase, gate, blockers, steps."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the project's code, such as MRW-1")
        parser.add_argument("--format", choices=("json", "text"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            status = project_status(project_by_code(options["code"]), today=business_day())
        except NotFound as refused:
            raise CommandError(str(refused)) from refused
        if options["format"] == "json":
            self.stdout.write(json.dumps(status, indent=2))
            return
        self.stdout.write(f"{status['code']} {status['name']}: {status['phase']}, {status['standing']}")
        self.stdout.write(
            f"{status['steps_done']} of {status['steps_total']} steps done, {status['steps_blocked']} blocked"
        )
        for blocker in status["blockers"]:
            self.stdout.write(f"  - {blocker['text']}" + (f" ({blocker['owner']})" if blocker["owner"] else ""))
