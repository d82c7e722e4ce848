"""What is done to a summary: fields are filled or said not to apply, taken from the project, and all of it is accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from handoff.marks import Ready
from handoff.models.summary import SummaryAcceptance, SummaryEntry
from handoff.rights import takes_over
from handoff.summary.completeness import Completeness, completeness
from handoff.summary.fields import BY_KEY, FIELDS, LONGEST_NOTE, LONGEST_REASON, Field
from handoff.summary.prefill import proposals
from handoff.summary.rights import may_write
from handoff.summary.told import tell_of_reopening
from handoff.summary.values import clean
from history.context import named
from projects.models import Project
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow
from workbook.cases import plain

NO_VALUE = "Write something, or say that it does not apply, and why."
NO_REASON = "Say why it does not apply."


class SummaryRefused(MoveRefused):
    """What the state of the summary does not allow."""


@named
def set_field(
    project: Project,
    key: str,
    *,
    revision: int,
    by: User,
    value: str = "",
    not_applicable: bool = False,
    reason: str = "",
    now: dt.datetime | None = None,
) -> SummaryEntry:
    """Say what a field is to say, or that it does not apply; an empty value takes back what was said.

    Whoever accepted the summary, Client Services on the project and the IM hear of the first change after an acceptance.

    Args:
        key: of handoff.summary.fields. revision: that of the row which the form showed, 0 where there was none.
        reason: why it does not apply; asked for with `not_applicable`, and then there is no value.

    Raises:
        NotPermitted: `by` has no seat. Archived. StaleRow: somebody was quicker. ValidationError: no such field, or the value.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, field = _locked_for(project, by), _field(key)
        row = SummaryEntry.objects.filter(project=locked, key=key).first() or SummaryEntry(project=locked, key=key)
        if row.revision != revision:
            raise StaleRow(row, f"“{field.title}” was changed while you were writing.")
        said = ("", True, _reason(reason)) if not_applicable else (_value(field, value, row), False, "")
        if said == (row.value, row.not_applicable, row.reason):
            return row
        before = completeness(locked)
        row.value, row.not_applicable, row.reason = said
        _save(row, by=by, now=now, prefilled=False)
        _tell_if_reopened(locked, before, by=by, now=now)
    return row


@named
def take_known(project: Project, *, by: User, only: str = "", now: dt.datetime | None = None) -> list[SummaryEntry]:
    """Fill fields that are open with what the project knows of them; that it was so taken stands with each.

    Args:
        only: the key of one field; all that are open otherwise.

    Raises:
        NotPermitted, Archived. StaleRow: the one field is not open any more. SummaryRefused: the project knows nothing of them.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked_for(project, by)
        rows = {row.key: row for row in SummaryEntry.objects.filter(project=locked)}
        if only and only in rows and not rows[only].is_open:
            raise StaleRow(rows[only], f"“{_field(only).title}” was filled while you were looking.")
        asked = [field for field in FIELDS if only in ("", field.key)]
        gaps = [field for field in asked if field.key not in rows or rows[field.key].is_open]
        known = proposals(locked, gaps)
        if not known:
            text = "The project knows nothing more of what is open: it is yours to write."
            raise SummaryRefused([Blocker("nothing-known", text)])
        before, filled = completeness(locked), []
        for key, proposal in known.items():
            row = rows.get(key) or SummaryEntry(project=locked, key=key)
            row.value = clean(BY_KEY[key], proposal.value)
            filled.append(_save(row, by=by, now=now, prefilled=True))
        _tell_if_reopened(locked, before, by=by, now=now)
    return filled


@named
def accept_summary(
    project: Project, *, digest: str, by: User, note: str = "", now: dt.datetime | None = None
) -> SummaryAcceptance:
    """Accept a complete summary for Client Services, as it stands (issue 6: a field that changes after that reopens it).

    Args:
        digest: of what was shown (`Completeness.digest`). note: 1,000 characters at most.

    Raises:
        NotPermitted: `by` takes over nothing for Client Services. Archived. StaleRow (of the project): it says otherwise by now.
        SummaryRefused: fields are open, by section; or it is accepted as it stands. ValidationError: the note.
    """
    with transaction.atomic():
        locked = project.locked()
        if not takes_over(locked, by):
            text = f"{by} does not take this project over: Client Services accepts the summary."
            raise NotPermitted([Blocker("not-permitted", text)])
        locked.refuse_if_archived()
        state = completeness(locked)
        if not state.complete:
            raise SummaryRefused(gap_blockers(state))
        if state.digest != digest:
            raise StaleRow(
                locked, "The summary was changed while you were reading. Look through it again, then accept."
            )
        if state.accepted:
            raise SummaryRefused([Blocker("accepted-already", "It is accepted as it stands.")])
        row = SummaryAcceptance(
            project=locked, by=by, at=now or timezone.now(), note=plain(note), said=dict(state.snapshot), digest=digest
        )
        if len(row.note) > LONGEST_NOTE:
            raise ValidationError({"note": f"{LONGEST_NOTE:,} characters are the most."})
        row.full_clean(exclude=("project", "by"))
        row.save()
    return row


def gap_blockers(state: Completeness, *, base: str = "", owner: str = "") -> list[Blocker]:
    """Return a blocker for each section with open fields, naming them; `base` is the address of the summary."""
    return [
        Blocker(
            Ready.SUMMARY.value, f"Integration Summary: {_open_words(section.title, section.gaps)}.",
            f"{base}#{section.section.anchor}" if base else "", owner, section.section.slug,
        )
        for section in state.gaps
    ]  # fmt: skip


def _open_words(title: str, gaps: Iterable[Field]) -> str:
    names = [field.title for field in gaps]
    return f"{title} is open" if names == [title] else f"{title} lacks {', '.join(names)}"


def _locked_for(project: Project, by: User) -> Project:
    locked = project.locked()
    if not may_write(locked, by):
        raise NotPermitted([Blocker("not-permitted", f"{by} has no seat on this project, and so writes nothing here.")])
    locked.refuse_if_archived()
    return locked


def _field(key: str) -> Field:
    if key not in BY_KEY:
        raise ValidationError(f"The Integration Summary has no field “{key[:40]}”.")
    return BY_KEY[key]


def _value(field: Field, value: str, row: SummaryEntry) -> str:
    try:
        value = clean(field, value)
    except ValidationError as wrong:
        raise ValidationError({"value": wrong.messages}) from None
    if not value and row.is_open:
        raise ValidationError({"value": NO_VALUE})
    return value


def _reason(reason: str) -> str:
    reason = " ".join(plain(reason).split())
    if not reason:
        raise ValidationError({"reason": NO_REASON})
    if len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": f"{LONGEST_REASON} characters are the most."})
    return reason


def _save(row: SummaryEntry, *, by: User, now: dt.datetime, prefilled: bool) -> SummaryEntry:
    row.by, row.at, row.prefilled = by, now, prefilled
    row.revision += 1
    row.full_clean(exclude=("project", "by"), validate_constraints=False)
    row.save()
    return row


def _tell_if_reopened(project: Project, before: Completeness, *, by: User, now: dt.datetime) -> None:
    if not before.accepted or before.acceptance is None:
        return
    after = completeness(project)
    if after.reopened:
        tell_of_reopening(project, before.acceptance, [each.field.title for each in after.changes], by=by, now=now)
