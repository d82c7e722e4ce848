"""The watch in the demo: forty days of payments on each add-on; one drops, on one nothing was attempted, and there is a case."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from decimal import Decimal

from django.utils import timezone

from accounts.models import User
from handoff.models import PaymentDay
from handoff.watch.acts import dispose, set_projection
from handoff.watch.payments import take_payments
from handoff.watch.reading import watch_over
from handoff.watch.rights import first_day, is_watched
from handoff.watch.vocabulary import Kind, Outcome
from projects.models import Project
from projects.schedule import ONE_DAY, is_working_day
from transitions.clock import business_day

DAYS = 40
PROJECTED, AMOUNT = 60, Decimal(125)


def watch_chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let the payments of an add-on that is live come in. The same project gets the same numbers every time."""
    if not is_watched(project) or leaving:
        return
    by, today = people["IS"], business_day(timezone.now())  # the days up to now: a chapter's own clock may lag behind
    dropped = PaymentDay.objects.values("project").distinct().count() % 2 == 0
    chance = random.Random(project.code)  # noqa: S311 - a demo wants the same dice every time
    set_projection(
        project,
        first_day(project),
        payments=Decimal(PROJECTED),
        amount=PROJECTED * AMOUNT,
        source="The order form",
        by=by,
    )
    rows, odd = [], _odd_days(first_day(project), today)
    for back in range(DAYS, 0, -1):
        day = today - ONE_DAY * back
        count = round(PROJECTED * chance.uniform(0.85, 1.15) * (1 if day.weekday() < 5 else 0.4))
        if day in odd:
            count = count // 5 if dropped else 0
        rows.append({"day": day.isoformat(), "payments": count, "amount": str(AMOUNT * count)})
    take_payments(project, rows, by=by)
    if dropped:
        return
    for found in watch_over(project, today).found:
        if found.finding.kind == Kind.NONE and found.open:
            dispose(
                project, Kind.NONE, found.finding.first, last=found.finding.last, outcome=Outcome.CASE, by=by,
                case_number="CS-10482", case_link="https://cases.example/CS-10482",
                note="The biller switched off the payment page for its year end; turning it back on is a change of scope.",
            )  # fmt: skip


def _odd_days(live: dt.date, today: dt.date) -> set[dt.date]:
    """Return the last two working days that are watched and over: on these the payments fail."""
    days = [live + ONE_DAY * number for number in range((today - live).days)]
    return set([day for day in days if is_working_day(day)][-3:-1])
