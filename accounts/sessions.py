"""What a request says about who is behind it: how they signed in, from which address, with which program."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

#: Where allauth keeps, in the session, by which methods somebody proved who they are.
METHODS_KEY = "account_authentication_methods"
UNKNOWN = "unknown"


def signed_in_by(request: HttpRequest) -> str:
    """Return how the person of this session signed in, such as `password, mfa`; `unknown` where nothing was noted."""
    records = request.session.get(METHODS_KEY, [])
    return ", ".join(dict.fromkeys(str(record["method"]) for record in records)) or UNKNOWN


def address_of(request: HttpRequest) -> str:
    """Return the network address that a request came from.

    X-Forwarded-For is believed only where settings say that a proxy of ours stands in front, and then only its last entry:
    what comes before it is the client's own word.
    """
    if settings.BEHIND_PROXY:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-1].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR", ""))


def agent_of(request: HttpRequest) -> str:
    """Return what the person's program calls itself, at most 300 characters of it."""
    return str(request.META.get("HTTP_USER_AGENT", ""))[:300]
