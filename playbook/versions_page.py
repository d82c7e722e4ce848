"""The versions of a playbook as its pages list them: by whom, when, why, and who uses them. Pure: no query, no request."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from playbook.lint import Finding
from playbook.models import Version
from playbook.page import anchor, day_in
from playbook.use import listed_at


@dataclass(frozen=True, slots=True)
class EditionRow:
    """A version in the list. `before` is the number of the version before it, 0 for the first; `by` is empty for the system."""

    version: Version
    status: str
    day: dt.date | None
    by: str
    note: str
    used: int
    used_at: str
    before: int


@dataclass(frozen=True, slots=True)
class ConfirmedRow:
    """A warning that was confirmed at publication: where, and its words; `href` is empty where it is about the whole."""

    where: str
    href: str
    text: str


def edition_rows(versions: Sequence[Version], used: Mapping[int, int], zone: zoneinfo.ZoneInfo) -> list[EditionRow]:
    """Return the versions as rows, in the order given.

    Args:
        versions: with who published them, of those that the reader may see.
        used: how many live projects run on each, by its id.
        zone: in which the days are told.
    """
    numbers = sorted(version.number for version in versions)
    before = dict(zip(numbers, [0, *numbers], strict=False))
    return [
        EditionRow(
            version,
            version.get_status_display(),
            day_in(version.published_at, zone),
            version.published_by.name if version.published_by else "",
            version.change_note,
            used.get(version.pk, 0),
            listed_at(version) if used.get(version.pk) else "",
            before[version.number],
        )
        for version in versions
    ]


def confirmed_rows(confirmed: Iterable[str], findings: Iterable[Finding]) -> list[ConfirmedRow]:
    """Return the warnings that were confirmed, in the words of lint; by their bare id where lint has none for it today.

    Args:
        confirmed: their ids (playbook.lint.Finding.id), as the version keeps them.
        findings: what lint says of the version.
    """
    by_id: dict[str, list[Finding]] = {}
    for finding in findings:
        by_id.setdefault(finding.id, []).append(finding)
    rows = []
    for name in confirmed:
        found = by_id.get(name, [])
        step = name.partition(":")[0]
        number = found[0].number if found else None
        where = (f"Step {number}" if number else f"Step {step}") if step else "Whole playbook"
        text = " ".join(finding.text for finding in found) or name
        rows.append(ConfirmedRow(where, f"#{anchor(step)}" if step else "", text))
    return rows
