"""A page becomes a playbook: rows become steps, and what the page cannot say is taken from the version before.

Pure: no database. Every row of every table, and every text beside them, has a row of the report; whatever was filled in or chosen
says so. Source: domain.md, "Steps" and "Reading an R / A / C / I cell"; issue 7, "Import".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from playbook import vocabulary as words
from playbook.data import NOBODY, PlaybookData, RoleData, StepData
from playbook.importing import meanings
from playbook.importing.columns import fold
from playbook.importing.identity import NOT_ON_PAGE, WHOLE_PAGE, identify
from playbook.importing.letters import named_alone
from playbook.importing.lists import Listed, lists_of
from playbook.importing.raw import ImportRefused, Note, Outcome, Page, ReportRow
from playbook.importing.rows import StepRow, StepRows, words_of
from playbook.importing.texts import tidy
from playbook.order import circle_words, circles
from raci.letters import LETTERS, Raci
from transitions.phase import Phase

Value = TypeVar("Value")
#: Notes of one draft; more are run together. All of them are together as long as a playbook's file at most.
MOST_NOTES = 400
_PAGE_PREFIX = re.compile(r"^[A-Z]{1,2}\d{1,2}\s*[-–—:]\s*")


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What was read out of a page: the playbook, the report, and what fits nowhere."""

    data: PlaybookData
    report: tuple[ReportRow, ...]
    notes: tuple[Note, ...]


def interpret(
    page: Page, *, slug: str, base: PlaybookData | None = None, label: str = "the version before"
) -> Interpreted:
    """Read a playbook out of a page.

    Args:
        page: the page.
        slug: the playbook's.
        base: its newest version, which fills in what a page cannot say: durations, order, documents, decisions, meetings, what
            roles may do; letters, phases and categories where the page has no column of them. None where there is no version.
        label: what that version is called in the report ("version 3").

    Raises:
        ImportRefused: no step, or more rows than a playbook has steps.
    """
    return _Interpreter(page, slug, base, label).result()


def title_of(page: Page) -> str:
    """Return what a page is called without the number that some pages begin with ("P2 - Integration")."""
    return _PAGE_PREFIX.sub("", tidy(page.title))


class _Interpreter:
    def __init__(self, page: Page, slug: str, base: PlaybookData | None, label: str) -> None:
        self.page, self.slug, self.base, self.label = page, slug, base, label
        self.report: list[ReportRow] = list(page.told)
        self.filled: dict[str, list[int]] = {}

    def result(self) -> Interpreted:
        rows = self.page.rows("steps")
        if not rows:
            raise ImportRefused([_no_table(self.page)])
        filled = [row for row in rows if any(map(str.strip, row.values.values()))]
        if len(filled) > words.MOST_STEPS * 2:
            raise ImportRefused([_too_many(filled[words.MOST_STEPS].where, len(filled))])
        lists = lists_of(self.page, self.base, self.label)
        reader = StepRows(lists.roles, self.page.title)
        reader.read(rows)
        if not reader.steps:
            raise ImportRefused([_no_table(self.page)])
        if len(reader.steps) > words.MOST_STEPS:
            raise ImportRefused([_too_many(reader.steps[words.MOST_STEPS].row.where, len(reader.steps))])
        self.report += [*lists.report, *reader.report]
        self._tables()
        data = self._playbook(lists, reader)
        notes = _fitting([*self.page.notes, *reader.notes])
        self.report += [ReportRow(note.where, "kept", tidy(note.text)[:300]) for note in notes]
        return Interpreted(data, tuple(self.report), notes)

    def _tables(self) -> None:
        tables = [table for table in self.page.tables if table.kind == "steps" and table.rows]
        if len(tables) > 1:
            places = ", ".join(table.where for table in tables)
            text = f"The page has {len(tables)} tables of steps ({places}): they were taken one after the other."
            self.report.append(ReportRow(WHOLE_PAGE, "guessed", text))

    # -- the whole

    def _playbook(self, lists: Listed, reader: StepRows) -> PlaybookData:
        title = self._title(lists.fields)
        steps = self._steps(reader, lists.roles)
        questions = [*(self.base.open_questions if self.base else ()), *lists.questions]
        if "open questions" in lists.fields:
            questions = list(map(tidy, lists.fields["open questions"].splitlines()))
        kept = list(dict.fromkeys(question[: words.LONGEST_QUESTION] for question in questions if question))[
            : words.MOST_LISTED
        ]
        source = {"file": self.page.file, "page": self.page.page}
        version = lists.fields.get("version", "")
        for name in source:
            if lists.fields.get(f"source {name}"):
                source[name] = lists.fields[f"source {name}"]
        return PlaybookData(
            playbook=self.slug,
            title=title,
            kind=self._kind(lists.fields, steps),
            version=int(version) if re.fullmatch(r"[1-9]\d{0,3}", version) else 1,
            source={name: tidy(text)[: words.LONGEST_TITLE] for name, text in source.items() if text},
            changes=lists.changes,
            open_questions=tuple(kept),
            roles=lists.roles,
            documents=lists.documents,
            steps=steps,
        )

    def _title(self, fields: Mapping[str, str]) -> str:
        own = tidy(fields.get("title", ""))[: words.LONGEST_PLAYBOOK_TITLE]
        if own:
            return own
        said = title_of(self.page)[: words.LONGEST_PLAYBOOK_TITLE]
        if self.base is not None:
            if said and fold(said) != fold(self.base.title):
                text = (
                    f"The page is called “{said}”; the playbook keeps its title “{self.base.title}”, from {self.label}."
                )
                self.report.append(ReportRow(WHOLE_PAGE, "guessed", text))
            return self.base.title
        if said:
            return said
        self.report.append(
            ReportRow(WHOLE_PAGE, "guessed", f"The page has no title: it was made of the slug “{self.slug}”.")
        )
        return self.slug.replace("-", " ").capitalize()

    def _kind(self, fields: Mapping[str, str], steps: Sequence[StepData]) -> str:
        said = fields.get("kind", "").strip().casefold()
        if said in words.PlaybookKind.values:
            return said
        if self.base is not None:
            return self.base.kind
        phased = any(step.phase != Phase.DISCOVERY for step in steps) or "phase" in self.page.rows("steps")[0].values
        kind = words.PlaybookKind.PHASED if phased else words.PlaybookKind.CHECKLIST
        self.report.append(
            ReportRow(WHOLE_PAGE, "guessed", f"The playbook is taken to be {kind.label.lower()}: a page does not say.")
        )
        return kind.value

    # -- steps

    def _steps(self, reader: StepRows, roles: Sequence[RoleData]) -> tuple[StepData, ...]:
        rows = reader.steps
        named = any(row.values.get("key") for row in self.page.rows("steps"))
        who = identify(rows, self.base, self.label, named=named, page_phase=reader.page_phase)
        before, kept, taken = who.before, who.kept, who.keys
        self.report += who.report
        phase = reader.page_phase
        steps: list[StepData] = []
        for place, row in enumerate(rows):
            old = before.get(place)
            phase = self._phase(row, old, phase)
            steps.append(self._step(row, taken[place], old, phase, roles))
        steps += [self._kept_step(step, roles) for step in kept]
        steps = self._resolved(steps, rows)
        told = {step.key: step for step in steps}
        self.report += [line for place, row in enumerate(rows) for line in _row_report(row, told[taken[place]])]
        for step in kept:
            text = f"“{step.title}” is no row of a page: it stays as {self.label} has it."
            self.report.append(ReportRow(NOT_ON_PAGE, "guessed", text, step.key, told[step.key].number))
        self._dropped(before, kept)
        self._fillings(len(rows))
        return tuple(sorted(steps, key=lambda step: step.number))

    def _phase(self, row: StepRow, old: StepData | None, last: str | None) -> str:
        if row.phase is not None:
            return row.phase
        if old is not None:
            row.guesses.append(f"phase {words_of(old.phase)} taken from {self.label}: the page does not say")
            return old.phase
        if last is not None:
            row.guesses.append(f"the page does not say the phase: {words_of(last)} by its title or the row above")
            return last
        row.guesses.append(f"the page does not say the phase: {Phase.DISCOVERY.label}")
        row.holes.append("The source gives no phase for this step.")
        return Phase.DISCOVERY.value

    def _step(self, row: StepRow, key: str, old: StepData | None, phase: str, roles: Sequence[RoleData]) -> StepData:
        assert row.number is not None
        category = row.category
        if category is None:
            category = old.category if old else ""
            if category:
                row.guesses.append(f"category “{category}” taken from {self.label}: the page does not say")
        self._letters(row, old, roles)
        plain = StepData(key, row.number, phase, row.title)  # the defaults
        source = {"file": self.page.file, "page": self.page.page, "row": row.row.where}
        if row.source is not None:
            source = row.source
        return StepData(
            key=key,
            number=row.number,
            phase=phase,
            title=row.title,
            category=category,
            guidance=row.guidance,
            raci=row.who.raci,
            raci_source=row.who.raw,
            derived=row.who.derived,
            applies=self._applies(row, old),
            approval=self._approval(row, old),
            duration_days=self._of("durations", row, row.duration_days, old.duration_days if old else None, plain.duration_days),
            needs=self._of("needs", row, row.needs, old.needs if old else None, ()),
            documents=self._of("documents", row, row.documents, old.documents if old else None, ()),
            meeting=self._of("meetings", row, row.meeting, old.meeting if old else None, ""),
            open_questions=tuple(self._questions(row, old)),
            source={} if row.is_own and row.source is None and "source" in row.row.values else {
                name: text[: words.LONGEST_TITLE] for name, text in source.items() if text
            },
        )  # fmt: skip

    def _letters(self, row: StepRow, old: StepData | None, roles: Sequence[RoleData]) -> None:
        who = row.who
        if who.said:
            if who.raci.is_empty and not who.raw and old is None and not row.is_own:
                row.holes.append("The source gives no R / A / C / I for this step.")
            return
        if old is not None:
            listed = {role.code for role in roles}
            who.raci = Raci(
                **{letter: tuple(code for code in old.raci.under(letter) if code in listed) for letter in LETTERS}
            )
            who.raw, who.derived = old.raci_source, old.derived
            if not who.raci.is_empty:
                row.guesses.append(f"R / A / C / I taken from {self.label}: the page has no column of letters")
            return
        code = named_alone(row.title + "\n" + row.guidance, roles)
        if code:
            who.raci, who.derived = Raci(R=(code,), A=(code,)), ("R", "A")
            row.guesses.append(f"R and A {code}: the page has no column of letters, and its text names nobody else")
        row.holes.append(
            "The source gives no R / A / C / I"
            + (f"; {code} is our reading of its text." if code else " for this step.")
        )

    def _applies(self, row: StepRow, old: StepData | None) -> str:
        if row.applies is not None:
            return row.applies
        if old is None or old.applies == words.Applies.ALWAYS:
            return words.Applies.ALWAYS.value
        if old.source.get("row") and meanings.applies_by(old.title, old.guidance) is not None:
            # The page said it once, and does not any more.
            return words.Applies.ALWAYS.value
        row.guesses.append(f"“{words.Applies(old.applies).label}” taken from {self.label}: the page does not say")
        return old.applies

    def _approval(self, row: StepRow, old: StepData | None) -> str:
        if row.approval is not None:
            return row.approval
        if old is not None:
            return self._of("decisions", row, None, old.approval, "")
        said = meanings.approval_by(row.title)
        if said:
            row.guesses.append(f"it ends in the decision “{words.ApprovalKind(said).label}”, by its title")
        return said

    def _of(self, what: str, row: StepRow, said: Value | None, before: Value | None, default: Value) -> Value:
        """Return what the page says, else what the version before says (noted in `filled`), else the default."""
        if said is not None:
            return said
        if before is None:
            if what == "durations":
                self.filled.setdefault("assumed", []).append(row.number or 0)
            return default
        if before != default or what == "durations":
            self.filled.setdefault(what, []).append(row.number or 0)
        return before

    def _questions(self, row: StepRow, old: StepData | None) -> list[str]:
        if row.questions is not None:
            return row.questions
        before = list(old.open_questions) if old else []
        # What was asked of the same hole before stands in the words that somebody gave it.
        new = [hole for hole in row.holes if not before or not _asked(hole, before)]
        return list(dict.fromkeys(question[: words.LONGEST_QUESTION].strip() for question in [*before, *new]))[
            : words.MOST_LISTED
        ]

    def _kept_step(self, step: StepData, roles: Sequence[RoleData]) -> StepData:
        listed = {role.code for role in roles}
        raci = Raci(**{letter: tuple(code for code in step.raci.under(letter) if code in listed) for letter in LETTERS})
        return replace(step, raci=raci if step.raci != NOBODY else step.raci)

    def _resolved(self, steps: Sequence[StepData], rows: Sequence[StepRow]) -> list[StepData]:
        """Let needs name keys: a page names numbers or titles. What names no step is refused; a circle is left to lint."""
        row_of = dict(zip((step.key for step in steps), rows, strict=False))
        by_number = {str(step.number): step.key for step in steps}
        by_title: dict[str, str] = {}
        for step in steps:
            by_title.setdefault(fold(step.title), step.key)
        known = {step.key for step in steps}
        resolved = []
        for step in steps:
            row = row_of.get(step.key)
            needs: list[str] = []
            for said in step.needs:
                found = (
                    [said] if said in known else [by_number[said]] if said in by_number else _spanned(said, by_number)
                )
                found = found or ([by_title[fold(said)]] if fold(said) in by_title else [])
                if not found and row is not None and row.needs is not None:
                    row.refusals.append(f"It needs “{said[:100]}”, and there is no such step: not taken.")
                    row.holes.append(f"The source says that it needs “{said[:100]}”, which is no step.")
                elif not found and row is not None:
                    row.guesses.append(f"it needed {said} in {self.label}, which is no step any more")
                needs += [key for key in found if key not in needs]
            questions = step.open_questions
            if row is not None and row.questions is None:
                new = [hole for hole in row.holes if hole.startswith("The source says that it needs")]
                questions = tuple(dict.fromkeys([*questions, *new]))[: words.MOST_LISTED]
            resolved.append(replace(step, needs=tuple(needs), open_questions=questions))
        for circle in circles({step.key: step.needs for step in resolved}):
            row = row_of.get(circle[0])
            if row is not None:
                row.refusals.append(
                    f"These steps wait for one another for ever: {circle_words(circle)}. Publishing refuses it."
                )
        return resolved

    # -- what the report says of the whole

    def _dropped(self, before: Mapping[int, StepData], kept: Sequence[StepData]) -> None:
        if self.base is None:
            return
        here = {step.key for step in (*before.values(), *kept)}
        for step in self.base.steps:
            if step.key not in here:
                text = f"“{step.title}” is in {self.label} and not on the page any more: left out."
                self.report.append(ReportRow(NOT_ON_PAGE, "guessed", text, step.key, step.number))

    def _fillings(self, count: int) -> None:
        assumed = self.filled.pop("assumed", [])
        for what, numbers in self.filled.items():
            text = (
                f"The {what} of {_steps_of(numbers, count)} were taken from {self.label}: the page does not say them."
            )
            self.report.append(ReportRow(WHOLE_PAGE, "guessed", text))
        if assumed:
            text = f"The durations of {_steps_of(assumed, count)} are set to one day: the page does not say them."
            self.report.append(ReportRow(WHOLE_PAGE, "guessed", text))


def _row_report(row: StepRow, step: StepData) -> Iterator[ReportRow]:
    outcome: Outcome = "guessed" if row.guesses else "read"
    text = f"{'; '.join(row.guesses)}." if row.guesses else f"“{step.title}”."
    yield ReportRow(row.row.where, outcome, f"{text[:1].upper()}{text[1:]}", step.key, step.number)
    for refusal in row.refusals:
        yield ReportRow(row.row.where, "refused", refusal, step.key, step.number)


def _asked(hole: str, before: Sequence[str]) -> bool:
    """Whether a question of the version before asks about the same kind of hole."""
    said = " ".join(before).casefold()
    if "blank" in hole:
        return "blank" in said
    if hole.startswith("The source gives no R / A / C / I"):
        return "no r / a / c / i" in said
    return hole in before


def _spanned(said: str, by_number: Mapping[str, str]) -> list[str]:
    """Return the steps of "4 to 8" or "4-8"."""
    span = re.fullmatch(r"(?:steps? )?(\d{1,4})(?: ?(?:-|–|to) ?(\d{1,4}))?", said, re.I)
    if not span:
        return []
    first, last = int(span[1]), int(span[2] or span[1])
    wanted = [str(number) for number in range(first, min(last, first + words.MOST_STEPS) + 1)]
    found = [by_number[number] for number in wanted if number in by_number]
    return found if len(found) == len(wanted) else []


def _steps_of(numbers: Sequence[int], count: int) -> str:
    if len(numbers) == count:
        return f"all {count} steps" if count > 1 else "the step"
    shown = ", ".join(map(str, numbers[:30]))
    more = f" and {len(numbers) - 30} more" if len(numbers) > 30 else ""
    return f"step{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _no_table(page: Page) -> str:
    if any(table.kind == "steps" for table in page.tables):
        return f"“{page.file}”: there is a table of steps, and no row below its headings that could be told from the others."
    kinds = sorted({table.kind for table in page.tables})
    found = f" There are tables of {', '.join(kinds)}." if kinds else ""
    return (
        f"“{page.file}”: there is no table of steps. One has a heading row with a column for the title (Step, Task) and others "
        f"such as Phase, Category, Description, R / A / C / I or Required?, and rows below it.{found}"
    )


def _too_many(where: str, count: int) -> str:
    return f"{where}: the table has {count:,} rows; {words.MOST_STEPS} steps is the most."


def _fitting(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the notes as a draft keeps them: none blank, not too many.

    Raises:
        ImportRefused: they are longer than any playbook is.
    """
    filled = [note for note in notes if note.text.strip()]
    if sum(len(note.text) for note in filled) > words.LONGEST_FILE:
        raise ImportRefused(
            ["The text around the tables is longer than any playbook: import the page of the table alone."]
        )
    size = -(-len(filled) // MOST_NOTES) or 1
    if size == 1:
        return tuple(filled)
    groups = [filled[at : at + size] for at in range(0, len(filled), size)]
    return tuple(
        Note(
            f"{group[0].where} to {group[-1].where}" if len(group) > 1 else group[0].where,
            "\n".join(note.text for note in group),
        )
        for group in groups
    )
