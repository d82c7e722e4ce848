"""Series of meetings, single meetings of them, what is on their agendas and came of them; calendar feeds and invitations."""

from meetings.models.agenda import AgendaItem, Attendance, MeetingAction, MeetingDecision
from meetings.models.calendar import CalendarFeed, Invitation
from meetings.models.series import Occurrence, Series, SeriesAttendee

__all__ = [
    "AgendaItem",
    "Attendance",
    "CalendarFeed",
    "Invitation",
    "MeetingAction",
    "MeetingDecision",
    "Occurrence",
    "Series",
    "SeriesAttendee",
]
