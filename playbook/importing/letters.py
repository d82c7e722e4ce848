"""Who does what on a step: a cell of letters, four columns, or a column for each role.

Seats are counted by `raci.grammar`, by the playbook's role list; here is what stands around a cell that a person has typed.
Source: domain.md, "Reading an R / A / C / I cell".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from playbook.data import NOBODY, RoleData
from playbook.importing.columns import STEP_COLUMNS, fold
from playbook.importing.raw import RawRow
from playbook.importing.texts import tidy
from playbook.vocabulary import LONGEST_CELL
from raci.grammar import INTEGRATIONS_MANAGER, CellError, RoleCode, parse_cell, parse_letters
from raci.letters import LETTERS, Raci

_NOBODY = {"", "n a", "na", "none", "nobody", "tbd", "tba"}
_BETWEEN = re.compile(r"[/,;&\n]|\band\b")
_LABELLED = re.compile(r"(?:^|[\s,;/|(])([RACI])\s*[:=]\s*")
_CODE_LIKE = re.compile(r"[A-Z][A-Z0-9&]{0,9}(?: I{1,3})?")
_PREFIX = re.compile(r"^(?:role|letters|raci)\s*:\s*", re.I)


@dataclass(slots=True)
class Who:
    """The letters of a step, the cell as it stands in the source, and what was guessed, refused or is to be asked.

    `said`: whether the page has a column of letters at all.
    """

    raci: Raci = NOBODY
    raw: str = ""
    derived: tuple[str, ...] = ()
    said: bool = False
    guesses: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def code_columns(values: Mapping[str, str], roles: Sequence[RoleData]) -> dict[str, str]:
    """Return the columns of a row that hold the letters of one role each: column to code."""
    known = _names(roles)
    found = {}
    for column in values:
        if column in STEP_COLUMNS:
            continue
        heading = _PREFIX.sub("", column).strip()
        code = known.get(fold(heading)) or (heading if _CODE_LIKE.fullmatch(heading) else None)
        if code is not None and _holds_letters(values[column]):
            found[column] = code
    return found


def codes_in_cells(rows: Iterable[RawRow]) -> list[str]:
    """Return the codes that the cells of a page name, in their order: its role list where it has none."""
    codes: dict[str, None] = {}
    for row in rows:
        for column in ("raci", "r", "a", "c", "i"):
            for piece in _BETWEEN.split(row.values.get(column, "")):
                if _CODE_LIKE.fullmatch(tidy(piece)) and len(tidy(piece)) <= 10 and fold(piece) not in _NOBODY:
                    codes[tidy(piece)] = None
    return list(codes)


def who_of(row: RawRow, roles: Sequence[RoleData]) -> Who:
    """Read who does what in a row.

    Args:
        row: the row. roles: the playbook's role list, which decides the number of seats and which codes there are.
    """
    if "unplaced letters" in row.values:
        return _unplaced(row)
    own = code_columns(row.values, roles)
    apart = [letter for letter in LETTERS if letter.lower() in row.values]
    if own and not apart:
        who = _of_role_columns(row, own, roles)
    elif "R" in apart or len(apart) > 1:
        who = _of_four_columns(row, apart, roles)
    elif "raci" in row.values:
        who = _of_cell(row.values["raci"], roles)
    else:
        return Who()
    who.said = True
    if "derived" in row.values:
        who.derived = tuple(letter for letter in LETTERS if letter in re.split(r"\W+", row.values["derived"].upper()))
        who.guesses = [guess for guess in who.guesses if "derived" not in guess]
    return who


def named_alone(text: str, roles: Sequence[RoleData]) -> str:
    """Return the one role of the list whose code a text names, or an empty text where it names none or several."""
    named = {role.code for role in roles if re.search(rf"(?<![\w/]){re.escape(role.code)}(?![\w/])", text)}
    # "IS" stands in "IS II" too: the longer code takes its own places first.
    for code in sorted(named, key=len, reverse=True):
        text = re.sub(rf"(?<![\w/]){re.escape(code)}(?![\w/])", f"<{named and code.replace(' ', '_')}>", text)
    left = {code for code in named if f"<{code.replace(' ', '_')}>" in text}
    return left.pop() if len(left) == 1 else ""


def _unplaced(row: RawRow) -> Who:
    cells = row.values["unplaced letters"]
    said = row.guesses.get("unplaced letters", "some cells are missing")
    question = f"The source's letters could not be placed ({said}): {cells}"
    return Who(
        raw=cells[:LONGEST_CELL],
        said=True,
        refusals=[f"The letters are not taken: {said}: {cells}"],
        questions=[question],
    )


def _holds_letters(cell: str) -> bool:
    return fold(cell) in _NOBODY or bool(re.fullmatch(r"\s*[RACI](?:\s*[/,;&+ \n]\s*[RACI]){0,3}\s*", cell, re.I))


def _of_role_columns(row: RawRow, columns: Mapping[str, str], roles: Sequence[RoleData]) -> Who:
    who = Who(
        raw=" / ".join(f"{code} {tidy(row.values[column])}".strip() for column, code in columns.items())[:LONGEST_CELL]
    )
    listed = {role.code for role in roles}
    held: dict[str, list[str]] = {letter: [] for letter in LETTERS}
    for column, code in columns.items():
        cell = row.values[column]
        if fold(cell) in _NOBODY:
            continue
        try:
            letters = parse_letters("/".join(filter(None, re.split(r"[/,;&+\s]+", cell))))
        except CellError as error:
            _not_read(who, cell, str(error))
            continue
        if code not in listed:
            _not_listed(who, [code], who.raw)
            continue
        for letter in letters:
            held[letter].append(code)
    who.raci = Raci.from_dict(held)
    if who.raci.is_empty and not any(row.values[column].strip() for column in columns):
        who.raw = ""
    return who


def _of_four_columns(row: RawRow, apart: Sequence[str], roles: Sequence[RoleData]) -> Who:
    who = Who()
    known = _names(roles)
    held: dict[str, list[str]] = {letter: [] for letter in LETTERS}
    strange: list[str] = []
    for letter in apart:
        for piece in _BETWEEN.split(row.values[letter.lower()]):
            said = tidy(piece)
            code = known.get(fold(said))
            if code is not None and code not in held[letter]:
                held[letter].append(code)
            elif code is None and fold(said) not in _NOBODY:
                strange.append(said)
    raw = " / ".join(f"{letter} {tidy(row.values[letter.lower()])}".strip() for letter in apart)
    has_any = any(tidy(row.values[letter.lower()]) for letter in apart)
    who.raw = tidy(row.values.get("raci", "")) if "raci" in row.values else raw if has_any else ""
    if strange:
        _not_listed(who, strange, raw)
    if "A" not in apart and held["R"]:
        held["A"] = _accountable(held["R"], roles)
        who.derived = ("A",) if held["A"] else ()
        who.guesses.append(
            f"accountable {held['A'][0]} derived: there is no column A" if held["A"] else "nobody is accountable"
        )
    who.raci = Raci.from_dict(held)
    who.raw = who.raw[:LONGEST_CELL]
    return who


def _accountable(responsible: Sequence[str], roles: Sequence[RoleData]) -> list[str]:
    internal = {role.code for role in roles if role.side == "internal"}
    candidates = [code for code in responsible if code in internal] if len(responsible) > 1 else list(responsible)
    return candidates if len(candidates) == 1 else []


def _of_cell(cell: str, roles: Sequence[RoleData]) -> Who:
    lines = [line for line in map(tidy, cell.splitlines()) if line]
    raw = " / ".join(lines) if len(lines) >= 3 and "/" not in cell else " ".join(lines)
    if fold(raw) in _NOBODY:
        return Who(raw=raw if raw and fold(raw) else "", guesses=[f"“{raw}” was read as nobody"] if raw else [])
    if len(raw) > LONGEST_CELL:
        who = Who(raw=raw[:LONGEST_CELL])
        _not_read(who, raw[:60] + "…", f"{len(raw)} characters; {LONGEST_CELL} is the most")
        return who
    who = Who(raw=raw)
    if _LABELLED.search(raw):
        return _of_labels(who, roles)
    text, strange = _in_codes(who, roles)
    # A code that is not listed sits in its seat while seats are counted, and is taken out of it again.
    seats = [RoleCode(role.code, role.side) for role in roles if _fits(role.code)]  # type: ignore[arg-type]
    guests = [RoleCode(f"?{place}", "partner") for place in range(len(strange))]
    reading = _parsed(who, text, [*seats, *guests])
    if reading is not None:
        taken_out = {guest.code for guest in guests}
        raci, who.derived = reading
        who.raci = Raci(
            **{letter: tuple(code for code in raci.under(letter) if code not in taken_out) for letter in LETTERS}
        )
        if who.derived and who.raci.A:
            who.guesses.append(f"accountable {who.raci.A[0]} derived: the cell has three seats")
        elif not who.raci.A:
            who.derived = ()
    if strange:
        _not_listed(who, strange, raw)
    return who


def _parsed(who: Who, text: str, roles: Sequence[RoleCode]) -> tuple[Raci, tuple[str, ...]] | None:
    try:
        reading = parse_cell(text, roles=roles)
        return reading.raci, reading.derived
    except CellError as error:
        problem = str(error)
    with_four = [
        *roles,
        *([] if any(role.code == INTEGRATIONS_MANAGER for role in roles) else [RoleCode(INTEGRATIONS_MANAGER)]),
    ]
    if "/" not in text:
        # An owner's column: who does it, and nothing else.
        attempt, guess = f"{text} / / /", "the cell names who does it, and no other letter"
    elif problem.startswith(("no single accountable", "no accountable")):
        attempt, guess = text.replace("/", "/ /", 1), ""
    else:
        _not_read(who, who.raw, problem)
        return None
    try:
        raci = parse_cell(attempt, roles=with_four).raci
    except CellError:
        _not_read(who, who.raw, problem)
        return None
    if guess and len(raci.R) == 1:
        who.guesses.append(f"{guess}; accountable {raci.R[0]} derived")
        return Raci(R=raci.R, A=raci.R), ("A",)
    who.refusals.append(f"R / A / C / I “{who.raw}”: {problem}; nobody is made accountable.")
    who.questions.append(f"Nobody is accountable: the source's cell “{who.raw}” does not say who ({problem}).")
    return raci, ()


def _of_labels(who: Who, roles: Sequence[RoleData]) -> Who:
    known = _names(roles)
    held: dict[str, list[str]] = {letter: [] for letter in LETTERS}
    strange: list[str] = []
    pieces = _LABELLED.split(who.raw)
    for letter, named in zip(pieces[1::2], pieces[2::2], strict=True):
        for piece in map(tidy, _BETWEEN.split(named.strip(" ,;/|()"))):
            code = known.get(fold(piece))
            if code is not None and code not in held[letter]:
                held[letter].append(code)
            elif code is None and fold(piece) not in _NOBODY:
                strange.append(piece)
    who.raci = Raci.from_dict(held)
    if strange:
        _not_listed(who, strange, who.raw)
    return who


def _in_codes(who: Who, roles: Sequence[RoleData]) -> tuple[str, list[str]]:
    """Return the cell with every role by its code, and those that are not listed, which stand in it as `?0`, `?1` …"""
    known, listed = _names(roles), {role.code for role in roles}
    strange: list[str] = []
    pieces = re.split(r"([/,])", who.raw.replace(";", ",").replace("&", ",") if "&" not in "".join(listed) else who.raw)
    for place, piece in enumerate(pieces):
        said = tidy(piece)
        if not said or said in ("/", ",") or said in listed:
            continue
        code = known.get(fold(said))
        if fold(said) in _NOBODY:
            pieces[place] = " "
        elif code is not None:
            pieces[place] = f" {code} "
            who.guesses.append(f"“{said}” was read as {code}")
        else:
            if said not in strange:
                strange.append(said)
            pieces[place] = f" ?{strange.index(said)} "
    return "".join(pieces).strip(), strange


def _names(roles: Sequence[RoleData]) -> dict[str, str]:
    """Return each role's code by its code and its name, folded; codes go before names."""
    return {fold(role.name): role.code for role in roles if fold(role.name)} | {
        fold(role.code): role.code for role in roles
    }


def _fits(code: str) -> bool:
    try:
        RoleCode(code)
    except ValueError:
        return False
    return True


def _not_read(who: Who, cell: str, problem: str) -> None:
    who.refusals.append(f"R / A / C / I “{cell}” cannot be read: {problem}.")
    who.questions.append(f"The source's R / A / C / I “{cell}” could not be read: {problem}.")


def _not_listed(who: Who, strange: Sequence[str], cell: str) -> None:
    named = ", ".join(dict.fromkeys(strange))[:300]
    verb = "is" if len(set(strange)) == 1 else "are"
    who.refusals.append(f"{named} {verb} used in R / A / C / I “{cell[:LONGEST_CELL]}” but not in the role list.")
    who.questions.append(
        f"The source's R / A / C / I “{cell[:LONGEST_CELL]}” names {named}, which {verb} not in the role list."
    )
