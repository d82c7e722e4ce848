"""Webhooks: channels of Slack and Teams that hear of a project, or of what a team hears, each event once.

Each layer is a row before it is an act, as with mail. `gather` finds what people inside were told (projects.Notice) and writes
one post for each hook and event, however many heard of it; `send` takes a post up under a lease and sends it. What a row has
under its unique key is never told twice by us; a crash between the other end's answer and our commit sends it again.
"""

from __future__ import annotations

import datetime as dt
import http.client
import random
from collections.abc import Callable, Collection, Iterable
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.mail import site_address
from accounts.models import Side, User
from history.context import named
from projects.inbox import LONGEST_WHY, cut, tell
from projects.inbox_page import address_of
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind, Route
from reminders.hook_words import payload, words_of
from reminders.kinds import DEFAULTS
from reminders.models import Hook, HookPost
from reminders.wire import WIRE, AddressRefused, Wire, parts_of, post
from transitions.blockers import Blocker, MoveRefused, NotPermitted

logger = structlog.get_logger(__name__)

_SECONDS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
#: How long after a failed try the next one is made, give or take a tenth; some three days in all (Standard Webhooks).
BACKOFF = tuple(dt.timedelta(seconds=seconds) for seconds in _SECONDS)
LONGEST_WAIT = BACKOFF[-1]
LEASE = dt.timedelta(minutes=5)
#: How far back events are looked for: a clock that stood for longer tells a channel nothing stale.
LOOK_BACK = dt.timedelta(days=1)
#: So many posts go out in one minute to one channel: Slack takes one a second.
AT_ONCE = 30
#: What says that nobody is there any more.
GONE = frozenset({404, 410})
#: The kinds told where none were chosen.
USUAL = frozenset(kind for kind in NoticeKind if DEFAULTS[kind] == Route.NOW)

Jitter = Callable[[], float]


def jitter() -> float:
    """Return by what a wait is multiplied, so that many that failed together do not come back together."""
    return random.SystemRandom().uniform(0.9, 1.1)


# What there is to tell -------------------------------------------------------------------------------------------------------


def kinds_of(hook: Hook) -> frozenset[str]:
    """Return the kinds that a hook is told."""
    return frozenset(hook.notice_kinds) or frozenset(kind.value for kind in USUAL)


def event_key(kind: str, occasion: str, step_id: int | None, at: dt.datetime) -> str:
    """Return the name of an event, the same for all who were told of it.

    A request for a comment is its person's own; those of one step and instant are one event.
    """
    if kind == NoticeKind.COMMENT_ASKED:
        return f"{kind}:step:{step_id}:{at.timestamp():f}"
    return f"{kind}:{occasion}"


def gather(now: dt.datetime) -> int:
    """Write down what active hooks have not been told yet; return how many posts that are. At most six queries."""
    hooks = list(Hook.objects.filter(is_active=True))
    told: dict[tuple[int, str], tuple[Hook, int]] = {}
    for hook, row in _events(hooks, now):
        pk, _, _, kind, occasion, step_id, at, heard_from = row
        if kind in kinds_of(hook) and heard_from > hook.told_from:
            told.setdefault((hook.pk, event_key(kind, occasion, step_id, at)), (hook, pk))
    if not told:
        return 0
    lately = HookPost.objects.filter(hook__in=hooks, made_at__gt=now - 2 * LOOK_BACK)
    known = set(lately.values_list("hook_id", "key"))
    fresh = {name: found for name, found in told.items() if name not in known}
    wanted = {pk for _, pk in fresh.values()}
    notices = Notice.objects.select_related("project", "step__template__version__playbook").in_bulk(wanted)
    rows = [
        HookPost(
            hook=hook, key=key, text=words_of(notices[pk]), address=address_of(notices[pk])[:300], made_at=now, due_at=now
        )
        for (_, key), (hook, pk) in fresh.items()
    ]  # fmt: skip
    HookPost.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _events(hooks: Collection[Hook], now: dt.datetime) -> Iterable[tuple[Hook, Any]]:
    """Return what people inside were told lately, with the hook that it concerns: two queries."""
    by_project: dict[int, list[Hook]] = {}
    by_team: dict[int, list[Hook]] = {}
    for hook in hooks:
        if hook.project_id:
            by_project.setdefault(hook.project_id, []).append(hook)
        elif hook.team_id:
            by_team.setdefault(hook.team_id, []).append(hook)
    kinds = {kind for hook in hooks for kind in kinds_of(hook)}
    inside = Notice.objects.filter(
        person__side=Side.INTERNAL, kind__in=kinds, heard_from__gt=now - LOOK_BACK, heard_from__lte=now
    ).order_by("heard_from", "pk")
    rest = ("kind", "occasion", "step_id", "at", "heard_from")
    if by_project:
        for row in inside.filter(project__in=by_project).values_list("pk", "project_id", "person_id", *rest):
            for hook in by_project[row[1]]:
                yield hook, row
    if by_team:
        of = F("person__groups")
        rows = inside.filter(person__groups__in=by_team).annotate(team=of).values_list("pk", "team", "person_id", *rest)
        for row in rows:
            for hook in by_team.get(row[1], ()):
                yield hook, row


# Sending ---------------------------------------------------------------------------------------------------------------------


def _waiting(now: dt.datetime) -> Q:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Q(sent_at=None, failed_at=None, due_at__lte=now) & free


def due(now: dt.datetime) -> list[int]:
    """Return the ids of the posts that should go out by now, oldest first; AT_ONCE of each hook at most."""
    rows = HookPost.objects.filter(_waiting(now), hook__is_active=True).order_by("due_at", "pk")
    count: dict[int, int] = {}
    found = []
    for pk, hook_id in rows.values_list("pk", "hook_id")[:5000]:
        count[hook_id] = count.get(hook_id, 0) + 1
        if count[hook_id] <= AT_ONCE:
            found.append(pk)
    return found


def send(pk: int, *, now: dt.datetime | None = None, wire: Wire = WIRE, jitter: Jitter = jitter) -> bool:
    """Send one post if it is due, its hook is on, and nobody else is at it; return whether the other end took it.

    404 and 410 switch the hook off and tell whoever made it. An address that may not be called fails the post at once; whatever
    else goes wrong puts it off (BACKOFF, or what the other end asks for, a day at most) until the tries are used up.
    """
    now = now or timezone.now()
    lease = now + LEASE
    mine = HookPost.objects.filter(pk=pk)
    on = mine.filter(_waiting(now), hook__in=Hook.objects.filter(is_active=True))
    if not on.update(leased_until=lease, attempts=F("attempts") + 1):
        return False
    row = HookPost.objects.select_related("hook").get(pk=pk)
    hook, wait = row.hook, dt.timedelta()
    address = site_address(row.address) if row.address else ""
    said = ""
    try:
        answer = post(hook.url, payload(hook.kind, row.text, address), wire=wire)
    except AddressRefused as refused:
        said, wait = str(refused), LONGEST_WAIT * 2
    except (OSError, http.client.HTTPException) as fault:
        said = f"No answer: {type(fault).__name__}."  # whose words could have the address in them
    else:
        if 200 <= answer.status < 300:
            mine.filter(leased_until=lease).update(sent_at=now, error="", leased_until=None)
            return True
        said = f"It answered {answer.status}."
        if 300 <= answer.status < 400:
            said += " It led elsewhere, where we do not follow."
        wait = dt.timedelta(seconds=answer.retry_after or 0)
        if answer.status in GONE:
            mine.filter(leased_until=lease).update(failed_at=now, error=said, leased_until=None)
            give_up(hook, said, now=now)
            return False
    logger.warning("hook_not_told", hook=hook.pk, at=told_address(hook), tries=row.attempts, error=said)
    changes: dict[str, Any] = {"error": said, "leased_until": None}
    if row.attempts > len(BACKOFF) or wait > LONGEST_WAIT:
        changes["failed_at"] = now
    else:
        changes["due_at"] = now + max(min(wait, LONGEST_WAIT), BACKOFF[row.attempts - 1] * jitter())
    mine.filter(leased_until=lease).update(**changes)
    return False


@transaction.atomic
def give_up(hook: Hook, said: str, *, now: dt.datetime) -> None:
    """Switch off a hook at whose end nobody is, once, and tell whoever made it, in the app."""
    if not Hook.objects.filter(pk=hook.pk, is_active=True).update(is_active=False):
        return
    _drop(hook, now)
    logger.warning("hook_switched_off", hook=hook.pk, at=told_address(hook), error=said)
    if hook.made_by_id:
        words = f"The webhook “{hook.name}” was switched off: {said} Make a new one in Slack or Teams and put its address here."
        tell([
            Notice(
                person_id=hook.made_by_id, kind=NoticeKind.OWNED, project=hook.project, at=now, heard_from=now,
                occasion=f"hook:{hook.pk}:{now.timestamp():f}", text=cut(words, 300), address=page_of(hook),
                why=cut("You set this webhook up.", LONGEST_WHY), by=None, route=Route.APP,
            )
        ])  # fmt: skip


def _drop(hook: Hook, now: dt.datetime) -> None:
    unsent = HookPost.objects.filter(hook=hook, sent_at=None, failed_at=None)
    unsent.update(failed_at=now, error="The webhook was switched off.", leased_until=None)


# Keeping them ----------------------------------------------------------------------------------------------------------------


def told_address(hook: Hook) -> str:
    """Return what may be said of a hook's address, which is a secret: its host, and its last four characters."""
    try:
        host, _ = parts_of(hook.url)
    except AddressRefused:
        host = "an address that cannot be called"
    return f"{host}/…{hook.url[-4:]}"


def page_of(hook: Hook) -> str:
    """Return the path where a hook is looked after."""
    if hook.project:
        return reverse("hook", args=[hook.project.code, hook.pk])
    return reverse("admin:reminders_hook_change", args=[hook.pk])


def may_keep(project: Project | None, person: User) -> bool:
    """Return whether the person keeps the hooks of a project (who runs it) or of teams (administrators)."""
    if person.is_outside or not person.is_active:
        return False
    if project is None:
        return person.has_perm("reminders.change_hook")
    return person.is_superuser or project.board.manages(person.pk)


def _refuse(project: Project | None, by: User) -> None:
    if not may_keep(project, by):
        raise NotPermitted([Blocker("not-permitted", "Webhooks are kept by whoever runs the project.")])
    if project is not None:
        project.refuse_if_archived()


@named
@transaction.atomic
def make_hook(
    *, by: User, kind: str, name: str, url: str, project: Project | None = None, team: Any = None,
    notice_kinds: Collection[str] = (), now: dt.datetime | None = None,
) -> Hook:  # fmt: skip
    """Return a new hook (saved) of a project or a team. It is told what happens from now on.

    Raises:
        NotPermitted, Archived. ValidationError: an address without https, or a value that no form offers.
    """
    _refuse(project, by)
    now = now or timezone.now()
    hook = Hook(
        kind=kind, name=name, url=url, project=project, team=team, notice_kinds=sorted(notice_kinds), made_by=by,
        made_at=now, told_from=now,
    )  # fmt: skip
    hook.full_clean()
    hook.save()
    return hook


@named
@transaction.atomic
def change_hook(hook: Hook, *, by: User, name: str, notice_kinds: Collection[str], url: str = "") -> Hook:
    """Change a hook; an empty `url` keeps the address.

    Raises:
        NotPermitted, Archived, ValidationError.
    """
    _refuse(hook.project, by)
    hook.name, hook.notice_kinds = name, sorted(notice_kinds)
    if url:
        hook.url = url
    hook.full_clean()
    hook.save(update_fields=["name", "notice_kinds", "url"])
    return hook


@named
@transaction.atomic
def switch(hook: Hook, on: bool, *, by: User, now: dt.datetime | None = None) -> Hook:
    """Switch a hook on or off. What happens while it is off it is never told; what waits to go out is dropped.

    Raises:
        NotPermitted, Archived.
    """
    _refuse(hook.project, by)
    now = now or timezone.now()
    if on != hook.is_active:
        hook.is_active = on
        hook.told_from = now if on else hook.told_from
        hook.save(update_fields=["is_active", "told_from"])
        if not on:
            _drop(hook, now)
    return hook


@named
@transaction.atomic
def send_test(hook: Hook, *, by: User, now: dt.datetime | None = None) -> HookPost:
    """Write down a post that says only that the hook works, and send it once this is committed.

    Raises:
        NotPermitted, Archived. MoveRefused: the hook is off.
    """
    _refuse(hook.project, by)
    _refuse_off(hook)
    now = now or timezone.now()
    about = hook.project.name if hook.project else f"the team {hook.team}"
    text = f"{by.name} tries the webhook “{hook.name}”: Gatehouse tells this channel of {about}."
    where = hook.project.get_absolute_url() if hook.project else ""
    number = HookPost.objects.filter(hook=hook).count()
    row, _ = HookPost.objects.get_or_create(
        hook=hook, key=f"test:{number}:{now.timestamp():f}",
        defaults={"text": cut(text, 300), "address": where, "made_at": now, "due_at": now},
    )  # fmt: skip
    transaction.on_commit(lambda: _send_soon(row.pk))
    return row


@named
@transaction.atomic
def send_again(row: HookPost, *, by: User, now: dt.datetime | None = None) -> None:
    """Send a post once more, whatever became of it.

    Raises:
        NotPermitted, Archived. MoveRefused: the hook is off.
    """
    _refuse(row.hook.project, by)
    _refuse_off(row.hook)
    now = now or timezone.now()
    HookPost.objects.filter(pk=row.pk).update(
        sent_at=None, failed_at=None, due_at=now, attempts=0, leased_until=None, error=""
    )
    transaction.on_commit(lambda: _send_soon(row.pk))


def _refuse_off(hook: Hook) -> None:
    if not hook.is_active:
        raise MoveRefused([Blocker("off", "This webhook is switched off. Switch it on first.")])


def _send_soon(pk: int) -> None:
    from reminders.tasks import send_hook_post

    try:
        send_hook_post.delay(pk)
    except OperationalError:
        logger.warning("hook_post_left_to_the_sweep", post=pk)  # the broker is away; the row is not
