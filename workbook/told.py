"""What people outside are told of a run: how far it is, what each case came to, and of whose words which (docs/adr/0014).

What our own people wrote with a result stays inside, with its files; so do waivers and what does not apply: such a case is “not
part of this test” to them. Who recorded a result stands there by name, as under a sign-off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import Side, User
from projects.models import Project
from workbook.charts import CHIPS
from workbook.models import Result, ResultFile, Run
from workbook.outcomes import WAITING, outcome_counts
from workbook.vocabulary import Kind, Outcome

#: Cases that are not part of the test any more: that is said inside, with a reason that stays there.
LEFT_OUT = frozenset({Outcome.NOT_APPLICABLE.value, Outcome.WAIVED.value})
_NOT_THEIRS = "Not part of this test"
_TOLD = {
    Outcome.UNTESTED.value: "Not tested yet",
    Outcome.PASSED.value: "Passed",
    Outcome.FAILED.value: "Failed",
    Outcome.BLOCKED.value: "Blocked",
    Outcome.RETEST.value: "To test again",
    Outcome.NOT_APPLICABLE.value: _NOT_THEIRS,
    Outcome.WAIVED.value: _NOT_THEIRS,
}
#: Each outcome as they are told it: the word, the kind of chip, the icon. Why a case was left out shows in neither.
WORDS = {
    outcome: (word, *(("", "–") if outcome in LEFT_OUT else CHIPS[outcome][:2])) for outcome, word in _TOLD.items()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How many cases of a run came to what."""

    outcomes: Counter[str]

    @property
    def cases(self) -> int:
        """All of them, those that were left out included."""
        return sum(self.outcomes.values())

    @property
    def total(self) -> int:
        """The cases that are part of the test."""
        return self.cases - sum(self.outcomes[outcome] for outcome in LEFT_OUT)

    @property
    def waiting(self) -> int:
        """The cases that wait for a tester: without a result, or to be tested again."""
        return sum(self.outcomes[outcome] for outcome in WAITING)

    @property
    def run(self) -> int:
        """The cases that were run."""
        return self.total - self.waiting

    @property
    def words(self) -> str:
        """`12 of 40 run`."""
        return f"{self.run:,} of {self.total:,} run"

    @property
    def counted(self) -> list[tuple[str, int]]:
        """What they came to, in words with numbers; what no case came to is left out."""
        found = [("passed", self.outcomes[Outcome.PASSED]), ("failed", self.outcomes[Outcome.FAILED])]
        found += [("blocked", self.outcomes[Outcome.BLOCKED]), ("to test", self.waiting)]
        found += [("not part of this test", self.cases - self.total)]
        return [(word, number) for word, number in found if number]


def progress_of(runs: Collection[Run]) -> dict[int, Progress]:
    """Return how far these runs are, by id; in one query whatever their number."""
    counts = outcome_counts([run.pk for run in runs])
    return {run.pk: Progress(counts.get(run.pk, Counter())) for run in runs}


def uat_runs(project: Project) -> list[Run]:
    """Return the UAT runs of a project, the newest first."""
    return list(Run.objects.filter(project=project, kind=Kind.UAT).order_by("-number"))


def tells(result: Result, viewer: User) -> bool:
    """Return whether the words and files of a result are for the viewer: inside all are; outside those of people outside."""
    return not viewer.is_outside or (result.by.side != Side.INTERNAL and result.outcome not in LEFT_OUT)


def may_read(file: ResultFile, viewer: User) -> bool:
    """Return whether a file of evidence is for the viewer, who may see its project."""
    return file.result.run.kind == Kind.UAT and tells(file.result, viewer) if viewer.is_outside else True
