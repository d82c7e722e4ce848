"""The server as production runs it (Dockerfile): gunicorn with two workers of four threads; and what memory they hold."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import HOST

WORKERS, THREADS = 2, 4
COMMAND = (
    "-m", "gunicorn", "config.wsgi", "--workers", str(WORKERS), "--threads", str(THREADS), "--no-control-socket",
    "--worker-tmp-dir", "/dev/shm",  # noqa: S108 - as the Dockerfile has it
)  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A gunicorn that runs."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """Return the ids of the worker processes."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in text.split()]

    def memory(self) -> list[float]:
        """Return the resident memory of each worker, in MB of 1,000,000 bytes, those with most first."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in self.workers())
        return sorted((count * os.sysconf("SC_PAGE_SIZE") / 1e6 for count in pages), reverse=True)

    def processor(self) -> float:
        """Return the seconds of processor time that the workers have taken, in themselves and for the system."""
        lines = (Path(f"/proc/{pid}/stat").read_text(encoding="ascii") for pid in self.workers())
        fields = (line.rpartition(")")[2].split() for line in lines)
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

    def answers(self) -> bool:
        """Return whether it answers and all its workers are there."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/health", headers={"Host": HOST, "X-Forwarded-Proto": "https"})
            return connection.getresponse().status == 200 and len(self.workers()) == WORKERS
        except OSError:
            return False
        finally:
            connection.close()


@contextlib.contextmanager
def served(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Serve with that environment, all that is logged going to the file `log`; stop at the end.

    Raises:
        RuntimeError: the server did not answer within a minute.
    """
    port = _free_port()
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [sys.executable, *COMMAND, "--bind", f"{HOST}:{port}"], env=dict(environment), stdout=lines, stderr=lines
        )
    server = Server(port, process.pid)
    try:
        deadline = time.monotonic() + 60
        while not server.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"gunicorn does not answer; {log} says why:\n{log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
