"""Reminding off the request. Thin: each calls one service, and is safe to run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from reminders import delivery, hooks
from reminders.sweep import sweep


@shared_task
def sweep_reminders() -> int:
    """Write down what is due; return how many notices there are more."""
    row = sweep(timezone.now())
    return sum(row.made.values()) if row else 0


@shared_task
def deliver_notices() -> int:
    """Route what is heard by now and write the mails for which it is time; return how many."""
    done = delivery.deliver(timezone.now())
    return done.digests + done.at_once


@shared_task
def send_hook_post(pk: int) -> None:
    """Send one post to a webhook."""
    hooks.send(pk)


@shared_task
def post_hooks() -> int:
    """Write down what webhooks have not been told, and send what is due; return how many went out."""
    now = timezone.now()
    hooks.gather(now)
    return sum(hooks.send(pk) for pk in hooks.due(now))
