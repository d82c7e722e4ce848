"""Vendors that were typed as text become partners; used by the migration that brings partners. The text stays where it was."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone


def link(apps: Any, schema_editor: Any) -> None:
    """Make a partner of each vendor that was typed, in any case once, and point its core systems to it; with their history."""
    names = ("CoreSystem", "Partner", "HistoricalCoreSystem", "HistoricalPartner")
    core_systems, partners, history, partner_history = (apps.get_model("projects", name) for name in names)
    stamp = {"history_date": timezone.now(), "origin": "command", "batch": uuid.uuid4()}
    stamp["history_change_reason"] = "Vendors as typed became partners."
    made: dict[str, Any] = {}
    for row in core_systems.objects.exclude(partner="").order_by("pk"):
        name = row.partner.strip()
        if not name:
            continue
        partner = made.get(name.lower())
        if partner is None:
            partner = made[name.lower()] = partners.objects.create(name=name)
            partner_history.objects.create(id=partner.pk, name=name, history_type="+", before={}, **stamp)
        core_systems.objects.filter(pk=row.pk).update(vendor_id=partner.pk)
        history.objects.create(
            id=row.pk, name=row.name, partner=row.partner, vendor_id=partner.pk, history_type="~",
            before={"vendor_id": None}, **stamp,
        )  # fmt: skip
