"""Every request is an act: where it came from follows from its path, and its person is whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from history.context import Origin, opening

#: Beginnings of paths that are no pages of ours.
ORIGINS = (("/admin/", Origin.ADMIN), ("/api/", Origin.API))


class ActMiddleware:
    """Opens the act of a request. Stands behind the sign-in, whose person is asked for only if something is written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer within the act."""
        with opening(origin_of(request.path), asks=lambda: request.user.pk):
            return self.get_response(request)


def origin_of(path: str) -> Origin:
    """Return the origin of what a request to `path` changes."""
    return next((origin for beginning, origin in ORIGINS if path.startswith(beginning)), Origin.PAGE)
