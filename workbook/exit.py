"""Exit criteria: what must hold at the end of testing, as pure functions over counted results.

N/A and waived do not count alike. N/A takes a case out of what is counted, and a mandatory case cannot be taken out: it is
run, or waived. A waived case stays in what is counted, as good as passed, under the name of whoever waived it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbook.vocabulary import HOLDING, RUN, Outcome


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a case came to in a run. `by` and `note` are those of its last result."""

    id: int
    code: str
    title: str
    mandatory: bool
    outcome: str = Outcome.UNTESTED
    by: str = ""
    note: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class DefectFacts:
    """An open defect."""

    id: int
    title: str
    severity: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases came to what."""

    counts: Counter[str]

    @classmethod
    def of(cls, outcomes: Iterable[str]) -> Tally:
        """Count outcomes."""
        return cls(Counter(outcomes))

    @property
    def total(self) -> int:
        """Every case."""
        return sum(self.counts.values())

    @property
    def applying(self) -> int:
        """The cases that apply: all but N/A."""
        return self.total - self.counts[Outcome.NOT_APPLICABLE]

    @property
    def good(self) -> int:
        """Passed, or waived by name."""
        return self.counts[Outcome.PASSED] + self.counts[Outcome.WAIVED]

    @property
    def share(self) -> int:
        """The share that is good, of those that apply, in whole per cent, rounded down: 99.9 is not 100. 0 where none applies."""
        return 100 * self.good // self.applying if self.applying else 0


def not_run(cases: Sequence[CaseFacts]) -> list[CaseFacts]:
    """Return the mandatory cases that were not run: untested, to be tested again, or said not to apply."""
    return [case for case in cases if case.mandatory and case.outcome not in RUN]


def not_good(cases: Sequence[CaseFacts]) -> list[CaseFacts]:
    """Return the cases that apply and neither passed nor were waived."""
    fine = {Outcome.PASSED, Outcome.WAIVED, Outcome.NOT_APPLICABLE}
    return [case for case in cases if case.outcome not in fine]


def holding(defects: Sequence[DefectFacts]) -> list[DefectFacts]:
    """Return the open defects of severity 1 or 2."""
    return [defect for defect in defects if defect.severity in HOLDING]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run stands against the exit criteria of its kind. `asked` is a share in per cent; `open`: it still takes results."""

    tally: Tally
    asked: int
    open: bool
    #: Mandatory cases that were not run.
    missing: tuple[CaseFacts, ...] = ()
    #: Cases that apply, are not good, and are not among the missing; told only while the share is not reached.
    short: tuple[CaseFacts, ...] = ()
    defects: tuple[DefectFacts, ...] = ()

    @property
    def mandatory_run(self) -> bool:
        """Whether every mandatory case was run, or waived by name."""
        return not self.missing

    @property
    def share_reached(self) -> bool:
        """Whether enough of the cases that apply are good; never where none applies."""
        return self.tally.applying > 0 and self.tally.share >= self.asked

    @property
    def met(self) -> bool:
        """Whether all criteria hold and the run is closed."""
        return not self.open and self.share_reached and self.mandatory_run and not self.defects


def judge(cases: Sequence[CaseFacts], defects: Sequence[DefectFacts], *, asked: int, still_open: bool) -> Verdict:
    """Hold a run against its exit criteria.

    Args:
        cases: what each case of the run came to. defects: the open ones. asked: the share that has to be good, in per cent.
    """
    tally, missing = Tally.of(case.outcome for case in cases), not_run(cases)
    known = {case.id for case in missing}
    reached = tally.applying > 0 and tally.share >= asked
    short = () if reached else tuple(case for case in not_good(cases) if case.id not in known)
    return Verdict(tally, asked, still_open, tuple(missing), short, tuple(holding(defects)))
