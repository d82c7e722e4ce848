"""List what is wrong, or open, in a playbook."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError

from playbook.lint import Finding, lint
from playbook.services import version_of


class Command(BaseCommand):
    """`lint_playbook SLUG [--version N] [--format text|json]`."""

    help = "List the findings of a playbook's newest version, drafts included. Findings are no failure: the exit code is 0."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # As in export_playbook: `--version` names the playbook's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--version", type=int, dest="number", metavar="N")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the findings, or say which playbooks or versions there are."""
        try:
            version = version_of(options["slug"], number=options["number"], prefer_draft=True)
        except ObjectDoesNotExist as error:
            raise CommandError(str(error)) from error
        findings = lint(version.as_data())
        if options["format"] == "json":
            self.stdout.write(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
            return
        for finding in findings:
            self.stdout.write(_line(finding))
        errors = sum(finding.is_error for finding in findings)
        self.stdout.write(f"{version}: {errors} errors, {len(findings) - errors} warnings")


def _line(finding: Finding) -> str:
    place = f"{finding.number:>4} {finding.step}" if finding.step else "   - (playbook)"
    return f"{place}: {finding.severity} {finding.code}: {finding.text}"
