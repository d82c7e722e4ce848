"""Serve Gatehouse from one process: gunicorn, and beside it the clock where no Redis is."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from config.beat import EmbeddedBeat, start_embedded
from config.celery import app as celery_app

THREADS = 4
#: How long Ctrl-C waits for requests under way and for the clock's task, in seconds.
PATIENCE = 10


class Worker(ThreadWorker):  # type: ignore[misc]
    """Ends by Ctrl-C as it does when asked politely: after the request under way.

    Gunicorn 27's own way takes the thread pool's lock inside the signal handler. Ctrl-C reaches the worker twice, from
    the terminal and from the master, and now and then the second handler waits for ever for the lock of the first.
    """

    handle_quit = ThreadWorker.handle_exit


class OneProcess(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one worker of a few threads, set up in code: no file and no variable changes it."""

    def __init__(self, *, host: str, port: int, beat: bool, say: Any) -> None:
        self.address = f"{host}:{port}"
        self.with_beat = beat
        self.say = say
        self.beat: EmbeddedBeat | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": self.address,
            "workers": 1,
            "threads": THREADS,
            "worker_class": Worker,
            "graceful_timeout": PATIENCE,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": self.announce,
            "post_worker_init": self.start_clock,
            "worker_exit": self.stop_clock,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return get_wsgi_application()

    def announce(self, server: Any) -> None:
        """Say where we are, once the port is ours."""
        self.say(f"Gatehouse is at http://{self.address}/ (Ctrl-C stops it)")

    def start_clock(self, worker: Any) -> None:
        """Start beat in the worker, whose process is the one that answers requests."""
        if not self.with_beat:
            return
        self.beat = start_embedded(celery_app)
        if self.beat is None:
            self.say("The clock (Celery beat) runs in another process already; not started here.")

    def stop_clock(self, server: Any, worker: Any) -> None:
        """Stop beat before the worker goes."""
        if self.beat is not None:
            self.beat.stop()


class Command(BaseCommand):
    help = "Serve on one address, with the clock inside unless REDIS_URL says that beat is a process of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-beat", action="store_true", help="leave the periodic tasks alone")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_migrations()
        connections.close_all()  # the worker is a fork: it opens its own
        beat = not options["no_beat"] and not settings.WITH_BROKER
        if settings.WITH_BROKER:
            self.say("REDIS_URL is set: run `celery -A config worker` and `celery -A config beat` beside this.")
        OneProcess(host=options["host"], port=options["port"], beat=beat, say=self.say).run()

    def say(self, line: str) -> None:
        """Print at once, from whichever process."""
        self.stdout.write(line)
        self.stdout.flush()
