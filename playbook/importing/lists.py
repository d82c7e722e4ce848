"""What a page lists beside its steps: roles, the change log, documents, and the playbook itself."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import Side
from playbook import vocabulary as words
from playbook.data import ChangeData, DocumentData, PlaybookData, RoleData, SectionData
from playbook.importing import meanings
from playbook.importing.columns import fold
from playbook.importing.letters import code_columns, codes_in_cells
from playbook.importing.raw import ImportRefused, Page, RawRow, ReportRow
from playbook.importing.texts import tidy
from raci.grammar import RoleCode

_CODE_IN_NAME = re.compile(r"\(([^()]{1,10})\)\s*$")
_ROMAN = re.compile(r"I{1,3}|IV|V")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YES = {"yes", "y", "true", "x", "1", "✓"}


@dataclass(slots=True)
class Listed:
    """What was read of the lists, with the report of each row and what is to be asked of the whole playbook."""

    roles: tuple[RoleData, ...] = ()
    changes: tuple[ChangeData, ...] = ()
    documents: tuple[DocumentData, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    report: list[ReportRow] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def lists_of(page: Page, base: PlaybookData | None, label: str) -> Listed:
    """Read all lists of a page.

    Args:
        page: the page. base: the version that fills in what it cannot say, if there is one. label: what that is called.

    Raises:
        ImportRefused: more entries than a playbook has.
    """
    found = Listed()
    _fields(page, found)
    _roles(page, base, label, found)
    _changes(page, base, found)
    _documents(page, base, label, found)
    return found


def _fields(page: Page, found: Listed) -> None:
    for row in page.rows("playbook"):
        name = fold(row.values.get("field", ""))
        if not name:
            found.report.append(ReportRow(row.where, "read", "A blank row: nothing to read."))
            continue
        value = row.values.get("value", "").strip()
        found.fields[name] = "\n".join(filter(None, [found.fields.get(name, ""), value]))
        found.report.append(ReportRow(row.where, "read", f"{row.values['field']}: {tidy(value)[:200]}"))


# -- roles


def _roles(page: Page, base: PlaybookData | None, label: str, found: Listed) -> None:
    rows = page.rows("roles")
    before = {role.code: role for role in base.roles} if base else {}
    if len(rows) > words.MOST_ROLES * 2:
        raise ImportRefused([f"The list of roles has {len(rows):,} rows; {words.MOST_ROLES} is the most."])
    roles: dict[str, RoleData] = {}
    numbers: list[int] = []
    for row in rows:
        if not any(map(str.strip, row.values.values())):
            found.report.append(ReportRow(row.where, "read", "A blank row: nothing to read."))
            continue
        role, guesses, problem = _role(row, before)
        if role is None or role.code in roles:
            problem = (
                problem or f"The code {role.code if role else ''} is another role's already: the role is left out."
            )
            found.report.append(ReportRow(row.where, "refused", problem))
            continue
        roles[role.code] = role
        if row.values.get("number", "").isdigit():
            numbers.append(int(row.values["number"]))
        said = f"Role {role.code}, {role.name}"
        outcome = "guessed" if guesses else "read"
        found.report.append(ReportRow(row.where, outcome, f"{said}: {'; '.join(guesses)}." if guesses else f"{said}."))  # type: ignore[arg-type]
    if roles:
        for code in [code for code in before if code not in roles]:
            found.report.append(
                ReportRow("the list of roles", "guessed", f"{code} is in {label} and not on the page: left out.")
            )
        missing = [str(number) for last, here in itertools.pairwise(numbers) for number in range(last + 1, here)][:20]
        if missing and base is None:
            noun = "number" if len(missing) == 1 else "numbers"
            found.questions.append(f"Role {noun} {', '.join(missing)} missing from the source's role list.")
    else:
        roles = _roles_elsewhere(page, before, label, found)
    if len(roles) > words.MOST_ROLES:
        raise ImportRefused([f"The list of roles has {len(roles)} roles; {words.MOST_ROLES} is the most."])
    found.roles = tuple(roles.values())


def _roles_elsewhere(page: Page, before: Mapping[str, RoleData], label: str, found: Listed) -> dict[str, RoleData]:
    """The page has no list of roles: take the version's, and those that its columns or cells name."""
    roles = dict(before)
    if before:
        text = f"The page has no list of roles: {', '.join(before)} were taken from {label}."
        found.report.append(ReportRow("the whole page", "guessed", text))
    steps = page.rows("steps")
    named = list(
        dict.fromkeys(code for row in steps[:50] for code in code_columns(row.values, list(before.values())).values())
    )
    if not before and not named:
        named = codes_in_cells(steps)
    new = [code for code in named if code not in roles and is_code(code)]
    for code in new:
        roles[code] = RoleData(code, code, manages=code in ("PM", "IM"))
    if new:
        text = f"The page has no list of roles: {', '.join(new)} were taken from its cells, and need a name and a team."
        found.report.append(ReportRow("the whole page", "guessed", text))
        found.questions.append(f"The source does not spell out {', '.join(new)}."[: words.LONGEST_QUESTION])
    return roles


def is_code(code: str) -> bool:
    """Whether a text can be a role's code."""
    try:
        RoleCode(code)
    except ValueError:
        return False
    return len(code) <= words.LONGEST_CODE


def _role(row: RawRow, before: Mapping[str, RoleData]) -> tuple[RoleData | None, list[str], str]:
    guesses = [f"{column}: {why}" for column, why in row.guesses.items()]
    name, code = tidy(row.values.get("name", "")), tidy(row.values.get("code", ""))
    inside = _CODE_IN_NAME.search(name)
    if not code and inside:
        outside = name[: inside.span()[0]].strip()
        code, name = (
            (outside, inside[1])
            if re.fullmatch(r"[A-Z]{1,5}", outside) and not inside[1].isupper()
            else (inside[1], outside)
        )
        code = tidy(code)
    if not name and not code:
        return None, [], "A role without a name: left out."
    if not code:
        code = next((role.code for role in before.values() if fold(role.name) == fold(name)), "")
        guesses.append(
            f"the code {code} is the one of that name before"
            if code
            else f"no code on the page; {_initials(name)} stands for it"
        )
        code = code or _initials(name)
    if not is_code(code):
        return (
            None,
            [],
            f"“{code}” cannot be a role's code: at most {words.LONGEST_CODE} characters, no slash and no comma. Left out.",
        )
    known = before.get(code)
    team = tidy(row.values.get("team", ""))
    if len(name) > words.LONGEST_NAME or len(team) > words.LONGEST_NAME:
        guesses.append(f"cut at {words.LONGEST_NAME} characters")
        name, team = name[: words.LONGEST_NAME].strip(), team[: words.LONGEST_NAME].strip()
    side = fold(row.values.get("side", ""))
    if side not in Side.values:
        if side:
            guesses.append(f"“{side}” is no side")
        side = known.side if known else meanings.side_of(team, name)
        if side != Side.INTERNAL or not known:
            guesses.append(f"side {side}" + (" as before" if known else f" by the team “{team}”" if team else ""))
    if "manages" in row.values:
        manages = _is_yes(row.values["manages"])
    else:
        manages = known.manages if known else meanings.runs_the_project(name)
    signs = fold(row.values.get("signs_as", "")).replace(" ", "_")
    if "signs_as" not in row.values or (signs and signs not in words.SignsAs.values):
        signs = known.signs_as if known else meanings.signs_as(name, side)
    if not known and "manages" not in row.values and (manages or signs):
        guesses.append("runs the project" if manages else f"signs as {words.SignsAs(signs).label.lower()}")
    if side == Side.INTERNAL and not known and "side" not in row.values:
        guesses = [guess for guess in guesses if not guess.startswith("side ")]
    return RoleData(code, name or code, team, side, manages, signs), guesses, ""


def _initials(name: str) -> str:
    said = re.findall(r"[^\W_]+", name)
    tail = f" {said.pop()}" if len(said) > 1 and _ROMAN.fullmatch(said[-1]) else ""
    letters = "".join(
        word[0].upper() for word in said if word[0].isalnum() and word.casefold() not in ("of", "and", "for", "the")
    )
    return f"{letters or 'X'}{tail}"[: words.LONGEST_CODE].strip()


def _is_yes(cell: str) -> bool:
    return fold(cell) in _YES or cell.strip() == "✓"


# -- the change log


def _changes(page: Page, base: PlaybookData | None, found: Listed) -> None:
    if not any(table.kind == "changes" for table in page.tables):
        found.changes = base.changes if base else ()
        if found.changes:
            found.report.append(
                ReportRow("the whole page", "guessed", "The page has no change log: the one before was taken.")
            )
        return
    rows = page.rows("changes")
    if len(rows) > words.MOST_LISTED:
        raise ImportRefused([f"The change log has {len(rows):,} entries; {words.MOST_LISTED} is the most."])
    known = {change.version for change in base.changes} if base else set()
    changes = []
    for place, row in enumerate(rows, 1):
        if not any(map(str.strip, row.values.values())):
            found.report.append(ReportRow(row.where, "read", "A blank row: nothing to read."))
            continue
        change, guesses, question = _change(row, place)
        changes.append(change)
        if question and change.version not in known:
            found.questions.append(question)
        outcome = "guessed" if guesses else "read"
        said = f"Change log entry {change.version}"
        found.report.append(ReportRow(row.where, outcome, f"{said}: {'; '.join(guesses)}." if guesses else f"{said}."))  # type: ignore[arg-type]
    found.changes = tuple(changes)


def _change(row: RawRow, place: int) -> tuple[ChangeData, list[str], str]:
    guesses = [f"{column}: {why}" for column, why in row.guesses.items()]
    said = tidy(row.values.get("date", ""))[:40]
    date = date_of(said)
    author = tidy(row.values.get("author", ""))
    if re.fullmatch(r"(?:[\w ]+: ?)?\((?:author|name|withheld)\)", author, re.I):
        author = ""
        guesses.append("the author's name is struck out")
    version = tidy(row.values.get("version", ""))[:40]
    if not version:
        version = str(place)
        guesses.append("no version on the page: its place stands for it")
    note = tidy(row.values.get("note", ""))
    question = ""
    if said and date is None:
        why = "has a month and no day" if re.fullmatch(r"[A-Za-z]+\.? \d{4}", said) else "is no possible date"
        note = f"{note} (the source dates it {said})".strip()
        guesses.append(f"“{said}” {why}")
        question = f"Change log entry {version} is dated {said} in the source, which {why}."
    if len(note) > words.LONGEST_QUESTION:
        note = note[: words.LONGEST_QUESTION].strip()
        guesses.append(f"cut at {words.LONGEST_QUESTION} characters")
    return ChangeData(version, date, author[: words.LONGEST_TITLE] or None, note), guesses, question


def date_of(text: str) -> str | None:
    """Return the ISO date that a text gives (month before day, as the sources write), or None where it gives no whole one."""
    said = text.strip().casefold()
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t].*)?", said):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", said):
        month, day, year = map(int, found.groups())
        if month > 12:
            month, day = day, month
    elif found := re.fullmatch(r"([a-z]{3,9})\.? (\d{1,2}),? (\d{4})", said):
        month, day, year = _month(found[1]), int(found[2]), int(found[3])
    elif found := re.fullmatch(r"(\d{1,2})\.? ([a-z]{3,9})\.?,? (\d{4})", said):
        day, month, year = int(found[1]), _month(found[2]), int(found[3])
    else:
        return None
    try:
        return dt.date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return None


def _month(word: str) -> int:
    return _MONTHS.index(word[:3]) + 1 if word[:3] in _MONTHS else 0


# -- documents


def _documents(page: Page, base: PlaybookData | None, label: str, found: Listed) -> None:
    if not any(table.kind == "documents" for table in page.tables):
        found.documents = base.documents if base else ()
        if found.documents:
            text = f"The page lists no documents: {len(found.documents)} were taken from {label}."
            found.report.append(ReportRow("the whole page", "guessed", text))
        return
    documents: dict[str, DocumentData] = {}
    for row in page.rows("documents"):
        problem = _document(row, documents)
        slug = row.values.get("slug", "")
        found.report.append(ReportRow(row.where, "refused" if problem else "read", problem or f"Document {slug}."))
    found.documents = tuple(documents.values())


def _document(row: RawRow, documents: dict[str, DocumentData]) -> str:
    slug, title = tidy(row.values.get("slug", "")), tidy(row.values.get("title", ""))
    if not words.SLUG_PATTERN.fullmatch(slug) or len(slug) > words.LONGEST_SLUG:
        return f"“{slug[:80]}” cannot be a document's slug: use {words.SLUG_WORDS}. Left out."
    if slug not in documents:
        if len(documents) >= words.MOST_LISTED:
            return f"More than {words.MOST_LISTED} documents: left out."
        if not title or len(title) > words.LONGEST_DOCUMENT:
            return f"A document has a title of at most {words.LONGEST_DOCUMENT} characters: left out."
        documents[slug] = DocumentData(
            slug, title, _is_yes(row.values.get("mandatory", "")), _is_yes(row.values.get("live", ""))
        )
    section = tidy(row.values.get("section", ""))
    if not section:
        return ""
    name = tidy(row.values.get("section_title", "")) or section
    document = documents[slug]
    if (
        not words.SLUG_PATTERN.fullmatch(section)
        or len(section) > words.LONGEST_SLUG
        or len(name) > words.LONGEST_DOCUMENT
    ):
        return f"“{section[:80]}” cannot be a section's slug: use {words.SLUG_WORDS}. Left out."
    if section in {one.slug for one in document.sections} or len(document.sections) >= words.MOST_LISTED:
        return f"“{section}” is a section of that document already, or one too many: left out."
    part = SectionData(section, name, _is_yes(row.values.get("section_mandatory", "")))
    documents[slug] = DocumentData(slug, document.title, False, document.live, (*document.sections, part))
    return ""


def pieces_of(cell: str) -> Sequence[str]:
    """Return the entries of a cell that lists several, parted by lines, semicolons or commas."""
    return list(dict.fromkeys(filter(None, map(tidy, re.split(r"[,;\n]", cell)))))
