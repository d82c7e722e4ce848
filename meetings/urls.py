"""Addresses of meetings and calendars. The converter `code` is that of projects."""

import datetime as dt

from django.urls import path, register_converter

from meetings.views import calendars, invitations, project_meetings, run, series, single


class Day:
    """2026-11-24."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date | str) -> str:
        return str(value)


register_converter(Day, "day")

urlpatterns = [
    # Series and single meetings
    path("meetings/", series.meetings, name="meetings"),
    path("meetings/<int:series_id>/", series.show, name="series"),
    path("meetings/<int:series_id>/end", series.end, name="end-series"),
    path("meetings/<int:series_id>/attendees", series.attendees, name="series-attendees"),
    path("meetings/<int:series_id>/<day:day>/", single.show, name="meeting"),
    path("meetings/<int:series_id>/<day:day>/change", single.change, name="change-meeting"),
    path("meetings/<int:series_id>/<day:day>/cancel", single.cancel, name="cancel-meeting"),
    path("meetings/<int:series_id>/<day:day>/again", single.again, name="hold-meeting"),
    path("meetings/<int:series_id>/<day:day>/holiday", single.holiday, name="hold-on-holiday"),
    path("projects/<code:code>/meetings/", project_meetings.plan, name="project-meetings"),
    path("projects/<code:code>/meetings/discovery", project_meetings.discovery, name="plan-discovery"),
    path("projects/<code:code>/meetings/tsm", project_meetings.tsm, name="plan-tsm"),
    path("projects/<code:code>/meetings/steering", project_meetings.steering, name="plan-steering"),
    # In the meeting
    path("meetings/<int:series_id>/<day:day>/run", run.run, name="run-meeting"),
    path("meetings/<int:series_id>/<day:day>/start", run.start, name="start-meeting"),
    path("meetings/<int:series_id>/<day:day>/close", run.close, name="close-meeting"),
    path("meetings/<int:series_id>/<day:day>/notes", run.notes, name="meeting-notes"),
    path("meetings/<int:series_id>/<day:day>/attendance", run.attendance, name="meeting-attendance"),
    path("meetings/<int:series_id>/<day:day>/items", run.add, name="add-agenda-item"),
    path("meetings/<int:series_id>/<day:day>/items/<int:item_id>/say", run.say, name="say-agenda-item"),
    path("meetings/<int:series_id>/<day:day>/items/<int:item_id>/decide", run.decide, name="decide-agenda-item"),
    path("meetings/<int:series_id>/<day:day>/items/<int:item_id>/remove", run.remove, name="remove-agenda-item"),
    path("meetings/<int:series_id>/<day:day>/decisions", run.decision, name="meeting-decision"),
    path("meetings/<int:series_id>/<day:day>/actions", run.action, name="meeting-action"),
    path("meetings/<int:series_id>/<day:day>/actions/<int:action_id>", run.move_action, name="move-meeting-action"),
    # Calendars and invitations
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/make", calendars.make, name="make-calendar"),
    path("calendars/<int:pk>/reset", calendars.reset, name="reset-calendar"),
    path("calendars/<int:pk>/revoke", calendars.revoke, name="revoke-calendar"),
    path("calendar/<int:pk>/<str:token>.ics", calendars.feed, name="calendar-feed"),
    path("meetings/<int:series_id>/<day:day>/answers", invitations.answers, name="meeting-answers"),
    path("meetings/<int:series_id>/<day:day>/answer", invitations.answer, name="answer-meeting"),
    path("meetings/<int:series_id>/<day:day>/reply", invitations.reply, name="meeting-reply"),
]
