"""How far Integration Summaries are: by section, in all, and against what Client Services accepted last.

Everything is asked for any number of projects at once and costs the same few queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q

from handoff.models.summary import SummaryAcceptance, SummaryEntry
from handoff.summary.fields import BY_KEY, FIELDS, SECTIONS, Field, Section
from handoff.summary.values import Snapshot, differences, digest, snapshot
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one field, by whom and when; of a field without a row nothing is."""

    value: str = ""
    not_applicable: bool = False
    reason: str = ""
    prefilled: bool = False
    by: str = ""
    at: dt.datetime | None = None
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Whether nothing is said."""
        return not self.value and not self.not_applicable

    @property
    def words(self) -> str:
        """The value, or `N/A: the reason`; nothing where it is open."""
        return f"N/A: {self.reason}" if self.not_applicable else self.value


OPEN = Said()
_COLUMNS = ("project_id", "key", "value", "not_applicable", "reason", "prefilled", "by__name", "at", "revision")


@dataclass(frozen=True, slots=True)
class SectionState:
    """How far one section is: how many of its fields are filled, how many N/A, and the names of those that are open."""

    section: Section
    filled: int
    na: int
    total: int
    gaps: tuple[Field, ...]

    @property
    def title(self) -> str:
        """The name of the section."""
        return self.section.title

    @property
    def said(self) -> int:
        """How many fields are not open."""
        return self.filled + self.na


@dataclass(frozen=True, slots=True)
class Change:
    """A field that says otherwise than what was accepted: both, and who changed it last, and when."""

    field: Field
    accepted: str
    now: str
    by: str
    at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far one summary is. `acceptance` is the last one; `changes` is what differs from it by now."""

    sections: tuple[SectionState, ...]
    fields: Mapping[str, Said]
    acceptance: SummaryAcceptance | None = None
    changes: tuple[Change, ...] = ()

    @property
    def filled(self) -> int:
        """How many fields are filled or said not to apply."""
        return sum(section.said for section in self.sections)

    @property
    def total(self) -> int:
        """How many fields there are."""
        return len(FIELDS)

    @property
    def complete(self) -> bool:
        """Whether no field is open."""
        return self.filled == self.total

    @property
    def accepted(self) -> bool:
        """Whether it stands as Client Services accepted it."""
        return self.acceptance is not None and not self.changes

    @property
    def reopened(self) -> bool:
        """Whether Client Services accepted it, and it says otherwise by now."""
        return self.acceptance is not None and bool(self.changes)

    @property
    def gaps(self) -> list[SectionState]:
        """The sections in which a field is open."""
        return [section for section in self.sections if section.gaps]

    @property
    def words(self) -> str:
        """`11 of 20`."""
        return f"{self.filled} of {self.total}"

    @property
    def snapshot(self) -> Snapshot:
        """What is said, as it is kept with an acceptance."""
        return _snapshot(self.fields)

    @property
    def digest(self) -> str:
        """The SHA-256 of what is said."""
        return digest(self.snapshot)


def completeness(project: Project) -> Completeness:
    """Return how far the summary of a project is, in two queries (domain.md, Integration Summary)."""
    return completeness_of([project.pk])[project.pk]


def completeness_of(project_ids: Collection[int]) -> dict[int, Completeness]:
    """Return how far the summaries of projects are, by id, in two queries whatever their number."""
    said: dict[int, dict[str, Said]] = {pk: {} for pk in project_ids}
    rows: Any = SummaryEntry.objects.filter(project__in=said, key__in=BY_KEY).order_by()
    for project_id, key, *rest in rows.values_list(*_COLUMNS):
        said[project_id][key] = Said(*rest)
    accepted = _last_acceptances(said)
    return {pk: _judged(fields, accepted.get(pk)) for pk, fields in said.items()}


def complete_ids(project_ids: Collection[int]) -> set[int]:
    """Return the projects of which no field is open, for `projects.settled`; one query, and no value is read."""
    said = SummaryEntry.objects.filter(Q(not_applicable=True) | ~Q(value=""), project__in=project_ids, key__in=BY_KEY)
    counted: Any = said.order_by().values("project").annotate(number=Count("pk")).filter(number=len(FIELDS))
    return set(counted.values_list("project", flat=True))


def summary_rows(project: Project) -> list[tuple[str, str, str, str, dt.datetime | None]]:
    """Return the whole summary for the handoff package: (section, field, value or `N/A: reason`, by, at), in its order.

    A field that is open has an empty value, and neither name nor instant.
    """
    fields = completeness(project).fields
    shown = ((field, fields.get(field.key, OPEN)) for field in FIELDS)
    return [
        (field.section.title, field.title, one.words, "" if one.is_open else one.by, None if one.is_open else one.at)
        for field, one in shown
    ]


def _last_acceptances(project_ids: Collection[int]) -> dict[int, SummaryAcceptance]:
    of: Any = SummaryAcceptance.objects.filter(project__in=project_ids).order_by()
    last = of.values("project").annotate(last=Max("pk")).values("last")
    rows = SummaryAcceptance.objects.filter(pk__in=last).select_related("by")
    return {row.project_id: row for row in rows}


def _snapshot(fields: Mapping[str, Said]) -> Snapshot:
    return snapshot((key, one.value, one.not_applicable, one.reason) for key, one in fields.items())


def _judged(fields: Mapping[str, Said], acceptance: SummaryAcceptance | None) -> Completeness:
    sections = tuple(_section(section, fields) for section in SECTIONS)
    changes: tuple[Change, ...] = ()
    if acceptance is not None and digest(now := _snapshot(fields)) != acceptance.digest:
        changes = tuple(
            Change(field, before, after, (said := fields.get(field.key, OPEN)).by, said.at)
            for field, before, after in differences(acceptance.said, now)
        )
    return Completeness(sections, fields, acceptance, changes)


def _section(section: Section, fields: Mapping[str, Said]) -> SectionState:
    asked = [(field, fields.get(field.key, OPEN)) for field in FIELDS if field.section == section]
    gaps = tuple(field for field, said in asked if said.is_open)
    skipped = sum(said.not_applicable for _, said in asked)
    return SectionState(section, len(asked) - len(gaps) - skipped, skipped, len(asked), gaps)
