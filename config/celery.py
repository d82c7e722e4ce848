"""The Celery application. Tasks live in each room's `tasks.py`."""

import os
from typing import Any

import celery
from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from history.context import Origin, acting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")


class ActTask(celery.Task):  # type: ignore[type-arg]
    """A task is an act: what it writes came from a task, in one batch; that of the request where it runs within one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task as an act."""
        with acting(origin=Origin.TASK):
            return super().__call__(*args, **kwargs)


app: Any = Celery("gatehouse", task_cls=ActTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Leave logging as LOGGING has it: with a receiver here, Celery does not set up its own."""
