"""The demo's documents: written as the steps that write them are done, each at another point of its way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from projects.board import R
from projects.documents import add_version, move_section, set_visible
from projects.models import Project
from projects.outline import may_approve, may_write
from transitions.gates import SectionFacts
from transitions.section import SectionState
from transitions.step import StepStatus

#: The smallest file that is a PDF and opens.
A_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 120]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 57>>stream\nBT /F 14 Tf 20 60 Td (Solution design, demo copy.) Tj ET \nendstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
#: Where the linked ones lie, which is nowhere.
PLACE = "https://pages.example.org"
SHOWN = "solution-design-document"


def write(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Write what done steps should have written: all of it before a gate, and most of it in the phase that is under way."""
    done = {step.path for step in project.board.steps if step.status == StepStatus.DONE}
    luck = sum(map(ord, project.code))
    for place, section in enumerate(project.section_facts):
        turn = (place + luck) % 5
        if section.state == SectionState.EMPTY and done & set(section.steps) and (leaving or turn != 4):
            _write_one(project, section, people, now, turn)


def _write_one(
    project: Project, section: SectionFacts, people: Mapping[str, User], now: dt.datetime, turn: int
) -> None:
    slug, _, part = section.key.partition("/")
    writer = _writer(project, section, people)
    if part and turn == 3:
        note = "The biller has none of this."
        move_section(project, slug, part, "skip_section", by=writer, note=note, now=now)
        return
    if slug == SHOWN:
        upload = SimpleUploadedFile(f"{project.code} solution design.pdf", A_PDF)
        add_version(project, slug, by=writer, upload=upload, label="For the review", now=now)
        set_visible(project, slug, True, by=writer)
    else:
        link = f"{PLACE}/{project.code.lower()}/{slug}" + (f"#{part}" if part else "")
        add_version(project, slug, by=writer, section=part, link=link, now=now)
    if turn in {1, 2}:
        move_section(project, slug, part, "hand_in_section", by=writer, now=now)
    approver = next((one for one in people.values() if may_approve(project.board, slug, one, part)), None)
    if turn == 2 and approver is not None:
        move_section(project, slug, part, "approve_section", by=approver, now=now)


def _writer(project: Project, section: SectionFacts, people: Mapping[str, User]) -> User:
    """Return R of the first step that writes it, or whoever else may: who runs the project, or the administrator."""
    slug, _, part = section.key.partition("/")
    board = project.board
    first = [someone.id for path in section.steps for someone in board.people(board.by_path[path], R)]
    may = [one for one in people.values() if may_write(board, slug, one, part)]
    return min(may, key=lambda one: first.index(one.pk) if one.pk in first else len(first))
