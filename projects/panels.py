"""Parts of a page that rooms above add to the pages of this one, and what else there is to open on a project.

A room registers in `AppConfig.ready()`; the page asks for the panels of its place and includes their templates, each with its
values as `panel`. A panel costs the page its queries: two or three, and never one for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.urls import reverse

from projects.models import Project

#: Where a panel may stand, and what its source is called with:
#: project, project-below, project-aside, step, document (internal pages): the row, the person who looks, the company's day;
#: go-live (what nobody moves it without having seen): the project, the new date, the person, the company's day;
#: biller (before it is changed, likewise): the biller as it would be, not saved, the person, the company's day;
#: raid-item (internal, of the room above): the item, the person who looks, the company's day;
#: outside-project, outside-step (pages of people outside): the telling (projects.outside_asks), and the step there;
#: inbox (above what is heard), inbox-group (beside the name of each project, which it knows as `group`): the person.
Place = Literal[
    "project", "project-below", "project-aside", "go-live", "biller", "step", "document", "raid-item", "outside-project",
    "outside-step", "inbox", "inbox-group",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page: the template that is included, and the values that it knows as `panel.values`."""

    template: str
    values: Mapping[str, Any]


PanelSource = Callable[..., Panel | None]
_sources: dict[str, list[PanelSource]] = {}
_links: list[tuple[str, str]] = []


def register(place: Place, source: PanelSource) -> None:
    """Let `source` give a panel for a place, or None where it has nothing to show."""
    sources = _sources.setdefault(place, [])
    if source not in sources:
        sources.append(source)


def panels(place: Place, *asked: Any) -> list[Panel]:
    """Return the panels of a place, in the order in which the rooms registered them."""
    return [panel for source in _sources.get(place, ()) if (panel := source(*asked)) is not None]


def register_link(label: str, url_name: str) -> None:
    """Let a project's page lead to another that takes the project's code."""
    if (label, url_name) not in _links:
        _links.append((label, url_name))


def links(project: Project) -> list[tuple[str, str]]:
    """Return what else there is to open on a project: (label, path)."""
    return [(label, reverse(url_name, args=[project.code])) for label, url_name in _links]
