"""The other end of a webhook, as a real HTTPS server on this machine; and wires that lead to it, or nowhere. Not a test."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from reminders.wire import Wire

HOST = "hooks.example.org"
URL = f"https://{HOST}/services/T000/B000/s3cr3tKEY9"
#: An address of the internet at large, which no test ever connects to.
PUBLIC = "93.184.215.14"


class Channel:
    """What came in, and what is answered: statuses in turn, the last of them for ever. `sent`: bodies that left whole."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.heads: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[int] = [200]
        self.extra: dict[str, str] = {}
        self.body = b"ok"
        self.sent: list[int] = []
        self.delay = 0.0
        self.asked: list[str] = []
        self.called: list[str] = []
        self.port = 0
        self.certificate = ""

    def wire(self, resolve: Callable[[str, int], Sequence[str]] | None = None, timeout: float = 5.0) -> Wire:
        """A wire on which every name is of a public address, behind which this server stands."""

        def looked_up(host: str, port: int) -> Sequence[str]:
            self.asked.append(host)
            return resolve(host, port) if resolve else [PUBLIC]

        def connect(address: tuple[str, int], seconds: float) -> socket.socket:
            self.called.append(address[0])
            return socket.create_connection(("127.0.0.1", self.port), seconds)

        def trust() -> ssl.SSLContext:
            return ssl.create_default_context(cafile=self.certificate)

        return Wire(looked_up, connect, trust, timeout)


@contextmanager
def running(folder: Path) -> Iterator[Channel]:
    """Serve until the block ends."""
    channel = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            channel.bodies.append(json.loads(body))
            channel.heads.append(dict(self.headers))
            channel.paths.append(self.path)
            time.sleep(channel.delay)
            status = channel.answers.pop(0) if len(channel.answers) > 1 else channel.answers[0]
            self.send_response(status)
            for name, value in channel.extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(channel.body)
            channel.sent.append(len(channel.body))

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    key, certificate = folder / "key.pem", folder / "certificate.pem"
    openssl = shutil.which("openssl")
    assert openssl, "openssl makes the certificate"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
        check=True, capture_output=True,
    )  # fmt: skip

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller who hangs up says nothing of the server."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    channel.port, channel.certificate = server.server_address[1], str(certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield channel
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
