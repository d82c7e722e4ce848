"""What people say in the watch: what was projected, and what became of an anomaly."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.models import AnomalyWord, Projection
from handoff.watch.reading import watch_over
from handoff.watch.rights import writable
from handoff.watch.vocabulary import Outcome
from history.context import named
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, StaleRow
from transitions.clock import business_day

MOST_PROJECTIONS = 50
#: Words that are kept say the year of their days.
EVERY_YEAR = dt.date.min
SAID = ("by_id", "outcome", "case_number", "case_link", "note", "last")


@named
@transaction.atomic
def set_projection(
    project: Project, since: dt.date, *, payments: Decimal, amount: Decimal | None, source: str, by: User,
    seen: int | None = None, now: dt.datetime | None = None,
) -> Projection:  # fmt: skip
    """Write what was sold: so much a day, from a day on until the next projection begins.

    Args:
        payments, amount: a day; US dollars, None where the sale named none. source: where the numbers are from.
        seen: the revision of the projection from that day which the person saw; None for none.

    Raises:
        NotPermitted, Archived, ValidationError. MoveRefused: the project is not watched, or has fifty.
        StaleRow (of the row from that day): it says something else.
    """
    locked = writable(project, by)
    row = Projection.objects.filter(project=locked, since=since).first()
    if row is None:
        if Projection.objects.filter(project=locked).count() >= MOST_PROJECTIONS:
            raise MoveRefused([Blocker("too-many", f"{MOST_PROJECTIONS} projections are the most for a project.")])
        row = Projection(project=locked, since=since)
    elif (row.payments, row.amount, row.source) == (payments, amount, source):
        return row
    elif row.revision != seen:
        told = f"From {since} on {row.payments.normalize():f} payments a day are projected already."
        raise StaleRow(row, f"{told} Send the form once more to put yours in their place.")
    else:
        row.revision += 1
    row.project, row.payments, row.amount, row.source = locked, payments, amount, source
    row.by, row.at = by, now or timezone.now()
    row.full_clean(exclude=("project", "by"))
    row.save()
    return row


@named
@transaction.atomic
def remove_projection(projection: Projection, *, revision: int, by: User) -> None:
    """Take a projection away that should not be there; its history stays.

    Raises:
        NotPermitted, Archived. StaleRow: it changed since it was seen, or is gone.
    """
    locked = writable(projection.project, by)
    row = Projection.objects.filter(project=locked, pk=projection.pk, revision=revision).first()
    if row is None:
        raise StaleRow(projection, "The projection changed since you saw it. Look at what it is now.")
    row.project = locked
    row.delete()


@named
@transaction.atomic
def dispose(
    project: Project, kind: str, first: dt.date, *, last: dt.date, outcome: str, by: User, note: str = "", case_number: str = "",
    case_link: str = "", now: dt.datetime | None = None,
) -> AnomalyWord:  # fmt: skip
    """Say what became of an anomaly: remedied, a Client Services case, or explained (issue 6; domain.md, Post live, add-ons).

    Args:
        kind, first: the name of the anomaly. last: its last day as the person saw it.
        note: what was done, or why it is none; asked for unless there is a case. case_number, case_link: where outcome is `case`.

    Raises:
        NotPermitted, Archived, ValidationError. MoveRefused: no such anomaly is found, or what the outcome asks for is missing.
        StaleRow: it has another last day by now.
    """
    now = now or timezone.now()
    locked, today = writable(project, by), business_day(now)
    watched = watch_over(locked, today)
    name = (kind, first)
    found = next((one.finding for one in watched.found if (one.finding.kind, one.finding.first) == name), None)
    if found is None:
        text = "That anomaly is no longer found: its days were corrected. There is nothing to say any more."
        raise MoveRefused([Blocker("no-anomaly", text)])
    if found.last != last:
        raise StaleRow(
            found, f"It changed since you saw it: {found.words(today)} Look again, then say what became of it."
        )
    if outcome == Outcome.CASE and not case_number.strip():
        raise MoveRefused([Blocker("missing-case", "Write the number of the case.", subject="case_number")])
    if outcome != Outcome.CASE and not note.strip():
        text = "Write what was done." if outcome == Outcome.REMEDIED else "Write what it was."
        raise MoveRefused([Blocker("missing-note", text, subject="note")])
    word = AnomalyWord(
        project=locked, kind=kind, first=first, last=last, found=found.words(EVERY_YEAR)[:300], outcome=outcome, by=by, at=now,
        case_number=case_number.strip() if outcome == Outcome.CASE else "",
        case_link=case_link if outcome == Outcome.CASE else "", note=note.strip(),
    )  # fmt: skip
    word.full_clean(exclude=("project", "by"))
    before = next((one.said for one in watched.found if one.finding is found and not one.goes_on), None)
    if before is not None and all(getattr(before, each) == getattr(word, each) for each in SAID):
        return before  # the form was sent twice
    word.save()
    return word
