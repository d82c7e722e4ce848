"""Work off the request. Thin: each calls one service and is safe to run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from meetings.closing import close_agendas


@shared_task
def close_due_agendas() -> int:
    """Write down the agendas whose cutoff has passed; return how many."""
    return close_agendas(timezone.now())
