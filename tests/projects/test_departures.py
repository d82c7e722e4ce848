"""Departures: which live projects skipped, waived, renamed or dropped which mandated step, for those who may see them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from projects.departures import Asked, count, find, tell
from projects.models import Project, ProjectStep, Upgrade
from projects.rename import rename_step
from projects.waivers import waive
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.clock import business_day
from transitions.moves import perform

pytestmark = pytest.mark.django_db

STEPS = (
    a_step(1),
    a_step(2),
    a_step(3, applies="if_applicable"),
    a_step(4, applies="partner_only"),
    a_step(5, applies="phased_only"),
)
PATH = "made-up/design.step-{}"


@pytest.fixture
def version(db: None) -> Any:
    return publish(*STEPS)


@pytest.fixture
def project(cast: SimpleNamespace, version: Any) -> Project:
    """A project of partner integration, without a phased go-live."""
    return Project.objects.get(pk=started(cast, version).pk)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: Any, **asked: Any) -> HttpResponse:
    return signed_in(person).get(reverse("departures"), asked)


def listed(answer: HttpResponse) -> list[str]:
    """The numbers in the keys of the steps that are listed."""
    return re.findall(r'class="title" href="/projects/[^"]*design\.step-(\d)/"', answer.content.decode())


def rename(project: Project, number: int, cast: SimpleNamespace, title: str = "Ours") -> None:
    rename_step(step_of(project, PATH.format(number)), title, by=cast.priya, reason="Their word")


def waived(project: Project, number: int, cast: SimpleNamespace, now: dt.datetime | None = None) -> None:
    waive(
        project, code="step-open", subject=PATH.format(number), by=cast.priya, reason="Next week",
        expires=business_day(now) + dt.timedelta(days=9), now=now,
    )  # fmt: skip


def out(project: Project, number: int, **changes: Any) -> None:
    """Set a step aside as nothing but an upgrade, or an older rule, would: what applies always is not skipped by a move."""
    now = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
    row = step_of(project, PATH.format(number))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_projectstep SET status = 'not_applicable', reason = 'Not here', status_since = %s WHERE id = %s",
            [changes.get("at", now), row.pk],
        )


def found(person: Any, **asked: Any) -> list[tuple[str, str, str]]:
    return [(row.kind, row.key, row.code) for row in find(person, Asked(**asked))]


def test_each_kind_is_told_with_who_when_and_why(project, cast):
    out(project, 1)
    waived(project, 2, cast)
    rename(project, 4, cast)
    told = {row.kind: row for row in tell(find(cast.priya, Asked()))}
    assert {kind: row.key for kind, row in told.items()} == {
        "skipped": "design.step-1", "waived": "design.step-2", "renamed": "design.step-4",
    }  # fmt: skip
    assert {row.by for row in told.values()} == {"Priya Nair"}  # who is told of no move started the project
    assert [row.reason for row in told.values()] == ["Not here", "Next week", "Their word"]
    assert all(row.at for kind, row in told.items() if kind != "skipped")
    assert told["renamed"].own_title == "Ours"
    assert told["renamed"].title == "Step 4"


def test_what_a_move_set_aside_names_who_moved_it(project, cast):
    move(project, PATH.format(3), "mark_not_applicable", cast.sofia, note="None here")
    (row,) = tell(find(cast.priya, Asked(optional=True, kind="skipped")))
    assert (row.key, row.by, row.reason) == ("design.step-3", "Sofia Reyes", "None here")


def test_what_is_not_mandated_is_no_departure(project, cast):
    """Step 5 is for phased go-lives and was left out at the start; step 3 is for whom it applies to."""
    move(project, PATH.format(3), "mark_not_applicable", cast.sofia, note="None here")
    assert found(cast.priya) == []
    assert found(cast.priya, optional=True) == [("skipped", "design.step-3", project.code)]
    Project.objects.filter(pk=project.pk).update(phased_go_live=True)
    assert found(cast.priya) == [("skipped", "design.step-5", project.code)]


def test_a_step_of_partner_integrations_is_mandated_of_those_alone(cast, version):
    for kind, code in (("partner", "MRW"), ("custom", "ABC")):
        project = started(cast, version, integration_kind=kind, biller_code=code, biller_name=code)
        if kind == "partner":
            out(project, 4)
    assert found(cast.priya) == [("skipped", "design.step-4", "MRW-1")]


def test_what_an_upgrade_set_aside_is_dropped_until_it_is_undone(project, cast, version):
    at = dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)
    out(project, 1, at=at)
    upgrade = Upgrade.objects.create(project=project, source=version, target=version, by=cast.ivan, at=at)
    (row,) = tell(find(cast.priya, Asked()))
    assert (row.kind, row.by, row.at) == ("dropped", "Ivan Orlov", at)
    upgrade.undone_by, upgrade.undone_at = cast.ivan, at
    upgrade.save()
    assert found(cast.priya) == [("skipped", "design.step-1", project.code)]


def test_a_real_upgrade_drops_what_its_version_has_no_more_and_what_is_left_out_of_it(project, cast):
    newer = publish(STEPS[0], *STEPS[2:], a_step(6))
    perform(
        project, "upgrade", by=cast.priya, version=newer,
        decisions={"design.step-2": "accept", "design.step-6": "leave_out"}, reasons={"design.step-6": "Too late for us"},
    )  # fmt: skip
    told = tell(find(cast.priya, Asked()))
    assert [(row.kind, row.key, row.version, row.by, row.reason) for row in told] == [
        ("dropped", "design.step-2", 1, "Priya Nair", "Not in Made Up v2"),
        ("dropped", "design.step-6", 2, "Priya Nair", "Too late for us"),
    ]


def test_of_several_waivers_of_a_step_the_latest_is_told(project, cast):
    waived(project, 2, cast, now=timezone.now() - dt.timedelta(days=60))  # it has passed by the time of the second
    waived(project, 2, cast)
    assert found(cast.priya) == [("waived", "design.step-2", project.code)]


def test_a_project_that_is_over_counts_no_more(project, cast):
    rename(project, 1, cast)
    perform(project, "hold", by=cast.priya, note="Waits")
    assert len(found(cast.priya)) == 1
    perform(Project.objects.get(pk=project.pk), "resume", by=cast.priya)
    perform(Project.objects.get(pk=project.pk), "cancel", by=cast.priya, note="Over")
    assert found(cast.priya) == []


def test_the_count_says_how_many_of_those_that_have_the_step_depart_from_it(cast, version):
    for number in range(1, 4):
        project = started(cast, version, biller_code=f"AB{'CDE'[number - 1]}", biller_name=f"Biller {number}")
        if number < 3:
            out(project, 1)
        if number == 2:
            rename(project, 2, cast)
            waived(project, 2, cast)
    counted = count(cast.priya, Asked(), find(cast.priya, Asked()))
    assert [(step.path, step.words) for step in counted] == [
        (PATH.format(1), "2 of 3 projects skip this step"),
        (PATH.format(2), "1 of 3 projects departs from this step"),
    ]
    only = Asked(kind="waived")
    assert [step.words for step in count(cast.priya, only, find(cast.priya, only))] == [
        "1 of 3 projects waives this step"
    ]


FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "playbook": ({"playbook": "made-up"}, ["1", "2"]),
    "another playbook": ({"playbook": "other"}, []),
    "version": ({"version": 1}, ["1", "2"]),
    "another version": ({"version": 2}, []),
    "kind": ({"kind": "renamed"}, ["1"]),
    "another kind": ({"kind": "dropped"}, []),
    "project in either case": ({"project": "mrw-1"}, ["1", "2"]),
    "another project": ({"project": "XYZ-1"}, []),
    "step": ({"step": "made-up/design.step-2"}, ["2"]),
    "step of another playbook": ({"step": "other/design.step-1"}, []),
}


def test_every_filter_narrows_the_list(project, cast, subtests):
    rename(project, 1, cast)
    waived(project, 2, cast)
    cases = FILTERS | {"pm": ({"pm": cast.priya.pk}, ["1", "2"]), "another pm": ({"pm": cast.ivan.pk}, [])}
    for name, (asked, steps) in cases.items():
        with subtests.test(name):
            answer = page(cast.priya, **asked)
            assert answer.status_code == 200
            assert listed(answer) == steps
            assert ("No departure matches" in answer.content.decode()) == (not steps)


def test_what_cannot_be_read_is_named_and_the_rest_holds(project, cast, subtests):
    rename(project, 1, cast)
    for name, value in {
        "kind": "odd",
        "version": "x",
        "step": "?",
        "page": "0",
        "format": "pdf",
        "pm": "9" * 20,
    }.items():
        with subtests.test(name):
            answer = page(cast.priya, **{name: value})
            assert (answer.status_code, listed(answer)) == (400, ["1"])
            assert f"<li>{name}: " in answer.content.decode()


def test_people_see_the_departures_of_the_projects_that_they_see(project, cast):
    rename(project, 1, cast)
    assert page(cast.bo).status_code == 404
    assert found(cast.mallory) == []
    assert "No live projects" in page(cast.mallory).content.decode()
    assert project.code not in page(cast.mallory, format="csv").getvalue().decode()


def test_an_empty_list_says_so(project, cast):
    assert "No departures" in page(cast.priya).content.decode()


def test_the_page_leads_to_the_step_the_project_and_the_departures_of_one_step(project, cast):
    rename(project, 1, cast, "<Ours>")
    body = page(cast.priya).content.decode()
    assert f'href="{project.step_url(PATH.format(1))}"' in body
    assert f'href="{project.get_absolute_url()}"' in body
    assert 'href="/reports/departures?step=made-up%2Fdesign.step-1"' in body
    assert "“&lt;Ours&gt;”: Their word" in body


def test_the_files_hold_every_departure_and_run_nothing(project, cast):
    rename(project, 1, cast, "=cmd()")
    waived(project, 2, cast)
    lines = list(csv.DictReader(io.StringIO(page(cast.priya, format="csv").getvalue().decode("utf-8-sig"))))
    assert [(line["Step key"], line["Kind"], line["Called here"], line["Who"]) for line in lines] == [
        ("design.step-1", "Renamed", "'=cmd()", "Priya Nair"),
        ("design.step-2", "Waived", "", "Priya Nair"),
    ]
    book = load_workbook(io.BytesIO(page(cast.priya, format="xlsx", kind="waived").content))
    assert book.sheetnames == ["Departures", "By step", "About"]
    assert [[cell.value for cell in row][2:4] for row in book["Departures"].iter_rows(min_row=2)] == [
        ["design.step-2", "Step 2"]
    ]
    assert [cell.value for cell in book["By step"][2]][-2:] == [1, 1]


def test_a_page_takes_a_fixed_number_of_queries_whatever_departs(cast, version, settings):
    settings.PAGE_SIZE = 3
    taken = []
    for number in range(3):
        project = started(cast, version, biller_code=f"AB{'CDE'[number]}", biller_name=f"Biller {number}")
        for step in (1, 2, 4):
            rename(project, step, cast)
            waived(project, step, cast)
        out(project, 1)
        client = signed_in(cast.priya)
        client.get(reverse("departures"))
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse("departures")).status_code == 200
        taken.append(len(caught))
    assert len(set(taken)) == 1
    assert taken[0] <= 14, taken


def test_many_departures_come_in_pages(project, cast, settings):
    settings.PAGE_SIZE = 2
    for number in (1, 2, 4):
        rename(project, number, cast)
    assert listed(page(cast.priya)) == ["1", "2"]
    assert listed(page(cast.priya, page=2)) == ["4"]


def test_the_version_s_page_says_beside_a_step_how_many_depart_from_it(project, cast, version):
    address = version.get_absolute_url()
    before = signed_in(cast.priya).get(address).content.decode()
    assert "departures" not in before
    out(project, 1)
    body = signed_in(cast.priya).get(address).content.decode()
    assert "1 of 1 project skips this step" in body
    assert "1 live project departs from 1 step of this version" in body
    assert "departures" not in signed_in(cast.mallory).get(address).content.decode()


def test_a_step_that_was_kept_at_an_older_version_is_found_under_that(project, cast, version):
    newer = publish(*STEPS)
    ProjectStep.objects.filter(project=project, template__key="design.step-2").update(
        template=newer.steps.get(key="design.step-2")
    )
    for number in (1, 2):
        rename(project, number, cast)
    assert found(cast.priya, version=1) == [("renamed", "design.step-1", project.code)]
    assert found(cast.priya, version=2) == [("renamed", "design.step-2", project.code)]
