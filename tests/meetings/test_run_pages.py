"""The page of a meeting while it runs: who opens it, what it offers, what it refuses."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from meetings.agenda_page import agenda_values
from meetings.holding import give_action, start_meeting
from meetings.models import AgendaItem, MeetingAction, MeetingDecision, Occurrence, Series, SeriesAttendee
from meetings.vocabulary import Kind
from projects.models import Approval, Project
from tests.cast import step_of
from tests.meetings.agendas import (
    NEXT_TUESDAY,
    REVIEW,
    TUESDAY,
    at,
    in_design,
    make_tdr,
    meeting_of,
    ready,
    review_version,
)

pytestmark = pytest.mark.django_db

BEGUN = at(TUESDAY, 13, 2)


@pytest.fixture(autouse=True)
def on_that_tuesday():
    with time_machine.travel(BEGUN, tick=False):
        yield


@pytest.fixture
def scene(cast) -> SimpleNamespace:
    version = review_version()
    project = ready(cast, version)
    late = in_design(cast, version, code="LTE")
    series = make_tdr(host=cast.arun, attendees=[cast.ingrid])
    row = start_meeting(series, TUESDAY, by=cast.arun)
    return SimpleNamespace(series=series, row=row, project=project, late=late, item=row.items.get())


def address(series: Series, name: str = "run-meeting", day: dt.date = TUESDAY, *more: int) -> str:
    return reverse(name, args=[series.pk, day.isoformat(), *more])


def post(client: Any, person: Any, where: str, **data: Any) -> Any:
    client.force_login(person)
    return client.post(where, data)


def test_before_it_begins_the_agenda_stands_there(client, cast):
    ready(cast, review_version())
    series = make_tdr(host=cast.arun)
    client.force_login(cast.arun)
    page = client.get(address(series)).content.decode()
    assert "MRW-1 Mrw County Tax" in page
    assert "Start the meeting" in page
    client.force_login(cast.sofia)
    assert "Start the meeting" not in client.get(address(series)).content.decode()


@pytest.mark.parametrize("person", ["bo", "mallory"])
def test_whom_it_does_not_concern_finds_nothing(client, cast, scene, person):
    client.force_login(getattr(cast, person))
    assert client.get(address(scene.series)).status_code == 404
    assert client.post(address(scene.series, "close-meeting")).status_code == 404
    assert Occurrence.objects.get(pk=scene.row.pk).state == "under_way"


@pytest.mark.parametrize(
    "path", ["1/2026-11-25", "1/2026-13-01", "1/today", "999999/2026-11-24", f"{10**30}/2026-11-24", "1/2026-11-2４"]
)
def test_a_meeting_that_is_none(client, cast, path):
    make_tdr(host=cast.arun)
    client.force_login(cast.arun)
    assert client.get(f"/meetings/{path}/run").status_code == 404


def test_it_is_decided_here(client, cast, scene):
    client.force_login(cast.ingrid)
    page = client.get(address(scene.series)).content.decode()
    assert "It has not been submitted yet: that is done in the same act." in page
    shown = page.split('name="shown" value="')[1][:64]
    where = address(scene.series, "decide-agenda-item", TUESDAY, scene.item.pk)
    answer = client.post(where, {"act": "approve", "note": "Sound", "shown": shown, "next": "point"})
    assert (answer.status_code, answer["Location"]) == (302, address(scene.series))
    approval = Approval.objects.get()
    assert (approval.by, approval.shown_sha256 != "", approval.method) == (cast.ingrid, True, approval.method)
    assert AgendaItem.objects.get(pk=scene.item.pk).outcome == "approved"


def test_who_may_not_decide_is_told_who_does(client, cast, scene):
    client.force_login(cast.arun)
    assert "Ingrid Berg decides this, and can pass it on." in client.get(address(scene.series)).content.decode()
    where = address(scene.series, "decide-agenda-item", TUESDAY, scene.item.pk)
    answer = client.post(where, {"act": "approve", "note": "", "shown": "0" * 64})
    assert answer.status_code == 403
    assert "“Step 2” is decided by Ingrid Berg, who can pass it on." in answer.content.decode()
    assert client.post(where, {"act": "approve"}).status_code == 400
    assert client.post(where, {"act": "excuse", "shown": "0" * 64}).status_code == 400
    assert step_of(scene.project, REVIEW).status == "not_started"


def test_what_is_said_is_kept(client, cast, scene):
    where = address(scene.series, "say-agenda-item", TUESDAY, scene.item.pk)
    assert post(client, cast.arun, where, outcome="discussed", note="A diagram is missing").status_code == 302
    assert AgendaItem.objects.get(pk=scene.item.pk).note == "A diagram is missing"
    assert post(client, cast.arun, where, outcome="approved").status_code == 400
    assert post(client, cast.sofia, where, outcome="discussed").status_code == 403
    assert post(client, cast.arun, where + "9", outcome="discussed").status_code == 404


def test_notes_are_saved_while_they_are_written(client, cast, scene):
    where = address(scene.series, "meeting-notes")
    client.force_login(cast.arun)
    answer = client.post(where, {"notes": "Sofia shows", "revision": 1}, headers={"HX-Request": "true"})
    assert 'name="revision" value="2"' in answer.content.decode()
    stale = client.post(where, {"notes": "Sofia", "revision": 1}, headers={"HX-Request": "true"})
    assert (stale.status_code, "Somebody else wrote notes" in stale.content.decode()) == (409, True)
    page = client.post(where, {"notes": "Mine", "revision": 1})
    assert page.status_code == 409
    assert "Sofia shows" in page.content.decode()
    assert 'value="2"' in page.content.decode()
    assert client.post(where, {"notes": "Mine", "revision": 2}).status_code == 302
    assert client.post(where, {"notes": "x" * 4001, "revision": 3}).status_code == 400
    assert Occurrence.objects.get(pk=scene.row.pk).notes == "Mine"


def test_who_is_there_actions_and_decisions(client, cast, scene):
    client.force_login(cast.arun)
    there = address(scene.series, "meeting-attendance")
    assert client.post(there, {f"presence-{cast.ingrid.pk}": "attended", "presence-x": "attended"}).status_code == 302
    assert scene.row.attendances.get().person == cast.ingrid
    assert client.post(there, {f"presence-{cast.bo.pk}": "attended"}).status_code == 400
    actions = address(scene.series, "meeting-action")
    given = {"text": "Draw it", "owner": cast.sofia.pk, "due": "2026-12-01", "becomes": "", "item": scene.item.pk}
    assert client.post(actions, given).status_code == 302
    action = MeetingAction.objects.get()
    assert (action.owner, action.item, action.due) == (cast.sofia, scene.item, dt.date(2026, 12, 1))
    for wrong in ({"due": "2026-11-01"}, {"owner": cast.mallory.pk}, {"text": ""}, {"due": "soon"}):
        answer = client.post(actions, given | wrong)
        assert answer.status_code == 400
    assert client.post(actions, given | {"item": 10**6}).status_code == 404
    decisions = address(scene.series, "meeting-decision")
    assert client.post(decisions, {"text": "One retry", "item": scene.item.pk}).status_code == 302
    assert client.post(decisions, {"text": " "}).status_code == 400
    assert (MeetingDecision.objects.get().text, MeetingAction.objects.count()) == ("One retry", 1)


def test_an_action_is_ticked_off_by_its_owner(client, cast, scene):
    action = give_action(scene.row, "Draw it", owner=cast.sofia, due=NEXT_TUESDAY, by=cast.arun)
    where = address(scene.series, "move-meeting-action", TUESDAY, action.pk)
    assert post(client, cast.ingrid, where, move="finish_action", revision=0).status_code == 403
    assert post(client, cast.sofia, where, move="finish_action", revision=0).status_code == 302
    assert post(client, cast.sofia, where, move="dance", revision=0).status_code == 409
    assert MeetingAction.objects.get().state == "done"


def test_things_are_put_on_and_taken_off(client, cast, scene):
    where = address(scene.series, "add-agenda-item")
    assert post(client, cast.arun, where, code="lte-1", title="").status_code == 302
    item = AgendaItem.objects.get(project=scene.late)
    assert post(client, cast.arun, where, code="NIL-9").status_code == 400
    assert post(client, cast.arun, where, title="", code="").status_code == 400
    assert post(client, cast.priya, where, code="LTE-1").status_code == 403
    off = address(scene.series, "remove-agenda-item", TUESDAY, item.pk)
    assert post(client, cast.sofia, off).status_code == 403
    assert post(client, cast.arun, off).status_code == 302
    assert not AgendaItem.objects.filter(project=scene.late).exists()


def test_it_closes_and_the_minutes_stand_there(client, cast, scene):
    post(client, cast.arun, address(scene.series, "meeting-notes"), notes="All went well", revision=1)
    assert post(client, cast.sofia, address(scene.series, "close-meeting")).status_code == 403
    assert post(client, cast.arun, address(scene.series, "close-meeting"), note="", revision=1).status_code == 409
    assert post(client, cast.arun, address(scene.series, "close-meeting"), note="", revision=2).status_code == 302
    page = client.get(address(scene.series)).content.decode()
    assert "All went well" in page
    assert "Deferred" in page
    assert "Close the meeting" not in page
    assert post(client, cast.arun, address(scene.series, "start-meeting")).status_code == 409


def test_whoever_cannot_start_is_told_why(client, cast, scene):
    early = post(client, cast.arun, address(scene.series, "start-meeting", NEXT_TUESDAY))
    assert (early.status_code, "It is on Tue Dec 1" in early.content.decode()) == (409, True)
    assert post(client, cast.sofia, address(scene.series, "start-meeting", NEXT_TUESDAY)).status_code == 403
    assert not Occurrence.objects.filter(day=NEXT_TUESDAY).exists()


def test_outside_people_read_only_of_what_they_see(cast, scene, rf):
    for person, projects in ((cast.bo, ["MRW-1 Mrw County Tax"]), (cast.mallory, ["MRW-1 Mrw County Tax"])):
        values = agenda_values(meeting_of(scene.series, TUESDAY), person, BEGUN)
        assert [point.title for point in values["points"]] == projects
        assert [point.address for point in values["points"]] == [""]
    pat = agenda_values(meeting_of(scene.series, TUESDAY), cast.pat, BEGUN)
    assert (pat["points"], pat["waiting"], pat["run_address"]) == ([], [], "")


def test_the_page_costs_the_same_for_any_number_of_points(client, cast, scene):
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address(scene.series)).status_code == 200
        return len(caught.captured_queries)

    client.force_login(cast.arun)
    cost()
    few = cost()
    for number in range(12):
        AgendaItem.objects.create(occurrence=scene.row, title=f"Point {number}", position=number + 2, source="added")
    assert cost() == few
    assert few <= 40


def test_a_projects_meeting_has_what_was_put_on_it(client, cast, scene):
    project = Project.objects.get(pk=scene.project.pk)
    series = Series.objects.create(
        kind=Kind.STEERING, project=project, title="Steering", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=TUESDAY,
        starts_at=dt.time(15), minutes=60, host=cast.priya,
    )  # fmt: skip
    SeriesAttendee.objects.create(series=series, person=cast.bo, project=project)
    assert post(client, cast.priya, address(series, "add-agenda-item"), title="Budget").status_code == 302
    assert post(client, cast.priya, address(series, "start-meeting")).status_code == 302
    page = client.get(address(series)).content.decode()
    assert "Bo Halvorsen reads the minutes." in page
    assert "Budget" in page
