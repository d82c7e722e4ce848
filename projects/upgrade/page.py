"""The values of the pages about upgrades: the preview, what was done, many at once, and the note on a project's page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from accounts.models import User
from playbook.models import Version
from playbook.words_diff import Effort, Piece, words_diff
from projects.models import Project
from projects.page import LABELS, short_date
from projects.panels import Panel
from projects.upgrade.act import upgrade_url
from projects.upgrade.forms import WORDS, reason_field
from projects.upgrade.outcome import After, StepAfter, after, asked_by_gate, refusals
from projects.upgrade.plan import FIELDS, Choice, Chosen, FieldChange, Kind, Line, UpgradePlan, words_of
from projects.upgrade.services import newer_versions
from transitions.blockers import Blocker
from transitions.phase import Phase
from transitions.step import CLOSED

#: Never by colour alone: a sign and a word for each kind.
SIGNS: Mapping[Kind, tuple[str, str]] = {
    Kind.ADDED: ("+", "New"),
    Kind.REMOVED: ("−", "Dropped"),
    Kind.MOVED: ("→", "Moved"),
    Kind.CHANGED: ("~", "Changed"),
    Kind.SAME: ("=", "Same"),
}
#: So many names are told; the rest are counted.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Option:
    """One way to decide."""

    value: str
    label: str
    checked: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One field that changes; `pieces` tell it word by word where it is long. `whole`: of a step that is new."""

    label: str
    before: str
    after: str
    pieces: tuple[Piece, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class LineRow:
    """One step of the preview."""

    anchor: str
    name: str
    sign: str
    kind: str
    title: str
    url: str
    status: str
    done: str
    held: str
    options: tuple[Option, ...]
    reason_name: str
    reason: str
    changes: tuple[ChangeRow, ...]
    comes: tuple[str, ...]
    error: str


@dataclass(slots=True)
class LineGroup:
    """The lines of one phase."""

    title: str
    rows: list[LineRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The preview as it is shown: what must be decided first, then phase by phase; what is held and what is the same, folded."""

    base: str
    new: str
    must: list[LineRow]
    groups: list[LineGroup]
    held: list[LineRow]
    same: list[str]
    comes: list[str]
    choices: int
    counts: str
    nothing: bool
    refused: list[Blocker]

    @property
    def rows(self) -> list[LineRow]:
        """All lines that are shown with what changes."""
        return [*self.must, *(row for group in self.groups for row in group.rows), *self.held]


def preview_page(
    plan: UpgradePlan,
    project: Project,
    *,
    decisions: Mapping[str, str],
    reasons: Mapping[str, str],
    tried: bool = False,
) -> PreviewPage:
    """Return the preview with the choices as they are.

    Args:
        tried: what lacks is said at its line; before that, only that something has to be decided.
    """
    chosen = plan.choose(decisions, reasons)
    result = after(plan, chosen)
    lacks = refusals(plan, chosen) if tried else []
    errors = {refusal.key: refusal.text for refusal in lacks if refusal.key}
    following = {step.chosen.line.key: step for step in result.steps}
    effort = Effort()
    must, groups, held, same = [], dict[str, LineGroup](), [], []
    for one in chosen:
        line = one.line
        if line.kind == Kind.SAME:
            same.append(line.title)
            continue
        row = _row(one, following.get(line.key), plan, project, errors.get(line.key, ""), effort)
        if line.untouchable:
            held.append(row)
        elif line.must_decide:
            must.append(row)
        else:
            label = Phase(line.template.phase).label
            groups.setdefault(label, LineGroup(label)).rows.append(row)
    return PreviewPage(
        plan.base.label, plan.new.label, must, list(groups.values()), held, same, _comes(plan, result),
        sum(len(line.allowed) > 1 for line in plan.lines), count_words(plan.counts),
        nothing=not (must or groups), refused=[Blocker(one.code, one.text) for one in lacks if not one.key],
    )  # fmt: skip


def count_words(counts: Mapping[str, int]) -> str:
    """`3 new, 1 dropped, 4 changed, 12 held`."""
    words = {Kind.ADDED: "new", Kind.REMOVED: "dropped", Kind.MOVED: "moved", Kind.CHANGED: "changed"}
    found = [f"{counts[kind]} {word}" for kind, word in words.items() if counts.get(kind)]
    found += [f"{counts['held']} held"] if counts.get("held") else []
    return ", ".join(found) or "no step changes"


def _row(
    one: Chosen, result: StepAfter | None, plan: UpgradePlan, project: Project, error: str, effort: Effort
) -> LineRow:
    line = one.line
    sign, kind = SIGNS[line.kind]
    options = tuple(
        Option(str(choice), _word(choice, line, plan), choice == one.choice)
        for choice in line.allowed
        if len(line.allowed) > 1
    )
    own = line.own
    return LineRow(
        anchor=f"line-{line.key.replace('.', '-')}",
        name=line.field_name,
        sign=sign,
        kind=kind,
        title=line.title,
        url=project.step_url(own.template.path) if own else "",
        status=LABELS[own.status] if own else "",
        done=", ".join(line.done),
        held=line.untouchable,
        options=options,
        reason_name=reason_field(line.key) if Choice.LEAVE_OUT in line.allowed and options else "",
        reason=one.reason if one.choice == Choice.LEAVE_OUT else "",
        changes=tuple(_change(change, effort) for change in line.changes) or _about(line, plan),
        comes=tuple(_line_comes(one, result, plan)) if not line.untouchable else (),
        error=error,
    )


def _word(choice: Choice, line: Line, plan: UpgradePlan) -> str:
    if line.kind == Kind.REMOVED:
        return "Set aside as N/A" if choice == Choice.ACCEPT else "Keep it"
    if choice == Choice.DO and line.passed:
        return "Do it now"
    return WORDS[choice]


def _change(change: FieldChange, effort: Effort) -> ChangeRow:
    if change.name in {"guidance", "title"} and change.before and change.after:
        return ChangeRow(change.label, change.before, change.after, words_diff(change.before, change.after, effort))
    return ChangeRow(change.label, change.before, change.after)


#: What is told of a step that is new.
ABOUT = ("letters", "approval", "guidance", "needs", "documents")


def _about(line: Line, plan: UpgradePlan) -> tuple[ChangeRow, ...]:
    if line.kind != Kind.ADDED or line.new is None:
        return ()
    words = words_of(line.new, plan.new)
    return tuple(ChangeRow(FIELDS[name], "", words[name], whole=True) for name in ABOUT if words[name])


def _line_comes(one: Chosen, result: StepAfter | None, plan: UpgradePlan) -> list[str]:
    """Return what comes of the choice on one line, in words."""
    if result is None:
        return []
    line, own, today = one.line, one.line.own, plan.own.today
    if result.out and (own is None or own.open):
        return [f"N/A: {result.out.rstrip('.')}."]
    found = []
    if own is None:
        found.append(f"Not started, due {short_date(result.due, today)}.")
    elif result.due != own.due:
        found.append(f"Due {short_date(own.due, today)} → {short_date(result.due, today)}.")
    rank, phase = result.template.phase_rank, Phase(result.template.phase).label
    if (own is None or own.template.phase != result.template.phase) and result.status not in CLOSED:
        if rank < plan.own.rank:
            found.append(f"{phase} is passed: it is open there, and the next gate asks for it.")
        elif rank > plan.own.rank and own is not None:
            found.append(f"It opens when the project reaches {phase}.")
    if own is not None and one.takes_new and own.template.approval != result.template.approval:
        label = result.template.approval_label
        found.append(
            f"It is closed by a decision from then on: {label}." if label else "It asks for no approval any more."
        )
    if line.kind == Kind.REMOVED and one.choice == Choice.KEEP:
        found.append(f"It stays as {plan.base.title} had it.")
    return found


def _comes(plan: UpgradePlan, result: After) -> list[str]:
    """Return what comes of the choices on the whole: dates, seats, gate, phases."""
    found = []
    moved = [step for step in result.steps if step.chosen.line.own and step.due != step.chosen.line.own.due]
    if moved:
        last = max((step.due for step in moved if step.due), default=None)
        found.append(
            f"{_steps(len(moved))} {'gets' if len(moved) == 1 else 'get'} another due date, the last "
            f"{short_date(last, plan.own.today)}. Dates that somebody set stay."
        )
    else:
        found.append("No due date of a step that is there moves.")
    for seat in result.seats:
        if seat.seat is None:
            found.append(f"New seat: {seat.role.name} ({seat.role.code}), {seat.person or 'nobody yet'}.")
        elif seat.seat.person_id and not seat.person_id:
            found.append(
                f"{seat.role.name} ({seat.role.code}) is on the other side now: {seat.seat.person} leaves the seat."
            )
    for gone in result.gone:
        found.append(f"Seat no longer needed: {gone.role.name} ({gone.role.code}), {gone.person or 'nobody'}.")
    more, less = asked_by_gate(plan, result.steps)
    if more:
        found.append(f"The next gate will also ask for {_names(more)}.")
    if less:
        found.append(f"The next gate will no longer ask for {_names(less)}.")
    fresh = [phase for phase in result.phases if phase not in plan.own.phases]
    gone_phases = [phase for phase in plan.own.phases if phase not in result.phases]
    found += [f"New phase: {Phase(phase).label}." for phase in fresh]
    found += [f"No step is left in {Phase(phase).label}: the project does not visit it." for phase in gone_phases]
    return found


def _steps(number: int) -> str:
    return f"{number} step{'s' if number != 1 else ''}"


def _names(titles: Sequence[str]) -> str:
    names = [f"“{title}”" for title in titles[:NAMED]]
    rest = len(titles) - len(names)
    if rest:
        return f"{', '.join(names)} and {rest} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


# The project's page -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Newer:
    """A version that is out, and where to see what it would change."""

    label: str
    base: str
    published: dt.datetime | None
    note: str
    url: str


def newer_of(project: Project) -> list[Newer]:
    """Return what is newer than the project's versions, in one query."""
    return [
        Newer(str(version), base.label, version.published_at, version.change_note, upgrade_url(project, version))
        for base, version in newer_versions(project)
    ]


def note(project: Project, person: User, today: dt.date) -> Panel | None:
    """Return the quiet note on a live project's page that a newer version is out; in one query, none where it is over."""
    if project.standing not in {"active", "on_hold"}:
        return None
    newer = newer_of(project)
    return Panel("projects/upgrade/note.html", {"newer": newer}) if newer else None


# Many at once -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ManyRow:
    """One project on an older version: what the defaults would do, and why it cannot be ticked, if so."""

    id: int
    code: str
    name: str
    url: str
    phase: str
    base: str
    counts: str
    needs: int
    seen: str
    why_not: str
    preview: str

    @property
    def can(self) -> bool:
        """Whether it may be ticked."""
        return not self.why_not


def many_row(project: Project, version: Version, plan: UpgradePlan, seen: str, *, manages: bool) -> ManyRow:
    """Return a project's row, from its plan."""
    needs = len(plan.undecided)
    why_not = ""
    if not manages:
        manager = project.board.manager()
        why_not = f"{manager.name if manager else 'Nobody yet'} runs it"
    elif project.standing != "active":
        why_not = f"{project.get_standing_display()}: resume it first"
    elif needs:
        why_not = f"{_steps(needs)} to decide on"
    elif refusals(plan, plan.choose()):
        why_not = "The steps would need each other"
    return ManyRow(
        project.pk, project.code, project.name, reverse("project", args=[project.code]), Phase(project.phase).label,
        plan.base.label, count_words(plan.counts), needs, seen, why_not, upgrade_url(project, version),
    )  # fmt: skip
