"""What the playbook pages show, as ready values. Pure: no query, no request."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from accounts.models import Side
from playbook.format import PlaybookData, RoleData, StepData
from playbook.vocabulary import Applies, ApprovalKind, SignsAs
from raci.letters import Letter
from transitions.phase import Phase

#: Parts of keys of documents and meetings that are read letter by letter.
ABBREVIATIONS = frozenset({"cs", "csr", "sit", "tsm", "uat"})


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """One of the seven pieces of a phase bar (components/phase.html)."""

    phase: str
    label: str
    state: str
    share: int = 0


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as the roles table shows it."""

    code: str
    name: str
    team: str
    side: str
    manages: bool
    signs_as: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """An entry of the source's change log."""

    version: str
    date: dt.date | None
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document that the steps write, as the browser lists it: its sections, which steps (by number) write it."""

    title: str
    mandatory: bool
    live: bool
    sections: tuple[tuple[str, bool], ...]
    steps: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """The roles that hold one letter on one step. `derived`: the reading rule gave the letter, not the source."""

    letter: str
    label: str
    roles: tuple[RoleData, ...]
    derived: bool


@dataclass(frozen=True, slots=True)
class Need:
    """A step that comes first. It is linked on the page where it is shown there, and on the whole page otherwise."""

    number: int
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as the browser shows it. `expanded`: what was searched for is in the guidance, so it is opened."""

    anchor: str
    step: StepData
    cells: tuple[Cell, ...]
    needs: tuple[Need, ...]
    applies: str
    approval: str
    paragraphs: tuple[str, ...]
    documents: tuple[str, ...]
    meeting: str
    questions: tuple[str, ...]
    expanded: bool


@dataclass(frozen=True, slots=True)
class StepGroup:
    """The steps of one category of one phase."""

    phase: str
    category: str
    rows: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What was asked for; empty means any."""

    phase: str = ""
    role: str = ""
    q: str = ""

    def takes(self, step: StepData) -> bool:
        """Whether the step is in the phase, has the role under any letter, and says every word of `q` somewhere."""
        text = f"{step.number} {step.title} {step.category} {step.guidance}".casefold()
        return (
            self.phase in ("", step.phase)
            and (not self.role or self.role in step.raci.codes())
            and all(word in text for word in self._words())
        )

    def only_in_guidance(self, step: StepData) -> bool:
        """Whether a word of `q` is in the guidance and nowhere in the row above it."""
        head = f"{step.number} {step.title} {step.category}".casefold()
        return any(word not in head for word in self._words())

    def _words(self) -> list[str]:
        return self.q.casefold().split()


def phase_marks(visited: Collection[str]) -> list[PhaseMark]:
    """Return the phase bar of a playbook: the phases in which it has steps are filled, the others hatched."""
    return [PhaseMark(phase.value, phase.label, "done" if phase in visited else "skip") for phase in Phase]


def phase_names(visited: Collection[str]) -> str:
    """Return the phases in words: `All 7 phases`, or `Release, Post-Live`."""
    names = [phase.label for phase in Phase if phase in visited]
    return f"All {len(names)} phases" if len(names) == len(Phase) else ", ".join(names) or "No steps yet"


def day_in(moment: dt.datetime | None, zone: zoneinfo.ZoneInfo) -> dt.date | None:
    """Return the date that `moment` falls on in `zone`."""
    return moment.astimezone(zone).date() if moment else None


def role_rows(data: PlaybookData) -> list[RoleRow]:
    """Return the roles in the order of the playbook."""
    return [
        RoleRow(
            role.code, role.name, role.team, Side(role.side).label, role.manages,
            str(SignsAs(role.signs_as).label) if role.signs_as else "",
        )
        for role in data.roles
    ]  # fmt: skip


def document_rows(data: PlaybookData, *, whole_page: str) -> list[DocumentRow]:
    """Return the documents of the playbook's own list, each with the steps that name it as (number, address)."""
    return [
        DocumentRow(
            document.title,
            document.mandatory,
            document.live,
            tuple((section.title, section.mandatory) for section in document.sections),
            tuple(
                (step.number, f"{whole_page}#{anchor(step.key)}")
                for step in data.steps
                if document.slug in {path.partition("/")[0] for path in step.documents}
            ),
        )
        for document in data.documents
    ]


def change_rows(data: PlaybookData) -> list[ChangeRow]:
    """Return the source's change log, oldest first as it is written."""
    return [
        ChangeRow(
            change.version,
            dt.date.fromisoformat(change.date) if change.date else None,
            change.author or "",
            change.note,
        )
        for change in data.changes
    ]


def step_groups(data: PlaybookData, wanted: Filter, *, whole_page: str, with_questions: bool) -> list[StepGroup]:
    """Return the steps that `wanted` takes, in playbook order, grouped by phase and category.

    Args:
        data: the version.
        wanted: the filter.
        whole_page: path of the page without filters, for links to steps that are filtered out.
        with_questions: whether to show what is still open about each step.
    """
    shown = [step for step in data.steps if wanted.takes(step)]
    here = {step.key for step in shown}
    by_key = {
        step.key: Need(step.number, step.title, f"{'' if step.key in here else whole_page}#{anchor(step.key)}")
        for step in data.steps
    }
    roles = {role.code: role for role in data.roles}
    titles = document_titles(data)
    rank = {phase.value: phase.rank for phase in Phase}
    shown.sort(key=lambda step: (rank[step.phase], step.number))
    return [
        StepGroup(
            Phase(phase).label,
            category,
            tuple(
                _row(
                    step,
                    roles,
                    by_key,
                    titles,
                    questions=step.open_questions if with_questions else (),
                    expanded=wanted.only_in_guidance(step),
                )
                for step in steps
            ),
        )
        for (phase, category), steps in groupby(shown, key=lambda step: (step.phase, step.category))
    ]


def without_questions(data: PlaybookData) -> PlaybookData:
    """Return a version without what its source leaves open, which is shown to staff alone."""
    return replace(data, open_questions=(), steps=tuple(replace(step, open_questions=()) for step in data.steps))


def anchor(key: str) -> str:
    """Return the id of a step's row on its page."""
    return f"step-{key}"


def _row(
    step: StepData,
    roles: dict[str, RoleData],
    by_key: dict[str, Need],
    titles: dict[str, str],
    *,
    questions: tuple[str, ...],
    expanded: bool,
) -> StepRow:
    return StepRow(
        anchor=anchor(step.key),
        step=step,
        cells=tuple(_cell(step, letter, roles) for letter in Letter),
        needs=tuple(sorted((by_key[key] for key in step.needs if key in by_key), key=lambda need: need.number)),
        applies="" if step.applies == Applies.ALWAYS else Applies(step.applies).label,
        approval=ApprovalKind(step.approval).label if step.approval else "",
        paragraphs=tuple(part.strip() for part in step.guidance.split("\n\n") if part.strip()),
        documents=document_names(step.documents, titles),
        meeting=key_words(step.meeting),
        questions=questions,
        expanded=expanded,
    )


def _cell(step: StepData, letter: Letter, roles: dict[str, RoleData]) -> Cell:
    holders = tuple(roles.get(code) or RoleData(code, code) for code in step.raci.under(letter))
    return Cell(letter.value, letter.label, holders, letter.value in step.derived)


def document_titles(data: PlaybookData) -> dict[str, str]:
    """Return what the playbook's list calls its documents and sections, by their paths."""
    found = {document.slug: document.title for document in data.documents}
    for document in data.documents:
        found |= {
            f"{document.slug}/{section.slug}": f"{document.title}, {section.title}" for section in document.sections
        }
    return found


def document_names(paths: Iterable[str], titles: dict[str, str]) -> tuple[str, ...]:
    """`discovery-page/payer-experience` → `Discovery page, Payer experience`, listed or not."""
    return tuple(titles.get(path) or ", ".join(map(key_words, path.split("/"))) for path in paths)


def key_words(key: str) -> str:
    """`sit-workbook` → `SIT workbook`."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in key.replace("-", " ").split(" ")]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]
