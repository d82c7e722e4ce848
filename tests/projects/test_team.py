"""Seats filled and emptied, people named on steps: letters, grants and the manager follow at once."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from projects.models import Project, Seat
from projects.team import fill_seat, name_on_step
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import NOBODY, RACI, ROLES, a_step, everything, publish, started
from transitions.blockers import MoveRefused, NotPermitted, StaleRow
from transitions.moves import perform

pytestmark = pytest.mark.django_db

RUNS = {"view_project", "manage_project", "waive_gate", "hand_off"}
WORKS = {"view_project", "work_step"}


@pytest.fixture
def project(cast) -> Project:
    return started(cast, publish(a_step(1), a_step(2, raci=NOBODY), a_step(3, approval="architect_review")))


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def seat(project: Project, code: str, playbook: str = "made-up") -> Seat:
    return project.seats.get(role__code=code, role__version__playbook__slug=playbook)


def granted(project: Project, person: User) -> set[str]:
    return set(project.grants.filter(user=person).values_list("permission__codename", flat=True))


def sees(person: User, project: Project) -> bool:
    return Project.objects.visible_to(person).filter(pk=project.pk).exists()


# -- Seats ----------------------------------------------------------------------------------------


def test_a_seat_gives_its_letters_and_the_sight_of_the_project_and_takes_them_with_it(project, cast):
    fill_seat(project, seat(project, "SE").pk, cast.dele, by=cast.priya)
    fill_seat(project, seat(project, "IS").pk, None, by=cast.priya)

    assert move(project, "design.step-1", "start", cast.dele).row.status == "in_progress"
    with pytest.raises(NotPermitted):
        move(project, "design.step-1", "complete", cast.sofia)
    assert (granted(project, cast.dele), granted(project, cast.sofia)) == (WORKS, set())
    assert (sees(cast.dele, project), sees(cast.sofia, project)) == (True, False)


def test_a_seat_that_runs_the_project_gives_that_right_too(project, cast):
    assert granted(project, cast.priya) == RUNS
    fill_seat(project, seat(project, "PM").pk, cast.tess, by=cast.ivan)

    assert (granted(project, cast.tess), granted(project, cast.priya)) == (RUNS, set())
    assert perform(project, "hold", by=cast.tess, note="Budget").row.standing == "on_hold"
    with pytest.raises(NotPermitted):
        perform(project, "resume", by=cast.priya)


def test_who_leaves_one_of_two_seats_keeps_what_the_other_gives(project, cast):
    fill_seat(project, seat(project, "SE").pk, cast.priya, by=cast.priya)
    fill_seat(project, seat(project, "PM").pk, cast.tess, by=cast.ivan)

    assert granted(project, cast.priya) == WORKS
    fill_seat(project, seat(project, "SE").pk, None, by=cast.ivan)
    assert granted(project, cast.priya) == set()


def test_the_manager_of_the_project_is_the_first_who_runs_it(project, cast):
    managers = [fresh(project).manager]
    for code, person in (("PM", cast.tess), ("PM", None), ("IM", None)):
        fill_seat(project, seat(project, code).pk, person, by=cast.adele)
        managers.append(fresh(project).manager)

    assert managers == [cast.priya, cast.tess, cast.ivan, None]


@pytest.mark.parametrize("who", ["sofia", "ingrid", "arun", "bo", "dele", "tess", "mallory"])
def test_only_who_runs_the_project_fills_its_seats(project, cast, who):
    before = everything()

    with pytest.raises(NotPermitted), transaction.atomic():
        fill_seat(project, seat(project, "SE").pk, cast.mallory, by=getattr(cast, who))
    with pytest.raises(NotPermitted), transaction.atomic():
        name_on_step(step_of(project, "design.step-1"), "R", cast.mallory, by=getattr(cast, who))
    assert everything() == before


@pytest.mark.parametrize("who", ["priya", "ivan", "adele"])
def test_who_is_deactivated_fills_none(project, cast, who):
    person = getattr(cast, who)
    person.is_active = False
    person.save()
    before = everything()

    with pytest.raises(NotPermitted), transaction.atomic():
        fill_seat(project, seat(project, "SE").pk, cast.dele, by=person)
    assert everything() == before


def test_nobody_deactivated_takes_a_seat_or_is_named(project, cast):
    cast.dele.is_active = False
    cast.dele.save()
    before = everything()

    with pytest.raises(ValidationError) as seated, transaction.atomic():
        fill_seat(project, seat(project, "SE").pk, cast.dele, by=cast.priya)
    with pytest.raises(ValidationError) as named, transaction.atomic():
        name_on_step(step_of(project, "design.step-1"), "R", cast.dele, by=cast.priya)
    assert seated.value.messages == ["Dele Adeyemi is deactivated and cannot take a seat."]
    assert named.value.messages == ["Dele Adeyemi is deactivated and cannot be named."]
    assert everything() == before


@pytest.mark.parametrize(
    ("code", "who", "words"),
    [
        ("SE", "bo", "Bo Halvorsen does not sit on the side of Solution Engineer (SE): the seat is for one of ours."),
        ("PM", "pat", "Pat Quinn does not sit on the side of Project Manager (PM): the seat is for one of ours."),
        ("B", "sofia", "Sofia Reyes does not sit on the side of Biller (B): the seat is for one of theirs."),
    ],
)
def test_nobody_takes_a_seat_on_the_other_side(client, project, cast, code, who, words):
    person = getattr(cast, who)
    before = everything()

    with pytest.raises(ValidationError) as refused, transaction.atomic():
        fill_seat(project, seat(project, code).pk, person, by=cast.priya)
    assert refused.value.messages == [words]
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        started(cast, project.versions.get(), people={code: person})
    assert refused.value.messages == [words]
    client.force_login(cast.priya)
    address = f"/projects/MRW-1/seats/{seat(project, code).pk}"
    assert client.post(address, {"person": person.pk}).status_code == 400
    assert f'value="{person.pk}"' not in client.get(address).content.decode()
    assert everything() == before


def test_a_partner_may_sit_for_a_customer(project, cast):
    fill_seat(project, seat(project, "B").pk, cast.pat, by=cast.priya)

    assert seat(project, "B").person == cast.pat


def test_a_name_that_is_deactivated_leaves_the_letter_to_the_seat(project, cast):
    name_on_step(step_of(project, "design.step-1"), "R", cast.dele, by=cast.priya)
    cast.dele.is_active = False
    cast.dele.save()

    assert move(project, "design.step-1", "start", cast.sofia).row.status == "in_progress"


def test_filling_a_seat_takes_a_fixed_number_of_queries(cast):
    found = []
    for size in (2, 40):
        made = started(cast, publish(*(a_step(number) for number in range(1, size + 1)), slug=f"of-{size}"))
        for number in range(1, size + 1):
            move(made, f"design.step-{number}", "start", cast.sofia)
        place = seat(made, "SA", f"of-{size}").pk
        with CaptureQueriesContext(connection) as caught:
            fill_seat(made, place, cast.tess, by=cast.priya)
        found.append(len(caught))
    assert found[0] == found[1]
    assert found[0] <= 27  # two of them write the history, one asks for delegations


def test_who_is_deactivated_holds_a_seat_for_nobody(project, cast):
    cast.sofia.is_active = False
    cast.sofia.save()

    board = fresh(project).board
    assert board.people(board.by_path["made-up/design.step-1"], "R") == []
    with pytest.raises(NotPermitted):
        move(project, "design.step-1", "start", cast.sofia)


def test_who_is_deactivated_moves_nothing_by_name_or_as_administrator(project, cast):
    name_on_step(step_of(project, "design.step-1"), "R", cast.dele, by=cast.priya)
    for person in (cast.dele, cast.adele):
        person.is_active = False
        person.save()
        before = everything()

        with pytest.raises(NotPermitted), transaction.atomic():
            move(project, "design.step-1", "start", person)
        with pytest.raises(NotPermitted), transaction.atomic():
            perform(project, "hold", by=person, note="x")
        assert everything() == before


def test_who_is_deactivated_and_replaced_has_nothing_left_to_come_back_to(project, cast):
    cast.sofia.is_active = False
    cast.sofia.save()
    fill_seat(project, seat(project, "SE").pk, cast.dele, by=cast.priya)

    assert granted(project, cast.sofia) == set()


def test_a_seat_of_another_project_is_no_seat_here(project, cast):
    other = started(cast, project.versions.get(), biller_name="Other", biller_code="OTH", people={})
    before = everything()

    for seat_id in (seat(other, "SE").pk, 0):
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            fill_seat(project, seat_id, cast.dele, by=cast.adele)
        assert refused.value.messages == ["This project has no such seat."]
    assert everything() == before


def test_a_role_that_two_playbooks_share_by_code_and_name_is_filled_in_both(cast):
    renamed = tuple(
        role if role.code != "SA" else type(role)("SA", "Sales Associate", "", "internal") for role in ROLES
    )
    project = started(cast, publish(a_step(1)), publish(a_step(1, "sit"), slug="second", roles=renamed))
    fill_seat(project, seat(project, "SE", "second").pk, cast.dele, by=cast.priya)
    fill_seat(project, seat(project, "SA", "second").pk, cast.tess, by=cast.priya)

    assert [seat(project, "SE", slug).person for slug in ("made-up", "second")] == [cast.dele, cast.dele]
    # The same code with another name is another role.
    assert [seat(project, "SA", slug).person for slug in ("made-up", "second")] == [cast.arun, cast.tess]
    fill_seat(project, seat(project, "SE").pk, None, by=cast.priya)
    assert [seat(project, "SE", slug).person for slug in ("made-up", "second")] == [None, None]


# -- People named on one step ---------------------------------------------------------------------


def test_a_person_named_on_a_step_stands_in_for_the_seat(project, cast):
    name_on_step(step_of(project, "design.step-1"), "R", cast.dele, by=cast.priya)

    with pytest.raises(NotPermitted):
        move(project, "design.step-1", "start", cast.sofia)
    assert move(project, "design.step-1", "start", cast.dele).row.status == "in_progress"
    name_on_step(step_of(project, "design.step-1"), "R", None, by=cast.priya)
    with pytest.raises(NotPermitted):
        move(project, "design.step-1", "complete", cast.dele)
    assert move(project, "design.step-1", "complete", cast.sofia).row.status == "done"


def test_the_accountable_named_on_a_step_decides_and_the_seat_s_no_more(project, cast):
    for name in ("start", "submit"):
        move(project, "design.step-3", name, cast.sofia)
    name_on_step(step_of(project, "design.step-3"), "A", cast.arun, by=cast.priya)

    with pytest.raises(NotPermitted):
        move(project, "design.step-3", "approve", cast.ingrid)
    assert move(project, "design.step-3", "approve", cast.arun).row.status == "done"


def test_naming_an_accountable_clears_the_gate_of_a_step_that_has_none(project, cast):
    for key in ("design.step-1", "design.step-2"):
        for name in ("start", "complete"):
            move(project, key, name, cast.priya)
    for name, who in (("start", cast.sofia), ("submit", cast.sofia), ("approve", cast.ingrid)):
        move(project, "design.step-3", name, who)
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        perform(project, "complete", by=cast.priya)
    assert [blocker.text for blocker in refused.value.blockers] == ["Step 2 has no accountable: name one"]

    name_on_step(step_of(project, "design.step-2"), "A", cast.tess, by=cast.priya)
    assert perform(project, "complete", by=cast.priya).row.standing == "complete"


def test_who_is_named_sees_the_project_for_as_long(project, cast):
    name_on_step(step_of(project, "design.step-1"), "A", cast.mallory, by=cast.priya)
    assert (granted(project, cast.mallory), sees(cast.mallory, project)) == ({"view_project"}, True)

    name_on_step(step_of(project, "design.step-2"), "R", cast.mallory, by=cast.priya)
    name_on_step(step_of(project, "design.step-1"), "A", cast.arun, by=cast.priya)
    assert sees(cast.mallory, project)
    name_on_step(step_of(project, "design.step-2"), "R", None, by=cast.priya)
    assert (granted(project, cast.mallory), sees(cast.mallory, project)) == (set(), False)
    # Arun's seat lets him see it anyway.
    name_on_step(step_of(project, "design.step-1"), "A", None, by=cast.priya)
    assert sees(cast.arun, project)


def test_naming_somebody_counts_as_a_change_of_the_step(project, cast):
    step = step_of(project, "design.step-1")
    assert name_on_step(step, "R", cast.dele, by=cast.priya, revision=0).revision == 1
    before = everything()

    with pytest.raises(StaleRow), transaction.atomic():
        name_on_step(step, "R", cast.arun, by=cast.priya, revision=0)
    with pytest.raises(StaleRow), transaction.atomic():
        perform(step, "start", by=cast.dele, revision=0)
    assert everything() == before


@pytest.mark.parametrize("letter", ["C", "I", "r", "", "X", "RA"])
def test_only_r_and_a_are_named_on_a_step(project, cast, letter):
    before = everything()

    with pytest.raises(ValidationError, match="Only the responsible and the accountable are named on a step"):
        name_on_step(step_of(project, "design.step-1"), letter, cast.dele, by=cast.priya)
    assert everything() == before


def test_what_one_person_holds_in_several_seats_adds_up(cast):
    both = a_step(1, raci=Raci(R=("SE", "SA"), A=("INM",), C=("PM",), I=("B",)))
    project = started(
        cast, publish(both, a_step(2, raci=RACI)), people={"SA": cast.arun, "INM": cast.arun, "PM": cast.priya}
    )
    board = fresh(project).board

    step = board.by_path["made-up/design.step-1"]
    assert board.letters_of(cast.arun.pk, step) == {"R", "A"}
    assert board.letters_of(cast.priya.pk, step) == {"C"}
    assert board.letters_of(cast.sofia.pk, step) == frozenset()
    assert [person.name for person in board.people(step, "R")] == ["Arun Patel"]
