"""What must make no difference: fields that no form has, pages left open while a role went, another project's ids."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.test import Client

from projects.models import Project, Seat
from projects.team import fill_seat
from tests.permissions import (
    parts_agendas,
    parts_hearing,
    parts_phased,
    parts_series,
    parts_support,
    parts_tier,
    parts_watch,
)
from tests.permissions.site import BODIES, Site
from tests.permissions.snapshot import changed, same_keys_again, snapshot
from tests.permissions.table import Address, addresses

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
WITH_BODY = [address for address in addresses() if address.name in BODIES]


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def own(address: Address, site: Site) -> str:
    return site.path(address, next(kwargs for of, kwargs in site.objects(address) if of in {"own", "-"}))


def every_field(site: Site) -> dict[str, Any]:
    """A value for each field of each of our tables, such as somebody would send who wants more than is offered."""
    wanted = {"status": "done", "phase": "post_live", "standing": "complete", "is_superuser": "on", "is_staff": "on",
              "decision": "approved", "side": "internal", "code": "XXX-1"}  # fmt: skip
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label in {
            "accounts",
            "handoff",
            "meetings",
            "playbook",
            "projects",
            "records",
            "reminders",
            "transitions",
        }:
            for field in model._meta.concrete_fields:
                found[field.name] = found[field.attname] = wanted.get(
                    field.name, site.cast.mallory.pk if field.is_relation else 1
                )
    return found


@pytest.mark.parametrize("address", WITH_BODY, ids=lambda address: address.name)
def test_fields_that_no_form_has_change_nothing(address: Address, site: Site) -> None:
    body = BODIES[address.name](site, "own")
    client, path = client_of(site.cast.priya), own(address, site)

    def after(data: dict[str, Any]) -> tuple[int, dict[str, list[str]]]:
        same_keys_again()
        with time_machine.travel(NOW, tick=False), transaction.atomic():
            answer = client.post(path, data).status_code, snapshot()
            transaction.set_rollback(True)
        return answer

    plain, stuffed = after(body), after(every_field(site) | OFFERED.get(address.name, {}) | body)
    assert plain[0] == 302
    assert (stuffed[0], changed(plain[1], stuffed[1])) == (302, {})


#: Fields that a form does have but the usual body leaves out, as the form has them when nothing is typed.
OFFERED: dict[str, dict[str, Any]] = {
    "move-step": {"note": "", "owner": "", "until": "", "phase": "", "next": ""},
    "add-biller": {"enterprise": ""},
    "edit-biller": {"enterprise": "", "shown": ""},
    "move-go-live": {"shown": ""},
    "add-mrr": {"note": ""},
    "add-product": {"details": ""},
    "integration-product": {"details": ""},
    "move-project": {"owner": "", "until": "", "phase": "", "next": ""},
    "move-section": {"note": "", "next": ""},
    "add-version": {"section": "", "seen": "", "upload": ""},
    "talk-about": {"visible": "", "shape": "", "next": ""},
    "move-run": {"note": ""},
    "run-case": {"note": "", "link": "", "defect_title": "", "severity": ""},
}
OFFERED |= parts_agendas.OFFERED


OFFERED |= parts_series.OFFERED | parts_hearing.OFFERED
OFFERED |= parts_phased.OFFERED | parts_tier.OFFERED | parts_support.OFFERED | parts_watch.OFFERED


@pytest.mark.parametrize("address", WITH_BODY, ids=lambda address: address.name)
def test_a_page_left_open_while_the_seat_went_changes_nothing(address: Address, site: Site) -> None:
    body = BODIES[address.name](site, "own")
    client, path = client_of(site.cast.priya), own(address, site)
    if address.parts:
        client.get(path)
    for seat in Seat.objects.filter(project=site.own, person=site.cast.priya):
        fill_seat(Project.objects.get(pk=site.own.pk), seat.pk, None, by=site.cast.adele)
    site.cast.priya.groups.clear()
    before = snapshot()
    answer = client.post(path, body)

    assert answer.status_code in {403, 404}
    assert changed(before, snapshot()) == {}


@pytest.mark.parametrize("address", WITH_BODY, ids=lambda address: address.name)
def test_a_session_after_deactivation_changes_nothing(address: Address, site: Site) -> None:
    body = BODIES[address.name](site, "own")
    client, path = client_of(site.cast.priya), own(address, site)
    type(site.cast.priya).objects.filter(pk=site.cast.priya.pk).update(is_active=False)
    before = snapshot()
    answer = client.post(path, body)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")
    assert changed(before, snapshot()) == {}
