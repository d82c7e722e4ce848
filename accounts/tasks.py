"""Sending mail off the request. The rows say what is due; a task only makes it sooner."""

from __future__ import annotations

from celery import shared_task

from accounts import mail


@shared_task
def send_mail(pk: int) -> None:
    """Send one mail."""
    mail.send(pk)


@shared_task
def send_due_mail() -> int:
    """Send what is due and was not sent; return how many went out."""
    return mail.send_due()
