"""`start_project`: start a project from the command line, as the page does."""

from __future__ import annotations

import datetime as dt
import json
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.models import User
from history import commands
from playbook.models import Playbook, Version
from projects.billers import propose_code
from projects.lookup import person_by_email
from projects.models import IntegrationKind, Vertical
from projects.start import PROPOSED, RoleIdentity, Start, StartDraft, draft, start_project
from transitions.blockers import MoveRefused


class Command(commands.Command):
    help = "Start a project: its playbooks become live steps with dates, seats and a first record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--biller", required=True, help="the biller's name")
        parser.add_argument("--code", default="", help="two to six capital letters for a new biller's project codes")
        parser.add_argument("--vertical", choices=Vertical.values, default=Vertical.UTILITY)
        parser.add_argument("--kind", choices=IntegrationKind.values, default=IntegrationKind.PARTNER)
        parser.add_argument(
            "--playbook", action="append", metavar="SLUG", help="instead of what the kind proposes; may be repeated"
        )
        parser.add_argument("--core-system", default="")
        parser.add_argument("--kickoff", required=True, type=_date)
        parser.add_argument("--go-live", required=True, type=_date, help="the target go-live")
        parser.add_argument("--mrr", type=_money, help="monthly recurring revenue, US dollars")
        parser.add_argument("--phased", action="store_true", help="goes live in phases")
        parser.add_argument(
            "--person", action="append", default=[], metavar="ROLE=EMAIL", help="PM=priya@…; may be repeated"
        )
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who starts it")
        parser.add_argument("--preview", action="store_true", help="say what would be made, and make nothing")
        parser.add_argument("--format", choices=("json", "text"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = person_by_email(options["by"])
            if not by.has_perm("projects.add_project"):
                raise CommandError(f"{by} may not start projects.")
            versions = _versions(options["playbook"] or PROPOSED[options["kind"]])
            made = draft(
                versions, integration_kind=options["kind"], phased_go_live=options["phased"], kickoff=options["kickoff"]
            )
            people = _people(made, options["person"])
            if options["preview"]:
                self._say(_preview(made), options["format"])
                return
            start = Start(
                biller_name=options["biller"], biller_code=options["code"] or propose_code(options["biller"]),
                vertical=options["vertical"], integration_kind=options["kind"], version_ids=tuple(versions),
                kickoff=options["kickoff"], target_go_live=options["go_live"], core_system=options["core_system"],
                mrr=options["mrr"], phased_go_live=options["phased"], people=people,
            )  # fmt: skip
            project = start_project(start, by=by)
        except MoveRefused as refused:
            raise CommandError(str(refused)) from refused
        except ValidationError as invalid:
            raise CommandError("; ".join(invalid.messages)) from invalid
        self._say({"code": project.code, "phase": project.phase, **_preview(made)}, options["format"])

    def _say(self, what: dict[str, Any], form: str) -> None:
        if form == "json":
            self.stdout.write(json.dumps(what, indent=2))
            return
        for name, value in what.items():
            self.stdout.write(f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}")


def _preview(made: StartDraft) -> dict[str, Any]:
    return {
        "steps": len(made.steps_in),
        "left_out": [f"{item.step.path}: {item.why}" for item in made.left_out.values()],
        "phases": list(made.phases),
        "planned_end": made.planned_end.isoformat() if made.planned_end else None,
        "roles": [f"{role.code} ({role.name})" for role in made.roles],
    }


def _versions(slugs: Any) -> list[int]:
    newest = dict(Version.objects.latest_published().values_list("playbook__slug", "pk"))
    unknown = [slug for slug in slugs if slug not in newest]
    if unknown:
        known = ", ".join(sorted(Playbook.objects.values_list("slug", flat=True))) or "none; run load_playbooks"
        raise CommandError(f"No published playbook {', '.join(unknown)}. There are: {known}.")
    return [newest[slug] for slug in slugs]


def _people(made: StartDraft, given: list[str]) -> dict[RoleIdentity, User]:
    people: dict[RoleIdentity, User] = {}
    for item in given:
        code, _, email = item.partition("=")
        roles = [role for role in made.roles if code in (role.code, f"{role.code} ({role.name})")]
        if len(roles) != 1:
            known = ", ".join(f"{role.code} ({role.name})" for role in made.roles)
            raise CommandError(f"“{code}” is {'several roles' if roles else 'no role'} here. There are: {known}.")
        people[roles[0].code, roles[0].name] = person_by_email(email)
    return people


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no date: write it as 2026-11-24") from None


def _money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"“{text}” is no amount") from None
