"""The cache of this process of the suite, emptied."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache


def empty_cache() -> None:
    """Empty this process's part of the cache. `cache.clear()` would empty all of Redis, and other processes count there."""
    if not settings.WITH_BROKER:
        cache.clear()
        return
    kept = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    for key in kept.scan_iter(match=f"{cache.key_prefix}:*"):
        kept.delete(key)
