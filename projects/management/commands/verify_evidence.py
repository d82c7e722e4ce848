"""`verify_evidence [CODE]`: compute every digest of every decision again."""

from __future__ import annotations

import datetime as dt
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from history import commands
from projects.evidence import broken_links, chains, faults
from projects.lookup import project_by_code
from projects.models import Approval, Project
from projects.models.step import DECISIONS
from projects.status import refusal
from transitions.blockers import MoveRefused
from transitions.models import TransitionRecord


class Command(commands.Command):
    help = (
        "Recompute the evidence of every decision: the SHA-256 of what was shown, the seal of each row, the chain from one to "
        "the next, and that each in the record of moves is there. Exit 0; or exit 1 with a line for each fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", nargs="?", help="one project, such as MRW-1; all of them otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            projects: Iterable[Project] = (
                [project_by_code(options["code"])] if options["code"] else Project.objects.order_by("code").iterator()
            )
        except MoveRefused as refused:
            self.stdout.write(json.dumps(refusal(refused.blockers), indent=2))
            sys.exit(1)
        found, decisions, before = 0, 0, 0
        for project in projects:
            rows = list(Approval.objects.filter(project=project).order_by("pk"))
            decisions, before = decisions + len(rows), before + sum(not row.has_evidence for row in rows)
            for fault in faults(rows, _recorded(project)):
                found += 1
                self.stdout.write(f"{project.code}: decision {fault.decision or 'missing'}: {fault.text}")
            for name, rows_of in chains().items():
                signed = list(rows_of(project))
                decisions += len(signed)
                for fault in broken_links(signed):
                    found += 1
                    self.stdout.write(f"{project.code}: {name} {fault.decision}: {fault.text}")
        self.stdout.write(f"{decisions:,} decisions, {before:,} from before evidence was kept, {found:,} faults.")
        if found:
            sys.exit(1)


def _recorded(project: Project) -> list[tuple[int, dt.datetime, str]]:
    records = TransitionRecord.objects.under(project).filter(machine="status", move__in=DECISIONS)
    return [(step_id, at, DECISIONS[move]) for step_id, at, move in records.values_list("object_id", "at", "move")]
