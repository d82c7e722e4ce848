"""What belongs to no room: a task that shows that tasks run."""

import logging

from celery import shared_task
from django.core.cache import cache

logger = logging.getLogger(__name__)

PING_SECONDS = 300


@shared_task
def ping(token: str) -> None:
    """Log `pong` and keep it in the cache for five minutes under `ping:` and the token."""
    cache.set(f"ping:{token}", "pong", timeout=PING_SECONDS)
    logger.info("pong %s", token)
