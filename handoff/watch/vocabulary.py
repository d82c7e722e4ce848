"""The words of the watch, and its limits."""

from __future__ import annotations

import datetime as dt

from django.db import models

#: The playbook of add-ons, and its steps that the watch is about.
PLAYBOOK = "addon-post-live"
MONITOR = f"{PLAYBOOK}/post-live.monitor-service"
MARK_COMPLETE = f"{PLAYBOOK}/post-live.mark-complete"

MOST_ROWS = 1_000
MOST_PAYMENTS = 10_000_000
#: Payments are taken for so long back.
OLDEST = dt.timedelta(days=731)
LONGEST_NOTE = 2_000
LONGEST_CASE = 40
LONGEST_LINK = 500
LONGEST_SOURCE = 200
CURRENCY = "USD"


class Kind(models.TextChoices):
    """What is out of the ordinary about a stretch of days (domain.md, Post live, add-ons)."""

    NONE = "none", "No payments"
    ABOVE = "above", "Far above projection"
    DROP = "drop", "Sudden drop"
    NOT_SENT = "not_sent", "Nothing was sent"

    @property
    def holds(self) -> bool:
        """Whether the project is not complete before somebody said what became of it. Days without data hold up nothing."""
        return self != Kind.NOT_SENT


class Outcome(models.TextChoices):
    """What became of an anomaly: remedied within the scope, a Client Services case, or explained by what was found out."""

    REMEDIED = "remedied", "Remedied"
    CASE = "case", "Client Services case"
    EXPLAINED = "explained", "Explained"


class Source(models.TextChoices):
    """How the payments of a day came here."""

    SHEET = "csv", "Sheet"
    API = "api", "API"
    HAND = "hand", "By hand"
