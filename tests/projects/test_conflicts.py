"""A stale form never overwrites: the person sees both values and chooses."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from projects.dates import move_due_date, move_target_go_live
from projects.models import Project
from projects.team import fill_seat, name_on_step
from tests.cast import MakeProject, move, step_of

INVOICING = "integration/discovery.invoicing"


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project()


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def conflict_of(answer: HttpResponse) -> list[list[str]]:
    """The cells of the table of both values, line by line, tags left out."""
    body = answer.content.decode().partition('<section class="conflict"')[2].partition("</section>")[0]
    lines = body.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
    cells = [[cell.rpartition(">")[2] for cell in line.replace("</td>", "</th>").split("</th>")[:-1]] for line in lines]
    return [line for line in cells if line]


def carried(answer: HttpResponse) -> str:
    return answer.content.decode().partition('name="revision" value="')[2].partition('"')[0]


def test_a_second_target_go_live_shows_both_and_waits_for_a_choice(project: Project, cast: SimpleNamespace) -> None:
    address = reverse("move-go-live", args=[project.code])
    move_target_go_live(project, dt.date(2027, 4, 1), by=cast.ivan, reason="Coding took longer")
    mine = {"target_go_live": "2027-03-20", "reason": "The biller asks", "revision": 0}
    answer = signed_in(cast.priya).post(address, mine)

    assert (answer.status_code, conflict_of(answer)) == (409, [["Target go-live", "Apr 1, 2027", "Mar 20, 2027"]])
    assert "The biller asks" in answer.content.decode()
    assert f'href="{project.get_absolute_url()}">Keep what is stored' in answer.content.decode()
    assert Project.objects.get().target_go_live == dt.date(2027, 4, 1)

    chosen = signed_in(cast.priya).post(address, mine | {"revision": carried(answer)})
    assert (chosen.status_code, Project.objects.get().target_go_live) == (302, dt.date(2027, 3, 20))


def test_a_second_due_date_shows_both(project: Project, cast: SimpleNamespace) -> None:
    step = step_of(project, INVOICING)
    move_due_date(step, dt.date(2026, 11, 30), by=cast.sofia)
    address = reverse("move-due", args=[project.code, INVOICING])
    answer = signed_in(cast.priya).post(address, {"due": "2026-12-04", "revision": 0})

    assert (answer.status_code, conflict_of(answer)) == (409, [["Due", "Nov 30", "Dec 4"]])
    assert step_of(project, INVOICING).due == dt.date(2026, 11, 30)


def test_a_second_name_on_a_step_shows_both(project: Project, cast: SimpleNamespace) -> None:
    name_on_step(step_of(project, INVOICING), "A", cast.arun, by=cast.ivan)
    address = reverse("name-on-step", args=[project.code, INVOICING])
    answer = signed_in(cast.priya).post(address, {"letter": "A", "person": cast.ingrid.pk, "revision": 0})

    assert (answer.status_code, conflict_of(answer)) == (409, [["Person", "Arun Patel", "Ingrid Berg"]])
    assert step_of(project, INVOICING).accountable == cast.arun


def test_a_form_that_is_stale_for_another_reason_says_that_its_own_value_stands(
    project: Project, cast: SimpleNamespace
) -> None:
    step = step_of(project, INVOICING)
    move(project, INVOICING, "start", cast.sofia)
    answer = signed_in(cast.priya).post(
        reverse("move-due", args=[project.code, INVOICING]), {"due": step.due.isoformat(), "revision": 0}
    )

    assert (answer.status_code, conflict_of(answer)) == (409, [])
    assert "what your form says stands already" in answer.content.decode()


def test_a_stale_move_says_what_it_is_now_who_made_it_so_and_what_was_asked(
    project: Project, cast: SimpleNamespace
) -> None:
    move(project, INVOICING, "start", cast.sofia)
    answer = signed_in(cast.priya).post(
        reverse("move-step", args=[project.code, INVOICING]), {"move": "start", "revision": 0}
    )

    assert answer.status_code == 409
    assert "It is in progress now (Sofia Reyes); you asked for “Start”." in answer.content.decode()


def test_a_seat_that_changed_hands_shows_both(project: Project, cast: SimpleNamespace) -> None:
    seat = next(seat.id for seat in project.board.seats if seat.role.code == "SE")
    address = reverse("fill-seat", args=[project.code, seat])
    page = signed_in(cast.priya).get(address).content.decode()
    fill_seat(project, seat, cast.arun, by=cast.ivan)
    mine = {"person": cast.ingrid.pk, "seen": page.partition('name="seen" value="')[2].partition('"')[0]}
    answer = signed_in(cast.priya).post(address, mine)

    assert mine["seen"] == str(cast.sofia.pk)
    assert (answer.status_code, conflict_of(answer)) == (409, [["Person", "Arun Patel", "Ingrid Berg"]])
    assert project.seats.get(pk=seat).person == cast.arun
    again = mine | {"seen": answer.content.decode().partition('name="seen" value="')[2].partition('"')[0]}
    assert signed_in(cast.priya).post(address, again).status_code == 302
    assert project.seats.get(pk=seat).person == cast.ingrid
