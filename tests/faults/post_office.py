"""A mail server of its own: `python -m tests.faults.post_office PORT FILE`. It outlives whatever is killed beside it.

Each mail that it answers with 250 is one line of JSON in FILE: Message-ID, whom it went to, what its text says. The line is
written in the same turn of the loop as the answer, so that the file and the answers are one.

Signals: USR1 closes it (new connections are refused, those that are open are ended), USR2 opens it again. HUP makes it slow of
speech once: it takes the next mail, writes it down, and says nothing for a minute where the 250 should be.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import signal
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

#: What a mail costs here, so that a killing in the middle of the sending meets the middle.
SECONDS_EACH = 0.02
SECONDS_OF_SILENCE = 60
HUNG_UP = "421 Closing"


class Office:
    """The handler of all connections, and what listens for them."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file = port, file
        self.desks: set[SMTP] = set()
        self.silent_once = False
        self.server: asyncio.Server | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Write the mail down and say 250."""
        await asyncio.sleep(SECONDS_EACH)
        if server.transport is None or server.transport.is_closing():
            return HUNG_UP  # `close` came first: nothing that is said here reaches anybody, so nothing is taken
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        line = {
            "id": str(message["Message-ID"]),
            "to": envelope.rcpt_tos,
            "subject": str(message["Subject"]),
            "text": body.get_content() if body else "",
        }
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self.silent_once:
            self.silent_once = False
            await asyncio.sleep(SECONDS_OF_SILENCE)
        return "250 Taken"

    def desk(self) -> SMTP:
        """One connection."""

        class Desk(SMTP):  # type: ignore[misc]
            def connection_lost(desk, error: Exception | None) -> None:  # noqa: N805
                self.desks.discard(desk)
                super().connection_lost(error)

        made = Desk(self, hostname="127.0.0.1", enable_SMTPUTF8=True)
        self.desks.add(made)
        return made

    async def open(self) -> None:
        """Take mail."""
        self.server = await asyncio.get_running_loop().create_server(self.desk, "127.0.0.1", self.port)

    def close(self) -> None:
        """Refuse, and hang up on whoever is there; what was said to them before still reaches them."""
        if self.server:
            self.server.close()
        for desk in list(self.desks):
            if desk.transport:
                desk.transport.close()

    def fall_silent(self) -> None:
        """Take the next mail without saying so."""
        self.silent_once = True


async def main(port: int, file: Path) -> None:
    """Serve until killed."""
    office = Office(port, file)
    loop = asyncio.get_running_loop()
    tasks: set[Any] = set()
    loop.add_signal_handler(signal.SIGUSR1, office.close)
    loop.add_signal_handler(signal.SIGUSR2, lambda: tasks.add(loop.create_task(office.open())))
    loop.add_signal_handler(signal.SIGHUP, office.fall_silent)
    await office.open()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
