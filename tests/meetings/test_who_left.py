"""Somebody outside whose seat was emptied is on none of the project's meetings any more, though a row still names them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core import mail as outbox

from accounts.mail import send_due
from accounts.models import OutgoingMail
from meetings import rights
from meetings.agenda import attendees
from meetings.changes import Change, announce
from meetings.feed_content import content_of
from meetings.feeds import make_feed
from meetings.invitations import SETTLE, invited_to
from meetings.reach import attendee_ids, series_of
from projects.models import Project
from projects.team import fill_seat
from tests.meetings.calendar_scene import make_series

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
LINK = "https://meet.example/secret-room"


def test_they_are_on_no_meeting_in_no_feed_and_are_told_so_without_the_link(cast, make_project):
    with time_machine.travel(NOW, tick=False) as clock:
        project = make_project()
        OutgoingMail.objects.update(sent_at=NOW)
        series = make_series(project, people=[cast.bo, cast.priya], join_link=LINK)
        feed = make_feed(by=cast.bo).feed
        announce(Change(series, (), "is planned", cast.priya, NOW))
        clock.shift(SETTLE)
        send_due()
        assert LINK in content_of(feed, NOW).as_calendar(NOW).decode().replace("\r\n ", "")
        assert rights.sees_link(series, cast.bo)

        seat = project.seats.get(person=cast.bo)
        fill_seat(Project.objects.get(pk=project.pk), seat.pk, None, by=cast.priya)
        outbox.outbox.clear()
        announce(Change(series, (), "changed", cast.priya, NOW))
        clock.shift(2 * SETTLE)
        send_due()

        assert not rights.sees_link(series, cast.bo)
        assert list(series_of(cast.bo)) == []
        assert "Weekly" not in content_of(feed, NOW).as_calendar(NOW).decode()
        everybody = (attendees(series, dt.date(2026, 11, 24)), attendee_ids([series])[series.pk], invited_to(series))
        assert [cast.bo.pk in people for people in everybody] == [False] * 3
        assert [cast.priya.pk in people for people in everybody] == [True] * 3
        (told,) = [message for message in outbox.outbox if message.to == ["bo@example.org"]]
        assert "Cancelled" in told.subject
        assert LINK not in str(told.message())
