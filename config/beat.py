"""The clock: Celery beat on the schedule in the database, by itself or inside the one process that serves.

Two beats do everything twice. So the embedded one holds a lease, and where a broker is (REDIS_URL) there is none: beat
is then a process of its own.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import IO, Any

from celery import Celery
from celery.beat import EmbeddedService
from django_celery_beat.schedulers import DatabaseScheduler

from config.env import VAR_DIR

logger = logging.getLogger(__name__)

#: Touched at every tick (each five seconds at most): a health check looks at its age.
PULSE = VAR_DIR / "beat.pulse"
LEASE = VAR_DIR / "beat.lock"


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """The database's schedule, with a pulse."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        PULSE.touch()
        return float(super().tick(*args, **kwargs))


class EmbeddedBeat:
    """A beat thread and the lease that it holds, which the kernel takes back if the process dies."""

    def __init__(self, service: Any, lease: IO[str]) -> None:
        self._service = service
        self._lease = lease

    def stop(self) -> None:
        """Let the tick under way finish (a second, or as long as its task takes), then give the lease back."""
        self._service.stop()
        self._lease.close()


def start_embedded(app: Celery) -> EmbeddedBeat | None:
    """Start beat as a thread of this process; return None where another process on this machine runs one already.

    Without `import_default_modules` beat would not find the tasks and send them to a broker that is not there, and it
    asks for `scheduler_cls` because it does not read `beat_scheduler` itself (dependencies.md, Celery).
    """
    lease = _take_lease(LEASE)
    if lease is None:
        return None
    app.loader.import_default_modules()
    service: Any = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    service.start()
    return EmbeddedBeat(service, lease)


def _take_lease(path: Path) -> IO[str] | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lease = path.open("a+")
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lease.close()
        return None
    lease.truncate(0)
    lease.write(f"{os.getpid()}\n")
    lease.flush()
    return lease
