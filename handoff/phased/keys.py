"""Keys with which machines send rows to a project: made, reset, revoked; and what they send, taken (docs/intake.md).

A key has 256 bits of chance, is shown once and kept as its SHA-256. It sends one kind of rows to one project, and acts as the
person who made it: once they run the project no longer, it opens nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import hmac
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.links import hash_of
from accounts.mail import site_address
from accounts.models import User
from handoff import intake
from handoff.models import IntakeKey
from handoff.rights import runs
from history.context import named
from projects.models import Project
from projects.team import locked_for
from transitions.blockers import Blocker, MoveRefused

LARGEST_BODY = 1024 * 1024
MOST_ROWS = 2_000
MOST_COLUMNS = 60
#: That a key was used is written down no more often than this.
NOTED_EVERY = dt.timedelta(minutes=5)
NO_HASH = "0" * 64


class Unreadable(Exception):  # noqa: N818
    """What was sent is not read; `problems` say why, by row, 0 being the whole."""

    def __init__(self, problems: Mapping[int, Sequence[str]]) -> None:
        self.problems = problems
        super().__init__(str(dict(problems)))


@dataclass(frozen=True, slots=True)
class Minted:
    """A key with its address: the only place where the token is in clear."""

    key: IntakeKey
    address: str


@named
@transaction.atomic
def make_key(project: Project, name: str, *, by: User, now: dt.datetime | None = None) -> Minted:
    """Make the key with which a machine sends rows of one kind, and return its address.

    Raises:
        NotPermitted: `by` does not run the project. Archived. MoveRefused: there is a key for that, or nothing takes such rows.
    """
    locked = locked_for(project, by)
    if name not in intake.intakes():
        raise MoveRefused([Blocker("no-intake", "Nothing takes rows of that kind.", subject="intake")])
    if IntakeKey.objects.filter(project=locked, intake=name, revoked_at=None).exists():
        text = "There is a key for this. Its address was shown once: give it another, or end it."
        raise MoveRefused([Blocker("key-there", text, subject="intake")])
    token = secrets.token_urlsafe(32)
    key = IntakeKey(project=locked, intake=name, person=by, token_hash=hash_of(token), made_at=now or timezone.now())
    key.save()
    return _minted(key, token)


@named
@transaction.atomic
def reset_key(key: IntakeKey, *, by: User, now: dt.datetime | None = None) -> Minted:
    """Give a key another address, and let it act as `by`; the address that it had opens nothing from now on.

    Raises:
        NotPermitted, Archived. MoveRefused: it was ended.
    """
    row = _open(key, by)
    token = secrets.token_urlsafe(32)
    row.token_hash, row.person, row.reset_at = hash_of(token), by, now or timezone.now()
    row.save(update_fields=["token_hash", "person", "reset_at"])
    return _minted(row, token)


@named
@transaction.atomic
def revoke_key(key: IntakeKey, *, by: User, now: dt.datetime | None = None) -> IntakeKey:
    """End a key for good.

    Raises:
        NotPermitted, Archived. MoveRefused: it was ended already.
    """
    row = _open(key, by)
    row.revoked_at = now or timezone.now()
    row.save(update_fields=["revoked_at"])
    return row


def keys_of(project: Project) -> list[IntakeKey]:
    """Return the keys of a project that are open; one query."""
    return list(IntakeKey.objects.filter(project=project, revoked_at=None).select_related("person"))


def by_token(token: str) -> IntakeKey | None:
    """Return the open key of a token whose person still runs its project; None for all else. A key of an archived project is
    found, so that who sends is told of it."""
    wanted = hash_of(token)
    key = IntakeKey.objects.select_related("person", "project").filter(token_hash=wanted, revoked_at=None).first()
    same = hmac.compare_digest(wanted, key.token_hash if key else NO_HASH)
    return key if key is not None and same and runs(key.project, key.person) else None


def receive(key: IntakeKey, rows: Sequence[Mapping[str, Any]], *, now: dt.datetime | None = None) -> intake.Taken:
    """Hand what a key sent to what takes it, as the person of the key; note (seldom) that it was used.

    Raises:
        NotPermitted, Archived. KeyError: nothing takes rows of that kind any more.
    """
    now = now or timezone.now()
    key.project.refuse_if_archived()
    taken = intake.take(key.intake, key.project, rows, by=key.person)
    if key.last_used_at is None or key.last_used_at + NOTED_EVERY <= now:
        IntakeKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return taken


def rows_of_json(body: bytes) -> list[Mapping[str, Any]]:
    """Return the rows of `{"rows": [{…}, …]}`.

    Raises:
        Unreadable: no such JSON, too many rows, or one that is no object.
    """
    try:
        said = json.loads(body)
        json.dumps(said, ensure_ascii=False).encode()  # half a character in an escape is none that a database takes
    except (ValueError, RecursionError) as broken:
        raise Unreadable({0: [f"This is no JSON in UTF-8: {str(broken)[:200]}"]}) from broken
    rows = said.get("rows") if isinstance(said, dict) else None
    if not isinstance(rows, list):
        raise Unreadable({0: ["Send an object with a list called “rows”."]})
    wrong = {number: ["An object, please."] for number, row in enumerate(rows, start=1) if not isinstance(row, dict)}
    _refuse_many(len(rows))
    if wrong:
        raise Unreadable(wrong)
    return rows


def rows_of_csv(body: bytes) -> list[Mapping[str, Any]]:
    """Return the rows of text with commas, by the headings of its first line.

    Raises:
        Unreadable: no UTF-8, no headings, one twice, too many rows, or a row with more cells than headings.
    """
    try:
        text = body.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in line)]
    except (UnicodeDecodeError, csv.Error) as broken:
        raise Unreadable({0: [f"This is no CSV in UTF-8: {str(broken)[:200]}"]}) from broken
    if not lines:
        raise Unreadable({0: ["There is nothing in it: the first line has the headings."]})
    heads = [head.strip() for head in lines[0]]
    if len(set(map(str.casefold, heads))) < len(heads) or not all(heads) or len(heads) > MOST_COLUMNS:
        raise Unreadable({0: [f"Each heading is there once, none is empty, and there are {MOST_COLUMNS} at most."]})
    _refuse_many(len(lines) - 1)
    wrong = {
        number: [f"It has {len(line)} cells, and there are {len(heads)} headings."]
        for number, line in enumerate(lines[1:], start=1)
        if len(line) > len(heads)
    }
    if wrong:
        raise Unreadable(wrong)
    return [dict(zip(heads, line, strict=False)) for line in lines[1:]]


def _refuse_many(count: int) -> None:
    if not count:
        raise Unreadable({0: ["There are no rows."]})
    if count > MOST_ROWS:
        raise Unreadable({0: [f"{count:,} rows; {MOST_ROWS:,} are the most at a time."]})


def _open(key: IntakeKey, by: User) -> IntakeKey:
    project = locked_for(key.project, by)
    row = IntakeKey.objects.get(pk=key.pk)
    row.project = project
    if row.revoked_at is not None:
        raise MoveRefused([Blocker("key-ended", "This key was ended. Make another.")])
    return row


def _minted(key: IntakeKey, token: str) -> Minted:
    return Minted(key, site_address(reverse("intake", args=[token])))
