"""What an inbox knows to say, by kind. Apart from the rows, so that the rooms' pure files may name a kind."""

from __future__ import annotations

from django.db import models


class NoticeKind(models.TextChoices):
    """What is heard of."""

    APPROVAL_ASKED = "approval_asked", "Approval asked"
    COMMENT_ASKED = "comment_asked", "Comment asked"
    DECIDED = "decided", "Decided"
    STEP_DONE = "step_done", "Step done"
    SEAT_GIVEN = "seat_given", "Seat given"
    DELEGATED = "delegated", "Delegated"
    MENTIONED = "mentioned", "Mentioned"
    OWNED = "owned", "Given to you"
    RUN_ASKED = "run_asked", "Testing asked"
    DUE_SOON = "due_soon", "Step due soon"
    OVERDUE = "overdue", "Step overdue"
    YOUR_TURN = "your_turn", "Yours now"
    WAITING_CUSTOMER = "waiting_customer", "Waiting on customer"
    MEETING_SOON = "meeting_soon", "Meeting tomorrow"
    AGENDA_CLOSES = "agenda_closes", "Agenda closes"
    PRESENTATION_MISSING = "presentation_missing", "Presentation missing"
    SUMMARY_INCOMPLETE = "summary_incomplete", "Integration Summary incomplete"
    SUMMARY_REOPENED = "summary_reopened", "Integration Summary reopened"
    SEAT_EMPTY = "seat_empty", "Seat empty"
    TIER_UNDECIDED = "tier_undecided", "Tier undecided"
    MEETING_CHANGED = "meeting_changed", "Meeting changed"
    ACTION_GIVEN = "action_given", "Action given to you"
    SUPPORT_EVALUATION = "support_evaluation", "Support to evaluate"
    SUPPORT_ENDING = "support_ending", "Support ends"
    ANOMALY = "anomaly", "Anomaly in payments"


class Route(models.TextChoices):
    """How a notice reaches its person. Undecided until the delivery has looked at their preferences."""

    UNDECIDED = "", "Undecided"
    NOW = "now", "At once"
    DIGEST = "digest", "In the daily digest"
    APP = "app", "In the app only"
    OFF = "off", "Off"


#: Kinds that are heard in a summary of the day, never at once (I hears of completion).
IN_SUMMARY = (NoticeKind.STEP_DONE,)

#: The kinds as lists offer them: so many in a row are more than anybody reads.
GROUPS: tuple[tuple[str, tuple[NoticeKind, ...]], ...] = (
    (
        "Asked of you",
        (
            NoticeKind.APPROVAL_ASKED,
            NoticeKind.DELEGATED,
            NoticeKind.RUN_ASKED,
            NoticeKind.COMMENT_ASKED,
            NoticeKind.MENTIONED,
            NoticeKind.OWNED,
            NoticeKind.ACTION_GIVEN,
        ),
    ),
    (
        "Your steps",
        (NoticeKind.YOUR_TURN, NoticeKind.DUE_SOON, NoticeKind.OVERDUE, NoticeKind.WAITING_CUSTOMER),
    ),
    (
        "Meetings",
        (
            NoticeKind.MEETING_SOON,
            NoticeKind.MEETING_CHANGED,
            NoticeKind.AGENDA_CLOSES,
            NoticeKind.PRESENTATION_MISSING,
        ),
    ),
    (
        "What a project lacks",
        (
            NoticeKind.SEAT_EMPTY,
            NoticeKind.TIER_UNDECIDED,
            NoticeKind.SUMMARY_INCOMPLETE,
            NoticeKind.SUMMARY_REOPENED,
        ),
    ),
    (
        "After go-live",
        (NoticeKind.SUPPORT_EVALUATION, NoticeKind.SUPPORT_ENDING, NoticeKind.ANOMALY),
    ),
    (
        "What happened",
        (NoticeKind.DECIDED, NoticeKind.STEP_DONE, NoticeKind.SEAT_GIVEN),
    ),
)
