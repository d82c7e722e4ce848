"""A playbook as a value. Pure: no database, no file."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.models import Side
from playbook import vocabulary as words
from raci.letters import Raci

# The keys of the format, in the order in which they are written (design.md, "Playbook as code").
PLAYBOOK_KEYS = ("playbook", "title", "kind", "version", "source", "changes", "open_questions", "roles", "steps")
CHANGE_KEYS = ("version", "date", "author", "note")
ROLE_KEYS = ("code", "name", "team", "side", "manages", "signs_as")
STEP_KEYS = (
    *(
        "key",
        "number",
        "phase",
        "category",
        "title",
        "guidance",
        "raci",
        "raci_source",
        "derived",
        "applies",
        "approval",
    ),
    *("duration_days", "needs", "documents", "meeting", "open_questions"),
)


#: The letters of a step on which nobody holds one.
NOBODY = Raci()


@dataclass(frozen=True, slots=True)
class ChangeData:
    """One entry of the source's change log. `date` is an ISO date; None where the source gives none, or no possible one."""

    version: str
    date: str | None = None
    author: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoleData:
    """A role of the playbook's own list. `manages`: whoever holds it runs the project; `signs_as`: whose word it gives, if
    any."""

    code: str
    name: str
    team: str = ""
    side: str = Side.INTERNAL.value
    manages: bool = False
    signs_as: str = ""


@dataclass(frozen=True, slots=True)
class StepData:
    """One step. What is not known is empty; `derived` are the letters that the reading rule filled in."""

    key: str
    number: int
    phase: str
    title: str
    category: str = ""
    guidance: str = ""
    raci: Raci = NOBODY
    raci_source: str = ""
    derived: tuple[str, ...] = ()
    applies: str = words.Applies.ALWAYS.value
    approval: str = ""
    duration_days: int = 1
    needs: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    meeting: str = ""
    open_questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaybookData:
    """One version of one playbook. `source` has the keys `file` and `page`, as far as they are known."""

    playbook: str
    title: str
    kind: str = words.PlaybookKind.PHASED.value
    version: int = 1
    source: dict[str, str] = field(default_factory=dict)
    changes: tuple[ChangeData, ...] = ()
    open_questions: tuple[str, ...] = ()
    roles: tuple[RoleData, ...] = ()
    steps: tuple[StepData, ...] = ()
