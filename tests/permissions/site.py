"""The rows of which the table speaks: an own project, a foreign one, and nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.urls import NoReverseMatch, reverse

from projects.models import Project, ProjectStep, Seat
from tests.cast import MakeProject, move, step_of
from tests.permissions.table import Address

OWN_STEP, ABSENT_STEP = "integration/discovery.invoicing", "integration/discovery.nothing"
ABSENT = 987654


@dataclass
class Site:
    """Everything that a line of the table may speak of."""

    cast: SimpleNamespace
    own: Project
    foreign: Project
    #: part of an address → values for own, foreign and absent.
    parts: dict[str, tuple[Any, Any, Any]]

    def objects(self, address: Address) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return which rows an address can speak of, with its parts for each."""
        if not address.parts:
            yield "-", {}
            return
        values = self.admin_parts(address) if address.route.startswith("admin/") else self.parts
        named = {part: values[part] for part in address.parts}
        for place, of in enumerate(("own", "foreign", "absent")):
            if all(value[place] is not None for value in named.values()):
                yield of, {part: value[place] for part, value in named.items()}
        second = [part for part in address.parts if part != "code"]
        if "code" in named and second and named[second[0]][0] != named[second[0]][1]:
            yield "crossed", {part: value[0] if part == "code" else value[1] for part, value in named.items()}

    def admin_parts(self, address: Address) -> dict[str, tuple[Any, Any, Any]]:
        """Return the parts of an admin page: a row of its model, and none."""
        return admin_parts(self, address)

    def path(self, address: Address, kwargs: dict[str, Any]) -> str:
        """Return the path of an address."""
        try:
            return reverse(address.name, kwargs=kwargs)
        except NoReverseMatch:
            path = address.route
            for value in kwargs.values():
                before, _, rest = path.partition("<")
                path = before + str(value) + rest.partition(">")[2]
            return "/" + path.replace("(?P<url>.*)$", "nothing").replace("^", "").replace("$", "")


def make_site(make_project: MakeProject, cast: SimpleNamespace) -> Site:
    """Make the two projects, the own one with a step under way."""
    own = make_project(biller="Marrow County Tax", code="MRW", playbooks=("integration", "transition-to-cs"))
    foreign = make_project(biller="Copperline Gas", code="CPG", people={}, by=cast.adele)
    move(own, OWN_STEP, "start", cast.sofia)
    seats = [Seat.objects.filter(project=project).order_by("pk").first() for project in (own, foreign)]
    assert None not in seats
    parts: dict[str, tuple[Any, Any, Any]] = {
        "code": (own.code, foreign.code, "NIL-9"),
        "seat_id": (*(seat.pk for seat in seats if seat), ABSENT),
        "path": (OWN_STEP, OWN_STEP, ABSENT_STEP),
        "slug": ("integration", None, "nothing"),
        "number": (1, None, 99),
    }
    return Site(cast, own, foreign, parts)


def admin_parts(site: Site, address: Address) -> dict[str, tuple[Any, Any, Any]]:
    """Return a present and an absent row of the model that an admin address is of."""
    from django.apps import apps

    present: Any = None
    pieces = address.route.removeprefix("admin/").split("/")
    if len(pieces) > 2:
        model = next(
            (m for m in apps.get_models() if (m._meta.app_label, m._meta.model_name) == (pieces[0], pieces[1])), None
        )
        row = model._default_manager.order_by("pk").first() if model else None
        present = row.pk if row else None
    return dict.fromkeys(address.parts, (present, None, ABSENT))


Body = Callable[[Site, str], dict[str, Any]]


def _step(site: Site, of: str) -> ProjectStep:
    return step_of(site.foreign if of == "foreign" else site.own, OWN_STEP)


def _project(site: Site, of: str) -> Project:
    return site.foreign if of == "foreign" else site.own


#: What somebody who may would send, by the name of the address.
BODIES: dict[str, Body] = {
    "move-step": lambda site, of: {"move": "complete", "revision": _step(site, of).revision},
    "move-due": lambda site, of: {"due": "2026-12-01", "reason": "Later", "revision": _step(site, of).revision},
    "name-on-step": lambda site, of: {
        "letter": "A", "person": site.cast.arun.pk, "revision": _step(site, of).revision,
    },
    "move-project": lambda site, of: {"move": "hold", "note": "Holidays", "revision": _project(site, of).revision},
    "move-go-live": lambda site, of: {
        "target_go_live": "2027-04-02", "reason": "Later", "revision": _project(site, of).revision,
    },
    "fill-seat": lambda site, of: {"person": site.cast.arun.pk},
}  # fmt: skip
