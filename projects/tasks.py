"""Work off the request. Thin: each calls one service and is safe to run twice."""

from __future__ import annotations

import structlog
from celery import shared_task

from projects.models import Project
from projects.recount import recount

log = structlog.get_logger(__name__)


@shared_task
def recount_projects() -> int:
    """Hold every project's totals against its rows, put right what differs, and log it. Return how many differed."""
    found = 0
    for project, differences in recount(Project.objects.all(), write=True):
        found += 1
        log.warning(
            "totals differed", project=project.code, differences={k: list(map(str, v)) for k, v in differences.items()}
        )
    return found
