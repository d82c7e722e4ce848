"""People acting at the same moment, over connections of their own: one wins, the others are told, nothing is lost."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connections

from projects.dates import move_due_date
from projects.evidence import faults
from projects.models import Approval, Biller, DateChange, Project, ProjectStep, Seat, Waiver
from projects.recount import recount
from projects.signoff import statement
from projects.start import start_project
from projects.team import fill_seat, name_on_step
from projects.waivers import waive
from tests.cast import move, step_of
from tests.projects.signing import KEY, in_review, the_step
from tests.transitions.made_up import a_start, a_step, publish, started
from transitions.blockers import MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import Outcome, perform

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 200
Act = Callable[[], Any]


class Crew:
    """So many threads, each with a connection of its own, that begin what they are given at the same moment."""

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size)
        self._start = threading.Barrier(size, timeout=180)
        self.size = size

    def __call__(self, *acts: Act) -> list[Any]:
        """Do all of `acts` at once; return for each what it returned, or its refusal."""
        assert len(acts) == self.size
        return [future.result(timeout=180) for future in [self._pool.submit(self._do, act) for act in acts]]

    def _do(self, act: Act) -> Any:
        try:
            connections["default"].ensure_connection()
        except OperationalError:
            self._start.abort()  # nobody waits for one who cannot come
            raise
        self._start.wait()
        try:
            return act()
        except (MoveRefused, ValidationError) as refused:
            return refused

    def go_home(self) -> None:
        """Close every connection, and end; also where the crew never came together."""
        self._start.reset()
        for left in [self._pool.submit(self._leave) for _ in range(self.size)]:
            left.result(timeout=180)
        self._pool.shutdown()

    def _leave(self) -> None:
        connections.close_all()
        self._start.wait()  # so that each thread leaves once


@pytest.fixture
def crew() -> Iterator[Callable[[int], Crew]]:
    """Return a function that calls together a crew of a size."""
    called: list[Crew] = []

    def call(size: int) -> Crew:
        called.append(Crew(size))
        return called[-1]

    yield call
    for each in called:
        each.go_home()


def won(outcomes: list[Any]) -> list[Any]:
    return [outcome for outcome in outcomes if isinstance(outcome, Outcome)]


def told(outcomes: list[Any]) -> Counter[tuple[str, ...]]:
    """What those who did not win were told, by the codes of the blockers."""
    refusals = [outcome for outcome in outcomes if isinstance(outcome, MoveRefused)]
    return Counter(tuple(blocker.code for blocker in refusal.blockers) for refusal in refusals)


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def passages(project: Project) -> list[TransitionRecord]:
    return list(TransitionRecord.objects.of(project).filter(move="advance").order_by("pk"))


def finish(project: Project, key: str, cast: SimpleNamespace) -> None:
    for name in ("start", "complete"):
        move(project, key, name, cast.sofia)


def totals_are_right() -> bool:
    return list(recount(Project.objects.all(), write=False)) == []


# -- Advancing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_form", [True, False])
def test_of_fifty_who_advance_a_project_at_once_one_wins_and_49_are_told(cast, crew, with_form):
    project = started(cast, publish(a_step(1), a_step(2, "sit"), a_step(3, "release")))
    finish(project, "design.step-1", cast)
    people = (cast.priya, cast.ivan, cast.adele)
    revision = 0 if with_form else None

    outcomes = crew(50)(
        *[
            lambda number=number: perform(project, "advance", by=people[number % 3], revision=revision)
            for number in range(50)
        ]
    )
    assert len(won(outcomes)) == 1
    assert told(outcomes) == {("stale",) if with_form else ("step-open",): 49}
    assert fresh(project).phase == "sit"
    (record,) = passages(project)
    assert (record.source, record.target, record) == ("design", "sit", won(outcomes)[0].record)
    assert totals_are_right()


# -- The last step against the gate ---------------------------------------------------------------


def judged_rightly(record: TransitionRecord) -> bool:
    """Whether what was true at the passage let it through: nothing open among what was reached, nothing waived here."""
    statuses = {key: status for key, status in record.facts["steps"].items() if "/design." in key}
    return set(statuses.values()) == {"done"} and all(
        line["met"] and not line["waived"] for line in record.facts["criteria"]
    )


def test_finishing_the_last_step_against_an_advance(cast, crew):
    project = started(cast, publish(a_step(1), a_step(2, "sit")))
    step = step_of(project, "design.step-1")
    perform(step, "start", by=cast.sofia)
    pair, seen = crew(2), Counter[str]()

    for number in range(ROUNDS):
        finished, advanced = pair(
            lambda: perform(step, "complete", by=cast.sofia), lambda: perform(project, "advance", by=cast.priya)
        )
        row, phase = ProjectStep.objects.get(pk=step.pk), fresh(project).phase
        assert isinstance(finished, Outcome), number
        assert row.status == "done", number
        if isinstance(advanced, Outcome):
            assert (phase, judged_rightly(advanced.record)) == ("sit", True), number
            assert advanced.record.pk > finished.record.pk, number
            perform(project, "return_to", by=cast.priya, phase="design", note="Again")
        else:
            assert (phase, told([advanced])) == ("design", {("step-open",): 1}), number
        seen[type(advanced).__name__] += 1
        perform(step, "reopen", by=cast.sofia, note="Again")

    assert seen.total() == ROUNDS
    assert len(passages(project)) == seen["Outcome"]
    assert TransitionRecord.objects.of(step).count() == 1 + 2 * ROUNDS
    assert totals_are_right()


def test_reopening_the_last_step_against_an_advance(cast, crew):
    project = started(cast, publish(a_step(1), a_step(2, "sit")))
    step = step_of(project, "design.step-1")
    finish(project, "design.step-1", cast)
    pair, seen = crew(2), Counter[str]()

    for number in range(ROUNDS):
        reopened, advanced = pair(
            lambda: perform(step, "reopen", by=cast.sofia, note="One more"),
            lambda: perform(project, "advance", by=cast.priya),
        )
        row, phase = ProjectStep.objects.get(pk=step.pk), fresh(project).phase
        assert len(won([reopened, advanced])) == 1, number
        if isinstance(advanced, Outcome):
            assert (row.status, phase, judged_rightly(advanced.record)) == ("done", "sit", True), number
            assert told([reopened]) == {("phase-left",): 1}, number
            perform(project, "return_to", by=cast.priya, phase="design", note="Again")
        else:
            assert (row.status, phase) == ("in_progress", "design"), number
            assert told([advanced]) == {("step-open",): 1}, number
            perform(step, "complete", by=cast.sofia)
        seen["advanced" if isinstance(advanced, Outcome) else "reopened"] += 1

    assert seen.total() == ROUNDS
    assert len(passages(project)) == seen["advanced"]
    assert TransitionRecord.objects.of(step).filter(move="reopen").count() == seen["reopened"]
    assert totals_are_right()


def test_a_gate_is_asked_about_every_step_that_moves_at_the_same_time(cast, crew):
    """Three last steps finished at once, against three who advance: the totals miss none, and the gate lets nobody by."""
    project = started(cast, publish(*[a_step(number) for number in (1, 2, 3)], a_step(4, "sit")))
    steps = [step_of(project, f"design.step-{number}") for number in (1, 2, 3)]
    for step in steps:
        perform(step, "start", by=cast.sofia)
    six = crew(6)

    for number in range(20):
        outcomes = six(
            *[lambda step=step: perform(step, "complete", by=cast.sofia) for step in steps],
            *[lambda: perform(project, "advance", by=cast.priya)] * 3,
        )
        assert len(won(outcomes[:3])) == 3, number
        assert len(won(outcomes[3:])) <= 1, number
        assert all(judged_rightly(outcome.record) for outcome in won(outcomes[3:])), number
        assert fresh(project).steps_done == 3, number
        if won(outcomes[3:]):
            perform(project, "return_to", by=cast.priya, phase="design", note="Again")
        for step in steps:
            perform(step, "reopen", by=cast.sofia, note="Again")

    assert totals_are_right()


def test_completing_a_project_against_reopening_its_last_step(cast, crew):
    version = publish(a_step(1))
    pair = crew(2)

    for number in range(40):
        project = started(cast, version)
        step = step_of(project, "design.step-1")
        finish(project, "design.step-1", cast)
        reopened, completed = pair(
            lambda step=step: perform(step, "reopen", by=cast.sofia, note="One more"),
            lambda project=project: perform(project, "complete", by=cast.priya),
        )
        assert len(won([reopened, completed])) == 1, number
        row, status = fresh(project), ProjectStep.objects.get(pk=step.pk).status
        if isinstance(completed, Outcome):
            assert (row.standing, status, told([reopened])) == ("complete", "done", {("archived",): 1}), number
        else:
            assert (row.standing, status, told([completed])) == ("active", "in_progress", {("step-open",): 1}), number

    assert totals_are_right()


# -- One step -------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_form", [True, False])
def test_of_two_different_moves_of_one_step_one_wins(cast, crew, with_form):
    version = publish(a_step(1), a_step(2, "sit"))
    hold_up = {"note": "Sample file", "owner": cast.bo, "until": dt.date(2030, 1, 2)}
    pair = crew(2)

    for number in range(40):
        project = started(cast, version)
        step = perform(step_of(project, "design.step-1"), "start", by=cast.sofia).row
        revision = step.revision if with_form else None
        outcomes = pair(
            lambda step=step, revision=revision: perform(step, "complete", by=cast.sofia, revision=revision),
            lambda step=step, revision=revision: perform(step, "wait", by=cast.ingrid, revision=revision, **hold_up),
        )
        row = ProjectStep.objects.get(pk=step.pk)
        (winner,) = won(outcomes)
        assert (row.status, row.revision) == (winner.record.target, 2), number
        if with_form:
            assert told(outcomes) == {("stale",): 1}, number
        else:
            assert told(outcomes) == {("wrong-state",): 1}, number
        moves = list(TransitionRecord.objects.of(row).order_by("pk").values_list("move", flat=True))
        assert moves == ["start", winner.record.move], number
        assert (row.reason, row.owner_id) == (("Sample file", cast.bo.pk) if row.status != "done" else ("", None)), (
            number
        )

    assert totals_are_right()


def test_of_twenty_who_start_a_step_one_starts_it(cast, crew):
    project = started(cast, publish(a_step(1)))
    step = step_of(project, "design.step-1")

    outcomes = crew(20)(*[lambda: perform(step, "start", by=cast.sofia)] * 20)
    assert (len(won(outcomes)), told(outcomes)) == (1, {("wrong-state",): 19})
    assert TransitionRecord.objects.of(step).count() == 1


def test_a_seat_withdrawn_while_its_holder_moves_a_step(cast, crew):
    version = publish(a_step(1))
    pair = crew(2)

    for number in range(60):
        project = started(cast, version)
        step, seat = step_of(project, "design.step-1"), project.seats.get(role__code="SE")
        _, moved = pair(
            lambda project=project, seat=seat: fill_seat(project, seat.pk, cast.dele, by=cast.priya),
            lambda step=step: perform(step, "start", by=cast.sofia),
        )
        status = ProjectStep.objects.get(pk=step.pk).status
        assert Seat.objects.get(pk=seat.pk).person == cast.dele, number
        if isinstance(moved, Outcome):
            assert (status, moved.record.by) == ("in_progress", cast.sofia), number
        else:
            assert (status, type(moved)) == ("not_started", NotPermitted), number
            assert TransitionRecord.objects.of(step).count() == 0, number


def test_naming_somebody_on_a_step_against_a_move_of_the_seat_s_holder(cast, crew):
    version = publish(a_step(1))
    pair = crew(2)

    for number in range(40):
        project = started(cast, version)
        step = step_of(project, "design.step-1")
        named, moved = pair(
            lambda step=step: name_on_step(step, "R", cast.dele, by=cast.priya),
            lambda step=step: perform(step, "start", by=cast.sofia),
        )
        row = ProjectStep.objects.get(pk=step.pk)
        assert (named.pk, row.responsible) == (step.pk, cast.dele), number
        if isinstance(moved, Outcome):
            assert (row.status, row.revision) == ("in_progress", 2), number
        else:
            assert (row.status, row.revision, type(moved)) == ("not_started", 1, NotPermitted), number


def test_naming_somebody_and_moving_over_the_same_form(cast, crew):
    version = publish(a_step(1))
    pair = crew(2)

    for number in range(40):
        step = step_of(started(cast, version), "design.step-1")
        outcomes = pair(
            lambda step=step: name_on_step(step, "A", cast.tess, by=cast.priya, revision=0),
            lambda step=step: perform(step, "start", by=cast.sofia, revision=0),
        )
        row = ProjectStep.objects.get(pk=step.pk)
        stale = [outcome for outcome in outcomes if isinstance(outcome, StaleRow)]
        assert (len(stale), row.revision) == (1, 1), number
        assert (row.status == "in_progress") != (row.accountable == cast.tess), number


def test_a_date_moved_while_the_step_moves_is_not_lost(cast, crew):
    version = publish(a_step(1))
    day = dt.date(2027, 1, 4)
    pair = crew(2)

    for number in range(40):
        step = step_of(started(cast, version), "design.step-1")
        pair(
            lambda step=step: move_due_date(step, day, by=cast.ingrid),
            lambda step=step: perform(step, "start", by=cast.sofia),
        )
        row = ProjectStep.objects.get(pk=step.pk)
        assert (row.due, row.status, row.revision) == (day, "in_progress", 2), number
        assert fresh(row.project).next_due == day, number

    assert DateChange.objects.count() == 40
    assert totals_are_right()


def test_of_ten_who_waive_the_same_blocker_one_does(cast, crew):
    project = started(cast, publish(a_step(1)))
    details = {"code": "step-open", "subject": "made-up/design.step-1", "reason": "x"}
    details |= {"now": dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC), "expires": dt.date(2026, 12, 1)}

    outcomes = crew(10)(*[lambda: waive(project, by=cast.priya, **details)] * 10)
    assert len([outcome for outcome in outcomes if isinstance(outcome, Waiver)]) == 1
    assert Waiver.objects.count() == 1


# -- Starting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False], ids=["a known biller", "a new biller"])
def test_the_same_start_sent_8_times_at_once_makes_one_project(cast, crew, known):
    version = publish(a_step(1), a_step(2, "sit"))
    if known:
        started(cast, version)
    eight = crew(8)

    for number in range(10):
        start = a_start(cast, version, core_system=f"System {number}")
        if not known:
            start = replace(start, biller_name=f"Biller {number}", biller_code=f"B{chr(65 + number)}")
        projects = eight(*[lambda start=start: start_project(start, by=cast.priya)] * 8)
        assert {project.start_key for project in projects} == {start.start_key}, projects
        assert len({project.pk for project in projects}) == 1, number
        project = fresh(projects[0])
        assert (project.steps.count(), project.seats.count(), project.pins.count()) == (2, 7, 1), number
        assert TransitionRecord.objects.under(project).count() == 1, number

    assert Project.objects.count() == 10 + known
    assert totals_are_right()


def test_different_starts_for_a_known_biller_at_once_are_all_made_and_counted(cast, crew):
    version = publish(a_step(1))
    started(cast, version)
    four = crew(4)

    for _ in range(5):
        starts = [a_start(cast, version, core_system="Tyndall") for _ in range(4)]
        made = four(*[lambda start=start: start_project(start, by=cast.priya) for start in starts])
        assert [type(project) for project in made] == [Project] * 4, made

    assert sorted(Project.objects.values_list("number", flat=True)) == list(range(1, 22))


def test_different_starts_for_a_new_biller_at_once_make_one_biller(cast, crew):
    version = publish(a_step(1))
    starts = [a_start(cast, version) for _ in range(4)]
    made = crew(4)(*[lambda start=start: start_project(start, by=cast.priya) for start in starts])

    assert [type(project) for project in made] == [Project] * 4, made
    assert sorted(Project.objects.values_list("code", flat=True)) == ["MRW-1", "MRW-2", "MRW-3", "MRW-4"]
    assert Biller.objects.count() == 1


def test_two_new_billers_with_one_code_at_once(cast, crew):
    version = publish(a_step(1))
    starts = [a_start(cast, version, biller_name=name) for name in ("Marrow", "Morrow")]
    outcomes = crew(2)(*[lambda start=start: start_project(start, by=cast.priya) for start in starts])

    (project,) = (outcome for outcome in outcomes if isinstance(outcome, Project))
    (refused,) = (outcome for outcome in outcomes if isinstance(outcome, ValidationError))
    assert refused.message_dict == {"biller_code": [f"MRW is {project.name}’s code. Choose another."]}
    assert (Project.objects.count(), Biller.objects.count()) == (1, 1)


# -- Counting -------------------------------------------------------------------------------------


def test_totals_are_right_after_they_were_put_right_while_steps_moved(cast, crew):
    version = publish(*[a_step(number) for number in range(1, 5)])
    pair = crew(2)
    for _ in range(15):
        project = started(cast, version)
        steps = [step_of(project, f"design.step-{number}") for number in range(1, 5)]
        Project.objects.filter(pk=project.pk).update(steps_waiting=1)
        pair(
            lambda: [list(recount(Project.objects.all(), write=True)) for _ in range(4)],
            lambda steps=steps: [
                perform(step, "start", by=cast.sofia) and perform(step, "complete", by=cast.sofia) for step in steps
            ],
        )
        assert fresh(project).steps_done == 4

    assert totals_are_right()


# -- Sign-offs --------------------------------------------------------------------------------------


def test_a_seat_withdrawn_while_its_holder_decides(cast, crew):
    """Either the decision was made before, or it is refused: never one by somebody without the seat."""
    project = in_review(cast)
    seat, pair, seen = project.seats.get(role__code="B").pk, crew(2), Counter[str]()

    for number in range(20):
        made = Approval.objects.count()
        shown = statement(the_step(project), cast.bo).digest
        decided, withdrawn = pair(
            lambda shown=shown: perform(the_step(project), "approve", by=cast.bo, party="biller", shown=shown),
            lambda: fill_seat(project, seat, None, by=cast.priya),
        )
        assert withdrawn is None, number
        if isinstance(decided, Outcome):
            assert Approval.objects.count() == made + 1
            seen["before"] += 1
            move(project, KEY, "reject", cast.ingrid, note="Again")
            move(project, KEY, "submit", cast.sofia)
        else:
            assert type(decided) is NotPermitted
            assert Approval.objects.count() == made
            seen["refused"] += 1
        fill_seat(project, seat, cast.bo, by=cast.priya)
    assert seen["before"] + seen["refused"] == 20
    assert list(faults(Approval.objects.order_by("pk"), ())) == []


def test_two_parties_that_decide_at_once_are_both_kept_and_the_step_closes_once(cast, crew):
    project, pair = in_review(cast), crew(2)

    for number in range(12):
        outcomes = pair(
            lambda: perform(the_step(project), "approve", by=cast.bo),
            lambda: perform(the_step(project), "approve", by=cast.pat),
        )
        assert len(won(outcomes)) == 2, outcomes
        assert sorted(outcome.record.target for outcome in outcomes) == ["done", "in_review"]
        rows = Approval.objects.filter(round=number + 1)
        assert sorted(rows.values_list("party", flat=True)) == ["biller", "core_system"]
        move(project, KEY, "reopen", cast.sofia, note="Again")
        move(project, KEY, "submit", cast.sofia)
    assert list(faults(Approval.objects.order_by("pk"), ())) == []
    assert totals_are_right()
