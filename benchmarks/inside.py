"""The same requests made in this process: how many queries each takes, and where the time goes."""

from __future__ import annotations

import cProfile
import pstats
import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.clients import FORM, HOST, Request, Script

_TRANSACTION = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b")


@dataclass(frozen=True)
class Seen:
    """What one request takes and gives. `queries` leaves BEGIN and COMMIT out; `size` is the answer's, in bytes."""

    queries: int
    transaction: int
    size: int
    rows: int


class Insider:
    """A client that calls the application instead of connecting to it."""

    def __init__(self) -> None:
        self.client = Client()

    def ask(self, script: Script) -> Any:
        """Make the script's next request.

        Raises:
            RuntimeError: the answer is not what the script expects.
        """
        request = script.request()
        self.client.cookies["sessionid"] = script.session
        response = self._send(request)
        if response.status_code != script.expected:
            raise RuntimeError(f"{request.path} answered {response.status_code}: {response.content[:2000]!r}")
        return response

    def _send(self, request: Request) -> Any:
        headers = {"host": HOST, "x-forwarded-proto": "https"} | ({"hx-request": "true"} if request.htmx else {})
        if request.form is None:
            return self.client.get(request.path, secure=True, headers=headers)
        return self.client.post(request.path, request.body(), content_type=FORM, secure=True, headers=headers)


def look(script: Script) -> Seen:
    """Make a request for the second time and count its queries."""
    insider = Insider()
    insider.ask(script)
    with CaptureQueriesContext(connection) as captured:
        response = insider.ask(script)
    statements = [query["sql"] for query in captured.captured_queries]
    transaction = sum(bool(_TRANSACTION.match(statement)) for statement in statements)
    return Seen(len(statements) - transaction, transaction, len(response.content), response.content.count(b"<tr"))


def profile(script: Script, *, requests: int, sort: str) -> None:
    """Print the 25 functions in which most time goes over so many requests."""
    insider = Insider()
    for _ in range(5):
        insider.ask(script)
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(requests):
        insider.ask(script)
    profiler.disable()
    pstats.Stats(profiler).sort_stats(sort).print_stats(25)


def queries(script: Script) -> list[tuple[float, str]]:
    """Return the statements of one request and the milliseconds that each took."""
    insider = Insider()
    insider.ask(script)
    with CaptureQueriesContext(connection) as captured:
        insider.ask(script)
    return [(1000 * float(query["time"]), query["sql"]) for query in captured.captured_queries]
