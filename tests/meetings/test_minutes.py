"""The minutes: one mail for each who is on the meeting, once; outside nobody reads of what is not theirs."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core import mail as outbox

from accounts import mail
from accounts.models import OutgoingMail
from meetings.agenda_demo import held_review
from meetings.closing import add_item
from meetings.deciding import decide_item
from meetings.holding import give_action, note_attendance, record_decision, start_meeting, write_notes
from meetings.minutes import MINUTES, minutes_of, post_minutes
from meetings.models import Occurrence, Series, SeriesAttendee
from meetings.vocabulary import Kind
from projects.models import Project
from tests.meetings.agendas import NEXT_TUESDAY, TUESDAY, at, in_design, make_tdr, ready, review_version
from transitions.moves import perform

pytestmark = pytest.mark.django_db

BEGUN = at(TUESDAY, 13, 2)


@pytest.fixture(autouse=True)
def on_that_tuesday():
    with time_machine.travel(BEGUN, tick=False):
        yield


@pytest.fixture
def held(cast) -> Occurrence:
    """Arun's review of one project, decided by Ingrid, with notes, an action and a decision; under way."""
    ready(cast, review_version())
    row = start_meeting(make_tdr(host=cast.arun, attendees=[cast.ingrid]), TUESDAY, by=cast.arun)
    item = row.items.get()
    decide_item(item, "approve", by=cast.ingrid, note="Sound")
    write_notes(row, "Sofia showed the retry.\n\nAll agreed.", by=cast.arun)
    note_attendance(row, {cast.ingrid.pk: "attended", cast.sofia.pk: "excused"}, by=cast.arun)
    give_action(row, "Draw it", owner=cast.sofia, due=NEXT_TUESDAY, item=item, by=cast.arun)
    record_decision(row, "One retry is enough", item=item, by=cast.arun)
    return row


def close(row: Occurrence, by: object, **more: object) -> Occurrence:
    return perform(Occurrence.objects.get(pk=row.pk), "close_meeting", by=by, **more).row


def sent_to(person) -> str:
    (row,) = OutgoingMail.objects.filter(kind=MINUTES, person=person)
    outbox.outbox.clear()
    OutgoingMail.objects.filter(pk=row.pk).update(sent_at=None, leased_until=None)
    assert mail.send(row.pk)
    (message,) = outbox.outbox
    assert message.to == [person.email]
    return f"{message.subject}\n{message.body}"


def test_everybody_on_the_meeting_gets_them_once(cast, held):
    close(held, cast.arun)
    people = {cast.arun, cast.ingrid, cast.priya, cast.ivan, cast.sofia}
    rows = OutgoingMail.objects.filter(kind=MINUTES)
    assert {row.person for row in rows} == people
    assert {row.key for row in rows} == {f"minutes:{held.pk}:{person.pk}" for person in people}
    post_minutes(Occurrence.objects.get(pk=held.pk), now=BEGUN)
    assert OutgoingMail.objects.filter(kind=MINUTES).count() == 5


def test_they_say_what_was_said(cast, held):
    close(held, cast.arun)
    text = sent_to(cast.priya)
    for words in (
        "Minutes: Technical Design Review, Nov 24, 2026", "Tue Nov 24, 13:00 ET", "MRW-1 Mrw County Tax: Approved", "Sound",
        "Sofia showed the retry.", "All agreed.", "One retry is enough", "Draw it", "Sofia Reyes, by Dec 1, 2026", "Ingrid Berg",
        "Sofia Reyes (excused)",
    ):  # fmt: skip
        assert words in text


def test_outside_people_read_nothing_of_other_projects(cast):
    version = review_version()
    own, foreign = in_design(cast, version), in_design(cast, version, code="FRN", people={"PM": cast.priya})
    series = make_tdr(host=cast.arun, attendees=[cast.bo])
    row = start_meeting(series, TUESDAY, by=cast.arun)
    for project in (own, foreign):
        item = add_item(series, TUESDAY, project=Project.objects.get(pk=project.pk), by=cast.adele)
        record_decision(row, f"Decided for {project.code}", item=item, by=cast.arun)
    write_notes(row, "FRN-1 is late", by=cast.arun)
    close(row, cast.arun)
    text = sent_to(cast.bo)
    assert "MRW-1" in text
    assert "FRN" not in text
    told = minutes_of(Occurrence.objects.get(pk=row.pk), cast.arun)
    assert (len(told.items), told.notes) == (2, "FRN-1 is late")


def test_of_a_projects_meeting_its_outside_people_read_the_notes_in_its_thread(cast):
    project = in_design(cast, review_version())
    series = Series.objects.create(
        kind=Kind.STEERING, project=project, title="Steering", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=TUESDAY,
        starts_at=dt.time(15), minutes=60, host=cast.priya,
    )  # fmt: skip
    SeriesAttendee.objects.create(series=series, person=cast.bo, project=project)
    row = start_meeting(series, TUESDAY, by=cast.priya)
    write_notes(row, "We go live in March.", by=cast.priya)
    close(row, cast.priya)
    text = sent_to(cast.bo)
    assert "[MRW-1] Minutes: Steering, Nov 24, 2026" in text
    assert "We go live in March." in text
    assert outbox.outbox[0].extra_headers["References"].startswith("<mrw-1.thread@")


def test_of_a_meeting_that_is_brought_in_with_its_past_nobody_gets_any(cast, held):
    with time_machine.travel(BEGUN + dt.timedelta(days=3), tick=False):
        close(held, cast.arun, now=BEGUN)
    assert not OutgoingMail.objects.filter(kind=MINUTES).exists()


def test_the_demo_has_a_review_that_was_held(cast):
    project = in_design(cast, review_version(), now=at(dt.date(2026, 10, 5), 9))
    people = {"Adele": cast.adele, "SE": cast.sofia, "INM": cast.ingrid, "SA": cast.arun}
    held_review(project, "design", people, BEGUN, False)  # no series yet
    assert not Occurrence.objects.exists()
    make_tdr(host=cast.arun)
    for _ in range(2):
        held_review(Project.objects.get(pk=project.pk), "design", people, BEGUN, False)
    row = Occurrence.objects.get()
    assert (row.day, row.state) == (TUESDAY - dt.timedelta(days=7), "held")
    told = minutes_of(row, cast.priya)
    assert (len(told.items), len(told.decisions), len(told.actions), told.present) == (
        1,
        1,
        1,
        ("Ingrid Berg", "Sofia Reyes"),
    )
    assert not OutgoingMail.objects.filter(kind=MINUTES).exists()
