"""Read a playbook from YAML, naming line and key of everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

from accounts.models import Side
from playbook import vocabulary as words
from playbook.data import (
    CHANGE_KEYS,
    DOCUMENT_KEYS,
    PLAYBOOK_KEYS,
    ROLE_KEYS,
    SECTION_KEYS,
    SOURCE_KEYS,
    STEP_KEYS,
    STEP_SOURCE_KEYS,
    ChangeData,
    DocumentData,
    PlaybookData,
    RoleData,
    SectionData,
    StepData,
)
from playbook.nodes import FormatError, Node, Problem, Section, compose
from raci.grammar import CellError, RoleCode, parse_cell
from raci.letters import LETTERS, Raci
from transitions.phase import Phase

SLUG = (words.SLUG_PATTERN, words.SLUG_WORDS)
KEY = (words.KEY_PATTERN, words.KEY_WORDS)
Slugged = TypeVar("Slugged", DocumentData, SectionData)


def parse(text: str) -> PlaybookData:
    """Read a playbook from YAML.

    Source: design.md, "Playbook as code"; cells are read by domain.md's rule where a step gives `raci_source` and no `raci`.

    Args:
        text: the file, at most 2 MiB in UTF-8.

    Raises:
        FormatError: with all problems found, each with its line and key: no YAML, an alias, a key missing, unknown or twice,
            a value of the wrong type or size, a role code, document, section, step key or number twice, a
            letter for a role that is not listed, a need of a step that there is not, a circle of needs, a cell that cannot be
            read.
    """
    _refuse_large(text)
    return of_tree(compose(text))


def of_tree(root: Node) -> PlaybookData:
    """Return the playbook that a tree says: that of a YAML file, or one made of another file's rows.

    Raises:
        FormatError: as `parse`, but for what makes no tree.
    """
    problems: list[Problem] = []
    top = Section(root, problems, known=PLAYBOOK_KEYS, required=("playbook", "title", "kind", "roles", "steps"))
    roles = _roles(top)
    data = PlaybookData(
        playbook=top.text("playbook", words.LONGEST_SLUG, pattern=SLUG),
        title=top.text("title", words.LONGEST_PLAYBOOK_TITLE),
        kind=top.choice("kind", words.PlaybookKind.values, default=words.PlaybookKind.PHASED.value),
        version=top.whole("version", least=1, most=words.LARGEST_NUMBER, default=1),
        source=_source(top, SOURCE_KEYS),
        changes=tuple(_change(node, problems) for node in top.nodes("changes", most=words.MOST_LISTED)),
        open_questions=top.texts("open_questions", words.LONGEST_QUESTION, most=words.MOST_LISTED),
        roles=roles,
        documents=_documents(top),
        steps=_steps(top, roles),
    )
    if problems:
        raise FormatError.of(problems)
    return data


def _refuse_large(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise FormatError(line, "", "holds half a surrogate pair, which is no character") from error
    if size > words.LONGEST_FILE:
        raise FormatError(1, "", f"the file has {size:,} bytes; {words.LONGEST_FILE:,} is the most")


def _source(of: Section, known: tuple[str, ...]) -> dict[str, str]:
    node = of.get("source")
    if node is None:
        return {}
    section = Section(node, of.problems, known=known, under="source")
    return {name: section.text(name, words.LONGEST_TITLE) for name in known if section.get(name) is not None}


def _change(node: Node, problems: list[Problem]) -> ChangeData:
    section = Section(node, problems, known=CHANGE_KEYS, required=("version",), under="changes")
    date = section.text("date", 40) or None
    if date is not None and not is_date(date):
        section.problem("date", f"“{date}” is no date such as 2025-01-31")
    return ChangeData(
        version=section.text("version", 40),
        date=date,
        author=section.text("author", words.LONGEST_TITLE) or None,
        note=section.text("note", words.LONGEST_QUESTION),
    )


def is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _roles(top: Section) -> tuple[RoleData, ...]:
    roles: list[RoleData] = []
    for node in top.nodes("roles", most=words.MOST_ROLES):
        section = Section(node, top.problems, known=ROLE_KEYS, required=("code", "name"), under="roles")
        role = RoleData(
            code=section.text("code", words.LONGEST_CODE),
            name=section.text("name", words.LONGEST_NAME),
            team=section.text("team", words.LONGEST_NAME),
            side=section.choice("side", Side.values, default=Side.INTERNAL.value),
            manages=section.flag("manages"),
            signs_as=section.choice("signs_as", words.SignsAs.values, default=""),
        )
        if role.code and not _can_stand_in_a_cell(role.code):
            section.problem("code", f"“{role.code}” cannot stand in a cell: no slash, no comma, single spaces")
        elif role.code in {other.code for other in roles}:
            section.problem("code", f"“{role.code}” is another role's code already")
        else:
            roles.append(role)
    return tuple(roles)


def _documents(top: Section) -> tuple[DocumentData, ...]:
    found: dict[str, DocumentData] = {}
    for node in top.nodes("documents", most=words.MOST_LISTED):
        section = Section(node, top.problems, known=DOCUMENT_KEYS, required=("slug", "title"), under="documents")
        document = DocumentData(
            slug=section.text("slug", words.LONGEST_SLUG, pattern=SLUG),
            title=section.text("title", words.LONGEST_DOCUMENT),
            mandatory=section.flag("mandatory"),
            live=section.flag("live"),
            sections=_document_sections(section),
        )
        if document.mandatory and document.sections:
            section.problem("mandatory", "a document with sections is mandatory by its sections: say it of each")
        _add_once(found, document, section, "document")
    return tuple(found.values())


def _document_sections(document: Section) -> tuple[SectionData, ...]:
    found: dict[str, SectionData] = {}
    for node in document.nodes("sections", most=words.MOST_LISTED):
        section = Section(node, document.problems, known=SECTION_KEYS, required=("slug", "title"), under="sections")
        part = SectionData(
            slug=section.text("slug", words.LONGEST_SLUG, pattern=SLUG),
            title=section.text("title", words.LONGEST_DOCUMENT),
            mandatory=section.flag("mandatory"),
        )
        _add_once(found, part, section, "section")
    return tuple(found.values())


def _add_once(found: dict[str, Slugged], row: Slugged, section: Section, what: str) -> None:
    if row.slug in found:
        section.problem("slug", f"“{row.slug}” is another {what}'s slug already")
    found.setdefault(row.slug, row)


def _can_stand_in_a_cell(code: str) -> bool:
    try:
        RoleCode(code)
    except ValueError:
        return False
    return True


def _steps(top: Section, roles: Sequence[RoleData]) -> tuple[StepData, ...]:
    sections: list[Section] = []
    steps: list[StepData] = []
    for node in top.nodes("steps", most=words.MOST_STEPS):
        section = Section(node, top.problems, known=STEP_KEYS, required=("key", "number", "phase", "title"))
        sections.append(section)
        steps.append(_step(section, roles))
    _refuse_twice(steps, sections)
    _refuse_wrong_needs(steps, sections)
    # The file's order is the steps' order: it is their numbers'.
    return tuple(sorted(steps, key=lambda step: step.number))


def _step(section: Section, roles: Sequence[RoleData]) -> StepData:
    raci, derived = _raci(section, roles)
    return StepData(
        key=section.text("key", words.LONGEST_KEY, pattern=KEY),
        number=section.whole("number", least=1, most=words.LARGEST_NUMBER, default=0),
        phase=section.choice("phase", Phase.values, default=Phase.DISCOVERY.value),
        category=section.text("category", words.LONGEST_NAME),
        title=section.text("title", words.LONGEST_TITLE),
        guidance=section.text("guidance", words.LONGEST_GUIDANCE, lines=True),
        raci=raci,
        raci_source=section.text("raci_source", words.LONGEST_CELL),
        derived=derived,
        applies=section.choice("applies", words.Applies.values, default=words.Applies.ALWAYS.value),
        approval=section.choice("approval", words.ApprovalKind.values, default=""),
        duration_days=section.whole("duration_days", least=0, most=words.LONGEST_DURATION, default=1),
        needs=section.texts("needs", words.LONGEST_KEY, most=words.MOST_STEPS),
        documents=section.texts("documents", words.LONGEST_DOCUMENT, most=words.MOST_LISTED),
        meeting=section.text("meeting", words.LONGEST_MEETING),
        open_questions=section.texts("open_questions", words.LONGEST_QUESTION, most=words.MOST_LISTED),
        source=_source(section, STEP_SOURCE_KEYS),
    )


def _raci(section: Section, roles: Sequence[RoleData]) -> tuple[Raci, tuple[str, ...]]:
    node = section.get("raci")
    if node is None:
        return _raci_from_cell(section, roles)
    letters = Section(node, section.problems, known=LETTERS, under="raci")
    codes = {letter: letters.texts(letter, words.LONGEST_CODE, most=words.MOST_ROLES) for letter in LETTERS}
    listed = {role.code for role in roles}
    for letter, named in codes.items():
        for code in named:
            if code not in listed:
                letters.problem(letter, f"“{code}” is not in this playbook's role list ({', '.join(sorted(listed))})")
    derived = section.texts("derived", 1, most=len(LETTERS))
    for letter in derived:
        if letter not in LETTERS:
            section.problem("derived", f"“{letter}” is none of {', '.join(LETTERS)}")
    return Raci(**codes), derived


def _raci_from_cell(section: Section, roles: Sequence[RoleData]) -> tuple[Raci, tuple[str, ...]]:
    cell = section.text("raci_source", words.LONGEST_CELL)
    try:
        reading = parse_cell(cell, roles=[RoleCode(role.code, role.side) for role in roles])  # type: ignore[arg-type]
    except CellError as error:
        section.problem("raci_source", f"{error} of “{error.cell}”")
        return Raci(), ()
    return reading.raci, reading.derived


def _refuse_twice(steps: Sequence[StepData], sections: Sequence[Section]) -> None:
    for name in ("key", "number"):
        seen: dict[object, int] = {}
        for step, section in zip(steps, sections, strict=True):
            value = getattr(step, name)
            if value and value in seen:
                section.problem(name, f"{value} is the {name} of the step on line {seen[value]} already")
            seen.setdefault(value, section.line)


def _refuse_wrong_needs(steps: Sequence[StepData], sections: Sequence[Section]) -> None:
    """Refuse a need of a step that is not there. A circle is for lint to find: the draft stands, and is not published."""
    needs = {step.key: step.needs for step in steps}
    section_of = {step.key: section for step, section in zip(steps, sections, strict=True)}
    for step in steps:
        for need in step.needs:
            if need not in needs:
                section_of[step.key].problem("needs", f"there is no step “{need}”")
