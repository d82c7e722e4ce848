"""The RAID log as people write it: raising, changing, reviewing, linking, showing to the customer; and whether it is active."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects.days import short
from projects.inbox import tell
from projects.models import Approval, Notice, NoticeKind, Project
from records.models.raid import RaidItem, RaidKind, RaidLink, RaidReview, Trend
from records.raid_rights import may_show, may_write, people_of
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.moves import perform

#: An open item that was touched within so many days makes the log active (domain.md, Phased go-live; issue 4).
ACTIVE_DAYS = 30
MOST_LINKS = 50
#: What a person writes of an item; `owner` is a User or None.
FIELDS = (
    "title", "cause", "event", "effect", "probability", "impact", "owner", "strategy", "response", "due", "trend", "notes",
)  # fmt: skip


@named
def raise_item(project: Project, kind: str, *, by: User, now: dt.datetime | None = None, **values: Any) -> RaidItem:
    """Put a new item into the log, open, under the next number of its kind.

    Args:
        kind: of RaidKind. values: of FIELDS; `title` must be there, the rest may be left out.

    Raises:
        NotPermitted, Archived. ValidationError: no such value is possible, or an owner without a seat on the project.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = writable(project, by)
        item = RaidItem(project=locked, kind=kind, number=_next_number(locked, kind), raised_by=by, raised_at=now)
        _write(item, values, by=by, now=now)
        item.save()
        tell(owner_notices([item], by=by, now=now))
    return item


@named
def change_item(
    item: RaidItem, *, by: User, revision: int | None = None, now: dt.datetime | None = None, **values: Any
) -> RaidItem:
    """Write other values into an item; where all are as they were, nothing is written.

    Args:
        revision: of the item as the person saw it; None where nothing was shown. values: of FIELDS, those that are to change.

    Raises:
        NotPermitted, Archived, StaleRow (of the item as it is now), ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(item, by)
        _refuse_stale(row, revision)
        owner = row.owner_id
        if all(getattr(row, name) == value for name, value in values.items()):
            return row
        _write(row, values, by=by, now=now)
        row.revision += 1
        row.save()
        if row.owner_id != owner:
            tell(owner_notices([row], by=by, now=now))
    return row


@named
def review_item(item: RaidItem, *, by: User, now: dt.datetime | None = None) -> RaidItem:
    """Note that `by` looked at the item today and found it as it stands. Twice a day by the same person is once.

    Raises:
        NotPermitted, Archived.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(item, by)
        if (row.reviewed_on, row.reviewed_by_id) != (business_day(now), by.pk):
            row.reviewed_on, row.reviewed_by, row.touched_at = business_day(now), by, now
            row.save(update_fields=["reviewed_on", "reviewed_by", "touched_at"])
    return row


@named
def show_item(
    item: RaidItem, *, visible: bool, with_response: bool = False, by: User, revision: int | None = None,
    now: dt.datetime | None = None,
) -> RaidItem:  # fmt: skip
    """Let people outside who have a seat on the project read the item's title and effect, or no longer.

    Args:
        with_response: whether they read our response as well. Cause, event, owner and notes stay inside whatever is said.
        revision: as in `change_item`: what is shown is what the person read.

    Raises:
        NotPermitted: `by` does not run the project. Archived, StaleRow.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = item.locked()
        if not may_show(row.project, by):
            raise NotPermitted(
                [Blocker("not-permitted", f"{by} does not run the project, and so shows nothing of it.")]
            )
        row.project.refuse_if_archived()
        _refuse_stale(row, revision)
        wanted = (visible, visible and with_response)
        if (row.visible_to_customer, row.response_to_customer) != wanted:
            row.visible_to_customer, row.response_to_customer = wanted
            row.revision += 1
            row.touched_at = now
            row.save(update_fields=["visible_to_customer", "response_to_customer", "revision", "touched_at"])
    return row


@named
def become_issue(risk: RaidItem, *, by: User, revision: int | None = None, now: dt.datetime | None = None) -> RaidItem:
    """Turn a risk that came about into an issue; return the issue.

    In one transaction: an issue with the risk's texts, owner, date and links; the risk closed with “Became I-3.”; each leads to
    the other. What the customer reads is chosen anew: the issue is not shown until somebody shows it.

    Raises:
        NotPermitted, Archived, StaleRow. MoveRefused: it is no risk, closed, or became one already.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(risk, by)
        _refuse_stale(row, revision)
        if row.kind != RaidKind.RISK:
            raise MoveRefused([Blocker("no-risk", f"{row.code} is no risk: a risk alone becomes an issue.")])
        issue = RaidItem(
            project=row.project, kind=RaidKind.ISSUE, number=_next_number(row.project, RaidKind.ISSUE), title=row.title,
            cause=row.cause, event=row.event, effect=row.effect, response=row.response, owner=row.owner, due=row.due,
            trend=Trend.STEADY, notes=row.notes, raised_by=by, raised_at=now, touched_at=now,
        )  # fmt: skip
        perform(row, "close_item", by=by, note=f"Became {issue.code}.", now=now)  # refuses what is closed
        issue.save()
        RaidLink.objects.bulk_create(
            [
                RaidLink(project=row.project, item=issue, step_id=link.step_id, decision_id=link.decision_id)
                for link in row.links.all()
            ]
        )
        closed = RaidItem.objects.get(pk=row.pk)
        closed.became = issue
        closed.save(update_fields=["became"])
        tell(owner_notices([issue], by=by, now=now))
    return issue


@named
def link_item(
    item: RaidItem,
    *,
    by: User,
    step_id: int | None = None,
    decision_id: int | None = None,
    now: dt.datetime | None = None,
) -> RaidLink:
    """Link an item to a step or to a recorded decision of its project. Done twice it is one link.

    Raises:
        NotPermitted, Archived. ValidationError: no step or decision of this project, or too many links.
    """
    with transaction.atomic():
        row = _locked(item, by)
        known = (
            any(step.id == step_id for step in row.project.board.steps)
            if decision_id is None
            else step_id is None and Approval.objects.filter(project=row.project, pk=decision_id).exists()
        )
        if not known:
            raise ValidationError({"target": "Choose a step or a decision of this project."})
        there = row.links.filter(step_id=step_id, decision_id=decision_id).first()
        if there is not None:
            return there
        if row.links.count() >= MOST_LINKS:
            raise ValidationError({"target": f"{MOST_LINKS} links at most go with one item. Remove one first."})
        link = RaidLink(project=row.project, item=row, step_id=step_id, decision_id=decision_id)
        link.save()
        _touch(row, now or timezone.now())
    return link


@named
def unlink_item(item: RaidItem, link_id: int, *, by: User, now: dt.datetime | None = None) -> None:
    """Take a link away; one that is gone already is no fault.

    Raises:
        NotPermitted, Archived.
    """
    with transaction.atomic():
        row = _locked(item, by)
        link = row.links.filter(pk=link_id).first()
        if link is not None:
            link.delete()
            _touch(row, now or timezone.now())


@named
def review_log(project: Project, *, by: User, note: str = "", now: dt.datetime | None = None) -> RaidReview:
    """Note that `by` looked through the whole log, with how many items were open.

    Raises:
        NotPermitted, Archived. ValidationError: a note of more than 500 characters.
    """
    with transaction.atomic():
        locked = writable(project, by)
        number = RaidItem.objects.live().filter(project=locked).count()
        review = RaidReview(project=locked, by=by, at=now or timezone.now(), open_items=number, note=note.strip())
        review.full_clean(exclude=("project", "by"))
        review.save()
    return review


# Whether the log is active ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the log is active, that in a sentence, and the day on which an open item was last touched, if there is one."""

    active: bool
    words: str
    last_touched: dt.date | None


def log_is_active(project: Project, today: dt.date) -> Verdict:
    """Return whether an open item was made, changed, moved, linked or reviewed in the 30 days up to `today`; in one query.

    What the phased go-live asks for (domain.md, Transition to Client Services). `today` is the company's day.
    """
    moment = RaidItem.objects.live().filter(project=project).order_by().aggregate(last=Max("touched_at"))["last"]
    if moment is None:
        return Verdict(False, "The log is not active: no item is open.", None)
    day = business_day(moment)
    if day >= today - dt.timedelta(days=ACTIVE_DAYS):
        return Verdict(True, f"The log is active: an open item was last touched on {short(day, today)}.", day)
    return Verdict(
        False, f"The log is not active: no open item was touched in {ACTIVE_DAYS} days, the last on {short(day, today)}.", day
    )  # fmt: skip


# Owners --------------------------------------------------------------------------------------------------------------------


def owner_notices(items: Iterable[RaidItem], *, by: User, now: dt.datetime) -> list[Notice]:
    """Return the notices of items (saved) to those who own them now.

    Whoever is outside hears only of an item that they may read, and is led to the project's page, where it stands.
    """
    found = []
    for item in items:
        owner = item.owner
        if owner is None or (owner.is_outside and not item.visible_to_customer):
            continue
        address = item.get_absolute_url() if not owner.is_outside else item.project.get_absolute_url()
        found.append(
            Notice(
                person=owner, kind=NoticeKind.OWNED, project=item.project, occasion=f"raid:{item.pk}:{item.revision}",
                text=f"{item.code} in the RAID log of {item.project.name} is yours now."[:300], address=address,
                why="You were named its owner.", by=by, at=now, heard_from=now,
            )
        )  # fmt: skip
    return found


def names_in_raid(person: User) -> dict[int, list[str]]:
    """Return which open items a person owns, as sentences by project id. In one query."""
    found: dict[int, list[str]] = {}
    rows = RaidItem.objects.live().filter(owner=person).order_by("kind", "number")
    for item in rows.only("project_id", "kind", "number", "title"):
        found.setdefault(item.project_id, []).append(f"owns {item.code} {item.title}")
    return found


def pass_on_items(
    *, person: User, successor: User | None, projects: Collection[Project], by: User, now: dt.datetime
) -> None:
    """Give a leaver's open items to the successor, or to nobody. What is closed keeps its owner."""
    mine = RaidItem.objects.live().filter(owner=person, project__in=[project.pk for project in projects])
    mine.update(owner=successor, revision=F("revision") + 1, touched_at=now)


# -- ------------------------------------------------------------------------------------------------------------------------


def writable(project: Project, by: User) -> Project:
    """Return the project under its lock, where `by` may write its log."""
    locked = project.locked()
    if not may_write(locked, by):
        raise NotPermitted(
            [Blocker("not-permitted", f"{by} has no seat on this project, and so writes nothing in its log.")]
        )
    locked.refuse_if_archived()
    return locked


def _locked(item: RaidItem, by: User) -> RaidItem:
    """Return the item as it is, under its project's lock, where `by` may write it."""
    row = item.locked()
    if not may_write(row.project, by):
        raise NotPermitted(
            [Blocker("not-permitted", f"{by} has no seat on this project, and so writes nothing in its log.")]
        )
    row.project.refuse_if_archived()
    return row


def _refuse_stale(row: RaidItem, revision: int | None) -> None:
    if revision is not None and revision != row.revision:
        raise StaleRow(row, f"{row.code} changed since you saw it. Look at what it is now, then choose again.")


def _write(item: RaidItem, values: dict[str, Any], *, by: User, now: dt.datetime) -> None:
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise TypeError(f"A RAID item has no {', '.join(unknown)} to be written")
    owner = values.get("owner", item.owner)
    if owner is not None and owner.pk != item.owner_id and owner.pk not in {one.id for one in people_of(item.project)}:
        raise ValidationError({"owner": f"{owner} has no seat on this project. Choose one of those who have."})
    for name, value in values.items():
        setattr(item, name, value.strip() if isinstance(value, str) else value)
    item.touched_at = now
    item.full_clean(exclude=("project", "owner", "raised_by", "reviewed_by", "became", "number"))


def _next_number(project: Project, kind: str) -> int:
    last = RaidItem.objects.filter(project=project, kind=kind).order_by().aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _touch(row: RaidItem, now: dt.datetime) -> None:
    row.touched_at = now
    row.save(update_fields=["touched_at"])
