"""What is worth knowing afterwards: who tried what, without writing addresses or secrets into the log."""

from __future__ import annotations

import hashlib
import hmac

import structlog
from django.conf import settings
from django.http import HttpRequest

from accounts.sessions import address_of

logger = structlog.get_logger("security")


def note(event: str, request: HttpRequest, *, address: str = "", **details: object) -> None:
    """Log a security event with the network address it came from.

    Args:
        address: an e-mail address; only its mark (`mark_of`) is written.
        details: ids and words, nothing secret.
    """
    if address:
        details["who"] = mark_of(address)
    logger.warning(event, ip=address_of(request), **details)


def mark_of(address: str) -> str:
    """Return a short mark that is the same for the same e-mail address and tells nobody which it is."""
    key = hashlib.sha256(b"security-log" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, address.strip().lower().encode(), "sha256").hexdigest()[:12]
