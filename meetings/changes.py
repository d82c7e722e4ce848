"""Who is to know that a meeting changed. Services say it once; invitations and notices follow, in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

from accounts.models import User
from meetings.models import Series


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: the series as it is now, and the days concerned (none: all of them).

    `words` says it to people: `moved from Tue Nov 24, 10:00 to Wed Nov 25, 11:00`.
    """

    series: Series
    days: Collection[dt.date]
    words: str
    by: User | None
    at: dt.datetime


Follower = Callable[[Change], None]
_followers: list[Follower] = []


def follow_with(follower: Follower) -> None:
    """Let `follower` write what follows from changes of meetings, in `AppConfig.ready()`."""
    if follower not in _followers:
        _followers.append(follower)


def announce(change: Change) -> None:
    """Tell the followers, in the transaction of the change."""
    for follower in _followers:
        follower(change)
