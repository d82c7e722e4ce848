"""Evidence: what is kept of a decision so that it stands up a year later, and the arithmetic that shows it is unchanged.

Every decision carries the exact text that was shown, its SHA-256, and a seal: the SHA-256 of everything the row says, the seal of
the project's decision before it included. A row that was altered, put in or taken out breaks the chain. Pure: no database.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projects.models import Approval, Project
    from projects.models.decision import Signed

LONGEST_ADDRESS, LONGEST_AGENT, LONGEST_METHOD = 45, 300, 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a decision was made: network address, what the program calls itself, how the person was signed in."""

    address: str = ""
    agent: str = ""
    method: str = ""

    def cut(self) -> Evidence:
        """Return the same, no longer than its columns: what a client says of itself has no length of its own."""
        return Evidence(self.address[:LONGEST_ADDRESS], self.agent[:LONGEST_AGENT], self.method[:LONGEST_METHOD])


#: A decision that no door said anything of: the shell, or a program inside the house.
NO_DOOR = Evidence(method="unknown")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not recompute. `decision` is the row's id; 0 for one that is missing."""

    decision: int
    text: str


def canonical(values: Any) -> str:
    """Return plain values as the one text that stands for them: JSON, keys sorted, no blanks, in UTF-8 when hashed."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def utc(moment: dt.datetime) -> str:
    """Return an instant as it stands in evidence: `2026-11-23T15:30:00.000000Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seal(row: Signed) -> str:
    """Return the digest of everything that a signed row says, the seal before it included."""
    return sha256(canonical(row.sealed_values() | {"at": utc(row.at)}))


def shown_values(row: Signed) -> dict[str, Any]:
    """Return what was shown, as values; nothing for a decision from before evidence was kept."""
    return dict(json.loads(row.shown)) if row.shown else {}


def recomputes(row: Signed) -> bool:
    """Return whether a decision's digests are those of what it says. Not asked of one made before evidence was kept."""
    return row.shown_sha256 == sha256(row.shown) and row.sha256 == seal(row)


#: Chains of the rooms above, by what their rows are called: each gives a project's signed rows, in the order they were made.
_chains: dict[str, Callable[[Project], Iterable[Signed]]] = {}


def register_chain(name: str, rows: Callable[[Project], Iterable[Signed]]) -> None:
    """Let `verify_evidence` look at another kind of signed row, in `AppConfig.ready()`."""
    _chains[name] = rows


def chains() -> Mapping[str, Callable[[Project], Iterable[Signed]]]:
    """Return what is registered."""
    return _chains


def broken_links(rows: Iterable[Signed]) -> Iterator[Fault]:
    """Yield what does not recompute in one chain of signed rows, given in the order in which they were made."""
    previous, sealed = "", False
    for row in rows:
        if not row.sha256:
            if sealed or row.shown or row.shown_sha256:
                yield Fault(row.pk, "has no seal, though decisions before it have")
            continue
        sealed = True
        if row.shown_sha256 != sha256(row.shown):
            yield Fault(row.pk, "what was shown is not what its SHA-256 says")
        if row.sha256 != seal(row):
            yield Fault(row.pk, "its seal is not that of what it says")
        if row.previous_sha256 != previous:
            yield Fault(row.pk, "does not follow the decision before it: one was taken out or put in")
        previous = row.sha256


def faults(rows: Iterable[Approval], recorded: Iterable[tuple[int, dt.datetime, str]]) -> Iterator[Fault]:
    """Yield what does not recompute among the decisions of one project.

    Args:
        rows: every decision of the project, in the order in which they were made.
        recorded: step, instant and decision of every deciding move in the record of moves, which is kept apart from the rows.
    """
    rows = list(rows)
    yield from broken_links(rows)
    kept = Counter((row.step_id, row.at, row.decision) for row in rows)
    for (step_id, at, decision), _ in (Counter(recorded) - kept).items():
        yield Fault(
            0, f"step {step_id} was {decision} at {utc(at)} by the record of moves, and no such decision is here"
        )
