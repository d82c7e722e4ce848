"""Waking the worker. The row says what is to be built; a bell that nobody hears only makes it later."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from handoff.package.build import build, build_due

logger = structlog.get_logger(__name__)


@shared_task
def build_package(pk: int) -> bool:
    """Build one package; return whether it was built here."""
    return build(pk)


@shared_task
def build_due_packages() -> int:
    """Build what nobody is at: asked for while the broker was away, or left by a worker that died; return how many."""
    return build_due()


def ring(pk: int) -> None:
    """Have a package built soon. Without a broker the clock's next turn builds it, so that no request waits for a building."""
    if not settings.WITH_BROKER:
        return
    try:
        build_package.delay(pk)
    except OperationalError:
        logger.warning("package_left_to_the_sweep", package=pk)
