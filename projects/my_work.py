"""My work: the open steps on which a person is responsible or accountable, across projects, the next one first.

Letters come through seats (a seat's role has a letter on a step) unless somebody is named on the step itself, who then
stands in for the seats of that letter (`Board.holders`). One query finds all that is mine, as little of each step as decides
its place; only the steps of the page are read in full, and their titles and needs come from `playbook.catalog`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db.models import Case, CharField, F, Q, Value, When
from django.urls import reverse
from markupsafe import Markup

from accounts.models import User
from playbook.catalog import StepTemplate, version_template
from projects import drawn
from projects.board import A, R
from projects.days import WEEK, due, short
from projects.filters import BUCKETS, LETTERS, MyWorkFilter
from projects.models import Project, ProjectStep, Seat, Upgrade
from projects.reach import reached
from transitions.phase import PHASE_ORDER, Phase
from transitions.standing import Standing
from transitions.step import OPEN, StepStatus

PHASES: Mapping[str, str] = dict(Phase.choices)
STATUSES: Mapping[str, str] = dict(StepStatus.choices)
NAMES = tuple(name for name, _ in BUCKETS)
#: More projects than this are not offered in a list: then one is named by its code.
MOST_CHOICES = 50
LONGEST_REASON = 140


@dataclass(slots=True)
class Row:
    """One step on the page."""

    address: str
    title: str
    approval: str
    project: str
    project_name: str
    project_address: str
    chip: str
    letters: str
    due: Markup
    move: str
    button: str
    revision: int
    why: str = ""
    needs: list[tuple[str, str]] = field(default_factory=list)
    decide: bool = False


@dataclass(slots=True)
class Section:
    """The steps of one bucket that are on this page; `total` counts those on all pages."""

    name: str
    title: str
    total: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Tab:
    """A bucket in the row above the list, leading to it alone."""

    label: str
    number: int
    address: str
    here: bool
    warns: bool


# Which steps.


@dataclass(slots=True)
class Mine:
    """An open step of mine, as much of it as decides where it stands: sorts the next first."""

    place: tuple[int, dt.date, str, int, int]
    letters: str

    @property
    def id(self) -> int:
        """The id of the live step."""
        return self.place[-1]

    @property
    def bucket(self) -> int:
        """Its bucket's place in BUCKETS."""
        return self.place[0]


def open_steps(*, code: str = "", all_phases: bool = False) -> Any:
    """Open steps of active projects (of one, if `code` names it), in the phases reached unless later ones are asked for."""
    found = ProjectStep.objects.filter(status__in=OPEN, project__standing=Standing.ACTIVE).order_by()
    if code:
        found = found.filter(project__code=code)
    return found if all_phases else found.filter(reached())


def mine(who: User, steps: Any, today: dt.date) -> list[Mine]:
    """Return those of `steps` on which `who` is R or A, the next first, in one query whatever the number of seats.

    Three ways lead to a letter, and the database answers each by index: through the person's seats (a row for each letter),
    through the columns in which people are named, and to steps that an upgrade left at another version of the seat's playbook,
    through the code of the role (`board.seats_by_role`). Only projects that were upgraded are asked for the last.
    """
    letter, seat = "template__letters__", "project__seats__"
    not_named = (Q(**{f"{letter}letter": R}) & (Q(responsible=None) | Q(responsible__is_active=False))) | (
        Q(**{f"{letter}letter": A}) & (Q(accountable=None) | Q(accountable__is_active=False))
    )
    same, other = Q(**{f"{letter}role": F(f"{seat}role")}), F(f"{seat}role__version")
    by_code = (
        Q(project__in=Upgrade.objects.order_by().values("project"))
        & (Q(template__version__lt=other) | Q(template__version__gt=other))
        & Q(template__version__playbook=F(f"{seat}role__version__playbook"))
        & Q(**{f"{letter}role__code": F(f"{seat}role__code")})
    )
    by_seat, by_seat_of_another = (
        steps.filter(not_named, by_role, project__seats__person=who).annotate(held=F(f"{letter}letter"))
        for by_role in (same, by_code)
    )
    both = When(responsible=who, accountable=who, then=Value(R + A))
    one = When(responsible=who, then=Value(R))
    by_name = steps.filter(Q(responsible=who) | Q(accountable=who)).annotate(
        held=Case(both, one, default=Value(A), output_field=CharField())
    )
    columns = ("pk", "held", "due", "status", "project__code", "template__number")
    letters: dict[int, str] = {}
    rows: dict[int, tuple[dt.date | None, str, str, int]] = {}
    ways = (way.values_list(*columns) for way in (by_seat, by_name, by_seat_of_another))
    for pk, held, *rest in next(ways).union(*ways, all=True):
        letters[pk] = R * (R in held or R in letters.get(pk, "")) + A * (A in held or A in letters.get(pk, ""))
        rows[pk] = tuple(rest)
    found = [
        Mine((bucket_of(day, status, letters[pk], today), day or dt.date.max, code, number, pk), letters[pk])
        for pk, (day, status, code, number) in rows.items()
    ]
    return sorted(found, key=attrgetter("place"))


def bucket_of(day: dt.date | None, status: str, letters: str, today: dt.date) -> int:
    """Return the bucket of a step, as its place in BUCKETS: what waits for my decision is before all that is due."""
    if status == StepStatus.IN_REVIEW and A in letters:
        return 0
    if day is None:
        return 4
    if day <= today:
        return 1 if day < today else 2
    return 3 if day <= today + WEEK else 4


def chosen_of(found: Iterable[Mine], chosen: MyWorkFilter) -> list[Mine]:
    """Return those on which the person has the letter asked for."""
    return [step for step in found if chosen.role in step.letters]


def counts(found: Iterable[Mine]) -> list[int]:
    """Return how many steps each bucket has."""
    numbers = Counter(step.bucket for step in found)
    return [numbers[bucket] for bucket in range(len(NAMES))]


def of_bucket(found: list[Mine], when: str) -> list[Mine]:
    """Return the steps of the bucket called `when`, or all."""
    return [step for step in found if step.bucket == NAMES.index(when)] if when else found


def projects_of(who: User) -> list[tuple[str, str]]:
    """Return the active projects in which a person has a seat or is named: code and name, one more than can be offered."""
    by_seat = Seat.objects.filter(person=who).order_by().values("project")
    by_name = ProjectStep.objects.filter(Q(responsible=who) | Q(accountable=who)).order_by().values("project")
    found = Project.objects.active().filter(pk__in=by_seat.union(by_name)).order_by("name", "code")
    return list(found.values_list("code", "name")[: MOST_CHOICES + 1])


# The values of a row.

COLUMNS = (
    "pk", "project_id", "template_id", "template__version_id", "status", "due", "revision", "reason", "until", "owner__name",
    "project__code", "project__name", "project__phase", "own_title",
)  # fmt: skip


def sections(shown: Sequence[Mine], totals: Sequence[int], today: dt.date) -> list[Section]:
    """Read the steps, in their order, as rows under their buckets, in two queries: the steps, and those that they need."""
    steps = ProjectStep.objects.filter(pk__in=[step.id for step in shown]).values_list(*COLUMNS)
    values_of = {values[0]: values for values in steps}
    templates = {values[2]: version_template(values[3]).steps[values[2]] for values in values_of.values()}
    needed = needed_by(templates.values())
    waits = open_among({values[1] for values in values_of.values()}, needed.values())
    base = reverse("portfolio")
    found: list[Section] = []
    for step in shown:
        values = values_of[step.id]
        name = NAMES[step.bucket]
        if not found or found[-1].name != name:
            found.append(Section(name, BUCKETS[step.bucket][1], totals[step.bucket], []))
        template, project_id = templates[values[2]], values[1]
        needs = [
            (waits[project_id, each.path] or each.title, each.path)
            for each in needed.get(template.id, ())
            if (project_id, each.path) in waits
        ]
        found[-1].rows.append(_row(step, values, template, needs, base, today))
    return found


def needed_by(templates: Iterable[StepTemplate]) -> dict[int, list[StepTemplate]]:
    """Return the steps that each of `templates` needs, by its id; none for one that needs nothing."""
    asking = [template for template in templates if template.needs]
    by_path = {
        (version_id, step.path): step
        for version_id in {template.version_id for template in asking}
        for step in version_template(version_id).steps.values()
    }
    return {
        template.id: [step for path in template.needs if (step := by_path.get((template.version_id, path)))]
        for template in asking
    }


def open_among(project_ids: Collection[int], needed: Iterable[Sequence[StepTemplate]]) -> dict[tuple[int, str], str]:
    """Return which of the needed steps are open in which project, as (project, path), whichever version they are of there.

    The value is the title that the project gave the step, if any. One query, asked even where nothing is needed (no step has that
    key), so that how many a page makes does not depend on what it shows.
    """
    keys = {"", *(step.key for steps in needed for step in steps)}
    found = ProjectStep.objects.filter(project__in=project_ids, template__key__in=keys, status__in=OPEN).order_by()
    rows = found.values_list("project_id", "template__version__playbook__slug", "template__key", "own_title")
    return {(project_id, f"{playbook}/{key}"): own for project_id, playbook, key, own in rows}


def _row(
    step: Mine,
    values: tuple[Any, ...],
    template: StepTemplate,
    needs: Sequence[tuple[str, str]],
    base: str,
    today: dt.date,
) -> Row:
    _, _, _, _, status, day, revision, reason, until, owner, code, name, phase, own_title = values
    project = f"{base}{code}/"
    ahead = template.phase_rank > PHASE_ORDER[phase]
    held = bool(needs) or ahead
    move, button = ("", "") if held else _primary_move(status, template.approval)
    return Row(
        address=f"{project}steps/{template.path}/",
        title=own_title or template.title,
        approval=template.approval_label,
        project=code,
        project_name=name,
        project_address=project,
        chip="locked" if held and status == StepStatus.NOT_STARTED else status,
        letters=" ".join(step.letters),
        due=drawn.day(due(day, today)),
        move=move,
        button=button,
        revision=revision,
        why=_why(ahead, template.phase, phase, status, reason, owner, until, today),
        needs=[(title, f"{project}steps/{path}/") for title, path in needs],
        decide=step.bucket == 0 and not held,
    )


def _primary_move(status: str, approval: str) -> tuple[str, str]:
    """Return the one move offered on a row, and the words on its button; a decision is made on the step's own page."""
    if status == StepStatus.NOT_STARTED:
        return "start", "Start"
    if status == StepStatus.IN_PROGRESS:
        return ("submit", "Submit") if approval else ("complete", "Done")
    if status in {StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER}:
        return "resume", "Resume"
    return "", ""


def _why(
    ahead: bool,
    step_phase: str,
    phase: str,
    status: str,
    reason: str,
    owner: str | None,
    until: dt.date | None,
    today: dt.date,
) -> str:
    if ahead:
        return f"Opens when the project reaches {PHASES[step_phase]}; it is in {PHASES[phase]}."
    if status not in {StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER}:
        return ""
    short_reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON].rstrip()}…"
    by = f" by {short(until, today)}" if until else ""
    return f"{owner}{by}: {short_reason}"


# What stands around the rows.


def tabs(chosen: MyWorkFilter, totals: Sequence[int], base: str) -> list[Tab]:
    """Return the buckets that have steps (and the one that is on), each leading to its steps alone."""
    found = [Tab("All", sum(totals), base + chosen.query(when=""), not chosen.when, False)]
    for (name, title), number in zip(BUCKETS, totals, strict=True):
        if number or name == chosen.when:
            found.append(Tab(title, number, base + chosen.query(when=name), name == chosen.when, name == "overdue"))
    return found


def letters(chosen: MyWorkFilter, base: str) -> list[tuple[str, str, bool]]:
    """Return the lens of each letter: its words, where it leads, and whether it is on (then it leads out again)."""
    return [
        (words, base + chosen.query(role="" if letter == chosen.role else letter), letter == chosen.role)
        for letter, words in LETTERS
    ]


def next_known(who: User, today: dt.date) -> tuple[str, str]:
    """Return what comes next in any phase, for a page with nothing on it, and where: `UAT Sign-off, Dec 2 (MRW-1, Release)`."""
    found = mine(who, open_steps(all_phases=True), today)
    if not found:
        return "", ""
    columns = ("template_id", "template__version_id", "due", "project__code", "own_title")
    template_id, version_id, day, code, own_title = ProjectStep.objects.values_list(*columns).get(pk=found[0].id)
    template = version_template(version_id).steps[template_id]
    on = f", {short(day, today)}" if day else ""
    return (
        f"{own_title or template.title}{on} ({code}, {PHASES[template.phase]})",
        f"{reverse('portfolio')}{code}/steps/{template.path}/",
    )
