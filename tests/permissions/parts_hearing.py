"""How one hears, in the table: the rows of webhooks, mails and ways out, and what somebody would send there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from accounts.models import OutgoingMail
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind
from reminders.hooks import make_hook, send_test
from reminders.kinds import DEFAULTS
from reminders.models import HookPost
from reminders.preferences import ALWAYS
from reminders.unsubscribe import address_of

ABSENT = 987654
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]


def reminders_parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Make a webhook with a post on both projects, and a mail that failed."""
    hooks = []
    for project, by in ((own, cast.priya), (foreign, cast.adele)):
        url = "https://hooks.example.org/services/abcd"
        hook = make_hook(project=project, kind="slack", name="#channel", url=url, by=by)
        send_test(hook, by=by)
        hooks.append(hook.pk)
    mail = OutgoingMail.objects.create(key="failed", kind="digest", person=cast.sofia, failed_at="2026-11-20T12:00Z")
    token = address_of(cast.dele, NoticeKind.MENTIONED).rpartition("/")[2]
    hook_id = {"hook_id": (*hooks, ABSENT)}
    return {
        "hook": hook_id, "hook-test": hook_id, "hook-switch": hook_id, "hook-again": hook_id,
        "mail-again": {"pk": (mail.pk, None, ABSENT)}, "address-again": {"pk": (cast.sofia.pk, None, ABSENT)},
        "unsubscribe": {"token": (token, None, "nothing")},
    }  # fmt: skip


def _post(site: Any, of: str) -> int:
    project = site.foreign if of == "foreign" else site.own
    return int(HookPost.objects.filter(hook__project=project).values_list("pk", flat=True)[0])


def _preferences(site: Any, of: str) -> dict[str, Any]:
    chosen = {f"kind-{kind.value}": DEFAULTS[kind].value for kind in NoticeKind if kind not in ALWAYS}
    return {**chosen, "digest_at": "08:00", "time_zone": "America/New_York"}


def _notice(site: Any, of: str) -> dict[str, Any]:
    found = Notice.objects.filter(person=site.cast.sofia).order_by("pk").values_list("pk", flat=True)
    return {"notices": found[0], "until": "tomorrow"}


Body = Callable[[Any, str], dict[str, Any]]

#: Of a project: whoever has no seat any more does none of it.
BODIES: dict[str, Body] = {
    "mute-project": lambda site, of: {"on": "1"},
    "hook-test": lambda site, of: {},
    "hook-switch": lambda site, of: {"on": ""},
    "hook-again": lambda site, of: {"post": _post(site, of)},
    "hook": lambda site, of: {"name": "#other", "url": "", "notice_kinds": ["overdue"]},
}

#: One's own, an administrator's, or by the name alone; and a webhook to an address that leads inside.
REFUSED_BODIES: dict[str, Body] = {
    "hooks": lambda site, of: {"kind": "slack", "name": "#new", "url": "https://127.0.0.1/x"},
    "notifications": _preferences,
    "try-address": lambda site, of: {},
    "mail-again": lambda site, of: {},
    "address-again": lambda site, of: {},
    "unsubscribe": lambda site, of: {"List-Unsubscribe": "One-Click"},
    "inbox-read": _notice,
    "inbox-snooze": _notice,
    "inbox-wake": _notice,
}

#: Fields that the forms have and the bodies leave out.
OFFERED: dict[str, dict[str, Any]] = {
    "mute-project": {"next": ""},
}
