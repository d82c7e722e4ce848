"""Clients over keep-alive sockets, each in a process of its own, so that one client's reading never delays another's clock.

A request is timed from its first byte sent to the last byte of its answer; what it says is written before the clock starts.
The processor time that the client itself needs is counted and reported, for it is part of what it measures.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Protocol
from urllib.parse import urlencode

HOST = "127.0.0.1"
FORM = "application/x-www-form-urlencoded"
#: A double-submit token needs no session: the cookie and the header have to be the same.
CSRF = "b" * 32


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, apart from who asks."""

    path: str
    form: Mapping[str, Any] | None = None
    htmx: bool = False

    def body(self) -> str:
        """Return the form as it is sent."""
        return urlencode(self.form or {}, doseq=True)

    def encoded(self, session: str) -> bytes:
        """Return the request as a browser behind the TLS proxy would send it."""
        body = self.body().encode()
        lines = [
            f"{'GET' if self.form is None else 'POST'} {self.path} HTTP/1.1", f"Host: {HOST}", "X-Forwarded-Proto: https",
            f"Origin: https://{HOST}", f"Cookie: sessionid={session}; csrftoken={CSRF}", f"X-CSRFToken: {CSRF}",
            "Accept: text/html", "Accept-Encoding: gzip, deflate",
        ]  # fmt: skip
        if self.form is not None:
            lines += [f"Content-Type: {FORM}", f"Content-Length: {len(body)}"]
        if self.htmx:
            lines += ["HX-Request: true", "HX-Target: row"]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Script(Protocol):
    """What one client does: a request, its answer, and so on. It is kept between the slices of a measurement."""

    session: str
    expected: int

    def request(self) -> Request:
        """Return the next request."""


@dataclass
class Round:
    """What one client saw in one slice."""

    seconds: list[float]
    began: float
    ended: float
    processor: float
    script: Script


@dataclass
class Load:
    """What all clients saw: every answer's time, and over how long a time they were had.

    `processor` is the processor time that the clients took, `served` that of the server's workers.
    """

    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    processor: float = 0.0
    served: float = 0.0

    def add(self, rounds: Sequence[Round]) -> None:
        """Add a slice."""
        self.seconds += [each for one in rounds for each in one.seconds]
        self.elapsed += max(one.ended for one in rounds) - min(one.began for one in rounds)
        self.processor += sum(one.processor for one in rounds)

    def per_second(self) -> float:
        """Return how many requests a second were answered."""
        return len(self.seconds) / self.elapsed


def run(port: int, scripts: Sequence[Script], seconds: float) -> list[Round]:
    """Run each script in a process of its own for some seconds, all beginning at once; return what they saw.

    Raises:
        RuntimeError: an answer was not what its script expects.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(scripts))
    pipes = []
    for script in scripts:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_client, args=(port, script, seconds, barrier, theirs))
        process.start()
        theirs.close()
        pipes.append((ours, process))
    found = []
    for ours, process in pipes:
        found.append(ours.recv())
        process.join()
    for each in found:
        if isinstance(each, str):
            raise RuntimeError(each)
    return found


def _client(port: int, script: Script, seconds: float, barrier: Any, results: Connection) -> None:
    connection = _Connection(port)
    barrier.wait()
    taken: list[float] = []
    began, worked = time.perf_counter(), time.process_time()
    ended = began
    while ended - began < seconds:
        request = script.request()
        sent = request.encoded(script.session)
        at = time.perf_counter()
        status, answer = connection.exchange(sent)
        ended = time.perf_counter()
        taken.append(ended - at)
        if status != script.expected:
            results.send(
                f"{request.path} answered {status}, not {script.expected}: {answer[:2000].decode(errors='replace')}"
            )
            return
    results.send(Round(taken, began, ended, time.process_time() - worked, script))


class _Connection:
    """One keep-alive connection. It reads as much HTTP as our own server writes: a status line and a Content-Length."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read the whole answer; return its status and its body."""
        self.socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        parts, missing = [received[end + 4 :]], length - (len(received) - end - 4)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return int(head[9:12]), b"".join(parts)

    def _more(self) -> bytes:
        found = self.socket.recv(262_144)
        if not found:
            raise ConnectionError("The server closed the connection in the middle of an answer.")
        return found
