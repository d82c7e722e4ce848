"""Where an act begins: a request, a command, a task."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.apps import apps
from django.core.management import call_command, get_commands, load_command_class
from django.urls import reverse

from history import commands
from history.context import acting, current_actor, current_batch, current_origin
from history.middleware import origin_of
from playbook.models import Playbook
from projects.models import Biller, Seat
from transitions.models import TransitionRecord

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "origin"),
    [("/projects/", "page"), ("/admin/projects/biller/add/", "admin"), ("/api/projects", "api"), ("/apiary", "page")],
)
def test_the_path_says_the_origin(path, origin):
    assert origin_of(path) == origin


def test_what_a_page_writes_is_one_batch_of_the_person_signed_in(client, cast, make_project):
    project = make_project()
    client.force_login(cast.priya)
    seat = project.seats.get(role__code="SE")
    for person in (cast.dele, cast.sofia):
        with acting(origin="command"):  # a server may have been started by a command
            client.post(reverse("fill-seat", args=[project.code, seat.pk]), {"person": person.pk})
    newest, older = Seat.history.filter(id=seat.pk, history_type="~")
    assert (newest.origin, newest.history_user) == ("page", cast.priya)
    assert newest.batch != older.batch


def test_what_the_admin_writes_says_so(client, cast):
    client.force_login(cast.adele)
    data = {"name": "Halden Water", "code": "HLD", "vertical": "utility"}
    assert client.post(reverse("admin:projects_biller_add"), data).status_code == 302
    kept = Biller.history.get()
    assert (kept.origin, kept.history_user, kept.history_type) == ("admin", cast.adele, "+")


def test_what_a_command_writes_says_so(cast, make_project):
    project = make_project()
    call_command("move", project.code, "start", step="discovery.invoicing", by="sofia@example.org", verbosity=0)
    record = TransitionRecord.objects.first()
    assert (record.origin, record.by) == ("command", cast.sofia)
    assert TransitionRecord.objects.exclude(pk=record.pk).filter(batch=record.batch).count() == 0


def test_what_a_command_loads_is_one_batch():
    call_command("load_playbooks", verbosity=0)
    kept = Playbook.history.filter(history_type="+")
    assert {row.origin for row in kept} == {"command"}
    assert kept.values("batch").distinct().count() == 1
    assert {record.batch for record in TransitionRecord.objects.all()} == {kept[0].batch}


def test_what_a_task_writes_says_so(cast):
    said: list[Any] = []

    @shared_task
    def look() -> None:
        said.append((current_origin(), current_batch(), current_actor()))

    look.delay()
    with acting(origin="page", by=cast.priya) as act:
        look.delay()
    assert said[0][0] == "task"
    assert said[1] == ("task", act.batch, cast.priya.pk)
    assert said[0][1] != act.batch


ROOMS = tuple(
    app.label for app in apps.get_app_configs() if Path(app.path).parent == Path(__file__).resolve().parents[2]
)

#: It starts a server, whose requests and tasks are acts of their own.
NO_ACT = {"serve"}


def test_every_command_of_ours_is_an_act(root: Path):
    ours = {name: app for name, app in get_commands().items() if (root / app).is_dir()}
    assert {"move", "seed_demo", "load_playbooks"} <= set(ours)
    classes = {name: load_command_class(app, name) for name, app in ours.items()}
    assert {name for name, found in classes.items() if not isinstance(found, commands.Command)} == NO_ACT


def test_nothing_of_ours_turns_history_off(root: Path):
    """The library's switches: a setting, and an attribute of a row."""
    off = {"SIMPLE_HISTORY_ENABLED", "skip_history_when_saving", "save_without_historical_record"}
    names = {
        node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else str(node.value)
        for room in ROOMS
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name | ast.Attribute | ast.Constant)
    }
    assert names & off == set()


def test_history_in_the_admin_leads_to_ours(client, cast, make_project):
    project = make_project()
    client.force_login(cast.adele)
    for name, row, kind in (
        ("projects_biller", project.biller, "biller"),
        ("projects_seat", project.seats.first(), "seat"),
        ("playbook_version", project.versions.get(), "version"),
        ("accounts_user", cast.sofia, "person"),
    ):
        response = client.get(reverse(f"admin:{name}_history", args=[row.pk]))
        assert (response.status_code, response["Location"]) == (302, f"/history?what={kind}&object={row.pk}")
        assert client.get(response["Location"]).status_code == 200
    assert client.get(reverse("admin:projects_biller_history", args=[10**6]))["Location"] == "/admin/"


def test_every_service_that_is_told_who_acts_says_so(root: Path):
    """A service that opens a transaction and takes `by=` names the person to the history: whoever calls it need not."""
    silent = {
        f"{path.relative_to(root)}: {node.name}"
        for room in ROOMS
        for path in (root / room).rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and "by" in {argument.arg for argument in (*node.args.kwonlyargs, *node.args.args)}
        and "transaction.atomic" in ast.unparse(node)
        and not any(ast.unparse(mark) == "named" for mark in node.decorator_list)
    }
    assert silent == set()
