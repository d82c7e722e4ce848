"""The values of the RAID log's pages, ready to be written out, and the panels that show some of it elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, Count, F, Q, Value, When

from projects import days
from projects.board import Board
from projects.days import DayWords, short
from projects.models import Approval, Project
from projects.people import Person, person
from projects.portfolio_page import Chip
from records.models.raid import RaidItem, RaidKind, RaidLink, RaidQuerySet, RaidReview, Trend
from records.raid_form import SENTENCES, STATES, RaidFilter, one_line
from transitions.clock import business_day
from transitions.raid import LIVE, RaidState

#: Of a state: the chip's kind and mark.
CHIP = {
    RaidState.OPEN: ("waiting", "○"),
    RaidState.MITIGATING: ("progress", "◐"),
    RaidState.CLOSED: ("done", "✓"),
}
TRENDS = {Trend.UP: ("↑", "late"), Trend.STEADY: ("→", "soft"), Trend.DOWN: ("↓", "early")}
PLURALS = {
    RaidKind.RISK: "Risks", RaidKind.ASSUMPTION: "Assumptions", RaidKind.ISSUE: "Issues",
    RaidKind.DEPENDENCY: "Dependencies",
}  # fmt: skip
#: From which exposure on a risk is so called.
BANDS = ((15, "extreme", "Extreme"), (10, "high", "High"), (5, "medium", "Medium"), (1, "low", "Low"))
#: An issue has come about: in the order of the worst it stands with the high risks, what is not weighed with the medium ones.
WEIGHT_OF_ISSUE, WEIGHT_OF_REST = 12, 6
WORST = 5


def band(exposure: int | None) -> tuple[str, str]:
    """Return how grave an exposure is: a class and a word; two empty texts where there is none."""
    return next(((name, word) for least, name, word in BANDS if exposure and exposure >= least), ("", ""))


def sentence(item: RaidItem) -> str:
    """Return cause, event and effect as one sentence; empty where none is written."""
    parts = []
    for words, text in zip(SENTENCES[item.kind], (item.cause, item.event, item.effect), strict=True):
        plain = one_line(text).rstrip(" .;,")
        if plain:
            parts.append(f"{words} {plain}")
    whole = ", ".join(parts)
    return f"{whole[:1].upper()}{whole[1:]}." if whole else ""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item in a list."""

    code: str
    address: str
    title: str
    kind: str
    sentence: str
    state: str
    chip: str
    mark: str
    exposure: int | None
    band: str
    weighed: str
    owner: Person | None
    due: DayWords
    trend: str
    trend_mark: str
    trend_tone: str
    reviewed: str
    age: str
    visible: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """A kind of item, how many of it are open, and the list of them."""

    label: str
    number: int
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the map: how many open risks, and the list of them (no address where there is none)."""

    number: int
    band: str
    says: str
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column that sorts."""

    label: str
    address: str
    order: str
    right: bool


@dataclass(frozen=True)
class Counts:
    """How many items there are, by kind and state; read in one query."""

    by: dict[tuple[str, str], int]

    @classmethod
    def of(cls, project: Project) -> Counts:
        """Count the items of a project."""
        rows = RaidItem.objects.filter(project=project).order_by().values_list("kind", "state")
        return cls({(kind, state): number for kind, state, number in rows.annotate(Count("pk"))})

    @property
    def total(self) -> int:
        """All there are."""
        return sum(self.by.values())

    def live(self, kind: str = "") -> int:
        """Those that are not closed, of a kind or of all."""
        return sum(n for (of, state), n in self.by.items() if state in LIVE and kind in ("", of))

    def ever(self, kind: str = "") -> int:
        """Those there are in any state, of a kind or of all."""
        return sum(n for (of, _), n in self.by.items() if kind in ("", of))


# The list -----------------------------------------------------------------------------------------------------------------


def found(project: Project, chosen: RaidFilter) -> RaidQuerySet:
    """Return the items that are asked for, without an order."""
    items: RaidQuerySet = RaidItem.objects.filter(project=project).order_by()
    if chosen.kind:
        items = items.filter(kind=chosen.kind)
    if chosen.state == "live":
        items = items.live()
    elif chosen.state != "all":
        items = items.filter(state=chosen.state)
    if chosen.owner:
        items = items.filter(owner=chosen.owner)
    if chosen.weights:
        items = items.filter(kind=RaidKind.RISK, probability=chosen.weights[0], impact=chosen.weights[1])
    if q := chosen.q.strip():
        texts = ("title", "cause", "event", "effect", "response")
        matches = reduce(or_, (Q(**{f"{name}__icontains": q}) for name in texts))
        items = items.filter(matches | Q(pk__in=RaidItem.objects.filter(project=project).called(q).values("pk")))
    return items


def in_order(items: RaidQuerySet, sort: str, today: dt.date) -> RaidQuerySet:
    """Return the items in the order asked for; the worst first unless told: open, overdue, exposure, date.

    An issue, which has come about, stands with the high risks, what nobody has weighed with the medium ones.
    """
    name, down = sort.lstrip("-"), sort.startswith("-")
    weight = Case(
        When(probability__isnull=False, then=F("probability") * F("impact")),
        When(kind=RaidKind.ISSUE, then=Value(WEIGHT_OF_ISSUE)),
        default=Value(WEIGHT_OF_REST),
    )
    if not name:
        closed = Case(When(state__in=LIVE, then=Value(0)), default=Value(1))
        late = Case(When(due__lt=today, state__in=LIVE, then=Value(0)), default=Value(1))
        return items.order_by(closed, late, weight.desc(), F("due").asc(nulls_last=True), "kind", "number")
    field = {"exposure": F("probability") * F("impact"), "owner": F("owner__name"), "touched": F("touched_at")}.get(
        name
    )
    if name == "number":
        return items.order_by(*(("-kind", "-number") if down else ("kind", "number")))
    by: Any = F(name) if field is None else field
    order = by.desc(nulls_last=True) if down else by.asc(nulls_last=True)
    return items.order_by(order, "kind", "number")


def rows(project: Project, items: Iterable[RaidItem], today: dt.date) -> list[ItemRow]:
    """Return items (with their owner's name) as rows; no query."""
    base = log_address(project)
    return [row(item, base, today) for item in items]


def row(item: RaidItem, base: str, today: dt.date) -> ItemRow:
    """Return one item as a row."""
    chip, mark = CHIP[RaidState(item.state)]
    arrow, tone = TRENDS[Trend(item.trend)]
    due = (
        days.due(item.due, today)
        if item.is_live
        else DayWords(item.due.isoformat() if item.due else "", _day(item.due, today))
    )
    age = (today - business_day(item.raised_at)).days
    return ItemRow(
        code=item.code, address=f"{base}{item.code}/", title=item.title, kind=item.get_kind_display(),
        sentence=sentence(item), state=item.get_state_display(), chip=chip, mark=mark, exposure=item.exposure,
        band=band(item.exposure)[0],
        weighed=_weighed(item),
        owner=person(item.owner_id, item.owner.name if item.owner else None), due=due if item.due else days.NO_DAY,
        trend=item.get_trend_display(), trend_mark=arrow, trend_tone=tone, reviewed=_day(item.reviewed_on, today),
        age=f"{age} d" if age else "today", visible=item.visible_to_customer,
    )  # fmt: skip


def _weighed(item: RaidItem) -> str:
    if not item.exposure:
        return ""
    return f"probability {item.probability} × impact {item.impact}, {band(item.exposure)[1].lower()}"


def tabs(counts: Counts, chosen: RaidFilter, base: str) -> list[Tab]:
    """Return the kinds, with how many of each are open."""
    kinds = [("", "All"), *((kind.value, PLURALS[kind]) for kind in RaidKind)]
    return [
        Tab(label, counts.live(kind), base + chosen.query(kind=kind, cell=""), chosen.kind == kind)
        for kind, label in kinds
    ]


def risk_map(project: Project, chosen: RaidFilter, base: str) -> list[tuple[int, list[Cell]]]:
    """Return the map of open risks, the most probable row first: (probability, cells by impact); in one query."""
    weighed = RaidItem.objects.live().filter(project=project, kind=RaidKind.RISK, probability__isnull=False)
    counted = {
        (probability, impact): number
        for probability, impact, number in weighed.order_by().values_list("probability", "impact").annotate(Count("pk"))
    }

    def cell(probability: int, impact: int) -> Cell:
        number, name = counted.get((probability, impact), 0), f"{probability}x{impact}"
        here = chosen.cell == name
        says = f"{number} open {'risk' if number == 1 else 'risks'} with probability {probability}, impact {impact}"
        only = RaidFilter(kind=RaidKind.RISK, cell="" if here else name)
        return Cell(number, band(probability * impact)[0], says, base + only.query() if number else "", here)

    return [(probability, [cell(probability, impact) for impact in range(1, 6)]) for probability in range(5, 0, -1)]


def worst(project: Project, most: int, today: dt.date) -> list[ItemRow]:
    """Return the open risks of the highest exposure, in one query."""
    weighed = RaidItem.objects.live().weighed().filter(project=project, weight__isnull=False)
    return rows(project, weighed.select_related("owner").order_by("-weight", "due", "number")[:most], today)


#: Label, and the order that a column is first sorted in.
HEADERS = (
    ("ID", "number"), ("Item", "title"), ("Exposure", "-exposure"), ("Owner", "owner"), ("Due", "due"), ("Touched", "-touched"),
)  # fmt: skip


def headers(chosen: RaidFilter, base: str) -> dict[str, Column]:
    """Return the heads of the columns that sort, by the name of the order."""
    made = {}
    for label, first in HEADERS:
        name = first.lstrip("-")
        turned = name if first.startswith("-") else f"-{name}"
        following = turned if chosen.sort == first else first
        order = "" if chosen.sort.lstrip("-") != name else "descending" if chosen.sort.startswith("-") else "ascending"
        made[name] = Column(label, base + chosen.query(sort=following), order, first == "-exposure")
    return made


def chips(chosen: RaidFilter, owners: Iterable[tuple[int, str]], base: str) -> list[Chip]:
    """Return what is on, each with the way to turn it off (the kinds are tabs)."""
    names, default = dict(owners), RaidFilter()
    words = {
        "state": dict(STATES)[chosen.state],
        "owner": f"Owner: {names.get(chosen.owner or 0, 'nobody here')}",
        "cell": f"Probability {chosen.cell[:1]}, impact {chosen.cell[-1:]}",
        "q": f"“{chosen.q}”",
    }
    return [
        Chip(label, base + chosen.query(**{name: getattr(default, name)}))
        for name, label in words.items()
        if getattr(chosen, name) != getattr(default, name)
    ]


def owners(project: Project) -> list[tuple[int, str]]:
    """Return who owns an item of the log, by name, in one query: whom the filter offers."""
    rows_ = RaidItem.objects.filter(project=project, owner__isnull=False).order_by("owner__name")
    return list(rows_.values_list("owner_id", "owner__name").distinct())


def last_review(project: Project) -> RaidReview | None:
    """Return when the log was last looked through, in one query."""
    return project.raid_reviews.select_related("by").first()


def review_words(review: RaidReview | None, today: dt.date) -> str:
    """Return when the log was last looked through, and by whom."""
    if review is None:
        return "Nobody has looked through the log yet."
    return f"Log reviewed on {short(business_day(review.at), today)} by {review.by.name}."


def nothing(counts: Counts, chosen: RaidFilter, review: RaidReview | None, today: dt.date) -> tuple[str, str]:
    """Return why a list is empty, as headline and sentence: never had, filtered out, or all closed."""
    what = PLURALS[RaidKind(chosen.kind)].lower() if chosen.kind else "items"
    if not counts.ever(chosen.kind):
        return f"No {what} yet", f"Nothing of this kind has been raised on this project. {review_words(review, today)}"
    if chosen.narrowed:
        return (
            "No item matches",
            f"Nothing among the {counts.ever(chosen.kind)} {what} fits everything that is on above.",
        )
    return f"No open {what}", f"All {counts.ever(chosen.kind)} are closed. {review_words(review, today)}"


def _day(day: dt.date | None, today: dt.date) -> str:
    return short(day, today) if day else "–"


def log_address(project: Project) -> str:
    """Return the address of a project's log. As `reverse("raid", …)`, which a test holds it to."""
    return f"{project.get_absolute_url()}raid/"


# One item -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkRow:
    """What an item is linked to."""

    id: int
    what: str
    title: str
    address: str


def link_rows(links: Iterable[RaidLink], board: Board) -> list[LinkRow]:
    """Return links (with their decisions) as rows; titles come from the board."""
    project, made = board.project, []
    for link in links:
        step = board.step(link.step_id or (link.decision.step_id if link.decision else 0))
        if link.decision is None:
            made.append(
                LinkRow(link.pk, "Step", f"{step.template.number} {board.title(step)}", project.step_url(step.path))
            )
        else:
            address = f"{project.get_absolute_url()}sign-offs/{link.decision_id}"
            words = f"{board.title(step)}: {link.decision.get_decision_display().lower()} on {_long(link.decision.at)}"
            made.append(LinkRow(link.pk, "Decision", words, address))
    return made


def targets(
    board: Board, decisions: Sequence[Approval], linked: Iterable[RaidLink]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what an item may be linked to and is not yet, as groups of (value, words)."""
    there = {(link.step_id, link.decision_id) for link in linked}
    steps = [
        (f"step:{step.id}", f"{step.template.number} {board.title(step)}")
        for step in board.steps
        if (step.id, None) not in there
    ]
    decided = [
        (
            f"decision:{row.pk}",
            f"{board.title(board.step(row.step_id))}: {row.get_decision_display().lower()} on {_long(row.at)}",
        )
        for row in decisions
        if (None, row.pk) not in there
    ]
    return [(label, group) for label, group in (("Steps", steps), ("Decisions", decided)) if group]


def _long(at: dt.datetime) -> str:
    day = business_day(at)
    return f"{day:%b} {day.day}, {day.year}"
