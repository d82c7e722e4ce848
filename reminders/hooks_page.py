"""The values of the pages of webhooks. Of an address they have the host and the last four characters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q

from projects.models import Project
from projects.notice_kinds import NoticeKind
from reminders.hooks import told_address
from reminders.models import Hook, HookPost

#: So many posts stand in the log.
MOST = 25


@dataclass(frozen=True, slots=True)
class HookLine:
    """A hook in a list."""

    id: int
    name: str
    kind: str
    address: str
    told: str
    on: bool
    last: dt.datetime | None
    failed: int


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post in the log: what was told, and its state as chip and words."""

    id: int
    text: str
    made_at: dt.datetime
    chip: str
    mark: str
    label: str
    note: str


def hook_lines(project: Project | None, pk: int | None = None) -> list[HookLine]:
    """Return the hooks of a project, or the one of them, in one query."""
    rows = Hook.objects.filter(project=project).annotate(
        last=Max("posts__sent_at"), failed=Count("posts", filter=Q(posts__failed_at__isnull=False))
    )
    labels = dict(NoticeKind.choices)
    found = rows.filter(pk=pk) if pk else rows
    return [
        HookLine(
            hook.pk, hook.name, hook.get_kind_display(), told_address(hook),
            ", ".join(labels.get(kind, kind) for kind in hook.notice_kinds) or "All that asks something of somebody",
            hook.is_active, hook.last, hook.failed,
        )
        for hook in found
    ]  # fmt: skip


def post_lines(hook: Hook) -> Sequence[PostLine]:
    """Return the last posts of a hook, the newest first, in one query."""
    return [_post_line(post) for post in HookPost.objects.filter(hook=hook)[:MOST]]


def _post_line(post: HookPost) -> PostLine:
    tries = f"{post.attempts} {'try' if post.attempts == 1 else 'tries'}"
    chip, mark, label, note = "", "○", "Waiting", ""
    if post.sent_at:
        chip, mark, label = "done", "✓", "Sent"
    elif post.failed_at:
        chip, mark, label, note = "blocked", "⨯", "Failed", f"{post.error} {tries}."
    elif post.attempts:
        chip, mark, label, note = "waiting", "◷", "Is tried again", f"{post.error} {tries} so far."
    return PostLine(post.pk, post.text, post.made_at, chip, mark, label, note)
