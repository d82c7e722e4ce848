"""A phase is not entered while a seat that it needs is empty: a blocker like any other."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from projects.board import Board
from projects.models import Project
from projects.status import project_status
from projects.team import fill_seat, name_on_step
from projects.waivers import waive
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import ROLES, a_step, everything, publish, started
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.gates import GateFacts, SeatFacts, advance_blockers, gate
from transitions.moves import perform

pytestmark = pytest.mark.django_db

ARCHITECT = Raci(R=("SE", "SA"), A=("INM",), C=("PM",), I=("B",))


# -- As pure functions ----------------------------------------------------------------------------


def a_seat(**changes: object) -> SeatFacts:
    plain = {
        "key": "integration:INM", "code": "INM", "name": "Integrations Manager", "responsible": 0, "accountable": 12,
        "filled": False, "link": "/projects/MRW-1/seats/5",
    }  # fmt: skip
    return SeatFacts(**{**plain, **changes})


def words(*seats: SeatFacts, next_phase: str | None = "development") -> list[tuple[str, str, str, str, str]]:
    facts = GateFacts(
        1, "design", next_phase, "active", (), seats=seats, today=dt.date(2026, 11, 23), manager="Priya Nair"
    )
    found = [blocker for criterion in gate(facts) for blocker in criterion.blockers]
    return [(b.code, b.subject, b.text, b.link, b.owner) for b in found]


def test_one_blocker_a_role_says_for_what_it_is_needed_and_leads_to_the_seat():
    engineer = a_seat(key="p:SE", code="SE", name="Solution Engineer", responsible=1, accountable=2, link="/s/6")

    assert words(a_seat(), engineer, a_seat(key="p:SA", filled=True)) == [
        (
            "seat-empty",
            "integration:INM",
            "Development needs an Integrations Manager (INM): accountable for 12 steps, and nobody sits there",
            "/projects/MRW-1/seats/5",
            "Priya Nair",
        ),
        (
            "seat-empty",
            "p:SE",
            "Development needs a Solution Engineer (SE): responsible for 1 step and accountable for 2 steps, "
            "and nobody sits there",
            "/s/6",
            "Priya Nair",
        ),
    ]


def test_no_seat_needed_is_no_line_of_the_gate_and_neither_is_a_last_phase():
    assert words() == []
    assert words(a_seat(), next_phase=None) == []
    codes = [c.code for c in gate(GateFacts(1, "design", "sit", "active", (), seats=(a_seat(filled=True),)))]
    assert codes == ["step-blocked", "no-accountable", "step-open", "seat-empty"]


# -- On a project ---------------------------------------------------------------------------------


@pytest.fixture
def project(cast) -> Project:
    """Design done; SIT needs SE twice, SA once and INM, and nobody is the Solution Architect."""
    steps = (a_step(1), a_step(2, "sit", raci=ARCHITECT), a_step(3, "sit", applies="if_applicable"))
    people = {"PM": cast.priya, "SE": cast.sofia, "INM": cast.ingrid, "B": cast.bo}
    made = started(cast, publish(*steps), people=people)
    for name in ("start", "complete"):
        move(made, "design.step-1", name, cast.sofia)
    return made


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def empty(project: Project) -> list[tuple[str, str]]:
    blockers = advance_blockers(fresh(project).gate_facts(business_day()))
    return [(blocker.subject, blocker.text) for blocker in blockers if blocker.code == "seat-empty"]


ARCHITECT_MISSING = (
    "made-up:SA",
    "SIT needs a Solution Architect (SA): responsible for 1 step, and nobody sits there",
)


def test_a_project_does_not_enter_a_phase_that_has_nobody_to_do_it(project, cast):
    before = everything()
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        perform(project, "advance", by=cast.priya)
    assert [(b.subject, b.text) for b in refused.value.blockers] == [ARCHITECT_MISSING]
    assert everything() == before
    assert [b["text"] for b in project_status(fresh(project), today=business_day())["blockers"]] == [
        ARCHITECT_MISSING[1]
    ]

    (blocker,) = refused.value.blockers
    seat = project.seats.get(role__code="SA")
    assert (blocker.link, blocker.owner) == (f"/projects/MRW-1/seats/{seat.pk}", "Priya Nair")
    fill_seat(project, seat.pk, cast.arun, by=cast.priya)
    assert perform(project, "advance", by=cast.priya).row.phase == "sit"


def test_a_seat_whose_holder_was_deactivated_is_empty(project, cast):
    fill_seat(project, project.seats.get(role__code="SA").pk, cast.arun, by=cast.priya)
    assert empty(project) == []
    cast.ingrid.is_active = False
    cast.ingrid.save()

    text = "SIT needs an Integrations Manager (INM): accountable for 2 steps, and nobody sits there"
    assert empty(project) == [("made-up:INM", text)]


def test_what_is_closed_or_has_somebody_named_needs_no_seat(project, cast):
    fill_seat(project, project.seats.get(role__code="INM").pk, None, by=cast.priya)
    text = "SIT needs an Integrations Manager (INM): accountable for {}, and nobody sits there"
    found = [empty(project)[0]]
    move(project, "sit.step-3", "mark_not_applicable", cast.priya, note="No such thing here")
    found.append(empty(project)[0])
    name_on_step(step_of(project, "sit.step-2"), "A", cast.tess, by=cast.priya)
    found.append(empty(project)[0])
    name_on_step(step_of(project, "sit.step-2"), "R", cast.dele, by=cast.priya)

    assert found == [
        ("made-up:INM", text.format("2 steps")),
        ("made-up:INM", text.format("1 step")),
        ARCHITECT_MISSING,
    ]
    assert empty(project) == []


def test_it_is_waived_by_name_like_any_other(project, cast):
    waive(
        project, code="seat-empty", subject="made-up:SA", by=cast.priya, reason="Arun comes on Monday",
        expires=business_day() + dt.timedelta(days=7),
    )  # fmt: skip

    passed = perform(project, "advance", by=cast.priya)
    (line,) = [item for item in passed.record.facts["criteria"] if item["code"] == "seat-empty"]
    assert (line["met"], line["waived"][0]["by"]) == (True, "Priya Nair")


def test_a_role_of_two_playbooks_is_one_blocker(cast):
    first, second = publish(a_step(1), a_step(2, "sit")), publish(a_step(1, "sit"), slug="second", roles=ROLES)
    project = started(cast, first, second, people={"PM": cast.priya, "INM": cast.ingrid, "SE": cast.sofia})
    fill_seat(project, project.seats.filter(role__code="SE").first().pk, None, by=cast.priya)

    text = "SIT needs a Solution Engineer (SE): responsible for 2 steps, and nobody sits there"
    assert empty(project) == [("made-up:SE", text)]


def test_the_last_phase_and_phases_further_on_ask_for_no_seat(cast):
    project = started(cast, publish(a_step(1), a_step(2, "sit"), a_step(3, "release", raci=ARCHITECT)), people={})

    assert [seat.code for seat in Board.load(project).seats_needed("sit")] == ["SE", "INM"]
    assert Board.load(project).seats_needed(None) == ()


def test_the_panel_shows_it_with_the_way_to_the_seat(client, project, cast):
    client.force_login(cast.priya)
    page = client.get("/projects/MRW-1/gate").content.decode()
    seat = project.seats.get(role__code="SA")

    assert f'<a href="/projects/MRW-1/seats/{seat.pk}">{ARCHITECT_MISSING[1]}</a>' in page
    assert "code=seat-empty&amp;subject=made-up%3ASA" in page
