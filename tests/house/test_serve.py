"""The one command that serves: the address, the clock inside it, the lease, and a clean end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.waiting import eventually

EVERY_SECOND = """
import django; django.setup()
from django_celery_beat.models import IntervalSchedule, PeriodicTask
second, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
PeriodicTask.objects.create(name="ping", task="config.tasks.ping", interval=second, args='["from-the-clock"]')
"""


def environment(folder: Path) -> dict[str, str]:
    """SQLite in `folder`, no Redis, whatever the suite runs on."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DEBUG"}}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "VAR_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": "INFO",
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """`manage.py serve` on a port of its own."""

    def __init__(self, root: Path, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._output = folder / f"output-{self.port}"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port), *options],
                cwd=root,
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    def well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return bool(answer.read() == b"ok")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def press_ctrl_c(self) -> int:
        """Interrupt the whole group, as a terminal does; return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def folder(root: Path, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database in which the clock has something to do each second."""
    var = tmp_path_factory.mktemp("var")
    shutil.copy(migrated, var / "gatehouse.sqlite3")
    subprocess.run([sys.executable, "-c", EVERY_SECOND], cwd=root, env=environment(var), check=True)
    return var


@pytest.fixture
def serve(root: Path, folder: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(Server(root, folder, *options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()


def test_serve_answers_runs_the_clock_and_ends_cleanly(serve: Callable[..., Server]) -> None:
    server = serve()

    assert eventually(server.well), server.said
    assert f"Gatehouse is at http://127.0.0.1:{server.port}/ (Ctrl-C stops it)\n" in server.said
    assert eventually(lambda: "pong from-the-clock" in server.said), server.said
    assert server.press_ctrl_c() == 0
    assert "Traceback" not in server.said


def test_one_clock_at_a_time_and_the_next_takes_over(serve: Callable[..., Server]) -> None:
    silent = "The clock (Celery beat) runs in another process already; not started here.\n"
    first = serve()
    assert eventually(first.well), first.said
    second = serve()
    assert eventually(second.well), second.said
    assert eventually(lambda: silent in second.said), second.said
    assert silent not in first.said

    os.killpg(first.process.pid, signal.SIGKILL)
    third = serve()
    assert eventually(lambda: "pong from-the-clock" in third.said), third.said
    assert "pong" not in second.said


def test_no_beat_leaves_the_clock_alone(serve: Callable[..., Server]) -> None:
    server = serve("--no-beat")

    assert eventually(server.well), server.said
    time.sleep(2)  # longer than the clock's first second
    assert "pong" not in server.said
    assert server.press_ctrl_c() == 0
