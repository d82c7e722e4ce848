"""Ask whether the web server or the clock of this container is well: `python -m config.healthcheck web|beat`.

Exits 0 or 1, for the health checks of Dockerfile and docker-compose.yml. A worker is asked by Celery's own
`celery -A config inspect ping`.
"""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request

from config.env import ALLOWED_HOSTS, VAR_DIR

#: The clock ticks every five seconds; a task of its own never runs inside it.
PULSE_SECONDS = 60


def web(address: str = "http://127.0.0.1:8000/health") -> bool:
    """Return whether /health answers `ok`, asked for under a host name that is allowed."""
    host = (ALLOWED_HOSTS or ["localhost"])[0].lstrip(".").replace("*", "localhost")
    request = urllib.request.Request(address, headers={"Host": host})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def beat() -> bool:
    """Return whether the clock ticked within the last minute."""
    pulse = VAR_DIR / "beat.pulse"
    return pulse.exists() and time.time() - pulse.stat().st_mtime < PULSE_SECONDS


if __name__ == "__main__":
    sys.exit(0 if {"web": web, "beat": beat}[sys.argv[1]]() else 1)
