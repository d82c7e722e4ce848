"""The values of the summary's pages, ready to be written out: no query and no decision is left to a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse

from accounts.models import User
from handoff.models.summary import SummaryAcceptance
from handoff.rights import takes_over
from handoff.summary.completeness import OPEN, Change, Completeness, Said, SectionState, completeness
from handoff.summary.fields import FIELDS, Field, Kind
from handoff.summary.forms import FieldForm
from handoff.summary.mark import PLAYBOOK, STEP, owners_of
from handoff.summary.prefill import Proposal, proposals
from handoff.summary.rights import may_write
from projects.models import Project
from projects.panels import Panel
from transitions.phase import Phase

#: So many acceptances before the last are listed.
EARLIER = 10


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field on the page. The form is there for whoever may write; the proposal where the project knows something."""

    field: Field
    said: Said
    lines: Sequence[str]
    links: bool
    form: FieldForm | None = None
    proposal: Proposal | None = None
    proposed: Sequence[str] = ()

    @property
    def opened(self) -> bool:
        """Whether the form shows from the start: nothing is said yet, or what was sent was refused."""
        return self.said.is_open or self.refused

    @property
    def refused(self) -> bool:
        """Whether what was sent was refused."""
        return bool(self.form and self.form.is_bound)

    @property
    def reason_opened(self) -> bool:
        """Whether the reason shows from the start."""
        return bool(self.form and self.form.is_bound and (self.form["reason"].errors or self.form["reason"].value()))


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One section on the page, with its fields."""

    state: SectionState
    fields: list[FieldRow]

    @property
    def single(self) -> bool:
        """Whether its one field is called as it is: the field then needs no heading above it."""
        return len(self.fields) == 1


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """All that the page shows."""

    state: Completeness
    sections: list[SectionRow]
    tenths: int
    owner: str
    may_write: bool
    takes_over: bool
    known: int
    earlier: list[SummaryAcceptance]
    step_link: str
    base: str
    sees_project: bool

    @property
    def cards(self) -> list[list[SectionRow]]:
        """The sections card by card: those of one field that follow one another share one."""
        grouped = groupby(self.sections, key=lambda section: section.state.section.slug if not section.single else "")
        return [list(sections) for _, sections in grouped]

    @property
    def may_accept(self) -> bool:
        """Whether the person may accept it as it stands."""
        return self.takes_over and self.state.complete and not self.state.accepted

    @property
    def changes(self) -> Sequence[Change]:
        """What differs from what was accepted."""
        return self.state.changes


def summary_page(project: Project, person: User, *, refused: FieldForm | None = None) -> SummaryPage:
    """Return what the page of a summary shows to `person`.

    Args:
        refused: the form of a field that was sent and not taken; it keeps what was typed.
    """
    state, archived = completeness(project), project.is_archived()
    writes = may_write(project, person) and not archived
    gaps = [field for section in state.gaps for field in section.gaps]
    known = proposals(project, gaps) if writes else {}
    fields = [_field(one, state.fields.get(one.key, OPEN), writes, known, refused) for one in FIELDS]
    return SummaryPage(
        state=state,
        sections=[
            SectionRow(one, [row for row in fields if row.field.section == one.section]) for one in state.sections
        ],
        tenths=10 * state.filled // state.total,
        owner=owners_of([project.pk]).get(project.pk, ""),
        may_write=writes,
        takes_over=takes_over(project, person) and not archived,
        known=len(known),
        earlier=_earlier(project, state),
        step_link=step_link(project) if state.complete and not archived else "",
        base=reverse("summary", args=[project.code]),
        sees_project=Project.objects.visible_to(person).filter(pk=project.pk).exists(),
    )


def step_link(project: Project) -> str:
    """Return the address of the step that asks for the summary while it is open; else nothing."""
    step = project.board.by_path.get(STEP)
    return project.step_url(STEP) if step is not None and not step.closed else ""


def _field(
    field: Field, said: Said, writes: bool, known: Mapping[str, Proposal], refused: FieldForm | None
) -> FieldRow:
    links = field.kind is Kind.LINKS
    lines = said.value.splitlines() if links or field.kind is Kind.LIST else [said.value] if said.value else []
    if not writes:
        return FieldRow(field, said, lines, links)
    form = refused if refused is not None and refused.field == field else FieldForm(field, said)
    proposal = known.get(field.key)
    return FieldRow(field, said, lines, links, form, proposal, proposal.value.splitlines() if proposal else ())


def _earlier(project: Project, state: Completeness) -> list[SummaryAcceptance]:
    if state.acceptance is None:
        return []
    before = SummaryAcceptance.objects.filter(project=project, pk__lt=state.acceptance.pk).select_related("by")
    return list(before.order_by("-pk")[:EARLIER])


def project_panel(project: Project, person: User, today: dt.date) -> Panel | None:
    """Give the project's page how far the summary is; two queries. Nothing where the project is not asked for one."""
    if Phase.RELEASE not in project.phases or all(each.playbook != PLAYBOOK for each in project.board.versions):
        return None
    state = completeness(project)
    values: dict[str, Any] = {
        "state": state, "tenths": 10 * state.filled // state.total, "link": reverse("summary", args=[project.code]),
        "step_link": step_link(project) if state.complete and not project.is_archived() else "",
    }  # fmt: skip
    return Panel("handoff/summary/panel.html", values)
