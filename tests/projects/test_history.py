"""Pages of history: of a project, of a step, of everything; filters, the file, and fields taken back."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.context import acting
from playbook.models import Step, Version
from playbook.services import edit_draft, new_draft
from projects.dates import move_due_date, move_target_go_live
from projects.facts import change_project, change_reference
from projects.history_filter import EXPORT_HEADER, HistoryFilter, page_of
from projects.history_page import project_sources
from projects.models import Biller, DateChange, Project, ProjectStep, Seat
from projects.revert import MODELS
from projects.team import fill_seat, name_on_step
from projects.waivers import waive
from tests.cast import move, step_of
from tests.transitions.made_up import a_step, everything, publish, started
from transitions.blockers import NotPermitted
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

STEP = "integration/discovery.invoicing"


@pytest.fixture
def project(make_project) -> Project:
    return make_project(core_system="Tyndall", mrr=Decimal("1250"))


def told(project: Project, reader: Any, **wanted: Any) -> list[tuple[Any, ...]]:
    """What a project's history says: kind, label, words, fields, by, note."""
    found = page_of(project_sources(reader.zone, project=project), HistoryFilter(**wanted), reader.zone, most=500)
    return [
        (c.kind, c.label, c.words, [(f.label, f.old, f.new) for f in c.fields], c.by, c.note) for c in found.changes
    ]


def address(project: Project) -> str:
    return reverse("project-history", args=[project.code])


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# -- What is told ---------------------------------------------------------------------------------------------------------


def test_a_start_is_told_with_all_that_it_made(cast, project):
    found = told(project, cast.priya)
    assert len(found) == 1 + 1 + 1 + project.steps.count() + project.seats.count()
    assert {(by, words) for _, _, words, _, by, _ in found} == {("Priya Nair", "made"), ("Priya Nair", "started")}


def test_a_change_is_told_in_words(cast, project):
    step = step_of(project, STEP)
    move_due_date(step, dt.date(2026, 11, 24), by=cast.sofia, reason="The sample file is late")
    name_on_step(step_of(project, STEP), "R", cast.dele, by=cast.priya)
    fill_seat(project, project.seats.get(role__code="SE").pk, cast.dele, by=cast.ivan)
    move_target_go_live(project, dt.date(2027, 4, 6), by=cast.priya, reason="Print vendor")
    change_project(project, "mrr", Decimal("1400.5"), by=cast.priya)
    label = f"{step}, MRW-1"
    was = f"{step.due:%b} {step.due.day}, {step.due.year}"
    assert told(project, cast.priya)[:5] == [
        ("Project", "MRW-1 Marrow County Tax", "changed", [("MRR, US dollars", "1,250.00", "1,400.50")], "Priya Nair", ""),
        (
            "Project", "MRW-1 Marrow County Tax", "changed", [("Target go-live", "Mar 2, 2027", "Apr 6, 2027")], "Priya Nair",
            "Print vendor",
        ),
        (
            "Seat", "SE · Solution Engineer, MRW-1 Marrow County Tax", "changed", [("Person", "Sofia Reyes", "Dele Adeyemi")],
            "Ivan Orlov", "",
        ),
        ("Step", label, "changed", [("Responsible", "nothing", "Dele Adeyemi")], "Priya Nair", ""),
        ("Step", label, "changed", [("Due", was, "Nov 24, 2026")], "Sofia Reyes", "The sample file is late"),
    ]  # fmt: skip


def test_moves_and_decisions_stand_in_the_same_stream(cast):
    project = started(cast, publish(a_step(1, approval="architect_review"), a_step(2)))
    path, other = (step.path for step in project.board.steps)
    name_on_step(step_of(project, path), "A", cast.ingrid, by=cast.priya)
    move(project, path, "start", cast.sofia)
    move(project, path, "submit", cast.sofia)
    move(project, path, "reject", cast.ingrid, note="Not yet")
    expires = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=9)
    waive(project, code="step-open", subject=other, by=cast.priya, reason="Agreed", expires=expires)
    assert [(kind, words, fields, by, note) for kind, _, words, fields, by, note in told(project, cast.priya)[:4]] == [
        ("Waiver", f"waived until {expires:%b} {expires.day}, {expires.year}", [], "Priya Nair", "Agreed"),
        ("Sign-off", "rejected", [], "Ingrid Berg", "Not yet"),
        ("Step", "submitted for approval", [("Status", "In progress", "In review")], "Sofia Reyes", ""),
        ("Step", "started", [("Status", "Not started", "In progress")], "Sofia Reyes", ""),
    ]


def test_a_date_from_before_the_history_is_told_by_its_own_row(cast, project):
    DateChange.objects.create(
        project=project, field="target_go_live", old=dt.date(2027, 3, 2), new=dt.date(2027, 3, 9), by=cast.priya, origin="",
        batch=None, reason="Long ago",
    )  # fmt: skip
    assert told(project, cast.priya, what="date") == [
        (
            "Project", "MRW-1 Marrow County Tax", "changed", [("Target go-live", "Mar 2, 2027", "Mar 9, 2027")], "Priya Nair",
            "Long ago",
        )
    ]  # fmt: skip


# -- The page -------------------------------------------------------------------------------------------------------------


def test_the_page_shows_who_what_and_from_where(client, cast, project):
    client.force_login(cast.priya)
    step = step_of(project, STEP)
    client.post(
        reverse("move-due", args=[project.code, STEP]),
        {"due": "2026-11-24", "revision": step.revision, "reason": "Late"},
    )
    said = text_of(client.get(address(project)))
    assert "Priya Nair" in said
    assert re.search(r"Due [A-Z][a-z]{2} \d+, 2026 → became Nov 24, 2026", said)
    assert "· Page" in said
    assert "“Late”" in said


def test_a_large_act_is_folded(client, cast, project):
    client.force_login(cast.priya)
    with acting(by=cast.priya):
        ProjectStep.objects.filter(project=project).update(due=dt.date(2027, 1, 5))
    said = client.get(address(project)).content.decode()
    assert "more in the same act" in said
    batch = ProjectStep.history.first().batch
    assert f"?batch={batch}" in said
    assert "made in one act" in client.get(address(project), {"batch": str(batch)}).content.decode()


@pytest.mark.parametrize("person", ["mallory", "bo"])
def test_what_one_may_not_see_is_not_there(client, cast, project, person):
    if person == "bo":
        fill_seat(project, project.seats.get(role__code="B").pk, None, by=cast.priya)
    client.force_login(getattr(cast, person))
    assert client.get(address(project)).status_code == 404
    assert client.get(reverse("step-history", args=[project.code, STEP])).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["what=nonsense", "who=x", "who=99999999999999999999", "origin=moon", "batch=1", "since=soon", "until=0",
     "object=-1", "before=1", "format=exe"],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_400_and_the_rest_holds(client, cast, project, query):
    client.force_login(cast.priya)
    response = client.get(
        f"{address(project)}?{query}&what=seat" if not query.startswith("what") else f"{address(project)}?{query}"
    )
    assert response.status_code == 400
    assert "asks for something that is not there" in response.content.decode()


def test_filters_narrow(cast, project):
    priya, ivan = cast.priya, cast.ivan
    seat = project.seats.get(role__code="SE")
    with acting(origin="api"):
        fill_seat(project, seat.pk, cast.dele, by=ivan)
    assert [row[0] for row in told(project, priya, who=ivan.pk)] == ["Seat"]
    assert [row[0] for row in told(project, priya, origin="api")] == ["Seat"]
    assert {row[0] for row in told(project, priya, what="seat")} == {"Seat"}
    assert len(told(project, priya, what="seat", object=seat.pk)) == 2
    assert len(told(project, priya, batch=Seat.history.first().batch)) == 1
    assert told(project, priya, batch=uuid.uuid4()) == []
    today = dt.datetime.now(tz=priya.zone).date()
    assert told(project, priya, since=today + dt.timedelta(days=1)) == []
    assert told(project, priya, until=today - dt.timedelta(days=1)) == []
    assert len(told(project, priya, since=today, until=today)) == len(told(project, priya))


def test_pages_follow_one_another_without_a_gap(client, cast, project):
    client.force_login(cast.priya)
    all_of_it = page_of(
        project_sources(cast.priya.zone, project=project), HistoryFilter(), cast.priya.zone, most=1000
    ).changes
    assert len(all_of_it) > 2 * 7
    seen, before = [], ""
    for _ in range(100):
        page = page_of(
            project_sources(cast.priya.zone, project=project), HistoryFilter(before=before), cast.priya.zone, most=7
        )
        seen += page.changes
        if page.older is None:
            break
        before = str(page.older)
    assert [(c.source, c.pk) for c in seen] == [(c.source, c.pk) for c in all_of_it]

    first = client.get(address(project)).content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    assert client.get(older[1].replace("&amp;", "&")).status_code == 200


def test_nothing_to_show_says_so(client, cast, project):
    client.force_login(cast.priya)
    assert "No change matches" in client.get(address(project), {"who": cast.mallory.pk}).content.decode()
    assert "Nothing older" in client.get(address(project), {"before": "0.000001-0-1"}).content.decode()
    tidied = client.get(address(project), {"what": "", "who": cast.priya.pk})
    assert (tidied.status_code, tidied["Location"]) == (302, f"{address(project)}?who={cast.priya.pk}")


def test_the_history_of_a_step_is_its_own(client, cast, project):
    client.force_login(cast.priya)
    move(project, STEP, "start", cast.sofia)
    move_due_date(step_of(project, STEP), dt.date(2026, 11, 24), by=cast.sofia)
    other = next(step for step in project.board.steps if step.path != STEP)
    move_due_date(step_of(project, other.path), dt.date(2026, 12, 24), by=cast.priya)
    said = text_of(client.get(reverse("step-history", args=[project.code, STEP])))
    assert "Nov 24, 2026" in said
    assert "started" in said
    assert "Dec 24, 2026" not in said


def test_a_page_takes_a_fixed_number_of_queries(client, cast, project):
    client.force_login(cast.priya)
    seat, step = project.seats.get(role__code="SE"), step_of(project, STEP)
    for person in (cast.dele, cast.sofia):
        fill_seat(project, seat.pk, person, by=cast.priya)
    move_due_date(step, dt.date(2026, 11, 24), by=cast.sofia)
    move(project, STEP, "start", cast.sofia)

    def look() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address(project)).status_code == 200
        return len(caught)

    look()
    few = look()
    for number in range(12):
        fill_seat(project, seat.pk, (cast.dele, cast.sofia)[number % 2], by=cast.priya)
        name_on_step(step_of(project, project.board.steps[number].path), "R", cast.arun, by=cast.priya)
    assert look() == few
    assert few <= 43  # one for each kind of row that is named, and of each room


# -- The file -------------------------------------------------------------------------------------------------------------


def test_the_file_says_the_same(client, cast, project):
    client.force_login(cast.priya)
    change_project(project, "name", "=1+1", by=cast.priya)
    response = client.get(address(project), {"format": "csv", "what": "project"})
    assert response["Content-Disposition"].startswith('attachment; filename="history_MRW-1_')
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert rows[0] == list(EXPORT_HEADER)
    assert [row[4:] for row in rows[1:]] == [
        ["Project", "MRW-1 =1+1", "changed", "Name", "Marrow County Tax", "'=1+1", ""],
        ["Project", "MRW-1 Marrow County Tax", "made", "", "", "", ""],
    ]


def test_a_file_that_is_too_long_says_where_it_ends(cast, project, monkeypatch, client):
    monkeypatch.setattr("projects.history_filter.IN_A_FILE", 20)
    monkeypatch.setattr("projects.history_filter.A_READ", 10)
    client.force_login(cast.priya)
    text = b"".join(client.get(address(project), {"format": "csv"}).streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 1 + 20 + 1
    assert rows[-1][0].startswith("Only the 20 newest changes are in this file.")


# -- Everything -----------------------------------------------------------------------------------------------------------


def test_who_may_read_everything(client, cast, project):
    cast.tess.groups.add(Group.objects.get(name="Portfolio"))
    answers = {}
    for name in ("adele", "tess", "priya", "mallory", "bo"):
        client.force_login(getattr(cast, name))
        answers[name] = client.get(reverse("history")).status_code
    assert answers == {"adele": 200, "tess": 200, "priya": 403, "mallory": 403, "bo": 404}


def test_people_and_playbooks_are_for_administrators(client, cast, project):
    cast.tess.groups.add(Group.objects.get(name="Portfolio"))
    kinds = {}
    for name in ("adele", "tess"):
        client.force_login(getattr(cast, name))
        kinds[name] = set(re.findall(r'<option value="([\w-]+)"', client.get(reverse("history")).content.decode()))
    assert {"person", "playbook-step", "role", "version-move"} <= kinds["adele"]
    assert {"person", "playbook-step", "role", "version-move"} & kinds["tess"] == set()
    assert {"project", "seat", "biller"} <= kinds["tess"]
    client.force_login(cast.tess)
    assert client.get(reverse("history"), {"what": "person"}).status_code == 400


def test_a_playbook_has_its_history(client, cast, read_playbooks):
    draft = new_draft(read_playbooks["integration"], by=cast.adele)
    edit_draft(draft.steps.first(), "title", "Another title", by=cast.adele)
    other = new_draft(read_playbooks["outbound"], by=cast.adele)
    edit_draft(other.steps.first(), "title", "Elsewhere", by=cast.adele)
    page = reverse("playbook-history", args=["integration"])
    client.force_login(cast.adele)
    said = text_of(client.get(page, {"what": "playbook-step"}))
    assert "Another title" in said
    assert "Elsewhere" not in said
    assert "published" in text_of(client.get(page, {"what": "version-move"}))
    client.force_login(cast.priya)
    assert client.get(page).status_code == 404


def test_a_draft_that_is_gone_is_still_told_of(client, cast, playbooks):
    draft = new_draft(playbooks["integration"], by=cast.adele)
    draft.delete()
    client.force_login(cast.adele)
    said = text_of(client.get(reverse("playbook-history", args=["integration"]), {"what": "playbook-step"}))
    assert "no longer there" in said
    assert "deleted" in said


# -- Taken back -----------------------------------------------------------------------------------------------------------


def take_back(client: Any, kind: str, row: Any, field: str, **more: Any) -> Any:
    return client.post(reverse("revert", args=[kind, row.pk]), {"field": field, "next": "/projects/", **more})


def changes(project: Project, cast: SimpleNamespace) -> dict[str, Any]:
    """One change of each field of a project that may be taken back, as (its row, its column, what it was)."""
    step, se = step_of(project, STEP), project.seats.get(role__code="SE")
    due, target = step.due, project.target_go_live
    move_due_date(step, dt.date(2026, 11, 24), by=cast.sofia)
    first = ProjectStep.history.first()
    name_on_step(step_of(project, STEP), "R", cast.dele, by=cast.priya)
    second = ProjectStep.history.first()
    name_on_step(step_of(project, STEP), "A", cast.dele, by=cast.priya)
    third = ProjectStep.history.first()
    fill_seat(project, se.pk, cast.dele, by=cast.priya)
    fourth = Seat.history.filter(id=se.pk).first()
    move_target_go_live(project, dt.date(2027, 4, 6), by=cast.priya)
    rows = {
        "due": ("step", first, "due", due),
        "responsible": ("step", second, "responsible_id", None),
        "accountable": ("step", third, "accountable_id", None),
        "seat": ("seat", fourth, "person_id", cast.sofia.pk),
        "target": ("project", Project.history.first(), "target_go_live", target),
    }
    for field, value in (("name", "Another"), ("mrr", Decimal("9")), ("core_system", None)):
        fresh = Project.objects.get(pk=project.pk)
        column = Project._meta.get_field(field).attname
        was = getattr(fresh, column)
        change_project(fresh, field, value, by=cast.priya)
        rows[field] = ("project", Project.history.first(), column, was)
    return rows


def test_every_field_of_a_project_can_be_taken_back(client, cast, project, subtests):
    client.force_login(cast.priya)
    for name, (kind, row, column, was) in changes(project, cast).items():
        with subtests.test(field=name):
            response = take_back(client, kind, row, column)
            assert (response.status_code, response["Location"]) == (302, "/projects/")
            model = MODELS[kind]
            assert getattr(model._default_manager.get(pk=row.id), column) == was
            newest = model.history.filter(id=row.id).first()
            assert column in newest.before
            assert newest.history_user == cast.priya
            assert newest.history_change_reason.startswith("Revert")
    assert project.date_changes.filter(reason="Reverted from the history.").count() == 2
    take_back(client, "seat", Seat.history.filter(history_type="~").last(), "person_id")
    assert Project.objects.visible_to(cast.sofia).count() == 1  # the grant came back with the seat


def test_what_was_changed_again_is_asked_first(client, cast, project):
    client.force_login(cast.priya)
    due = step_of(project, STEP).due
    move_due_date(step_of(project, STEP), dt.date(2026, 11, 24), by=cast.sofia)
    row = ProjectStep.history.first()
    move_due_date(step_of(project, STEP), dt.date(2026, 12, 1), by=cast.sofia)
    asked = take_back(client, "step", row, "due")
    assert asked.status_code == 409
    said = text_of(asked)
    assert "As it is now Dec 1, 2026" in said
    assert f"As it was {due:%b} {due.day}, {due.year}" in said
    assert step_of(project, STEP).due == dt.date(2026, 12, 1)

    move_due_date(step_of(project, STEP), dt.date(2026, 12, 8), by=cast.sofia)
    assert take_back(client, "step", row, "due", seen="2026-12-01").status_code == 409
    assert take_back(client, "step", row, "due", seen="2026-12-08").status_code == 302
    assert step_of(project, STEP).due == due
    assert take_back(client, "step", row, "due").status_code == 302  # so already
    assert ProjectStep.history.first().before == {"due": "2026-12-08"}


def test_a_seat_that_was_emptied_meanwhile_is_asked_first(client, cast, project):
    client.force_login(cast.priya)
    seat = project.seats.get(role__code="SE")
    fill_seat(project, seat.pk, cast.dele, by=cast.priya)
    row = Seat.history.filter(id=seat.pk).first()
    fill_seat(project, seat.pk, None, by=cast.priya)
    asked = take_back(client, "seat", row, "person_id")
    assert "As it is now nothing As it was Sofia Reyes" in text_of(asked)
    assert take_back(client, "seat", row, "person_id", seen="").status_code == 302
    assert project.seats.get(pk=seat.pk).person == cast.sofia


def test_who_may_not_is_refused(client, cast, project, subtests):
    rows = changes(project, cast)
    before = everything()
    for name, answers in {
        "ivan": dict.fromkeys(rows, 302),
        "dele": {**dict.fromkeys(rows, 403), "due": 302},  # in the SE seat, and named on that step
        "mallory": dict.fromkeys(rows, 404),
        "bo": dict.fromkeys(rows, 404),
    }.items():
        client.force_login(getattr(cast, name))
        for field, (kind, row, column, _) in rows.items():
            with subtests.test(person=name, field=field), transaction.atomic():
                assert take_back(client, kind, row, column).status_code == answers[field]
                transaction.set_rollback(True)
    assert everything() == before


def test_nothing_is_taken_back_in_an_archived_project(client, cast):
    project = started(cast, publish(a_step(1)))
    path = project.board.steps[0].path
    move_due_date(step_of(project, path), dt.date(2026, 11, 24), by=cast.priya)
    name_on_step(step_of(project, path), "A", cast.ingrid, by=cast.priya)
    change_project(project, "name", "Another", by=cast.priya)
    client.force_login(cast.priya)
    assert client.get(address(project)).content.decode().count("Revert<") == 3
    move(project, path, "start", cast.ingrid)
    move(project, path, "complete", cast.ingrid)
    perform(project, "complete", by=cast.priya)
    before = everything()
    rows = [("step", ProjectStep, "due"), ("step", ProjectStep, "accountable_id"), ("project", Project, "name")]
    for kind, model, column in rows:
        row = model.history.filter(before__has_key=column).first()
        assert take_back(client, kind, row, column).status_code == 409
    assert client.get(address(project)).content.decode().count("Revert<") == 0
    assert everything() == before


@pytest.mark.parametrize(
    ("kind", "field", "status"),
    [
        ("step", "template_id", 400), ("step", "history_id", 400), ("step", "", 400), ("step", "x" * 100, 400),
        ("nonsense", "due", 404), ("user", "is_superuser", 404), ("seat", "due", 404),
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(client, cast, project, kind, field, status):
    client.force_login(cast.priya)
    move_due_date(step_of(project, STEP), dt.date(2026, 11, 24), by=cast.sofia)
    row = ProjectStep.history.first()
    if kind == "seat":
        row = SimpleNamespace(pk=10**6)
    assert take_back(client, kind, row, field).status_code == status
    assert client.get(reverse("revert", args=["step", row.pk])).status_code == 405
    assert client.post(f"/history/step/{10**30}/revert", {"field": "due"}).status_code == 404


def test_nobody_is_sent_elsewhere(client, cast, project):
    client.force_login(cast.priya)
    move_due_date(step_of(project, STEP), dt.date(2026, 11, 24), by=cast.sofia)
    response = take_back(client, "step", ProjectStep.history.first(), "due", next="https://example.com/")
    assert response["Location"] == "/"


def test_reference_data_and_drafts_are_taken_back_by_administrators(client, cast, project, playbooks):
    change_reference(project.biller, "name", "Halden Water", by=cast.adele)
    draft = new_draft(playbooks["integration"], by=cast.adele)
    step = draft.steps.first()
    title = step.title
    edit_draft(step, "title", "Another title", by=cast.adele)
    rows = [("biller", Biller.history.first(), "name"), ("playbook-step", Step.history.first(), "title")]
    client.force_login(cast.priya)
    assert [take_back(client, *row).status_code for row in rows] == [404, 404]
    client.force_login(cast.adele)
    assert "Revert" in text_of(client.get(reverse("history"), {"what": "biller"}))
    assert [take_back(client, *row).status_code for row in rows] == [302, 302]
    assert Biller.objects.get(pk=project.biller_id).name == "Marrow County Tax"
    assert Step.objects.get(pk=step.pk).title == title


def test_a_published_step_is_not_taken_back(client, cast, playbooks):
    draft = new_draft(playbooks["addon-post-live"], by=cast.adele)
    edit_draft(draft.steps.first(), "title", "Another title", by=cast.adele)
    row = Step.history.first()
    from playbook.lint import lint, warning_ids
    from playbook.services import publish_version

    publish_version(
        draft, by=cast.adele, note="x", confirmed=warning_ids(lint(Version.objects.get(pk=draft.pk).as_data()))
    )
    client.force_login(cast.adele)
    response = take_back(client, "playbook-step", row, "title")
    assert response.status_code == 409
    assert "does not change any more" in text_of(response)


def test_the_services_behind_it_refuse_by_themselves(cast, project, playbooks):
    with pytest.raises(NotPermitted):
        change_project(project, "name", "x", by=cast.sofia)
    with pytest.raises(NotPermitted):
        change_reference(project.biller, "name", "x", by=cast.priya)
    with pytest.raises(NotPermitted):
        edit_draft(new_draft(playbooks["outbound"], by=cast.adele).steps.first(), "title", "x", by=cast.priya)
    with pytest.raises(ValueError, match="a service of its own"):
        change_project(project, "target_go_live", dt.date(2027, 1, 1), by=cast.priya)
    assert TransitionRecord.objects.under(project).count() == 1
