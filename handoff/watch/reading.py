"""What the rule is asked about, read for one project or for many; and what was said of what it found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from handoff.models import AnomalyWord, PaymentDay, Projection
from handoff.watch.rights import first_day
from handoff.watch.rule import WEEKS, Day, Expected, Finding, Paid, judge
from handoff.watch.vocabulary import OLDEST, Outcome
from projects.models import Project
from projects.schedule import ONE_DAY
from transitions.clock import business_day


@dataclass(frozen=True, slots=True)
class Found:
    """Something out of the ordinary, and the last word on it; None where nobody said anything.

    What was remedied and goes on after that day is open again (`goes_on`).
    """

    finding: Finding
    said: AnomalyWord | None
    goes_on: bool = False

    @property
    def open(self) -> bool:
        """Whether somebody has still to say what becomes of it."""
        return self.said is None or self.goes_on

    @property
    def holds(self) -> bool:
        """Whether the project is not complete before that."""
        return self.open and self.finding.kind.holds


@dataclass(frozen=True, slots=True)
class Watched:
    """The watch over one project: its days from go-live on, what was found, and what was said of what is found no longer."""

    days: list[Day]
    found: list[Found]
    past: list[AnomalyWord]
    paid: dict[dt.date, Paid]
    projections: list[Expected]

    @property
    def holding(self) -> list[Found]:
        """What holds the project up."""
        return [one for one in self.found if one.holds]


def watch_over(project: Project, today: dt.date) -> Watched:
    """Return the watch over one project, with all that is known of it; three queries.

    Of one that is complete the last day known is the last that is judged: nothing was to be sent any more.
    """
    first = first_day(project)
    return _read({project.pk: first}, today, PaymentDay.objects.all(), over=project.is_archived())[project.pk]


def watch_all(first_days: dict[int, dt.date], today: dt.date) -> dict[int, Watched]:
    """Return the watch over projects that run, by id, as far back as it bears on what is found; three queries however many.

    Args:
        first_days: from which day on each is watched. today: the company's day.
    """
    longest = {pk: max(first, today - OLDEST) for pk, first in first_days.items()}
    since = min(longest.values(), default=today) - dt.timedelta(weeks=WEEKS)
    return _read(longest, today, PaymentDay.objects.filter(day__gte=since))


def _read(
    first_days: dict[int, dt.date], today: dt.date, days: QuerySet[PaymentDay], *, over: bool = False
) -> dict[int, Watched]:
    paid: dict[int, dict[dt.date, Paid]] = {pk: {} for pk in first_days}
    projections: dict[int, list[Expected]] = {pk: [] for pk in first_days}
    words: dict[int, list[AnomalyWord]] = {pk: [] for pk in first_days}
    rows = days.filter(project__in=first_days).order_by("day")
    for pk, day, payments, amount in rows.values_list("project_id", "day", "payments", "amount"):
        paid[pk][day] = Paid(payments, amount)
    expected = Projection.objects.filter(project__in=first_days).order_by("since")
    for pk, *values in expected.values_list("project_id", "since", "payments", "amount"):
        projections[pk].append(Expected(*values))
    for word in AnomalyWord.objects.filter(project__in=first_days).select_related("by").order_by("at", "pk"):
        words[word.project_id].append(word)
    return {
        pk: _watched(
            paid[pk], projections[pk], words[pk], live=first,
            today=min(today, max(paid[pk], default=first) + ONE_DAY) if over else today,
        )
        for pk, first in first_days.items()
    }  # fmt: skip


def _watched(
    paid: dict[dt.date, Paid],
    projections: list[Expected],
    words: Sequence[AnomalyWord],
    *,
    live: dt.date,
    today: dt.date,
) -> Watched:
    days, findings = judge(paid, projections, live=live, today=today)
    found = [pair(finding, words) for finding in findings]
    used = {word.pk for finding in findings for word in words if is_of(word, finding)}
    return Watched(days, found, [word for word in words if word.pk not in used], paid, projections)


def is_of(word: AnomalyWord, finding: Finding) -> bool:
    """Return whether a word was said of a stretch: of the same kind, and sharing a day with what it was said of."""
    return word.kind == finding.kind and word.first <= finding.last and finding.first <= word.last


def pair(finding: Finding, words: Iterable[AnomalyWord]) -> Found:
    """Return what was found with the last word on it, `words` being in the order in which they were said. Pure."""
    said = next((word for word in reversed(list(words)) if is_of(word, finding)), None)
    remedied = said is not None and said.outcome == Outcome.REMEDIED
    return Found(finding, said, remedied and said is not None and finding.last > business_day(said.at))
