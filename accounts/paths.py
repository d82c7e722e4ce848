"""Paths of this site, as they come from outside: in a form, a link, a parameter."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(address: str | None) -> bool:
    """Return whether `address` is a path of this site; addresses of other hosts, however they are written, are not."""
    return (
        bool(address) and str(address).startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    )
