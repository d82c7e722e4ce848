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


#: Kinds that are heard in a summary of the day, never at once (I hears of completion).
IN_SUMMARY = (NoticeKind.STEP_DONE,)
