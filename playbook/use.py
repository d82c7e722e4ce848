"""Who uses a version. This room knows no projects: the room above tells it how to count them, in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from playbook.models import Version

Counter = Callable[[Collection[int]], Mapping[int, int]]
Link = Callable[[Version], str]
_counters: list[Counter] = []
_links: list[Link] = []


def count_with(counter: Counter) -> None:
    """Let `counter` say how many live projects run on each of some versions, by their ids, in one query for all of them."""
    if counter not in _counters:
        _counters.append(counter)


def list_with(link: Link) -> None:
    """Let `link` return the address at which the live projects on a version are listed."""
    if link not in _links:
        _links.append(link)


def used_by(versions: Collection[int]) -> dict[int, int]:
    """Return for each version how many live projects run on it."""
    found = dict.fromkeys(versions, 0)
    for counter in _counters:
        for version, number in counter(versions).items():
            found[version] += number
    return found


def listed_at(version: Version) -> str:
    """Return where the live projects on a version are listed, or an empty string where no room lists them."""
    return _links[0](version) if _links else ""
