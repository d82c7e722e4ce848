"""How often something may be tried. Counted in the cache, which every process shares (settings: CACHES).

allauth counts its own pages by ACCOUNT_RATE_LIMITS; here are the pages that are ours, by the same means.
"""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from accounts.security import note

#: action → how often: `per ip` by network address, `per key` by what the caller names. No window of a refusal is longer than
#: WAIT_MINUTES, save `link_again`, which is never refused: beyond it nothing is sent.
LIMITS = {
    "link": "60/5m/ip",
    "link_code": "20/5m/ip,5/5m/key",
    "link_again": "20/h/ip,3/h/key",
    "invite": "60/5m/key",
    "calendar": "60/5m/key",
    "calendar_wrong": "60/5m/ip",
    "intake": "60/5m/key",
    "intake_wrong": "60/5m/ip",
}
WAIT_MINUTES = 5


def within(request: HttpRequest, action: str, *, key: str = "") -> bool:
    """Count one try of `action` and return whether it may go on.

    Args:
        key: what is counted beside the network address, such as an e-mail address.
    """
    usage = ratelimit.consume(request, app="accounts", action=action, config=LIMITS, key=key or "-", limit_get=True)
    return usage is not None


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer 429 with a page that says when to try again. The site's `handler429`, which allauth asks for too."""
    try:
        page = resolve(request.path_info).view_name
    except Resolver404:
        page = ""
    note("rate_limit_hit", request, page=page)
    answer = render(request, "429.html", {"minutes": WAIT_MINUTES}, status=429)
    answer["Retry-After"] = str(WAIT_MINUTES * 60)
    return answer
