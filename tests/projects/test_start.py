"""Starting a project: what is made, from what, in how many queries, and that what cannot be started makes nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.catalog import forget
from playbook.models import Version
from playbook.services import publish_version, retire_version
from projects.models import Biller, CoreSystem, Project, ProjectStep
from projects.recount import recount
from projects.start import draft, start_project
from tests.cast import KICKOFF, TARGET, move
from tests.transitions.made_up import ROLES, a_start, a_step, everything, publish, started, write
from transitions.models import TransitionRecord

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 9, 28, 13, tzinfo=dt.UTC)


# -- What is made ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "slugs", "phased", "phases", "steps", "left_out"),
    [
        ("partner", ["integration"], False, "discovery design development sit finalize release", 46, []),
        ("custom", ["integration"], False, "discovery design development sit finalize release", 42, [20, 21, 22, 46]),
        ("partner", ["outbound"], False, "discovery design development sit finalize release", 25, []),
        ("custom", ["outbound"], False, "discovery design development sit finalize release", 24, [25]),
        ("add_on", ["addon-post-live"], False, "post_live", 4, []),
    ],
)
def test_each_kind_gets_the_steps_that_apply_and_the_phases_that_have_one(
    make_project, playbooks, kind, slugs, phased, phases, steps, left_out
):
    project = make_project(kind=kind, playbooks_=tuple(slugs), phased_go_live=phased)

    assert (project.phases, project.phase) == (phases.split(), phases.split()[0])
    assert project.steps.count() == sum(playbooks[slug].steps.count() for slug in slugs)
    assert project.steps_total == steps
    out = project.steps.filter(status="not_applicable").order_by("template__number")
    assert [step.template.number for step in out] == left_out
    assert {step.reason for step in out} <= {"Applies to partner integrations only."}
    assert set(project.steps.exclude(status="not_applicable").values_list("status", "reason")) == {("not_started", "")}


@pytest.mark.parametrize("kind", ["partner", "existing"])
@pytest.mark.parametrize("phased", [True, False])
def test_what_is_only_for_phased_go_lives_is_left_out_of_others(make_project, playbooks, kind, phased):
    project = make_project(kind=kind, playbooks_=("transition-to-cs",), phased_go_live=phased)

    phased_only = set(playbooks["transition-to-cs"].steps.filter(applies="phased_only").values_list("key", flat=True))
    assert len(phased_only) > 0
    left_out = project.steps.filter(status="not_applicable")
    expected = set() if phased else phased_only
    assert set(left_out.values_list("template__key", flat=True)) == expected
    assert {step.reason for step in left_out} == ({"Applies to phased go-lives only."} if expected else set())


def test_playbooks_of_one_project_share_its_phases(make_project, playbooks):
    slugs = ("integration", "new-integration-participation", "transition-to-cs")
    project = make_project(playbooks_=slugs)

    held = {step.phase for slug in slugs for step in playbooks[slug].steps.all()}
    assert project.phases == [
        phase
        for phase in ("discovery", "design", "development", "sit", "finalize", "release", "post_live")
        if phase in held
    ]
    assert project.steps.count() == sum(playbooks[slug].steps.count() for slug in slugs)
    assert sorted(pin.version.playbook.slug for pin in project.pins.all()) == sorted(slugs)


def test_the_row_says_what_was_filled_in(cast):
    project = started(
        cast,
        publish(a_step(1)),
        now=NOW,
        core_system="Tyndall",
        mrr=Decimal("4200.50"),
        integration_kind="custom",
        phased_go_live=True,
        vertical="tax",
    )

    row = Project.objects.get(pk=project.pk)
    assert (row.code, row.number, row.name, str(row.biller), row.biller.code, row.biller.vertical) == (
        "MRW-1", 1, "Marrow County Tax", "Marrow County Tax", "MRW", "tax",
    )  # fmt: skip
    assert (str(row.core_system), row.mrr, row.integration_kind, row.phased_go_live) == (
        "Tyndall", Decimal("4200.50"), "custom", True,
    )  # fmt: skip
    assert (row.kickoff, row.target_go_live, row.baseline_go_live, row.actual_go_live) == (
        KICKOFF,
        TARGET,
        TARGET,
        None,
    )
    assert (row.started_by, row.started_at, row.phase_since, row.manager) == (cast.priya, NOW, NOW, cast.priya)
    assert (row.phase, row.standing, row.revision) == ("design", "active", 0)


def test_the_steps_have_the_dates_of_the_plan_as_due_and_as_baseline(cast):
    version = publish(
        a_step(1, duration_days=2),
        a_step(2, needs=("design.step-1",), duration_days=3),
        a_step(3, "sit", applies="partner_only"),
    )
    project = started(cast, version, integration_kind="custom", now=NOW)

    assert list(project.steps.order_by("template__number").values_list("due", "baseline_due", "status_since")) == [
        (dt.date(2026, 10, 6), dt.date(2026, 10, 6), NOW),
        (dt.date(2026, 10, 9), dt.date(2026, 10, 9), NOW),
        (dt.date(2026, 10, 13), dt.date(2026, 10, 13), NOW),
    ]


def test_the_preview_and_the_project_are_the_same(cast, playbooks, make_project):
    version = playbooks["integration"]
    made = draft([version.pk], integration_kind="custom", phased_go_live=False, kickoff=KICKOFF)
    project = make_project(kind="custom")

    live = {step.template.key: (step.due, step.status) for step in project.steps.select_related("template")}
    assert live == {
        step.key: (made.due[step.path], "not_applicable" if step.id in made.left_out else "not_started")
        for step in made.steps
    }
    assert list(made.phases) == project.phases
    assert made.planned_end == max(due for due, status in live.values() if status == "not_started")


def test_the_totals_are_right_from_the_first_day(make_project, subtests):
    for kind, slug in (("custom", "integration"), ("add_on", "addon-post-live"), ("existing", "transition-to-cs")):
        make_project(kind=kind, playbooks_=(slug,))
    assert list(recount(Project.objects.all(), write=False)) == []


def test_every_role_is_a_seat_and_those_that_are_known_are_filled(cast):
    project = started(cast, publish(a_step(1)), people={"PM": cast.tess, "SE": cast.sofia})

    assert [(seat.role.code, seat.person) for seat in project.seats.order_by("pk")] == [
        ("PM", cast.tess),
        ("IM", None),
        ("SE", cast.sofia),
        ("INM", None),
        ("SA", None),
        ("B", None),
        ("IS", None),
    ]
    assert project.manager == cast.tess
    grants = sorted(project.grants.values_list("user__name", "permission__codename"))
    assert grants == [
        ("Sofia Reyes", "view_project"),
        ("Sofia Reyes", "work_step"),
        ("Tess Moreau", "hand_off"),
        ("Tess Moreau", "manage_project"),
        ("Tess Moreau", "view_project"),
        ("Tess Moreau", "waive_gate"),
    ]


def test_a_project_may_begin_without_anybody(cast):
    project = started(cast, publish(a_step(1)), people={})

    assert (project.manager, project.grants.count(), project.seats.filter(person=None).count()) == (None, 0, len(ROLES))


def test_a_role_is_one_seat_to_fill_where_code_and_name_are_the_same_and_two_where_they_are_not(cast):
    other = tuple(role if role.code != "SA" else type(role)("SA", "Sales Associate", "", "internal") for role in ROLES)
    first, second = publish(a_step(1)), publish(a_step(1, "sit"), slug="second", roles=other)
    people = {("SA", "Solution Architect"): cast.arun, ("SA", "Sales Associate"): cast.tess, "SE": cast.sofia}
    project = started(cast, first, second, people=people)

    filled = project.seats.exclude(person=None).select_related("role__version__playbook")
    assert {(seat.role.version.playbook.slug, seat.role.code): seat.person for seat in filled} == {
        ("made-up", "SA"): cast.arun,
        ("made-up", "SE"): cast.sofia,
        ("second", "SA"): cast.tess,
        ("second", "SE"): cast.sofia,
    }


def test_the_start_leaves_one_record_that_says_on_what_and_what_was_left_out(cast):
    project = started(cast, publish(a_step(1), a_step(2, applies="partner_only")), integration_kind="custom", now=NOW)

    (record,) = TransitionRecord.objects.under(project)
    assert (record.move, record.source, record.target, record.by, record.at, record.subject) == (
        "begin", "", "design", cast.priya, NOW, "MRW-1 Marrow County Tax",
    )  # fmt: skip
    assert record.facts == {
        "versions": ["Made Up v1"],
        "left_out": {"made-up/design.step-2": "Applies to partner integrations only."},
    }


def test_a_live_project_stays_on_the_version_that_it_began_on(cast):
    first = publish(a_step(1))
    project = started(cast, first)
    second = publish(a_step(1, title="Renamed"), a_step(2))

    assert [step.template.title for step in ProjectStep.objects.filter(project=project)] == ["Step 1"]
    assert started(cast, second).steps.count() == 2
    assert list(project.versions.all()) == [first]


def test_text_with_markup_stays_text(cast, client):
    name = '<script>alert("x")</script> & “Co”'
    project = started(cast, publish(a_step(1)), biller_name=name)
    client.force_login(cast.priya)

    assert Biller.objects.get().name == name
    page = client.get(project.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page


# -- Codes ----------------------------------------------------------------------------------------


def test_the_projects_of_a_biller_are_counted(cast):
    version = publish(a_step(1))
    codes = [started(cast, version).code for _ in range(3)]
    other = started(cast, version, biller_name="Morrow Water", biller_code="MOR").code

    assert (codes, other) == (["MRW-1", "MRW-2", "MRW-3"], "MOR-1")
    assert Biller.objects.count() == 2


def test_a_biller_is_known_by_name_whatever_the_case_and_keeps_its_code(cast):
    version = publish(a_step(1))
    started(cast, version)
    second = started(cast, version, biller_name="  MARROW county tax ", biller_code="XYZ", vertical="utility")

    assert (second.code, second.name, second.biller.vertical) == ("MRW-2", "Marrow County Tax", "tax")


def test_the_number_goes_on_after_the_ninth(cast):
    version = publish(a_step(1))

    assert [started(cast, version).code for _ in range(11)][-2:] == ["MRW-10", "MRW-11"]


def test_a_core_system_is_known_by_name(cast):
    version = publish(a_step(1))
    for name in ("Tyndall", " Tyndall ", "Other", ""):
        started(cast, version, core_system=name)

    assert list(CoreSystem.objects.values_list("name", flat=True)) == ["Other", "Tyndall"]
    assert Project.objects.filter(core_system=None).count() == 1


# -- The same start again -------------------------------------------------------------------------


def test_the_same_start_sent_again_is_the_same_project(cast):
    start = a_start(cast, publish(a_step(1)))
    first = start_project(start, by=cast.priya)
    before = everything()

    assert start_project(start, by=cast.priya) == first
    assert start_project(start, by=cast.ivan) == first
    assert everything() == before


def test_the_same_start_is_the_same_project_even_when_it_could_not_be_started_any_more(cast):
    version = publish(a_step(1))
    start = a_start(cast, version)
    first = start_project(start, by=cast.priya)
    retire_version(version, by=None, note="Replaced")
    before = everything()

    assert start_project(start, by=cast.priya) == first
    assert everything() == before


def test_another_start_of_the_same_is_another_project(cast):
    version = publish(a_step(1))

    assert len({started(cast, version).pk for _ in range(2)}) == 2


# -- What cannot be started -----------------------------------------------------------------------


def refusal(cast: SimpleNamespace, *versions: Version, **changes: Any) -> ValidationError:
    """Why a start is refused, having made sure that it made nothing."""
    before = everything(), CoreSystem.objects.count()
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        started(cast, *versions, **changes)
    assert (everything(), CoreSystem.objects.count()) == before
    return refused.value


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"target_go_live": KICKOFF - dt.timedelta(days=1)}, {"target_go_live": ["The go-live cannot be before the kickoff."]}),
        ({"biller_name": "x" * 10_000}, {"name": ["Ensure this value has at most 120 characters (it has 10000)."]}),
        ({"biller_name": "  "}, {"name": ["This field cannot be blank."]}),
        ({"biller_code": "M1"}, {"code": ["Use two to six capital letters."]}),
        ({"biller_code": "M-1"}, {"code": ["Use two to six capital letters."]}),
        ({"biller_code": ""}, {"code": ["This field cannot be blank."]}),
        ({"vertical": "mining"}, {"vertical": ["Value 'mining' is not a valid choice."]}),
        ({"integration_kind": "none"}, {"integration_kind": ["Value 'none' is not a valid choice."]}),
        ({"core_system": "x" * 10_000}, {"name": ["Ensure this value has at most 120 characters (it has 10000)."]}),
        ({"mrr": Decimal("-0.01")}, {"mrr": ["Ensure this value is greater than or equal to 0."]}),
        ({"mrr": Decimal("1.005")}, {"mrr": ["Ensure that there are no more than 2 decimal places."]}),
        ({"kickoff": dt.date.max, "target_go_live": dt.date.max}, {"kickoff": ["The kickoff is from 2000-01-01 to 2099-12-31."]}),
        ({"kickoff": dt.date.min}, {"kickoff": ["The kickoff is from 2000-01-01 to 2099-12-31."]}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(cast, changes, errors):
    assert refusal(cast, publish(a_step(1)), **changes).message_dict == errors


def test_a_go_live_on_the_day_of_the_kickoff_is_taken(cast):
    assert started(cast, publish(a_step(1)), target_go_live=KICKOFF).target_go_live == KICKOFF


def test_at_least_one_playbook_is_chosen(cast):
    assert refusal(cast).messages == ["Choose at least one playbook."]


def test_two_versions_of_one_playbook_are_refused_and_one_twice_is_once(cast):
    first, second = publish(a_step(1)), publish(a_step(1, title="Renamed"))

    assert refusal(cast, first, second).messages == ["Choose one version of each playbook."]
    assert started(cast, first, first).pins.count() == 1


def test_a_draft_starts_no_project(cast):
    version = write(a_step(1))
    before = everything()

    with pytest.raises(Version.DoesNotExist):
        started(cast, version)
    publish_version(version, by=None, note="", confirmed=[])
    assert everything()["Project"] == before["Project"]
    assert started(cast, version).steps.count() == 1


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_retired_version_starts_no_project_and_those_on_it_go_on(cast, seen_before):
    version = publish(a_step(1))
    live = started(cast, version)
    retire_version(version, by=None, note="Replaced")
    if not seen_before:
        forget()

    assert refusal(cast, version).messages == ["Retired, so no new project starts on it: Made Up v1."]
    assert move(live, "design.step-1", "start", cast.sofia).row.status == "in_progress"


def test_a_version_that_is_not_there_starts_no_project(cast):
    with pytest.raises(Version.DoesNotExist):
        draft([0], integration_kind="partner", phased_go_live=False, kickoff=KICKOFF)


def test_nobody_deactivated_gets_a_seat(cast):
    cast.sofia.is_active = False
    cast.sofia.save()

    assert refusal(cast, publish(a_step(1))).messages == ["Deactivated, and cannot take a seat: Sofia Reyes."]


@pytest.mark.parametrize("code", ["MRW", "mrw", " mrw "])
def test_the_code_of_another_biller_is_refused_by_name(cast, code):
    version = publish(a_step(1))
    started(cast, version)

    refused = refusal(cast, version, biller_name="Morrow Water", biller_code=code)
    assert refused.message_dict == {"biller_code": ["MRW is Marrow County Tax’s code. Choose another."]}


# -- The page -------------------------------------------------------------------------------------


def posted(version: Version, cast: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    """What the browser sends."""
    roles = {f"role-{role.pk}": "" for role in version.roles.all()}
    roles[f"role-{version.roles.get(code='PM').pk}"] = str(cast.priya.pk)
    return {
        "act": "start", "start_key": str(uuid.uuid4()), "biller_name": "Marrow County Tax", "biller_code": "MRW",
        "vertical": "tax", "core_system": "Tyndall", "integration_kind": "partner", "proposed_for": "partner",
        "playbooks": [version.playbook.slug], "kickoff": "2026-10-05", "target_go_live": "2027-03-02", **roles, **changes,
    }  # fmt: skip


def test_the_page_starts_a_project_once_however_often_it_is_sent(client, cast):
    client.force_login(cast.priya)
    data = posted(publish(a_step(1)), cast)

    addresses = {client.post(reverse("start-project"), data).headers["location"] for _ in range(3)}
    assert addresses == {"/projects/MRW-1/"}
    assert Project.objects.get().manager == cast.priya


@pytest.mark.parametrize(
    "changes",
    [
        {"biller_name": "x" * 10_000},
        {"biller_name": ""},
        {"biller_code": "1"},
        {"playbooks": ["no-such"]},
        {"playbooks": []},
        {"kickoff": "9999-12-31", "target_go_live": "9999-12-31"},
        {"kickoff": "soon"},
        {"target_go_live": "2026-10-04"},
        {"integration_kind": "none"},
        {"vertical": "mining"},
        {"mrr": "lots"},
        {"mrr": "-1"},
        {"start_key": "1"},
        {"start_key": ""},
        {"core_system": "x" * 10_000},
    ],
)
def test_the_page_refuses_what_is_wrong_and_makes_nothing(client, cast, changes):
    client.force_login(cast.priya)
    data = posted(publish(a_step(1)), cast, **changes)
    before = everything()

    assert client.post(reverse("start-project"), data).status_code == 400
    assert everything() == before


def test_a_role_takes_only_somebody_who_is_here(client, cast):
    client.force_login(cast.priya)
    version = publish(a_step(1))
    cast.dele.is_active = False
    cast.dele.save()
    before = everything()

    for value in ("0", "x", str(cast.dele.pk)):
        data = posted(version, cast) | {f"role-{version.roles.get(code='SE').pk}": value}
        assert client.post(reverse("start-project"), data).status_code == 400
    assert everything() == before


def test_who_may_not_start_projects_starts_none(client, cast):
    version = publish(a_step(1))
    before = everything()

    for person, status in ((cast.sofia, 403), (cast.mallory, 403), (cast.bo, 404)):
        client.force_login(person)
        assert client.post(reverse("start-project"), posted(version, cast)).status_code == status
    assert everything() == before


def test_a_preview_makes_nothing(client, cast):
    client.force_login(cast.priya)
    data = posted(publish(a_step(1)), cast, act="preview")
    before = everything()

    assert client.post(reverse("start-project"), data).status_code == 200
    assert client.post(reverse("start-project"), data, headers={"hx-request": "true"}).status_code == 200
    assert everything() == before


# -- Queries --------------------------------------------------------------------------------------


@pytest.fixture
def sizes(playbooks) -> dict[int, Version]:
    """A playbook of 4 steps, the real one of 46, and one of 200."""
    steps = [a_step(number, "design" if number <= 100 else "sit") for number in range(1, 201)]
    return {4: publish(*steps[:4], slug="short"), 46: playbooks["integration"], 200: publish(*steps, slug="long")}


def queries(act: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        act()
    return len(caught)


def test_a_start_takes_as_many_queries_for_4_steps_as_for_200_and_at_most_20(cast, sizes):
    started(cast, *sizes.values())  # what a process reads once is read
    found = {}
    for letter, (size, version) in zip("ABC", sizes.items(), strict=True):
        # A biller and a core system that nobody knows yet: the most that there is to make.
        new = {"biller_name": f"Biller {letter}", "biller_code": f"B{letter}", "core_system": f"System {letter}"}
        start = a_start(cast, version, **new)
        found[size] = queries(lambda start=start: start_project(start, by=cast.priya))
        assert Project.objects.get(code=f"B{letter}-1").steps.count() == size

    assert len(set(found.values())) == 1, found
    # Five of them write the history: of the biller, the core system, the pins, the seats and the steps; a sixth of the project.
    assert max(found.values()) <= 20


def test_a_start_for_a_known_biller_on_a_known_core_system_takes_fewer(cast, sizes):
    started(cast, *sizes.values(), core_system="Tyndall")
    starts = [a_start(cast, version, core_system="Tyndall") for version in sizes.values()]

    counts = [queries(lambda start=start: start_project(start, by=cast.priya)) for start in starts]
    assert len(set(counts)) == 1, counts
    assert max(counts) <= 17  # four of them write the history, one tells people of their seats


def test_starting_on_the_page_takes_as_many_queries_for_4_steps_as_for_200(client, cast, sizes):
    client.force_login(cast.priya)
    started(cast, *sizes.values(), core_system="Tyndall")
    counts = [
        queries(lambda version=version: client.post(reverse("start-project"), posted(version, cast)))
        for version in sizes.values()
    ]

    assert Project.objects.count() == 4
    assert len(set(counts)) == 1, counts
