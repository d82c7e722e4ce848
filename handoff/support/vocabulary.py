"""The words and limits of support after go-live, known to models, rules and pages alike."""

from __future__ import annotations

from django.db import models

#: The longest name of a kind of support, and the most days that one lasts as decided.
LONGEST_SUPPORT, MOST_DAYS = 60, 366
#: The longest reason that is taken, and the longest letter that is kept.
LONGEST_REASON, LONGEST_LETTER = 2000, 4000
#: “At least 30 days, then evaluated, extended if needed” (domain.md, Tier).
EVALUATED_AFTER = 30
#: So many days before that an evaluation may already be written down: the meeting is held when people are there.
EVALUATE_EARLY = 7
#: The furthest that support is extended to at once, in days from the day on which it is.
FURTHEST = 365
HELP_DESK = "Client Services Help Desk"
#: Said wherever an end of support is shown (domain.md, Tier).
NO_HYPERCARE = "There is no hypercare: after this period the regular Client Services team supports the biller."


class Turn(models.TextChoices):
    """What may happen to a support period; each is told to the biller in writing."""

    STARTED = "started", "Started"
    EVALUATED = "evaluated", "Evaluated"
    EXTENDED = "extended", "Extended"
    TSM = "tsm", "TSM named"
    ENDED = "ended", "Ended"
    WITHDRAWN = "withdrawn", "Withdrawn"
