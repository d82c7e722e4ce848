"""The five criteria of a phased go-live, and the verdict; pure over facts (domain.md, Phased go-live).

Where the data knows, it answers, whatever somebody once said. Where it does not, the last answer of a person counts. What
nobody knows stays open, and is never counted as no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from handoff.models import CriterionCode
from transitions.standing import Standing


class Reply(Enum):
    """What a criterion comes to."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody answered, and `when`, in words."""

    answer: bool
    note: str
    who: str
    when: str

    @property
    def words(self) -> str:
        """`answered by Priya Nair on Nov 3`."""
        return f"answered by {self.who} on {self.when}"


@dataclass(frozen=True, slots=True)
class Steering:
    """The steering committee of the project, where one was ever planned here: whether it has ended, and the next meeting."""

    ended: bool
    next_day: dt.date | None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The project of the phase before or after. `name` is what the reader may know of it."""

    name: str
    standing: str
    mrr: Decimal | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class PhasedFacts:
    """All that the criteria are asked of. `raid_active` and `raid_words` come from the RAID log itself."""

    raid_active: bool
    raid_words: str
    raid_link: str = ""
    steering: Steering | None = None
    next: Neighbour | None = None
    previous: Neighbour | None = None
    said: Mapping[str, Said] | None = None


@dataclass(frozen=True, slots=True)
class CriterionAnswer:
    """One criterion: what it comes to, how that is known, and why.

    `asked` is true where the data does not know, so that a person's answer counts.
    """

    code: CriterionCode
    reply: Reply
    how: str
    why: str
    asked: bool
    link: str = ""

    @property
    def text(self) -> str:
        """What is asked for."""
        return str(self.code.label)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is a phased go-live, and why, in a sentence or two.

    `telling` is true where one of the three criteria holds that only a phased go-live has: more is to come, or something was
    before. A log that is kept and a committee that meets are found in any project under way.
    """

    phased: bool
    words: str
    held: int
    telling: bool

    def disagrees(self, marked: bool) -> bool:
        """Return whether the project's mark says otherwise, on grounds that tell."""
        return not self.phased if marked else self.telling


COMPUTED = "seen in the data"
NOBODY = "nobody has answered"
TELLING = frozenset({CriterionCode.REVENUE, CriterionCode.NEXT, CriterionCode.PREVIOUS})


def criteria(facts: PhasedFacts) -> list[CriterionAnswer]:
    """Return the five criteria, in their order."""
    return [_answer(code, facts) for code in CriterionCode]


def verdict(answers: Sequence[CriterionAnswer]) -> Verdict:
    """Return what the criteria come to together: phased where some of them hold (domain.md: “some or all”)."""
    held = [answer for answer in answers if answer.reply == Reply.YES]
    unknown = sum(answer.reply == Reply.UNKNOWN for answer in answers)
    telling = any(answer.code in TELLING for answer in held)
    names = "; ".join(answer.text for answer in held)
    if not held:
        words = f"None of the {len(answers)} criteria holds"
        words += f", and {unknown} {'is' if unknown == 1 else 'are'} not answered." if unknown else "."
        return Verdict(False, f"{words} So it is no phased go-live.", 0, False)
    count = f"{len(held)} of {len(answers)} {'holds' if len(held) == 1 else 'hold'}"
    words = f"{count}: {names}. So the implementation team stays on, and the nine support tasks hold."
    if not telling:
        words = (
            f"{count}: {names}. Some are enough for a phased go-live; these alone are found in any project under way, "
            "so what tells is whether more is to come."
        )
    return Verdict(True, words, len(held), telling)


Known = tuple[bool, str, str] | None


def _answer(code: CriterionCode, facts: PhasedFacts) -> CriterionAnswer:
    known = _KNOWN[code](facts)
    said = (facts.said or {}).get(code)
    if known is not None:
        holds, why, link = known
        if said is not None and said.answer != holds:
            why += f" ({said.who} said {'yes' if said.answer else 'no'} on {said.when}; the data goes first.)"
        return CriterionAnswer(code, Reply.YES if holds else Reply.NO, COMPUTED, why, False, link)
    if said is not None:
        return CriterionAnswer(code, Reply.YES if said.answer else Reply.NO, said.words, said.note, True)
    return CriterionAnswer(code, Reply.UNKNOWN, NOBODY, _NOT_KNOWN[code], True)


def _steering(facts: PhasedFacts) -> Known:
    found = facts.steering
    if found is None:
        return None
    if found.next_day is not None:
        return True, f"It meets next on {found.next_day:%b} {found.next_day.day}, {found.next_day.year}.", found.link
    why = "Its series has ended." if found.ended else "Its series stands, but no meeting is planned ahead."
    return False, why, found.link


def _raid(facts: PhasedFacts) -> Known:
    return facts.raid_active, facts.raid_words, facts.raid_link


def _revenue(facts: PhasedFacts) -> Known:
    found = facts.next
    if found is None or found.standing == Standing.CANCELLED or not found.mrr:
        return None
    return True, f"{found.name}, the next phase, is sold for ${found.mrr:,.2f} a month.", found.link


def _next(facts: PhasedFacts) -> Known:
    found = facts.next
    if found is None:
        return None
    if found.standing == Standing.CANCELLED:
        return (
            False,
            f"{found.name} was to be the next phase, and is cancelled: this criterion no longer holds.",
            found.link,
        )
    return True, f"{found.name} is the next phase.", found.link


def _previous(facts: PhasedFacts) -> Known:
    found = facts.previous
    if found is None:
        return None
    if found.standing == Standing.COMPLETE:
        return True, f"{found.name}, the phase before, is complete and archived.", found.link
    word = Standing(found.standing).label.lower()
    return False, f"{found.name}, the phase before, is {word}, not archived.", found.link


_KNOWN: Mapping[CriterionCode, Callable[[PhasedFacts], Known]] = {
    CriterionCode.STEERING: _steering,
    CriterionCode.RAID: _raid,
    CriterionCode.REVENUE: _revenue,
    CriterionCode.NEXT: _next,
    CriterionCode.PREVIOUS: _previous,
}
_NOT_KNOWN: Mapping[CriterionCode, str] = {
    CriterionCode.STEERING: "No steering committee is planned here. Plan it, or say whether it meets.",
    CriterionCode.RAID: "",
    CriterionCode.REVENUE: "Is a new invoice id or a product such as AutoPay to come?",
    CriterionCode.NEXT: "No next phase is linked. Link its project, or say whether there is one.",
    CriterionCode.PREVIOUS: "No phase before this one is linked. Link its project, or say whether there was one.",
}
