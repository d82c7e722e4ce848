"""What is wrong with the letters of a step, in sentences for the admin who can mend it.

The rule is the last sentence of domain.md, "Reading an R / A / C / I cell": exactly one A, at least
one R, nobody both C and I, every code in the playbook's role list. Which finding stops a publication
and which is only confirmed is design.md, "Playbook as code".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from raci.letters import Letter, Raci

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to mend or to confirm.

    Args:
        code: stable name, such as `several-accountable`.
        text: a sentence for an admin.
        severity: an error refuses publication, a warning asks to be confirmed.
    """

    code: str
    text: str
    severity: Severity


def check(raci: Raci, *, listed: Collection[str], derived: Collection[str] = ()) -> list[Finding]:
    """Hold the letters of one step against the rule for a healthy step.

    Source: domain.md, "Reading an R / A / C / I cell", and the lint findings of design.md.

    Args:
        raci: who holds which letter.
        listed: the codes of the playbook's role list.
        derived: the letters that the reading rule filled in (`Reading.derived`).

    Returns:
        Findings in a fixed order: R, A, C and I, then roles. Empty when the step is healthy.
    """
    if raci.is_empty:
        return [Finding("missing-raci", "Nobody has a letter on this step.", "warning")]
    return [
        *_responsible(raci),
        *_accountable(raci, derived),
        *_consulted(raci),
        *_unknown_roles(raci, listed),
    ]


def _responsible(raci: Raci) -> Iterator[Finding]:
    if not raci.R:
        yield Finding("nobody-responsible", "Nobody is responsible; name at least one role as R.", "error")


def _accountable(raci: Raci, derived: Collection[str]) -> Iterator[Finding]:
    if not raci.A:
        yield Finding("no-accountable", "Nobody is accountable; name exactly one role as A.", "warning")
    elif len(raci.A) > 1:
        names = ", ".join(raci.A)
        text = f"Several roles are accountable ({names}); keep exactly one as A."
        yield Finding("several-accountable", text, "error")
    if raci.A and Letter.ACCOUNTABLE in derived:
        names = ", ".join(raci.A)
        text = f"The source names nobody accountable; {names} follows from the responsible role."
        yield Finding("derived-accountable", text, "warning")


def _consulted(raci: Raci) -> Iterator[Finding]:
    if not raci.C:
        yield Finding("nobody-consulted", "Nobody is consulted on this step.", "warning")
    for code in raci.C:
        if code in raci.I:
            text = f"{code} is both consulted and informed; keep one of C and I."
            yield Finding("consulted-and-informed", text, "error")


def _unknown_roles(raci: Raci, listed: Collection[str]) -> Iterator[Finding]:
    for code in raci.codes():
        if code not in listed:
            yield Finding("unknown-role", f"{code} is not in this playbook's role list.", "error")
