"""A leaver replaced everywhere in one act: shown first, whole or not at all, nothing orphaned."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from projects.models import CommentRequest, Notice, Project, ProjectGrant, ProjectStep, Seat
from projects.recount import recount
from projects.replace import Part, may_replace, plan, register, replace_person
from projects.team import name_on_step
from raci.letters import Raci
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.blockers import MoveRefused, NotPermitted, StaleRow
from transitions.moves import perform

pytestmark = pytest.mark.django_db

UNTIL = dt.date(2030, 1, 1)
BOTH = Raci(R=("SE",), A=("INM",), C=("SA",), I=("IS",))


@pytest.fixture
def projects(cast) -> list[Project]:
    """Three on one version: in two of them Arun sits, is named, clears what is blocked and is asked; the third is archived."""
    version = publish(a_step(1, raci=BOTH), a_step(2, applies="if_applicable"), a_step(3, applies="if_applicable"))
    made = [started(cast, version, biller_name=f"Biller {code}", biller_code=code) for code in ("AAA", "BBB", "CCC")]
    for project in made[:2]:
        move(project, "design.step-1", "start", cast.sofia)
        name_on_step(step_of(project, "design.step-2"), "A", cast.arun, by=cast.priya)
        move(project, "design.step-3", "block", cast.sofia, note="No key", owner=cast.arun, until=UNTIL)
    for name in ("start", "complete"):
        move(made[2], "design.step-1", name, cast.sofia)
    for key in ("design.step-2", "design.step-3"):
        move(made[2], key, "mark_not_applicable", cast.sofia, note="x")
    perform(made[2], "complete", by=cast.priya)
    return made


def names(person: User) -> int:
    """How many rows that can still change name the person."""
    live = {"project__in": Project.objects.exclude(standing="complete")}
    return (
        Seat.objects.filter(person=person, **live).count()
        + ProjectStep.objects.filter(Q(responsible=person) | Q(accountable=person) | Q(owner=person), **live).count()
        + CommentRequest.objects.filter(person=person, answered_at=None, withdrawn_at=None, **live).count()
        + Project.objects.exclude(standing="complete").filter(manager=person).count()
        + ProjectGrant.objects.filter(user=person, content_object__in=live["project__in"]).count()
    )


def replace(person: User, successor: User | None, by: User, **changes: Any):
    given = {"fingerprint": plan(person, successor).fingerprint, **changes}
    return replace_person(person, successor, by=by, **given)


def test_the_preview_says_project_by_project_what_would_happen(projects, cast):
    shown = plan(cast.arun, cast.tess)

    assert [(line.code, line.facts) for line in shown.projects] == [
        (
            code,
            [
                ("Seats", "Solution Architect (SA)"),
                ("Named on", "2 Step 2 (A)"),
                ("Clears", "3 Step 3, blocked"),
                ("Comments asked", "Step 1"),
            ],
        )
        for code in ("AAA-1", "BBB-1")
    ]
    assert [(line.code, line.archived) for line in shown.archived] == [("CCC-1", True)]
    assert (shown.refused, shown.warnings) == ([], [])
    assert [("Runs the project", "yes") in line.facts for line in plan(cast.priya).projects] == [True, True]


def test_everything_passes_to_the_successor_and_nothing_is_orphaned(projects, cast):
    replace(cast.arun, cast.tess, cast.adele, deactivate=True)

    assert names(cast.arun) == 0
    assert not User.objects.get(pk=cast.arun.pk).is_active
    for project in projects[:2]:
        assert project.seats.get(role__code="SA").person == cast.tess
        assert (step_of(project, "design.step-2").accountable, step_of(project, "design.step-3").owner) == (
            cast.tess,
            cast.tess,
        )
        asked = [(row.person, row.withdrawn_at is None) for row in project.comment_requests.order_by("pk")]
        assert asked == [(cast.arun, False), (cast.tess, True)]
    heard = Notice.objects.filter(person=cast.tess, kind="seat_given").order_by("project__code")
    assert [one.text for one in heard] == [
        f"You take over from Arun Patel on Biller {code}: Solution Architect (SA)." for code in ("AAA", "BBB")
    ]
    assert list(recount(Project.objects.all(), write=False)) == []


def test_what_is_archived_is_left_and_seen_no_more_by_who_is_gone(projects, cast):
    replace(cast.arun, cast.tess, cast.adele, deactivate=True)

    assert projects[2].seats.get(role__code="SA").person == cast.arun
    assert ProjectGrant.objects.filter(user=cast.arun).count() == 0


def test_without_a_successor_seats_are_empty_and_who_runs_the_project_clears_what_is_held_up(projects, cast):
    replace(cast.arun, None, cast.adele)

    assert names(cast.arun) == 0
    for project in projects[:2]:
        assert project.seats.get(role__code="SA").person is None
        assert step_of(project, "design.step-2").accountable is None
        assert step_of(project, "design.step-3").owner == cast.priya


def test_the_one_who_runs_a_project_leaves_what_they_clear_to_the_other_one(projects, cast):
    move(projects[0], "design.step-2", "block", cast.sofia, note="x", owner=cast.priya, until=UNTIL)
    replace(cast.priya, None, cast.adele)

    assert step_of(projects[0], "design.step-2").owner == cast.ivan
    assert [Project.objects.get(pk=project.pk).manager for project in projects] == [cast.ivan, cast.ivan, cast.priya]


def test_where_nobody_would_clear_what_is_held_up_nothing_happens(projects, cast):
    replace(cast.priya, None, cast.adele)
    replace(cast.ivan, None, cast.adele)
    before = everything()

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        replace(cast.arun, None, cast.adele)
    assert [blocker.text for blocker in refused.value.blockers] == [
        f"Biller {code} ({code}-1): 3 Step 3, blocked. Somebody has to clear it, and nobody else runs the project."
        for code in ("AAA", "BBB")
    ]
    assert everything() == before


@pytest.mark.parametrize(
    ("successor", "words"),
    [
        ("bo", "Bo Halvorsen sits on the other side: choose one of ours, or nobody."),
        ("arun", "Arun Patel cannot take over from themselves."),
        ("dele", "Dele Adeyemi is deactivated and cannot take over."),
    ],
)
def test_who_cannot_take_over_does_not(projects, cast, successor, words):
    cast.dele.is_active = False
    cast.dele.save()
    before = everything()

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        replace(cast.arun, getattr(cast, successor), cast.adele)
    assert [blocker.text for blocker in refused.value.blockers] == [words]
    assert everything() == before


def test_between_people_from_outside_a_role_of_another_side_is_a_warning(projects, cast):
    shown = plan(cast.bo, cast.pat)

    assert shown.refused == []
    assert shown.warnings == ["Pat Quinn sits on the partner’s side; Biller (B) is a role of the customer."]
    replace(cast.bo, cast.pat, cast.adele)
    assert projects[0].seats.get(role__code="B").person == cast.pat


@pytest.mark.parametrize("who", ["priya", "sofia", "bo", "mallory"])
def test_only_who_may_replaces_anybody(projects, cast, who):
    before = everything()

    with pytest.raises(NotPermitted), transaction.atomic():
        replace(cast.arun, cast.tess, getattr(cast, who))
    assert everything() == before


def test_the_permission_is_enough(projects, cast):
    cast.mallory.user_permissions.add(Permission.objects.get(codename="replace_person"))
    assert [may_replace(person) for person in (cast.mallory, cast.adele, cast.priya)] == [True, True, False]

    replace(cast.arun, cast.tess, cast.mallory)
    assert names(cast.arun) == 0


def test_what_changed_since_it_was_shown_is_shown_again_and_nothing_done(projects, cast):
    seen = plan(cast.arun, cast.tess).fingerprint
    name_on_step(step_of(projects[0], "design.step-3"), "R", cast.arun, by=cast.priya)
    before = everything()

    for fingerprint, successor in ((seen, cast.tess), (plan(cast.arun).fingerprint, cast.tess), ("", cast.tess)):
        with pytest.raises(StaleRow) as stale, transaction.atomic():
            replace_person(cast.arun, successor, by=cast.adele, fingerprint=fingerprint)
        assert stale.value.row.fingerprint == plan(cast.arun, cast.tess).fingerprint
    assert everything() == before


def test_what_another_file_keeps_passes_on_too(projects, cast, monkeypatch):
    monkeypatch.setattr("projects.replace._parts", [])
    passed: list[Any] = []
    register(Part(lambda person: {projects[0].pk: ["Decides for Ingrid"]}, lambda **given: passed.append(given)))

    assert ("Also", "Decides for Ingrid") in plan(cast.arun).projects[0].facts
    replace(cast.arun, cast.tess, cast.adele)
    (given,) = passed
    assert (given["person"], given["successor"], given["by"]) == (cast.arun, cast.tess, cast.adele)
    assert projects[0] in given["projects"]
    assert projects[2] not in given["projects"]


# -- The page -------------------------------------------------------------------------------------


def address(person: User) -> str:
    return f"/people/{person.pk}/replace"


def test_the_page_does_what_it_showed(client, projects, cast):
    client.force_login(cast.adele)
    page = client.get(address(cast.arun), {"successor": cast.tess.pk})
    assert page.status_code == 200
    data = {"successor": cast.tess.pk, "fingerprint": plan(cast.arun, cast.tess).fingerprint, "deactivate": "on"}

    answer = client.post(address(cast.arun), data)
    assert (answer.status_code, answer.headers["location"]) == (302, address(cast.arun))
    assert (names(cast.arun), User.objects.get(pk=cast.arun.pk).is_active) == (0, False)
    assert "Nothing names Arun Patel" in client.get(address(cast.arun)).content.decode()


def test_the_page_answers_what_is_wrong_with_the_right_number(client, projects, cast):
    client.force_login(cast.adele)
    good = {"successor": cast.tess.pk, "fingerprint": plan(cast.arun, cast.tess).fingerprint}
    before = everything()
    asked = [
        ({**good, "fingerprint": "0" * 64}, 409),
        ({**good, "fingerprint": ""}, 400),
        ({**good, "fingerprint": "x" * 65}, 400),
        ({**good, "successor": cast.bo.pk}, 400),
        ({**good, "successor": "x"}, 400),
        ({**good, "successor": ""}, 409),  # not what was shown
    ]

    assert [client.post(address(cast.arun), data).status_code for data, _ in asked] == [status for _, status in asked]
    own = {"successor": "", "fingerprint": plan(cast.adele).fingerprint, "deactivate": "on"}
    assert client.post(address(cast.adele), own).status_code == 400
    assert client.get(address(cast.arun), {"successor": "x"}).status_code == 400
    assert client.get("/people/999999/replace").status_code == 404
    assert everything() == before


@pytest.mark.parametrize("who", ["priya", "sofia", "bo", "mallory"])
def test_who_may_not_finds_neither_those_who_are_here_nor_those_who_are_not(client, projects, cast, who):
    client.force_login(getattr(cast, who))

    for place in (address(cast.arun), "/people/999999/replace"):
        assert [client.get(place).status_code, client.post(place, {}).status_code] == [403, 403]


def test_the_preview_takes_as_many_queries_for_two_projects_as_for_eight(client, projects, cast):
    client.force_login(cast.adele)
    found = []
    for number in (0, 6):
        for index in range(number):
            started(cast, projects[0].versions.get(), biller_name=f"More {index}", biller_code=f"M{chr(65 + index)}")
        client.get(address(cast.arun))
        with CaptureQueriesContext(connection) as caught:
            client.get(address(cast.arun), {"successor": cast.tess.pk})
        found.append(len(caught))
    assert found[0] == found[1]
    assert found[0] <= 14
