"""The values of the pages that people outside the company see: what waits for them first (ux.md, screen 18).

Both are made for an `Outsider`, whoever looks: the person themselves, or somebody inside who wants to see what they see. Every
address is relative to the page, so that both get the same words, byte for byte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from projects import drawn, signoff
from projects.board import Board, LiveStep
from projects.days import short
from projects.models import Project, ProjectStep
from projects.outside import LATER, Outsider, needs_closed, offered
from projects.outside_asks import (
    Ask,
    Telling,
    asks,
    is_theirs_to_do,
    next_from_them,
    step_address,
    to_comment,
    waited_for,
)
from projects.panels import Panel, panels
from transitions.clock import business_day
from transitions.phase import PHASE_ORDER, Phase
from transitions.standing import Standing
from transitions.step import StepStatus

#: A reason or a note is cut to this on the project's page; the step's page has all of it.
LONGEST = 300
#: The latest decisions that the project's page lists; each step's page has its own.
MOST_SIGN_OFFS = 50
#: From a step's page up to its project's.
UP = "../../../"

WORDS = {
    StepStatus.NOT_STARTED: ("Not started", "", "○"),
    StepStatus.IN_PROGRESS: ("Being worked on", "progress", "◐"),
    StepStatus.WAITING_ON_CUSTOMER: ("Waiting on you", "waiting", "◷"),
    StepStatus.BLOCKED: ("Being worked on", "progress", "◐"),  # what blocks it is ours to know and to clear
    StepStatus.IN_REVIEW: ("Being decided", "review", "◇"),
    StepStatus.DONE: ("Done", "done", "✓"),
    StepStatus.NOT_APPLICABLE: ("Not needed", "", "–"),
}
BUTTONS = {
    "start": "Start",
    "complete": "Mark it done",
    "submit": "Submit for approval",
    "resume": "Take it up again",
}
CALM = {
    Standing.ON_HOLD: "Work on this project is paused. Nothing is needed from you until it goes on.",
    Standing.CANCELLED: "This project has been stopped. Nothing more is needed from you.",
    Standing.COMPLETE: "This project is complete. Nothing more is needed from you; this page stays for your records.",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step as a line of the list."""

    title: str
    link: str
    label: str
    chip: str
    mark: str
    when: str
    note: str
    yours: bool


@dataclass(frozen=True, slots=True)
class PhaseLines:
    """The steps of one phase that concern the person."""

    label: str
    words: str
    lines: list[StepLine]


@dataclass(frozen=True, slots=True)
class SignOff:
    """One recorded decision: what was decided, how, by whom and on which day."""

    title: str
    link: str
    decision: str
    approved: bool
    by: str
    on: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document marked visible: its title, which version, and where it is."""

    title: str
    version: str
    link: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask: a name and what they are here. Addresses stay inside."""

    name: str
    role: str


@dataclass(slots=True)
class ProjectPage:
    """A project, told to somebody outside."""

    name: str
    standing: str
    bar: Markup
    now: str
    then: str
    dates: list[tuple[str, str]]
    calm: str
    asks: list[Ask]
    nothing: str
    phases: list[PhaseLines]
    documents: list[Document]
    sign_offs: list[SignOff]
    contacts: list[Contact]
    panels: list[Panel]


@dataclass(slots=True)
class StepPage:
    """A step, told to somebody outside."""

    project: str
    up: str
    line: StepLine
    phase: str
    asked: list[str]
    waiting: str
    waiting_until: str
    later: str
    moves: list[tuple[str, str]]
    decide: bool
    comment: bool
    revision: int
    yours: bool
    documents: list[Document]
    sign_offs: list[SignOff]
    contacts: list[Contact]
    panels: list[Panel]


# The pages.


def project_page(project: Project, who: Outsider, today: dt.date) -> ProjectPage:
    """Return a project as `who` sees it, in four queries: steps, seats, notes, decisions."""
    telling = Telling(project, who, today)
    board = project.board
    steps = telling.steps
    waiting, standing = _told(telling, asks(telling, steps)), Standing(project.standing)
    following = project.next_phase()
    share = 10 * project.phase_done // project.phase_total if project.phase_total else 10
    return ProjectPage(
        name=project.name,
        standing="" if standing == Standing.ACTIVE else str(standing.label),
        bar=drawn.phase_bar(tuple(project.phases), project.phase, share),
        now=str(Phase(project.phase).label),
        then=str(Phase(following).label) if following and standing == Standing.ACTIVE else "",
        dates=_dates(project, today),
        calm=CALM.get(standing, ""),
        asks=waiting,
        nothing=_nothing(telling, steps),
        phases=_phases(telling, steps),
        documents=documents(telling, steps),
        sign_offs=sign_offs(telling, steps, base="")[:MOST_SIGN_OFFS],
        contacts=contacts(board),
        panels=panels("outside-project", telling),
    )


def step_page(step: ProjectStep, who: Outsider, today: dt.date) -> StepPage:
    """Return a step as `who` sees it. The caller has seen that it concerns them."""
    telling, live = Telling(step.project, who, today), step.live
    board = telling.board
    moves = offered(board, live, who)
    waits = live.status == StepStatus.WAITING_ON_CUSTOMER
    yours = is_theirs_to_do(telling, live)
    return StepPage(
        project=step.project.name,
        up=UP,
        line=_line(telling, live),
        phase=str(Phase(live.template.phase).label),
        asked=[part.strip() for part in step.customer_note.split("\n") if part.strip()],
        waiting=live.reason if waits else "",
        waiting_until=short(live.until, today) if waits and live.until else "",
        later=_later(telling, live),
        moves=[(move, BUTTONS[move]) for move in moves if move in BUTTONS],
        decide=live.id in telling.theirs_to_decide,
        comment=any(True for _ in to_comment(telling, [live])),
        revision=live.revision,
        yours=yours,
        documents=documents(telling, [live], base=UP),
        sign_offs=sign_offs(telling, [live], base=UP),
        contacts=contacts(board),
        panels=panels("outside-step", telling, step),
    )


def documents(telling: Telling, steps: Collection[LiveStep], *, base: str = "") -> list[Document]:
    """Return the documents marked visible that these steps name, each with its latest version, and those of its sections; in
    four queries.

    Args:
        base: from the page up to the project's, for files that lie here.
    """
    slugs = {slug for step in steps for slug in signoff.document_slugs(step)}
    rows = telling.project.documents.filter(visible_to_customer=True, slug__in={"", *slugs}).prefetch_related(
        "versions__file", "sections"
    )
    found = [(row.title, row.current) for row in rows]
    found += [(part.title, row.latest_of(part.pk)) for row in rows for part in row.sections.all()]
    return [
        Document(title, f"version {one.number}{f', {one.file.name}' if one.file else ''}", one.path_from(base))
        for title, one in sorted(found, key=lambda line: line[0])
        if one is not None
    ]


def sign_offs(telling: Telling, steps: Collection[LiveStep], *, base: str) -> list[SignOff]:
    """Return the decisions on these steps, the latest first; what was written with them stays inside."""
    by_id = {step.id: step for step in steps}
    return [
        SignOff(
            title=by_id[row.step_id].template.title,
            link=f"{base}{step_address(by_id[row.step_id])}",
            decision=row.get_decision_display(),
            approved=row.decision == "approved",
            by=row.by.name,
            on=_long(business_day(row.at)),
        )
        for row in telling.decisions
        if row.step_id in by_id
    ]


def contacts(board: Board) -> list[Contact]:
    """Return whom to ask: those who run the project, each once."""
    found = {
        seat.person.id: Contact(seat.person.name, seat.role.name)
        for seat in reversed(board.seats)
        if seat.person and seat.role.manages
    }
    return list(reversed(found.values()))


def standing_words(standing: str, phase: str) -> str:
    """Return where a project stands, for the list of projects: its phase, or that it rests."""
    return str(Phase(phase).label if standing == Standing.ACTIVE else Standing(standing).label)


# Their parts.


def _told(telling: Telling, found: Sequence[Ask]) -> list[Ask]:
    """Say why in the words that were written for them, where there are any (one query), and by when."""
    ids = {0, *(ask.noted for ask in found)}
    notes = dict(telling.project.steps.filter(pk__in=ids).order_by().values_list("pk", "customer_note"))
    return [
        replace(
            ask,
            why=_cut(notes.get(ask.noted) or ask.why),
            when=_when(ask.due, telling.today),
            late=ask.due is not None and ask.due < telling.today,
        )
        for ask in found
    ]


def _nothing(telling: Telling, steps: Iterable[LiveStep]) -> str:
    """Say where we are and when something is next due from them: by its phase, where the date has passed unreached."""
    step, after = next_from_them(telling, steps), ""
    if step and step.due and step.due >= telling.today:
        after = f"; next from you about {short(step.due, telling.today)}"
    elif step and not telling.board.reached(step):
        after = f"; next from you in {Phase(step.template.phase).label}"
    return f"We’re on {Phase(telling.project.phase).label}{after}."


def _dates(project: Project, today: dt.date) -> list[tuple[str, str]]:
    found = [("Kickoff", _long(project.kickoff))]
    if project.actual_go_live:
        found.append(("Live since", _long(project.actual_go_live)))
    elif project.standing in {Standing.ACTIVE, Standing.ON_HOLD}:
        found.append(("Planned go-live", _long(project.target_go_live)))
    return found


def _phases(telling: Telling, steps: Collection[LiveStep]) -> list[PhaseLines]:
    here, found = PHASE_ORDER[telling.project.phase], []
    for phase in telling.project.phases:
        lines = [_line(telling, step) for step in steps if step.template.phase == phase]
        rank = PHASE_ORDER[phase]
        words = "now" if rank == here else "passed" if rank < here else "later"
        if lines:
            found.append(PhaseLines(str(Phase(phase).label), words, lines))
    return found


def _line(telling: Telling, step: LiveStep) -> StepLine:
    board, status = telling.board, StepStatus(step.status)
    label, chip, mark = WORDS[status]
    if status == StepStatus.NOT_STARTED and not (board.reached(step) and needs_closed(board, step)):
        label, mark = "Later", "–"
    elif step.id in telling.theirs_to_decide:
        label, chip, mark = "Your decision", "waiting", "◷"
    elif status == StepStatus.WAITING_ON_CUSTOMER and not any(True for _ in waited_for(telling, [step])):
        label = "Waiting on customer"
    waits = status == StepStatus.WAITING_ON_CUSTOMER
    day = step.until if waits else step.due
    return StepLine(
        title=step.template.title,
        link=step_address(step),
        label=label,
        chip=chip,
        mark=mark,
        when="" if step.closed or not day else f"due {short(day, telling.today)}",
        note=_cut(step.reason) if waits else "",
        yours=is_theirs_to_do(telling, step) and not step.closed,
    )


def _later(telling: Telling, step: LiveStep) -> str:
    """Say why a step of theirs is not open yet, naming no step that is not theirs to see."""
    board = telling.board
    if step.status != StepStatus.NOT_STARTED or telling.project.standing != Standing.ACTIVE:
        return ""
    if not board.reached(step):
        return f"This opens when the project reaches {Phase(step.template.phase).label}."
    if needs_closed(board, step):
        return ""
    needed = [board.by_path[path] for path in step.template.needs if path in board.by_path]
    theirs = [other.template.title for other in needed if not other.closed and telling.who.concerned(board, other)]
    return f"“{theirs[0]}” comes first, and is still open." if theirs else LATER


def _when(due: dt.date | None, today: dt.date) -> str:
    if due is None:
        return ""
    if due == today:
        return "Due today"
    return f"{'Was due' if due < today else 'Due'} {short(due, today)}"


def _long(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"
