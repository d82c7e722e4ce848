"""`support_tier`: what the table of tiers proposes, for whoever is offline or checks a table before it is issued."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from handoff.tier.rule import Proposal, propose
from handoff.tier.tables import current_table, table_of
from history import commands


class Command(commands.Command):
    """`support_tier --new|--existing --mrr N [--table N] [--format text|json]`."""

    help = "Print the tier of support that the table proposes. It decides nothing: Client Services does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--new", action="store_true", help="one of the first customers on its integration")
        which.add_argument("--existing", action="store_true", help="any other")
        parser.add_argument("--mrr", metavar="N", help="monthly recurring revenue, US dollars")
        parser.add_argument(
            "--table", type=int, metavar="N", help="a version of the table; the present one unless given"
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the proposal, or say what is wrong with what was asked."""
        if options["mrr"] is None:
            raise CommandError("Say the MRR, such as --mrr 3000: without it nothing is proposed.")
        try:
            table = current_table() if options["table"] is None else table_of(options["table"])
            proposal = propose(table, new=options["new"], mrr=_amount(options["mrr"]))
        except LookupError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        assert proposal is not None, "there is an MRR"
        self.stdout.write(
            json.dumps(proposal.as_dict(), indent=2, ensure_ascii=False)
            if options["format"] == "json"
            else _text(proposal)
        )


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise CommandError(f"“{text}” is no amount of US dollars. Write it as 3000 or 2999.99.") from error


def _text(proposal: Proposal) -> str:
    return "\n".join([f"{proposal.terms.short}.", *(f"  {reason}" for reason in proposal.reasons)])
