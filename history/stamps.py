"""The stamp on a row that says what happened: through which door it came, and with what."""

from __future__ import annotations

from django.db import models

from history.context import Origin, current_batch, current_origin


class Stamped(models.Model):
    """A record or decision that takes its stamp from the present act. Rows older than the stamp have none."""

    origin = models.CharField(max_length=10, choices=Origin.choices, default=current_origin, blank=True, editable=False)
    batch = models.UUIDField(default=current_batch, null=True, blank=True, editable=False)

    class Meta:
        abstract = True
