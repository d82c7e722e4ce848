"""Values of fields, pure: how they are checked, how all of them are one text with one digest, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from accounts.paths import is_own_path
from handoff.summary.fields import FIELDS, LONGEST_ITEM, LONGEST_LINK, MOST_ITEMS, MOST_LINKS, Field, Kind
from projects.evidence import canonical, sha256
from workbook.cases import plain

#: What is said of each field that is not open, by its key: {"value": …} or {"na": the reason}.
Snapshot = Mapping[str, Mapping[str, str]]

_https = URLValidator(schemes=["https"])
NO_LINK = "“{line}” is no link: give an https address, or a path of this site that begins with /."


def clean(field: Field, text: str) -> str:
    """Return a value as it is kept: lines of lists and links without blanks around them, empty and repeated ones left out.

    Raises:
        ValidationError: it is too long, has too many lines, or a line that is no link where links are asked for.
    """
    text = plain(text)
    if field.kind is Kind.LINE:
        text = " ".join(text.split())
    elif field.kind is not Kind.TEXT:
        text = "\n".join(_lines(field, text))
    if len(text) > field.kind.longest:
        raise ValidationError(f"{field.kind.longest:,} characters are the most; these are {len(text):,}.")
    return text


def _lines(field: Field, text: str) -> list[str]:
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    links = field.kind is Kind.LINKS
    most, longest = (MOST_LINKS, LONGEST_LINK) if links else (MOST_ITEMS, LONGEST_ITEM)
    if len(lines) > most:
        raise ValidationError(f"{most} lines are the most; these are {len(lines):,}.")
    for line in lines:
        if len(line) > longest:
            raise ValidationError(f"A line takes {longest} characters; “{line[:40]}…” has {len(line):,}.")
        if links and not is_link(line):
            raise ValidationError(NO_LINK.format(line=line[:80]))
    return lines


def is_link(line: str) -> bool:
    """Return whether a line leads somewhere safe: an https address, or a path of this site, with or without its host."""
    ours = f"{settings.SITE_URL.rstrip('/')}/"
    if line.startswith(ours):
        line = line[len(ours) - 1 :]
    if line.startswith("/"):
        return is_own_path(line)
    try:
        _https(line)
    except ValidationError:
        return False
    return True


def snapshot(said: Iterable[tuple[str, str, bool, str]]) -> dict[str, dict[str, str]]:
    """Return what is said, given rows (key, value, whether N/A, reason); what is open is left out."""
    found = {key: {"na": reason} if skipped else {"value": value} for key, value, skipped, reason in said}
    return {key: one for key, one in found.items() if one.get("na") or one.get("value")}


def digest(of: Snapshot) -> str:
    """Return the SHA-256 of everything that is said, in the one text that stands for it (`projects.evidence.canonical`)."""
    return sha256(canonical(of))


def words(one: Mapping[str, str] | None) -> str:
    """Return what is said of one field as people read it: the value, `N/A: the reason`, or `–`."""
    if not one:
        return "–"
    return one["value"] if "value" in one else f"N/A: {one['na']}"


def differences(before: Snapshot, now: Snapshot) -> list[tuple[Field, str, str]]:
    """Return the fields of which two snapshots say otherwise, in the order of the page: (field, before, now)."""
    return [
        (field, words(before.get(field.key)), words(now.get(field.key)))
        for field in FIELDS
        if before.get(field.key) != now.get(field.key)
    ]
