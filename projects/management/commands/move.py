"""`move CODE MOVE --by EMAIL [--step KEY] [--note …]`: make one move, or print what blocks it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from argparse import ArgumentParser
from typing import Any

from history import commands
from projects.evidence import Evidence
from projects.lookup import live_step, person_by_email, project_by_code, step_row
from projects.models import Project, ProjectStep
from projects.status import refusal
from transitions.blockers import Blocker, MoveRefused
from transitions.moves import perform


class Command(commands.Command):
    help = (
        "Move a project (advance, return_to, hold, resume, cancel, complete) or, with --step, one of its steps (start, complete, "
        "submit, approve, reject, excuse, wait, block, resume, mark_not_applicable, reopen). Exit 0 and the new state; or "
        'exit 1, nothing changed, and {"blockers": [...]} on standard output.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the project's code, such as MRW-1")
        parser.add_argument("move")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who acts")
        parser.add_argument("--step", metavar="KEY", help="step-key, or playbook/step-key")
        parser.add_argument("--note", default="", help="the reason")
        parser.add_argument("--phase", help="for return_to")
        parser.add_argument("--owner", metavar="EMAIL", help="for block and wait: who clears it")
        parser.add_argument("--until", metavar="DATE", help="for block and wait: by when, as 2026-11-24")
        parser.add_argument("--party", help="for approve, reject and excuse: whose decision, such as biller")
        parser.add_argument("--reopens", metavar="KEY", nargs="*", help="for reject: the steps it reopens")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = self._row(options)
            spec = row.move_spec(options["move"])
            details = {name: value for name, value in self._details(row, options).items() if name in spec.details}
            outcome = perform(row, options["move"], by=person_by_email(options["by"]), note=options["note"], **details)
        except MoveRefused as refused:
            self.stdout.write(json.dumps(refusal(refused.blockers), indent=2))
            sys.exit(1)
        state = {
            "object": outcome.record.subject,
            outcome.record.machine: outcome.record.target,
            "revision": outcome.row.revision,
        }
        self.stdout.write(json.dumps(state, indent=2))

    def _row(self, options: dict[str, Any]) -> Project | ProjectStep:
        project = project_by_code(options["code"])
        return step_row(project, live_step(project, options["step"])) if options["step"] else project

    def _details(self, row: Project | ProjectStep, options: dict[str, Any]) -> dict[str, Any]:
        project = row.project if isinstance(row, ProjectStep) else row
        given: dict[str, Any] = {"evidence": Evidence(method="command")}
        if options["party"]:
            given["party"] = options["party"]
        if options["phase"]:
            given["phase"] = options["phase"]
        if options["owner"]:
            given["owner"] = person_by_email(options["owner"])
        if options["until"]:
            given["until"] = _date(options["until"])
        if options["reopens"]:
            given["reopens"] = tuple(live_step(project, key).path for key in options["reopens"])
        return given


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        blocker = Blocker("bad-date", f"“{text}” is no date: write it as 2026-11-24.", subject="until")
        raise MoveRefused([blocker]) from None
