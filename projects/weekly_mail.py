"""The weekly report by mail: to whoever asks for it, and to colleagues whom they choose. Each reads of what they may see."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from accounts.mail import Message, post, register, site_address
from accounts.models import OutgoingMail, User
from history.context import named
from projects.health import Health
from projects.models import Project
from projects.weekly import Report, Week, WeeklyFilter, WeekRow, report
from transitions.blockers import Blocker, NotPermitted
from transitions.clock import business_day

WEEKLY = "weekly_report"
#: A mail tells of so many projects; the page has them all.
MOST_IN_MAIL = 60


def register_mail() -> None:
    """Make the words of this mail known."""
    register(WEEKLY, _words)


@named
def send_report(week: str, *, manager: int | None, to: Collection[User], by: User, key: uuid.UUID) -> int:
    """Write down that each of `to` gets the report of a week; return how many there are.

    Its words are made when it is sent, of the projects that its reader may see by then.

    Args:
        week: `2026-W47`. manager: whose projects alone, by id. key: of the form; sent twice it is one mail each.

    Raises:
        NotPermitted: `by` is outside, or sees no project to report of.
        ValidationError: somebody of `to` is outside, or not active.
    """
    if by.is_outside or not by.is_active or not Project.objects.visible_to(by).exists():
        raise NotPermitted([Blocker("not-permitted", f"{by} sees no project to report of.")])
    if any(person.is_outside or not person.is_active for person in to):
        raise ValidationError({"people": "A report stays inside: choose colleagues."})
    with transaction.atomic():
        for person in to:
            post(WEEKLY, to=person, key=f"{WEEKLY}:{key}:{person.pk}", week=week, manager=manager, by=by.name)
    return len(to)


def _words(mail: OutgoingMail) -> Message | None:
    if mail.person.is_outside:
        return None
    chosen, today = WeeklyFilter(week=mail.details["week"], manager=mail.details["manager"]), business_day()
    told = report(mail.person, chosen, today)
    if chosen.week == Week.of(today).name:
        chosen = WeeklyFilter(manager=chosen.manager)
    if not told.rows:
        return None
    more = len(told.rows) > MOST_IN_MAIL
    return Message(
        subject=f"Weekly report {told.week.name}: {_counts(told)}",
        heading=f"Week of {told.week.words}",
        paragraphs=[
            f"{_projects(told)}: {_counts(told)}.",
            *([f"These are the {MOST_IN_MAIL} worst of them; the page has the others."] if more else []),
        ],
        facts=[(f"{row.code} {row.name}", told_of(row)) for row in told.rows[:MOST_IN_MAIL]],
        button=("Open the report", site_address(reverse("weekly-report") + chosen.query())),
        small_print=f"{mail.details['by']} sent you this report. It tells of the projects that you may see.",
    )  # fmt: skip


def told_of(row: WeekRow) -> str:
    """Return one project in sentences: the same that the page says."""
    parts = [str(Health(row.health).label) if row.health else "No update yet"]
    if row.update and row.update.reason:
        parts[0] += f": {row.update.reason.rstrip('.')}"
    if row.update:
        parts[0] += f" ({row.update.by.name}, {row.age}{', stale' if row.stale else ''})"
    if row.standing:
        parts.append(f"The project is {row.standing}")
    if row.disagreement:
        parts.append(row.disagreement)
    elif row.signal and row.signal.reasons:
        parts.append(f"Signal: {Health(row.signal.health).label.lower()}")
    if row.signal:
        parts += [reason.text.rstrip(".") for reason in row.signal.reasons]
    if row.passages:
        parts.append(f"Passed: {', '.join(row.passages)}")
    if row.closed:
        more = f" and {row.closed_more} more" if row.closed_more else ""
        parts.append(f"Closed: {', '.join(row.closed)}{more}")
    if row.next:
        parts.append("Next: " + ", ".join(f"{title} {day.text}" for title, day in row.next))
    parts.append(f"Go-live {row.go_live.text}" + (f", {row.go_live.note}" if row.go_live.note else ""))
    if row.plan_ends:
        parts.append(f"The plan ends {row.plan_ends}")
    return ". ".join(parts) + "."


def _counts(told: Report) -> str:
    return ", ".join(f"{number} {words}" for words, number in told.counts)


def _projects(told: Report) -> str:
    number = len(told.rows)
    return f"{'More than ' if told.cut else ''}{number} project{'' if number == 1 else 's'}"
