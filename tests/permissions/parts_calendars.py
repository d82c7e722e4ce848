"""Calendars and invitations in the table of who may do what."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from meetings.feeds import make_feed
from meetings.models import Invitation, Series, SeriesAttendee
from projects.models import Project
from tests.meetings.planning import a_tuesday_ahead

DAY = a_tuesday_ahead()
ABSENT = 987654
BO_ACCEPTS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Other//EN\r
METHOD:REPLY\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20261101T120000Z\r
SEQUENCE:0\r
ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@example.org\r
END:VEVENT\r
END:VCALENDAR\r
"""


class File(SimpleUploadedFile):
    """A file that may be sent more than once."""

    def read(self, *args: Any) -> bytes:
        self.seek(0)
        return super().read(*args)


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> dict[str, dict[str, tuple[Any, Any, Any]]]:
    """Make on both projects a series to which somebody was invited, and a calendar of Priya's and one of Adele's."""
    ids = []
    for project, people in ((own, [cast.priya, cast.bo]), (foreign, [cast.adele])):
        series = Series(
            project=project, kind="other", title="Tuesday round", rule="FREQ=WEEKLY;BYDAY=TU", minutes=60,
            starts_on=dt.date(2026, 11, 1), starts_at=dt.time(10), host=people[0], uid=f"{project.code}@gatehouse",
        )  # fmt: skip
        series.save()
        for person in people:
            SeriesAttendee.objects.create(series=series, person=person, project=project)
            Invitation.objects.create(series=series, person=person, digest="-", sent_at=series.made_at)
        ids.append(series.pk)
    feeds = [make_feed(by=person) for person in (cast.priya, cast.adele)]
    tokens = [feed.address.rpartition("/")[2].removesuffix(".ics") for feed in feeds]
    pk = {"pk": (*(feed.feed.pk for feed in feeds), ABSENT)}
    meeting = {"series_id": (*ids, ABSENT), "day": (str(DAY), str(DAY), str(DAY + dt.timedelta(days=1)))}
    return {
        "reset-calendar": pk, "revoke-calendar": pk, "calendar-feed": pk | {"token": (*tokens, "nothing")},
        "meeting-answers": meeting, "answer-meeting": meeting, "meeting-reply": meeting,
    }  # fmt: skip


def _project(site: Any, of: str) -> Any:
    return site.foreign if of == "foreign" else site.own


def _reply(site: Any, of: str) -> dict[str, Any]:
    uid = Series.objects.get(uid=f"{_project(site, of).code}@gatehouse").uid
    return {"reply": File("reply.ics", BO_ACCEPTS.format(uid=uid).encode())}


BODIES: dict[str, Any] = {
    "answer-meeting": lambda site, of: {"answer": "ACCEPTED"},
    "meeting-reply": _reply,
}
#: An address is shown where it is asked for, this once: the answer is a page, not a way on.
REFUSED_BODIES: dict[str, Any] = {
    "make-calendar": lambda site, of: {"what": f"project:{site.own.code}"},
}
