"""The rows of which the table speaks: an own project, a foreign one, and nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.urls import NoReverseMatch, reverse

from accounts.links import mint
from history.tracking import history_of
from projects.dates import move_due_date
from projects.models import Approval, Project, ProjectStep, Seat
from projects.outside import show_to_customer
from projects.signoff import statement
from tests.cast import MakeProject, move, step_of
from tests.permissions.table import Address

DECISION_STEP = "integration/sit.verification"
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
    #: The same where a part of that name means something else: by the name of the address.
    of: dict[str, dict[str, tuple[Any, Any, Any]]]

    def objects(self, address: Address) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return which rows an address can speak of, with its parts for each."""
        if address.name == "account_reset_password_from_key":  # its parts are those of an expression
            yield "absent", {"uidb36": "1", "key": "nothing"}
            return
        if not address.parts:
            yield "-", {}
            return
        values = (
            self.admin_parts(address)
            if address.route.startswith("admin/")
            else self.parts | self.of.get(address.name, {})
        )
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
    own = make_project(
        biller="Marrow County Tax", code="MRW", playbooks=("integration", "transition-to-cs", "addon-post-live")
    )
    foreign = make_project(biller="Copperline Gas", code="CPG", people={}, by=cast.adele)
    for project, sofia in ((own, cast.sofia), (foreign, cast.adele)):
        show_to_customer(step_of(project, OWN_STEP), visible=True, note="Look at this", by=sofia)
        move_due_date(step_of(project, OWN_STEP), dt.date(2026, 11, 20), by=sofia)
        Approval(project=project, step=step_of(project, DECISION_STEP), decision="approved", by=cast.ingrid).save()
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
    here, there = (
        history_of(ProjectStep).objects.filter(project=row.pk, history_type="~").first() for row in (own, foreign)
    )
    decisions = [Approval.objects.get(project=project).pk for project in (own, foreign)]
    people = (cast.dele.pk, None, ABSENT)
    decide = {"path": (DECISION_STEP, DECISION_STEP, ABSENT_STEP)}
    token = mint(cast.dele, purpose="invitation", leads_to="/inbox").address.rpartition("/")[2]
    of: dict[str, dict[str, tuple[Any, Any, Any]]] = {
        "revert": {"kind": ("step", "step", "nothing"), "pk": (here.pk, there.pk, ABSENT)},
        "sign-off": {"decision_id": (*decisions, ABSENT)},
        "decide": decide,
        "delegate": decide,
        "invite-again": {"pk": people},
        "replace-person": {"pk": people},
        "mfa_remove_webauthn": {"pk": (None, None, ABSENT)},
        "mfa_edit_webauthn": {"pk": (None, None, ABSENT)},
        "emailed-link": {"token": (token, None, "nothing")},
        "link-again": {"token": (token, None, "nothing")},
        "openid_connect_login": {"provider_id": (None, None, "nothing")},
        "openid_connect_callback": {"provider_id": (None, None, "nothing")},
        "project-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
        "step-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
    }  # fmt: skip
    return Site(cast, own, foreign, parts, of)


def _outside_seat(project: Project) -> int:
    return int(project.seats.get(role__code="B").pk)


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
    "fill-seat": lambda site, of: {"person": site.cast.ivan.pk},
    "comment": lambda site, of: {"text": "Ask the biller for samples."},
    "show-to-customer": lambda site, of: {"visible": "on", "note": "Look", "revision": _step(site, of).revision},
    "documents": lambda site, of: {
        "act": "version", "slug": "discovery-page", "link": "https://files.example/1", "label": "", "file_sha256": "",
    },
    "revert": lambda site, of: {"field": "due"},
}  # fmt: skip

#: What somebody would send who may not, or not now: the answers tell a missing right (403) from a step that is elsewhere (409).
REFUSED_BODIES: dict[str, Body] = {
    "decide": lambda site, of: {
        "act": "approve",
        "shown": statement(
            step_of(site.foreign if of == "foreign" else site.own, DECISION_STEP), site.cast.ingrid
        ).text,
    },
    "delegate": lambda site, of: {"to": site.cast.arun.pk, "reason": "Away"},
}
