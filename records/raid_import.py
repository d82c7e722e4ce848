"""A sheet into the RAID log: kept while somebody looks at what it would do, then done, whole or not at all.

While a row is refused nothing is imported. What a sheet would do is `records.raid_sheet.plan`.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from history.context import named
from projects import sheet_drafts
from projects.inbox import tell
from projects.models import Project, SheetDraft
from records.models import RaidItem
from records.raid import FIELDS, owner_notices, writable
from records.raid_sheet import Line, plan
from sheets.planning import Plan
from sheets.reading import Table
from transitions.moves import bring_in

PURPOSE = "raid"


@named
@transaction.atomic
def keep_draft(project: Project, name: str, table: Table, *, by: User, now: dt.datetime | None = None) -> SheetDraft:
    """Keep a sheet that was found good until it is imported.

    Raises:
        NotPermitted, Archived. SheetRefused: it has more text than is kept.
    """
    return sheet_drafts.keep(writable(project, by), PURPOSE, name, table, by=by, now=now)


def plan_of(project: Project, draft: SheetDraft) -> Plan[Line]:
    """Return what a kept sheet would do to the log as it is now."""
    return plan(project, sheet_drafts.table_of(draft))


@named
@transaction.atomic
def apply_draft(draft: SheetDraft, *, by: User, fingerprint: str, now: dt.datetime | None = None) -> Plan[Line]:
    """Import a kept sheet, whole or not at all, under the project's lock; return what was done. The draft is gone then.

    New rows begin in the state that the sheet says, with a record that they were brought in; owners hear of what is theirs now.

    Args:
        fingerprint: of the plan that was looked at.

    Raises:
        NotPermitted, Archived. StaleRow (of the plan as it is now): the log changed since. MoveRefused: the draft is gone, or a
            row is refused by now.
    """
    now = now or timezone.now()
    project = writable(draft.project, by)
    kept, found = sheet_drafts.agreed(
        draft, project, by=by, now=now, fingerprint=fingerprint, plan=partial(plan, project), of="log"
    )
    owned = [*_make_new(project, found, kept, by, now), *_write_changed(project, found, by, now)]
    tell(owner_notices(owned, by=by, now=now))
    kept.delete()
    return found


def _make_new(project: Project, found: Plan[Line], draft: SheetDraft, by: User, now: dt.datetime) -> list[RaidItem]:
    last = RaidItem.objects.filter(project=project).order_by().values_list("kind").annotate(last=Max("number"))
    numbers = dict(last.values_list("kind", "last"))
    items, lines = [], found.of("new")
    for line in lines:
        numbers[line.kind] = numbers.get(line.kind, 0) + 1
        items.append(
            RaidItem(
                project=project,
                kind=line.kind,
                number=numbers[line.kind],
                raised_by=by,
                raised_at=now,
                touched_at=now,
                **line.values,
            )
        )
    bring_in(
        items, RaidItem.objects.bulk_create, states=[{"state": line.state} for line in lines], by=by,
        note=f"From the sheet “{draft.name}”.", at=[now] * len(items),
    )  # fmt: skip
    return _with_owners(items)


def _write_changed(project: Project, found: Plan[Line], by: User, now: dt.datetime) -> list[RaidItem]:
    """Write what differs; return the items that have another owner."""
    items, given = [], []
    for line in found.of("changed"):
        item = line.item
        assert item is not None, "what is changed is there"
        for name, value in line.values.items():
            setattr(item, name, value)
        item.project, item.revision, item.touched_at = project, item.revision + 1, now
        items.append(item)
        if line.values.get("owner_id"):
            given.append(item)
    RaidItem.objects.bulk_update(items, [*FIELDS, "revision", "touched_at"], batch_size=200)
    return _with_owners(given)


def _with_owners(items: list[RaidItem]) -> list[RaidItem]:
    """Read the owners of items, in one query."""
    people = User.objects.in_bulk({item.owner_id for item in items if item.owner_id})
    for item in items:
        item.owner = people.get(item.owner_id)
    return items
