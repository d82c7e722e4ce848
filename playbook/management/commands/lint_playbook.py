"""List what is wrong, or open, in a playbook."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError

from history import commands
from playbook.format import FormatError, PlaybookData, parse
from playbook.lint import Finding, lint
from playbook.services import version_of


class Command(commands.Command):
    """`lint_playbook SLUG|FILE [--version N] [--format text|json]`."""

    help = "List the findings of a playbook's newest version, drafts included. Findings are no failure: the exit code is 0."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # As in export_playbook: `--version` names the playbook's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="a playbook, or a YAML file that is not loaded yet")
        parser.add_argument("--version", type=int, dest="number", metavar="N")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the findings, or say which playbooks or versions there are."""
        data = self._data(options["slug"], options["number"])
        findings = lint(data)
        if options["format"] == "json":
            self.stdout.write(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
            return
        for finding in findings:
            self.stdout.write(_line(finding))
        errors = sum(finding.is_error for finding in findings)
        self.stdout.write(f"{data.title} v{data.version}: {errors} errors, {len(findings) - errors} warnings")

    def _data(self, name: str, number: int | None) -> PlaybookData:
        """Return what a file says, where `name` is one, or a version of the playbook called `name`."""
        file = Path(name)
        try:
            if file.suffix in {".yaml", ".yml"} and file.is_file():
                return parse(file.read_bytes().decode())
            return version_of(name, number=number, prefer_draft=True).as_data()
        except ObjectDoesNotExist as error:
            raise CommandError(str(error)) from error
        except (FormatError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}") from error


def _line(finding: Finding) -> str:
    place = f"{finding.number:>4} {finding.step}" if finding.step else "   - (playbook)"
    return f"{place}: {finding.severity} {finding.code}: {finding.text}"
