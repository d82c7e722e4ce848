"""Grants say what seats and names say, whatever was done in whichever order."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.activity import set_active
from accounts.models import User
from projects.bulk_demo import bring_in_projects
from projects.demo import plans, seed_people
from projects.models import Project, ProjectGrant, ProjectStep, Seat
from projects.recount import recount
from projects.replace import plan as plan_of
from projects.replace import replace_person
from projects.tasks import recount_projects
from projects.team import fill_seat, name_on_step, register_grants, settle_grants
from raci.grants import all_held, held, permission_ids, set_grants
from raci.letters import Raci
from tests.transitions.made_up import NOBODY, ROLES, a_step, publish, started
from transitions.blockers import MoveRefused

pytestmark = pytest.mark.django_db

APPROVED_BY_ARCHITECT = Raci(R=("SE",), A=("SA",), C=("PM",), I=("B",))
HANDED = (*ROLES, type(ROLES[0])("TSM", "Transition Success Manager", "Client Services", "internal"))
RUNS = {"view_project", "manage_project", "waive_gate", "hand_off"}


@pytest.fixture
def project(cast) -> Project:
    steps = (a_step(1), a_step(2, raci=NOBODY), a_step(3, approval="architect_review", raci=APPROVED_BY_ARCHITECT))
    return started(cast, publish(*steps, roles=HANDED))


def granted(project: Project) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = ProjectGrant.objects.filter(content_object=project)
    for name, codename in rows.values_list("user__name", "permission__codename"):
        found.setdefault(name.split()[0], set()).add(codename)
    return found


def said(project: Project) -> dict[str, set[str]]:
    """What seats and names say, read from the rows alone and told in another way than the program does."""
    found: dict[str, set[str]] = {}

    def give(person: User | None, *codenames: str) -> None:
        if person is not None and person.is_active:
            found.setdefault(person.get_short_name(), {"view_project"}).update(codenames)

    seats = {
        (seat.role.version_id, seat.role.code): seat
        for seat in Seat.objects.filter(project=project).select_related("role", "person")
    }
    for seat in seats.values():
        give(seat.person)
        if seat.role.manages:
            give(seat.person, "manage_project", "waive_gate", "hand_off")
        if seat.role.team == "Client Services":
            give(seat.person, "hand_off")
    for step in ProjectStep.objects.filter(project=project).select_related("template", "responsible", "accountable"):
        decides = ("approve_step",) if step.template.approval else ()
        for letter, named, codenames in (("R", step.responsible, ("work_step",)), ("A", step.accountable, decides)):
            if named is not None and named.is_active:
                give(named, *codenames)
                continue
            for held_by in step.template.letters.filter(letter=letter).select_related("role"):
                give(seats[step.template.version_id, held_by.role.code].person, *codenames)
    return found


# -- One by one -----------------------------------------------------------------------------------


def test_every_seat_gives_what_its_letters_say(project, cast):
    assert granted(project) == said(project) == {
        "Priya": RUNS,
        "Ivan": RUNS,
        "Sofia": {"view_project", "work_step"},
        "Arun": {"view_project", "approve_step"},
        "Ingrid": {"view_project"},  # accountable for what asks for no approval
        "Bo": {"view_project"},
        "Dele": {"view_project"},
        "Tess": {"view_project", "hand_off"},
    }  # fmt: skip


def test_a_name_gives_the_letter_and_takes_it_from_the_seat(project, cast):
    name_on_step(project.steps.get(template__number=3), "A", cast.cora, by=cast.priya)
    for number in (1, 3):
        name_on_step(project.steps.get(template__number=number), "R", cast.dele, by=cast.priya)

    found = granted(project)
    assert found == said(project)
    assert (found["Cora"], found["Arun"]) == ({"view_project", "approve_step"}, {"view_project"})
    assert (found["Dele"], found["Sofia"]) == ({"view_project", "work_step"}, {"view_project"})


def test_who_is_deactivated_holds_nothing_until_they_are_back(project, cast):
    name_on_step(project.steps.get(template__number=3), "A", cast.cora, by=cast.priya)
    before = granted(project)
    for person in (cast.cora, cast.priya):
        set_active(person, False, by=cast.adele)

    found = granted(project)
    assert found == said(project)
    assert ("Cora" in found, "Priya" in found, found["Arun"]) == (False, False, {"view_project", "approve_step"})
    assert Project.objects.get().manager == cast.ivan
    for person in (cast.priya, cast.cora):
        set_active(person, True, by=cast.adele)
    assert granted(project) == before
    assert Project.objects.get().manager == cast.priya


def test_nobody_deactivates_themselves_or_somebody_with_more_rights(cast):
    for person, by in ((cast.adele, cast.adele), (cast.adele, cast.priya)):
        with pytest.raises(ValidationError), transaction.atomic():
            set_active(person, False, by=by)
    assert User.objects.get(pk=cast.adele.pk).is_active


def test_the_admin_s_tick_takes_grants_away_and_gives_them_back(client, project, cast):
    client.force_login(cast.adele)
    data = {"email": cast.sofia.email, "name": cast.sofia.name, "side": "internal", "time_zone": "America/New_York"}
    address = f"/admin/accounts/user/{cast.sofia.pk}/change/"

    def seen() -> dict[str, str]:
        return {"seen": re.findall(r'name="seen" value="(\w+)"', client.get(address).content.decode())[0]}

    assert client.post(address, data | seen()).status_code == 302
    assert "Sofia" not in granted(project)
    assert client.post(address, data | seen() | {"is_active": "on"}).status_code == 302
    assert granted(project)["Sofia"] == {"view_project", "work_step"}


def test_a_registered_source_adds_to_what_seats_say(project, cast, monkeypatch):
    sources: list[Any] = []
    monkeypatch.setattr("projects.team._sources", sources)
    register_grants(lambda ids: {project.pk: {cast.mallory.pk: {"approve_step"}}} if project.pk in ids else {})
    ((_, differences),) = recount(Project.objects.all(), write=False)
    assert differences == {f"grants of {cast.mallory.pk}": ("nothing", "approve_step, view_project")}
    settle_grants(Project.objects.get())
    assert granted(project)["Mallory"] == {"approve_step", "view_project"}
    fill_seat(project, project.seats.get(role__code="IS").pk, None, by=cast.priya)
    assert granted(project)["Mallory"] == {"approve_step", "view_project"}


# -- Recount --------------------------------------------------------------------------------------


def test_recount_finds_what_is_missing_and_what_is_too_much_and_mends_both(project, cast):
    ids = permission_ids(Project)
    ProjectGrant.objects.filter(user=cast.sofia, permission=ids["work_step"]).delete()
    ProjectGrant.objects.create(content_object=project, user=cast.mallory, permission_id=ids["view_project"])
    wrong = {
        f"grants of {cast.sofia.pk}": ("view_project", "view_project, work_step"),
        f"grants of {cast.mallory.pk}": ("view_project", "nothing"),
    }

    for write in (False, True):
        ((_, differences),) = recount(Project.objects.all(), write=write)
        assert differences == wrong
    assert granted(project) == said(project)
    assert recount_projects() == 0


def test_who_was_deactivated_behind_our_back_is_found(project, cast):
    User.objects.filter(pk=cast.sofia.pk).update(is_active=False)

    assert recount_projects() == 1
    assert granted(project) == said(project)


def test_the_table_is_set_to_what_is_wanted_and_no_more(project, cast, django_assert_num_queries):
    wanted = {cast.mallory.pk: {"view_project"}, cast.sofia.pk: {"work_step"}}
    with django_assert_num_queries(3):
        set_grants(ProjectGrant, project, wanted)
    assert all_held(ProjectGrant, Project.objects.all()) == {project.pk: wanted}
    assert held(ProjectGrant, project, cast.sofia) == {"work_step"}
    with django_assert_num_queries(1):
        set_grants(ProjectGrant, project, wanted)


# -- A thousand projects --------------------------------------------------------------------------


def test_who_sits_on_50_projects_lists_them_among_1000_as_quickly_as_among_100(client, playbooks, cast):
    people = seed_people("x")
    # Of few steps, so that a thousand are there soon.
    small = {"kind": "add_on", "playbooks": ("addon-post-live",), "phase": "post_live"}
    wanted = [replace(plan, **small) for plan in plans(1000)]
    client.force_login(cast.mallory)
    found = []
    for first, last in ((0, 100), (100, 1000)):
        bring_in_projects(wanted[first:last], people, timezone.now(), each=lambda _: None)
        if not first:
            ids = Project.objects.order_by("pk").values_list("pk", flat=True)[:50]
            Seat.objects.filter(project__in=list(ids), role__code="IS").update(person=cast.mallory)
            recount_projects()
        with CaptureQueriesContext(connection) as caught:
            page = client.get("/projects/?standing=all").content.decode()
        found.append(len(caught))
        assert Project.objects.visible_to(cast.mallory).count() == 50
        assert len(set(re.findall(r"Z[A-Z]{4}-1", page))) == 50
    assert found[0] == found[1]
    assert found[0] <= 7  # the seventh: what the machine says of the page’s projects


# -- Whatever happens -----------------------------------------------------------------------------

PEOPLE = ("priya", "ivan", "sofia", "arun", "ingrid", "dele", "tess", "bo", "pat")
who, somebody = st.sampled_from(PEOPLE), st.sampled_from((*PEOPLE, None))
ACTS = st.one_of(
    st.tuples(st.just("fill"), st.sampled_from([role.code for role in HANDED]), somebody),
    st.tuples(st.just("name"), st.sampled_from([(1, "R"), (1, "A"), (2, "R"), (3, "A"), (3, "R")]), somebody),
    st.tuples(st.just("replace"), who, somebody),
    st.tuples(st.just("activity"), who, st.booleans()),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=1, max_size=12))
def test_after_anything_grants_are_what_seats_say(project, cast, acts):
    with transaction.atomic():
        for act in acts:
            try:
                with transaction.atomic():
                    _do(project, cast, *act)
            except (ValidationError, MoveRefused):
                pass  # refused, and nothing changed
            assert granted(project) == said(project), act
        assert list(recount(Project.objects.all(), write=False)) == []
        transaction.set_rollback(True)


def _do(project: Project, cast: Any, act: str, what: Any, to: Any) -> None:
    person = User.objects.get(pk=getattr(cast, to).pk) if isinstance(to, str) else None
    if act == "fill":
        fill_seat(project, project.seats.get(role__code=what).pk, person, by=cast.adele)
    elif act == "name":
        number, letter = what
        name_on_step(project.steps.get(template__number=number), letter, person, by=cast.adele)
    elif act == "replace":
        leaver = User.objects.get(pk=getattr(cast, what).pk)
        shown = plan_of(leaver, person)
        replace_person(leaver, person, by=cast.adele, fingerprint=shown.fingerprint, deactivate=person is None)
    else:
        set_active(getattr(cast, what), to, by=cast.adele)
