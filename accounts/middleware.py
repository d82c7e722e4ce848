"""What the log of requests may say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django_structlog.middlewares import RequestMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest

#: Addresses that are secrets themselves: who reads the log must not be able to use them.
SECRET = re.compile(r"^(/link/|/unsubscribe/|/account/password/reset/key/|/calendar/[^/?]+/|/intake/)[^/?]+")
#: Where the query carries what a sign-in hands over.
HANDED_OVER = re.compile(r"^(/account/sso/[^?]*)\?.*")


class LoggedRequests(RequestMiddleware):
    """django-structlog's lines, without the tokens that stand in some addresses."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return method and address, with `…` in the place of a token."""
        return f"{request.method} {without_secrets(request.get_full_path())}"


def without_secrets(path: str) -> str:
    """Return `path` with its token, if it has one, made unreadable: `/link/…/again`."""
    return HANDED_OVER.sub(r"\1?…", SECRET.sub(r"\1…", path))
