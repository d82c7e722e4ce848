"""The words and sizes of meetings, apart from their rows."""

from __future__ import annotations

import datetime as dt

from django.db import models


class Kind(models.TextChoices):
    """What a series is for (domain.md, Time, Meetings)."""

    TDR = "tdr", "Technical Design Review"
    GO_LIVE = "go_live", "CS go-live presentation"
    TRIAGE = "triage", "Triage call"
    TSM_REVIEW = "tsm_review", "TSM assignment review"
    DISCOVERY = "discovery", "Discovery sessions"
    TSM = "tsm", "TSM meetings before go-live"
    STEERING = "steering", "Steering committee"
    OTHER = "other", "Meeting"


#: Series of the company: their agendas are made of projects.
COMPANY = (Kind.TDR, Kind.GO_LIVE, Kind.TRIAGE, Kind.TSM_REVIEW)
#: Series of one project.
OF_PROJECT = (Kind.DISCOVERY, Kind.TSM, Kind.STEERING, Kind.OTHER)


class Source(models.TextChoices):
    """How an item came onto an agenda."""

    RULE = "rule", "By its rule"
    ADDED = "added", "Added by hand"
    CARRIED = "carried", "Carried over"


class Outcome(models.TextChoices):
    """What a meeting said of an item. Approval and rejection are the step's own decision, made in the meeting."""

    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    PRESENTED = "presented", "Presented"
    DISCUSSED = "discussed", "Discussed"
    DECIDED = "decided", "Decided"
    DEFERRED = "deferred", "Deferred"


class Presence(models.TextChoices):
    """Whether somebody was there."""

    ATTENDED = "attended", "Attended"
    EXCUSED = "excused", "Excused"
    ABSENT = "absent", "Absent"


class Answer(models.TextChoices):
    """What somebody answered to an invitation (RFC 5545, 3.2.12, PARTSTAT)."""

    NEEDS_ACTION = "NEEDS-ACTION", "No answer yet"
    ACCEPTED = "ACCEPTED", "Accepted"
    TENTATIVE = "TENTATIVE", "Tentative"
    DECLINED = "DECLINED", "Declined"


class FeedScope(models.TextChoices):
    """What a calendar feed tells."""

    PERSON = "person", "All that concerns me"
    PROJECT = "project", "One project"
    SERIES = "series", "One series"


LONGEST_TITLE, LONGEST_PLACE, LONGEST_RULE = 120, 200, 300
LONGEST_NOTE = 4000
#: A rule is looked at no further ahead than this.
HORIZON = dt.timedelta(days=550)
#: A meeting is no longer than this.
MOST_MINUTES = 24 * 60
#: A cancelled meeting stays in the feeds for this long (ux.md, iCal feed).
KEEP_CANCELLED = dt.timedelta(days=30)
