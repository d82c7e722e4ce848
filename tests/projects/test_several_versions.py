"""A project between versions: pinned to a newer one of its playbook, some of its steps and seats still of an older."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meetings.agenda_facts import read_reviews
from playbook.data import DocumentData, RoleData, SectionData
from playbook.models import Version
from projects import my_work
from projects.models import Project, ProjectPlaybook, ProjectStep, Seat, Upgrade
from projects.parties import holders
from projects.recount import recount
from projects.signoff import statement
from projects.team import settle_grants
from raci.letters import Raci
from reminders.project_rows import read
from tests.cast import move, step_of
from tests.transitions.made_up import ROLES, a_step, publish, started

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC)
PAGES = DocumentData(
    "old-page", "The Old Page", sections=(SectionData("fees", "Fees", True), SectionData("loads", "Loads"))
)
BILLER = replace(ROLES[5], signs_as="biller")
#: Version 2 gives up the Solution Architect, whose seat stays, and has a Data Engineer instead.
DATA = RoleData("DE", "Data Engineer", "Integrations", "internal")
NEW_ROLES = (*(role for role in ROLES[:5] if role.code != "SA"), BILLER, ROLES[6], DATA)
NEW_RACI = Raci(R=("SE",), A=("INM",), C=("DE",), I=("B",))


@pytest.fixture
def versions(db: None) -> tuple[Version, Version]:
    """Two versions of a playbook: step 1 is done and kept, step 2 is kept while it is worked on, the others are brought over."""
    old = publish(
        a_step(1, documents=("old-page/fees",)),
        a_step(2, approval="final_sign_off"),
        a_step(3, needs=("design.step-2",)),
        a_step(4, approval="technical_design_review", needs=("design.step-2",)),
        roles=(*ROLES[:5], BILLER, ROLES[6]), documents=(PAGES,),
    )  # fmt: skip
    new = publish(
        a_step(1, title="First, anew", raci=NEW_RACI),
        a_step(2, raci=NEW_RACI),
        a_step(3, needs=("design.step-2",), raci=NEW_RACI),
        a_step(4, approval="technical_design_review", needs=("design.step-2",), raci=NEW_RACI),
        roles=NEW_ROLES,
    )  # fmt: skip
    return old, new


@pytest.fixture
def project(cast: Any, versions: tuple[Version, Version]) -> Project:
    """A project on the first version, whose step 1 is done and whose step 2 is worked on."""
    made = started(cast, versions[0])
    for name in ("start", "complete"):
        move(made, "design.step-1", name, cast.sofia)
    move(made, "design.step-2", "start", cast.sofia)
    return Project.objects.get(pk=made.pk)


def upgraded(project: Project, to: Version, *, kept: tuple[str, ...] = ("design.step-1", "design.step-2")) -> Project:
    """The state after an upgrade: pin, seats and steps at the new version, but for what is kept."""
    pin = project.pins.select_related("version").get()
    Upgrade.objects.create(project=project, source=pin.version, target=to, by=project.started_by)
    ProjectPlaybook.objects.filter(pk=pin.pk).update(version=to)
    roles = {role.code: role for role in to.roles.all()}
    for seat in project.seats.select_related("role"):
        if seat.role.code in roles:
            Seat.objects.filter(pk=seat.pk).update(role=roles.pop(seat.role.code))
    Seat.objects.bulk_create([Seat(project=project, role=role) for role in roles.values()])
    steps = {step.key: step for step in to.steps.all()}
    for row in project.steps.select_related("template").exclude(template__key__in=kept):
        ProjectStep.objects.filter(pk=row.pk).update(template=steps[row.template.key])
    now = Project.objects.get(pk=project.pk)
    settle_grants(now)
    now.save_totals()
    return Project.objects.get(pk=project.pk)


def boards_queries(project: Project) -> int:
    fresh = Project.objects.get(pk=project.pk)
    with CaptureQueriesContext(connection) as caught:
        assert fresh.board.steps
    return len(caught)


def test_the_pin_says_which_version_and_is_asked_only_where_there_are_two(project, versions):
    assert boards_queries(project) == 2
    after = upgraded(project, versions[1])
    assert boards_queries(project) == 3
    assert [version.label for version in after.board.versions] == ["Made Up v2"]
    assert [version.label for version in after.board.older] == ["Made Up v1"]
    numbers = {step.template.key: after.board.version_of(step).number for step in after.board.steps}
    assert numbers == {"design.step-1": 1, "design.step-2": 1, "design.step-3": 2, "design.step-4": 2}


def test_a_project_taken_back_is_on_the_older_version_again(project, versions):
    upgraded(project, versions[1])
    back = upgraded(project, versions[0], kept=("design.step-3",))
    assert [version.number for version in back.board.versions] == [1]
    assert [version.number for version in back.board.older] == [2]


def test_where_all_steps_are_kept_the_seats_alone_tell_of_the_new_version(project, versions):
    after = upgraded(project, versions[1], kept=tuple(f"design.step-{number}" for number in range(1, 5)))
    assert [version.number for version in after.board.versions] == [2]
    assert after.board.people(after.board.by_path["made-up/design.step-2"], "R")


def test_the_letters_of_a_kept_step_lead_to_the_seats_of_the_same_code_and_to_those_that_stayed(
    project, versions, cast
):
    board = upgraded(project, versions[1]).board
    kept = board.by_path["made-up/design.step-2"]
    assert [(seat.role.code, seat.version.number) for seat in board.seats_of(kept, "R")] == [("SE", 2)]
    assert [(seat.role.code, seat.version.number) for seat in board.seats_of(kept, "C")] == [("SA", 1)]
    assert board.letters_of(cast.sofia.pk, kept) == {"R"}
    brought = board.by_path["made-up/design.step-3"]
    assert [seat.role.code for seat in board.seats_of(brought, "C")] == ["DE"]


def test_grants_stay_with_those_who_work_kept_steps_and_recount_agrees(project, versions, cast):
    after = upgraded(project, versions[1], kept=tuple(f"design.step-{number}" for number in range(1, 5)))
    held = set(after.grants.filter(user=cast.sofia).values_list("permission__codename", flat=True))
    assert {"view_project", "work_step"} <= held
    assert list(recount(Project.objects.all(), write=False)) == []


def test_who_holds_r_of_a_kept_step_still_moves_it(project, versions, cast):
    after = upgraded(project, versions[1])
    row = step_of(after, "design.step-2")
    assert row.permits("submit", cast.sofia)
    assert not row.permits("submit", cast.mallory)


def test_my_work_finds_what_the_board_says_in_one_query(project, versions, cast, django_assert_num_queries):
    board = upgraded(project, versions[1]).board
    for who in (cast.sofia, cast.ingrid, cast.arun, cast.bo):
        with django_assert_num_queries(1):
            found = {
                step.id: step.letters for step in my_work.mine(who, my_work.open_steps(all_phases=True), NOW.date())
            }
        letters = {step.id: "".join(x for x in "RA" if x in board.letters_of(who.pk, step)) for step in board.steps}
        assert found == {step.id: letters[step.id] for step in board.steps if letters[step.id] and not step.closed}


def test_my_work_says_that_a_step_of_the_new_version_waits_for_a_kept_one(project, versions, cast):
    upgraded(project, versions[1])
    today = NOW.date()
    found = my_work.mine(cast.sofia, my_work.open_steps(), today)
    rows = {row.title: row for section in my_work.sections(found, my_work.counts(found), today) for row in section.rows}
    assert [title for title, _ in rows["Step 3"].needs] == ["Step 2"]


def test_reminders_reach_the_same_people_as_the_board(project, versions):
    board = upgraded(project, versions[1]).board
    row = next(row for row in read(NOW).projects if row.id == project.pk)
    for step in row.steps:
        live = board.step(step.id)
        for letter in "RA":
            assert row.people(step, letter) == [person.id for person in board.people(live, letter)]
    assert "made-up/design.step-1" in row.closed


def test_a_seat_that_only_a_kept_step_needs_is_needed(project, versions):
    after = upgraded(project, versions[1])
    Seat.objects.filter(project=after, role__code="SE").update(person=None)
    board = Project.objects.get(pk=after.pk).board
    needed = {seat.code: seat for seat in board.seats_needed("design")}
    assert not needed["SE"].filled
    assert needed["SE"].responsible == 3


def test_a_review_waits_for_a_kept_step(project, versions):
    upgraded(project, versions[1])
    (review,) = read_reviews()
    assert [step.title for step in review.open_steps] == ["Step 2"]


def test_a_document_that_only_the_older_version_lists_keeps_its_title_and_the_section_that_is_written(
    project, versions
):
    board = upgraded(project, versions[1]).board
    outline = board.outlines["old-page"]
    assert outline.title == "The Old Page"
    assert [(part.title, part.mandatory) for part in outline.parts[:1]] == [("Fees", True)]


def test_the_biller_of_the_new_version_signs_a_kept_step_which_says_its_own_version(project, versions, cast):
    after = upgraded(project, versions[1])
    row = step_of(after, "design.step-2")
    assert [someone.id for someone in holders(after.board, row.live, "biller")] == [cast.bo.pk]
    assert statement(row, cast.priya).values["playbook"] == {"title": "Made Up", "version": 1}


def test_a_role_that_the_playbook_gave_up_signs_nothing_newer(cast, versions):
    """The seat of a biller's role that is gone stays, and has a say on what is still as it was alone."""
    signing = (RoleData("B1", "First Biller", "Customer", "customer", signs_as="biller"), *ROLES)
    old = publish(
        a_step(1, approval="final_sign_off"), a_step(2, approval="final_sign_off"), slug="signs", roles=signing
    )
    now_signing = (RoleData("B2", "Second Biller", "Customer", "customer", signs_as="biller"), *ROLES)
    new = publish(
        a_step(1, approval="final_sign_off"), a_step(2, approval="final_sign_off"), slug="signs", roles=now_signing
    )
    project = started(cast, old, people={"PM": cast.priya, "B1": cast.bo})
    board = upgraded(Project.objects.get(pk=project.pk), new, kept=("design.step-1",)).board
    assert [who.id for who in holders(board, board.by_path["signs/design.step-1"], "biller")] == [cast.bo.pk]
    assert holders(board, board.by_path["signs/design.step-2"], "biller") == []


def test_the_pages_of_such_a_project_open_and_say_which_version_a_step_is_of(client, project, versions, cast):
    after = upgraded(project, versions[1])
    client.force_login(cast.priya)
    assert client.get(after.get_absolute_url()).status_code == 200
    for number, version in ((1, 1), (3, 2)):
        page = client.get(after.step_url(f"made-up/design.step-{number}"))
        assert page.status_code == 200
        assert f"from Made Up v{version}" in page.content.decode()
