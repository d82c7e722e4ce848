"""Work off the request. Thin: it calls one service and is safe to run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from handoff.support.periods import end_due


@shared_task
def end_support_periods() -> int:
    """End the support periods whose day has come; return how many."""
    return end_due(timezone.now())
