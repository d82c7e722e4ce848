"""Say what differs between two versions of a playbook."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import CommandError

from history import commands
from playbook.compare import Comparison, FieldChange, StepChange, compare
from playbook.compare_page import SIGNS, place_words
from playbook.services import version_of


class Command(commands.Command):
    """`diff_playbook SLUG V1 V2 [--format text|json]`."""

    help = "Say what differs between two versions of a playbook: steps by their key, field by field."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("before", type=int, metavar="V1", help="the number of the version that is compared from")
        parser.add_argument("after", type=int, metavar="V2", help="the number of the version that is compared to")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the comparison, or say which playbooks or versions there are."""
        try:
            before, after = (version_of(options["slug"], number=options[name]) for name in ("before", "after"))
        except ObjectDoesNotExist as error:
            raise CommandError(str(error)) from error
        found = compare(before.as_data(), after.as_data())
        if options["format"] == "json":
            self.stdout.write(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(found)))


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{found.playbook}, version {found.before} → {found.after}"
    if found.is_same:
        yield "They say the same."
        return
    yield ", ".join(f"{number} {kind}" for kind, number in found.counts.items())
    if found.whole:
        yield "~ the playbook itself"
        yield from _field_lines(found.whole)
    for what, parts in (("role", found.roles), ("document", found.documents)):
        for part in parts:
            if part.kind != "same":
                yield f"{SIGNS[part.kind].sign} {what} {part.key}"
                yield from _field_lines(part.fields)
    for step in found.steps:
        if step.kind != "same":
            yield _step_line(step)
            yield from _field_lines(step.fields)


def _step_line(change: StepChange) -> str:
    moved = f" ({place_words(change)})" if change.moved else ""
    return f"{SIGNS[change.kind].sign} {change.key} “{change.step.title}”{moved}"


def _field_lines(fields: tuple[FieldChange, ...]) -> Iterator[str]:
    marks = {"removed": "[−{}−]", "added": "{{+{}+}}", "same": "{}"}
    for field in fields:
        words = [marks[piece.kind].format(piece.text) for piece in field.words]
        text = " ".join(words) if isinstance(field.before, tuple) else "".join(words).replace("−]{+", "−] {+")
        yield f"    {field.label}: {' '.join(text.split())}"
