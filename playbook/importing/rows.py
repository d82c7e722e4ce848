"""Read the rows of step tables one by one: what each cell says, what it leaves open, and why something else stands there.

None of a row's fields is looked up elsewhere but in the rows above it (domain.md, "Steps": a blank cell takes the row above's).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from playbook import vocabulary as words
from playbook.data import STEP_SOURCE_KEYS, RoleData
from playbook.importing import meanings
from playbook.importing.columns import STEP_COLUMNS, fold
from playbook.importing.letters import Who, code_columns, who_of
from playbook.importing.lists import pieces_of
from playbook.importing.raw import Note, RawRow, ReportRow
from playbook.importing.texts import tidy, tidy_block
from transitions.phase import Phase

#: What no title ends a sentence with, though a full stop follows.
_SHORT_FORMS = {
    "etc",
    "e.g",
    "i.e",
    "vs",
    "no",
    "nr",
    "incl",
    "excl",
    "approx",
    "resp",
    "inc",
    "ltd",
    "dr",
    "mr",
    "st",
    "v",
    "addt",
}
_CALLED = {
    "raci": "R / A / C / I",
    "r": "R",
    "a": "A",
    "c": "C",
    "i": "I",
    "guidance": "description",
    "required": "required?",
}
_STOP = re.compile(r"[.!?](?=\s+[\w(“\"*–-])")


@dataclass(slots=True)
class StepRow:
    """One row on its way to a step. A field is None where the page cannot say it."""

    row: RawRow
    number: int | None = None
    key: str = ""
    phase: str | None = None
    category: str | None = None
    title: str = ""
    guidance: str = ""
    who: Who = field(default_factory=Who)
    applies: str | None = None
    approval: str | None = None
    duration_days: int | None = None
    needs: tuple[str, ...] | None = None
    documents: tuple[str, ...] | None = None
    meeting: str | None = None
    questions: list[str] | None = None
    source: dict[str, str] | None = None
    #: Whether the row is of a file of our own, which says every field as it is.
    is_own: bool = False
    guesses: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)


class StepRows:
    """Reads rows in order, and remembers what the blank cells of the next one take.

    Args:
        roles: the playbook's role list. title: the page's title, which may tell the phase of a page without such a column.
    """

    def __init__(self, roles: Sequence[RoleData], title: str) -> None:
        self._roles, self._page_phase = roles, meanings.phase_within(title)
        self._phase: str | None = None
        self._category = ""
        self.steps: list[StepRow] = []
        self.report: list[ReportRow] = []
        self.notes: list[Note] = []

    def read(self, rows: Iterable[RawRow]) -> None:
        """Read rows into `steps`, and those that are none into `report`."""
        for row in rows:
            told = self._no_step(row)
            if told is not None:
                self.report.append(told)
            else:
                self.steps.append(self._step(row))

    def _no_step(self, row: RawRow) -> ReportRow | None:
        filled = {column: text for column, text in row.values.items() if tidy(text)}
        if not filled or set(filled) == {"number"}:
            return ReportRow(row.where, "read", "A blank row: nothing to read.")
        if (
            "title" in filled
            and fold(filled["title"]) in STEP_COLUMNS["title"]
            and all(fold(text) in STEP_COLUMNS.get(column, (fold(column),)) for column, text in filled.items())
        ):
            return ReportRow(row.where, "read", "The headings again.")
        if "title" in filled or "guidance" in filled:
            return None
        said = set(filled) - {"number"}
        if said <= {"phase", "category"} and not row.guesses.keys() & said:
            # A line of its own above the rows that it is about.
            if "phase" in said:
                self._phase = meanings.phase_of(filled["phase"]) or self._phase
            if "category" in said:
                self._category = tidy(filled["category"])[: words.LONGEST_NAME]
            return ReportRow(
                row.where, "read", f"A line above the rows that follow: {', '.join(map(tidy, filled.values()))}."
            )
        text = "; ".join(f"{column}: {tidy_block(cell)}" for column, cell in filled.items())
        self.notes.append(Note(row.where, text[: words.LONGEST_GUIDANCE]))
        return ReportRow(row.where, "refused", "The row names no step: it is kept as a note.")

    def _step(self, row: RawRow) -> StepRow:
        step = StepRow(row, is_own="key" in row.values)
        step.guesses = [
            f"{_CALLED.get(column, column)}: {why}"
            for column, why in row.guesses.items()
            if column != "unplaced letters"
        ]
        self._texts(step)
        self._place(step)
        step.who = who_of(row, self._roles)
        step.guesses += step.who.guesses
        step.refusals += step.who.refusals
        step.holes += step.who.questions
        self._applies(step)
        self._details(step)
        self._strangers(step)
        return step

    # -- title and guidance

    def _texts(self, step: StepRow) -> None:
        values = step.row.values
        step.key = tidy(values.get("key", ""))
        step.number = _whole(values.get("number", ""))
        if step.number is None and tidy(values.get("number", "")):
            step.guesses.append(f"“{tidy(values['number'])[:40]}” is no number of a step")
        guidance = _block(values.get("guidance", ""))
        title = " ".join(map(tidy, values.get("title", "").splitlines())).strip()
        title = tidy(title)
        if not title:
            title, guidance = first_sentence(" ".join(guidance.split()))
            step.guesses.append("the title is blank: the description's first sentence was taken for it")
        elif not step.is_own:
            title, rest = first_sentence(title)
            title = straight(title)
            if rest:
                step.guesses.append("the title's first sentence is the title, the rest of it guidance")
                guidance = "\n".join(filter(None, [rest, guidance]))
        if len(title) > words.LONGEST_TITLE:
            cut = title[: words.LONGEST_TITLE].rsplit(" ", 1)[0].strip()
            guidance = "\n".join(filter(None, [title, guidance]))
            title = cut
            step.guesses.append(
                f"the title is longer than {words.LONGEST_TITLE} characters: cut, and whole in the guidance"
            )
        for column, text in values.items():
            if column not in STEP_COLUMNS and fold(column) in STEP_COLUMNS["guidance"] and tidy(text):
                guidance = "\n".join(filter(None, [guidance, tidy_block(text)]))
        step.title, step.guidance = title, guidance
        if len(step.guidance) > words.LONGEST_GUIDANCE:
            self.notes.append(Note(step.row.where, step.guidance[words.LONGEST_GUIDANCE :]))
            step.guidance = step.guidance[: words.LONGEST_GUIDANCE].strip()
            step.guesses.append(
                f"the description is longer than {words.LONGEST_GUIDANCE:,} characters: the rest is kept as a note"
            )

    # -- phase and category

    def _place(self, step: StepRow) -> None:
        values = step.row.values
        said = tidy(values.get("phase", ""))
        if said:
            step.phase = meanings.phase_of(said)
            if step.phase is None:
                step.holes.append(f"The source's phase “{said[:100]}” is none of ours.")
                step.guesses.append(f"“{said[:60]}” is no phase that we know")
                self._inherit_phase(step)
        elif "phase" in values:
            self._inherit_phase(step, why="is blank")
        lines = [line for line in map(tidy, values.get("category", "").splitlines()) if line]
        category = ", ".join(filter(None, (line.rstrip(" ,;") for line in lines)))
        if len(lines) > 1:
            step.guesses.append("the lines of the category were joined")
        if len(category) > words.LONGEST_NAME:
            step.guidance = "\n".join(filter(None, [category, step.guidance]))
            category = category[: words.LONGEST_NAME].strip(" ,")
            step.guesses.append(
                f"the category is longer than {words.LONGEST_NAME} characters: cut, and whole in the guidance"
            )
        if category:
            step.category = category
        elif "category" in values:
            step.category = ""
            if self._category and not step.is_own:
                step.category = self._category
                step.guesses.append(f"category is blank: “{self._category}” from the row above")
                step.holes.append(f"The Category is blank in the source; “{self._category}” is the row above's.")
        if "phase" not in values:
            step.phase = self._phase or meanings.phase_of(step.category or "") or None
            if step.phase:
                step.guesses.append(
                    f"there is no column of phases: {words_of(step.phase)} by the category or the line above"
                )
        # With no phase of its own the page's title may give one, once no earlier version does (interpret).
        self._phase = step.phase if "phase" in values else self._phase
        self._category = step.category or self._category

    def _inherit_phase(self, step: StepRow, why: str = "") -> None:
        if self._phase is None:
            step.guesses.append("phase is blank, and no row is above" if why else "no row is above")
            return
        step.phase = self._phase
        step.guesses.append(
            f"phase {why}: {words_of(self._phase)} from the row above"
            if why
            else f"{words_of(self._phase)} is the row above's"
        )
        if why:
            step.holes.append(f"The Sub-Phase is blank in the source; {words_of(self._phase)} is the row above's.")

    @property
    def page_phase(self) -> str | None:
        """The phase that the page's title tells, if it does."""
        return self._page_phase

    # -- the rest

    def _applies(self, step: StepRow) -> None:
        values = step.row.values
        for column in ("applies", "required"):
            cell = tidy(values.get(column, ""))
            if not cell:
                continue
            step.applies = meanings.required_means(cell)
            if step.applies is None:
                step.guesses.append(f"“{cell[:60]}” under {column} says nothing that we know: always")
                step.holes.append(f"The source's “{cell[:100]}” does not say to whom the step applies.")
                step.applies = words.Applies.ALWAYS.value
            elif fold(cell) in ("no", "n"):
                step.guesses.append("what is not required applies where it is applicable")
            return
        if step.is_own:
            step.applies = words.Applies.ALWAYS.value
        else:
            step.applies = meanings.applies_by(step.title, step.guidance)

    def _details(self, step: StepRow) -> None:
        values = step.row.values
        if "approval" in values:
            step.approval = meanings.approval_named(values["approval"])
            if step.approval is None:
                step.guesses.append(f"“{tidy(values['approval'])[:60]}” is no decision that we know")
                self.notes.append(Note(step.row.where, f"approval: {tidy_block(values['approval'])[:2000]}"))
        if tidy(values.get("duration", "")):
            step.duration_days = meanings.days_of(tidy(values["duration"]))
            if step.duration_days is None:
                step.guesses.append(f"“{tidy(values['duration'])[:60]}” is no number of working days")
                self.notes.append(Note(step.row.where, f"duration: {tidy_block(values['duration'])[:2000]}"))
        if "needs" in values:
            step.needs = tuple(pieces_of(values["needs"]))
        if "documents" in values:
            named = pieces_of(values["documents"])
            fitting = [name for name in named if len(name) <= words.LONGEST_DOCUMENT][: words.MOST_LISTED]
            step.documents = tuple(fitting)
            if len(fitting) < len(named):
                step.guesses.append("what is too long for a document's name is kept as a note")
                self.notes.append(
                    Note(step.row.where, f"documents: {tidy_block(values['documents'])[: words.LONGEST_GUIDANCE]}")
                )
        if "meeting" in values:
            meeting = tidy(values["meeting"])
            step.meeting = meeting if len(meeting) <= words.LONGEST_MEETING else ""
            if meeting != step.meeting:
                step.guesses.append("the meeting's name is too long, and kept as a note")
                self.notes.append(Note(step.row.where, f"meeting: {meeting[: words.LONGEST_GUIDANCE]}"))
        if "questions" in values:
            asked = [tidy(line)[: words.LONGEST_QUESTION] for line in values["questions"].splitlines()]
            step.questions = list(dict.fromkeys(filter(None, asked)))[: words.MOST_LISTED]
        if tidy(values.get("source", "")):
            step.source = _source(values["source"])

    def _strangers(self, step: StepRow) -> None:
        """Keep what stands under headings that we do not know, and the cell that four columns made needless."""
        letters = code_columns(step.row.values, self._roles)
        for column, text in step.row.values.items():
            known = column in STEP_COLUMNS or column in letters or column == "unplaced letters"
            if not known and fold(column) not in STEP_COLUMNS["guidance"] and tidy(text):
                self.notes.append(Note(step.row.where, f"{tidy(column)}: {tidy_block(text)}"[: words.LONGEST_GUIDANCE]))
                step.guesses.append(f"“{tidy(column)[:40]}” has no place in a playbook: kept as a note")


def words_of(phase: str) -> str:
    """Return a phase as a person reads it."""
    return str(Phase(phase).label)


def straight(title: str) -> str:
    """Return a title with straight apostrophes, and no blank on one side of a slash only because a line was broken there."""
    told = title.replace("’", "'").replace("‘", "'")
    return re.sub(r"(?<=\S)/ (?=\S)|(?<=\S) /(?=\S)", "/", told)


def first_sentence(text: str) -> tuple[str, str]:
    """Part a text after its first sentence. Its full stop goes; one inside brackets, or of a short form, ends nothing."""
    for stop in _STOP.finditer(text):
        begins, ends = stop.span()
        before = text[:begins]
        last = re.split(r"[\s(/]", before)[-1].casefold().strip('"“”')
        open_bracket = before.count("(") > before.count(")")
        if stop.group() == "." and (open_bracket or last in _SHORT_FORMS or len(last) < 2):
            continue
        if open_bracket:
            continue
        return text[: begins if stop.group() == "." else ends].strip(), text[ends:].strip()
    bare = text[:-1] if text.endswith(".") and not text.endswith(("..", "etc.")) else text
    return (bare.strip() or text), ""


def _block(text: str) -> str:
    return tidy_block(text)


def _whole(text: str) -> int | None:
    found = re.fullmatch(r"(\d{1,6})(?:\.0*|\))?", tidy(text))
    number = int(found[1]) if found else 0
    return number if 1 <= number <= words.LARGEST_NUMBER else None


def _source(cell: str) -> dict[str, str] | None:
    try:
        said: object = json.loads(cell)
    except ValueError:
        return None
    if not isinstance(said, Mapping):
        return None
    return {name: tidy(str(said[name]))[: words.LONGEST_TITLE] for name in STEP_SOURCE_KEYS if name in said}
