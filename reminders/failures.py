"""What could not be sent, for those who look after it: sweeps, mails, addresses, webhooks; and trying again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from accounts.mail import CLOSED_ACCOUNT, NOTHING_LEFT
from accounts.models import OutgoingMail, User
from projects.notice_kinds import NoticeKind
from reminders.models import Bounce, Hook, Sweep

#: A mail that was not sent because there was no reason for it any more is no failure.
NO_FAULT = (NOTHING_LEFT, CLOSED_ACCOUNT)
#: So many rows of each list stand on the page; the rest is counted.
MOST = 25
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class SweepLine:
    """A sweep, in words."""

    at: dt.datetime
    ended: bool
    made: str
    skipped: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Overview:
    """The page: one sentence that says how it stands, and what is behind it."""

    sentence: str
    calm: bool
    sweeps: Sequence[SweepLine]
    reasons: Sequence[tuple[str, int]]
    failed: Sequence[OutgoingMail]
    failed_count: int
    waiting: Sequence[OutgoingMail]
    waiting_count: int
    bounces: Sequence[Bounce]
    hooks: Sequence[Hook]


def bounce_of(person: User) -> Bounce | None:
    """Return that the person's address was refused; None where it was not, or where they have another one by now."""
    return Bounce.objects.filter(person=person, address__iexact=person.email).first()


def overview(now: dt.datetime) -> Overview:
    """Return all that the page shows, in a fixed number of queries."""
    unsent = OutgoingMail.objects.filter(sent_at=None)
    failed = unsent.exclude(failed_at=None).exclude(error__in=NO_FAULT).order_by("-failed_at", "-pk")
    waiting = unsent.filter(failed_at=None).order_by("due_at", "pk")
    counts = OutgoingMail.objects.filter(sent_at=None).aggregate(
        failed=Count("pk", filter=Q(failed_at__isnull=False) & ~Q(error__in=NO_FAULT)),
        waiting=Count("pk", filter=Q(failed_at=None)),
        late=Count("pk", filter=Q(failed_at=None, due_at__lte=now - LATE)),
    )
    reasons = failed.order_by().values_list("error").annotate(number=Count("pk")).order_by("-number", "error")[:MOST]
    sweeps = [_line(sweep) for sweep in Sweep.objects.all()[:SWEEPS]]
    lost = Count("posts", filter=Q(posts__failed_at__isnull=False, posts__made_at__gt=now - RECENT))
    hooks = (
        Hook.objects.annotate(lost=lost)
        .filter(Q(lost__gt=0) | Q(is_active=False))
        .select_related("project", "team")
        .order_by("is_active", "name", "pk")[:MOST]
    )
    found = list(hooks)
    bounces = list(Bounce.objects.select_related("person")[:MOST])
    sentence, calm = _sentence(counts, len(bounces), sum(getattr(hook, "lost", 0) for hook in found), sweeps, now)
    return Overview(
        sentence=sentence, calm=calm, sweeps=sweeps,
        reasons=[(error or "No reason was kept", number) for error, number in reasons],
        failed=list(failed.select_related("person")[:MOST]), failed_count=counts["failed"],
        waiting=list(waiting.select_related("person")[:MOST]), waiting_count=counts["waiting"],
        bounces=bounces, hooks=found,
    )  # fmt: skip


#: A mail that is due for so long waits for a server, not for its turn; a sweep that is so old says that the clock stands.
LATE, STANDS = dt.timedelta(minutes=15), dt.timedelta(minutes=30)
RECENT = dt.timedelta(days=7)


def _sentence(
    counts: dict[str, Any], bounces: int, lost: int, sweeps: Sequence[SweepLine], now: dt.datetime
) -> tuple[str, bool]:
    """Return how it stands, in one sentence, and whether all is well."""
    wrong = []
    if counts["failed"]:
        wrong.append(f"{_count(counts['failed'], 'mail')} failed")
    if counts["late"]:
        wrong.append(
            f"{_count(counts['late'], 'mail')} {'waits' if counts['late'] == 1 else 'wait'} for the mail server"
        )
    if bounces:
        wrong.append(f"{_count(bounces, 'address', 'addresses')} {'does' if bounces == 1 else 'do'} not exist")
    if lost:
        wrong.append(f"{_count(lost, 'post')} to webhooks failed")
    if sweeps and now - sweeps[0].at > STANDS:
        return (
            f"The clock stands: the last sweep was at {sweeps[0].at:%b} {sweeps[0].at.day}, {sweeps[0].at:%H:%M} UTC.",
            False,
        )
    if not sweeps:
        return "No sweep has run yet: nothing is due until the clock is on.", False
    if wrong:
        words = wrong[0] if len(wrong) == 1 else f"{', '.join(wrong[:-1])} and {wrong[-1]}"
        return f"Everything due was written down; {words}.", False
    return "Everything due was sent.", True


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _line(sweep: Sweep) -> SweepLine:
    labels = dict(NoticeKind.choices)
    made = ", ".join(f"{number:,} × {labels.get(kind, kind)}" for kind, number in sorted(sweep.made.items()) if number)
    skipped = [(labels.get(kind, kind), text) for kind, text in sweep.skipped]
    return SweepLine(sweep.at, sweep.ended_at is not None, made or "Nothing new was due", skipped)
