"""Anybody tries anything, in any order: a project never comes to be what the chain forbids, and no record is lost.

What must hold is said here in the plainest way, over rows read afresh, without the program's own gates and counts.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.activity import set_active
from accounts.models import User
from playbook.models import Version
from projects.dates import move_due_date, move_target_go_live
from projects.documents import move_section
from projects.models import DocumentSection, Project, ProjectStep
from projects.recount import recount
from projects.team import fill_seat, name_on_step
from projects.waivers import waive
from tests.cast import PEOPLE, run_sit, usual_people
from tests.transitions.made_up import NOBODY, a_step, everything, publish, started
from transitions.blockers import MoveRefused
from transitions.clock import business_day
from transitions.gates import gate
from transitions.moves import perform

pytestmark = pytest.mark.django_db

CHAIN = ["discovery", "design", "development", "sit", "finalize", "release", "post_live"]
#: Every edge that there is, by move: of a step, of the standing.
EDGES = {
    "start": {("not_started", "in_progress")},
    "complete": {("in_progress", "done"), ("active", "complete")},
    "submit": {("in_progress", "in_review")},
    "approve": {("in_review", "done"), ("in_review", "in_review")},  # where others have still to decide
    "reject": {("in_review", "in_progress")},
    "excuse": {("in_review", "done"), ("in_review", "in_review")},
    "wait": {(status, "waiting_on_customer") for status in ("not_started", "in_progress", "blocked")},
    "block": {(status, "blocked") for status in ("not_started", "in_progress", "waiting_on_customer", "in_review")},
    "resume": {("waiting_on_customer", "in_progress"), ("blocked", "in_progress"), ("on_hold", "active")},
    "mark_not_applicable": {
        (status, "not_applicable") for status in ("not_started", "in_progress", "waiting_on_customer", "blocked")
    },
    "reopen": {("done", "in_progress"), ("not_applicable", "not_started")},
    "hold": {("active", "on_hold")},
    "cancel": {("active", "cancelled")},
    "draft_section": {("empty", "drafting")},
    "hand_in_section": {("drafting", "in_review")},
    "approve_section": {("in_review", "approved")},
    "send_back_section": {("in_review", "drafting")},
    "skip_section": {("empty", "not_applicable"), ("drafting", "not_applicable")},
    "reopen_section": {("approved", "drafting"), ("not_applicable", "empty")},
}
STEP_MOVES = [spec.name for spec in ProjectStep.MOVES]
PROJECT_MOVES = [spec.name for spec in Project.MOVES]
SECTION_MOVES = [spec.name for spec in DocumentSection.MOVES]

#: Rows that follow from what is done: who may, who is asked, who hears, and those of a section that is first touched.
FOLLOWS = ("ProjectGrant", "CommentRequest", "Notice", "Document", "DocumentSection")

#: Who does things: those who may, oftener than the rest.
DOERS = [*sorted(PEOPLE), *["priya", "ivan", "sofia", "ingrid", "adele"] * 3]
NOTES = [*["Because"] * 5, "", " \n ", "x" * 4_001]
#: The revision that a form was filled in over: none, the present one, one before it.
SEEN = [None, None, 0, -1]

#: What people do, and how often.
DOINGS = Counter(
    make_a_move_that_one_may_make=8,
    try_a_move=6,
    work_a_step_to_its_end=5,
    work_the_phase_to_its_end=2,
    move_the_project=5,
    go_on=3,
    resume_the_project=2,
    write_a_section=4,
    write_all_there_is=2,
    waive_a_blocker=1,
    waive_all_there_is=1,
    fill_a_seat=2,
    name_somebody=2,
    move_a_due_date=1,
    move_the_go_live=1,
    leave_or_come_back=1,
    let_time_pass=2,
)


class Life(RuleBasedStateMachine):
    """A project, and what people do to it from one day to the next."""

    def __init__(self, cast: SimpleNamespace, version: Version, kind: str) -> None:
        super().__init__()
        self.now, self.count, self.watched = dt.datetime(2026, 10, 5, 14, tzinfo=dt.UTC), 0, True
        self._undone = transaction.atomic()
        self._undone.__enter__()
        found = User.objects.in_bulk([person.pk for person in vars(cast).values()])
        self.cast = SimpleNamespace(**{first: found[person.pk] for first, person in vars(cast).items()})
        self.project = started(self.cast, version, integration_kind=kind, now=self.now)
        self.rows = everything()
        self.birth = {row["id"]: row["status"] for row in self.rows["ProjectStep"]}
        self.templates = {step.pk: step for step in version.steps.all()}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    # What is there, read afresh.

    @property
    def today(self) -> dt.date:
        return business_day(self.now)

    def fresh(self) -> Project:
        return Project.objects.get(pk=self.project.pk)

    def row(self, pk: int) -> ProjectStep:
        return ProjectStep.objects.select_related("template", "project").get(pk=pk)

    def act(self, act: Any, *, adds: dict[str, int]) -> bool:
        """Let somebody do something: it happens and adds so many rows, or is refused and changes none."""
        if not self.watched:
            act()
            return True
        before = self.rows
        try:
            with transaction.atomic():
                act()
        except (MoveRefused, ValidationError):
            assert everything() == before
            return False
        self.rows = everything()
        grown = {name: len(self.rows[name]) - len(before[name]) for name in before}
        assert {name: by for name, by in grown.items() if by and name not in FOLLOWS} == adds
        for name in ("TransitionRecord", "Approval", "Waiver", "DateChange"):
            assert self.rows[name][: len(before[name])] == before[name]
        assert before["Project"][0]["standing"] != "complete", "an archived project changed"
        return True

    # What people do.

    @initialize(number=st.integers(0, 2**32))
    def some_phases_are_behind_us(self, number):
        self.chance, self.watched = random.Random(number), False
        for _ in range(self.chance.randrange(len(self.project.phases))):
            self.work_the_phase_to_its_end()
            self.write_all_there_is()
            self.test_what_is_there()
            self.go_on()
        self.rows, self.watched = everything(), True

    @rule(number=st.integers(0, 2**32))
    def somebody_does_something(self, number):
        # One number for all that is chosen: hypothesis keeps to small and equal ones, and then nobody would get anywhere.
        self.count += 1
        self.chance = random.Random(f"{number} {self.count}")
        doing = self.chance.choice(sorted(DOINGS.elements()))
        note(f"{self.now:%b %d %H:%M} {doing}")
        getattr(self, doing)()

    def anybody(self) -> User:
        return getattr(self.cast, self.chance.choice(DOERS))

    def any_step(self) -> ProjectStep:
        """A step: mostly one of the present phase, with which something can be done."""
        project = self.fresh()
        rows = list(project.steps.select_related("template", "project"))
        here = [row for row in rows if row.template.phase == project.phase]
        return self.chance.choice(here if here and self.chance.random() < 0.8 else rows)

    def try_a_move(self):
        step, move, who = self.any_step(), self.chance.choice(STEP_MOVES), self.anybody()
        named = tuple(self.path(self.any_step()) for _ in range(self.chance.randint(0, 2)))
        until = self.today + dt.timedelta(days=self.chance.randint(-2, 20))
        given = {"owner": self.anybody(), "until": until, "reopens": named}
        details = {name: given[name] for name in step.move_spec(move).details if name in given}
        seen = self.chance.choice(SEEN)
        revision = None if seen is None else step.revision + seen
        self.move_step(step, move, who, named, note=self.chance.choice(NOTES), revision=revision, **details)

    def make_a_move_that_one_may_make(self):
        step = self.any_step()
        # A review is decided sooner or later.
        spec = self.chance.choice(
            [spec for spec in step.open_moves() if spec.name != "block" or step.status != "in_review"]
        )
        done = list(
            step.project.steps.filter(status="done", template__phase=step.project.phase).select_related("template")
        )
        named = tuple(self.path(row) for row in self.chance.choices(done, k=2)) if done else ()
        until = self.today + dt.timedelta(days=self.chance.randint(0, 9))
        given = {"owner": self.cast.bo, "until": until, "reopens": named}
        details = {name: given[name] for name in spec.details if name in given}
        may = [person for person in vars(self.cast).values() if step.permits(spec.name, person)]
        if may:
            self.move_step(step, spec.name, self.chance.choice(may), named, note="Because", **details)

    def move_step(self, step: ProjectStep, move: str, by: User, named: tuple[str, ...] = (), **details: Any) -> None:
        """Move a step; a rejection reopens those that are `named`, each with a record of its own."""
        adds = {"TransitionRecord": 1 + (len(set(named)) if move == "reject" else 0)}
        if move in ("approve", "reject", "excuse"):
            adds["Approval"] = 1
        self.act(lambda: perform(step, move, by=by, now=self.now, **details), adds=adds)

    def work_a_step_to_its_end(self):
        self.work(self.any_step())

    def work_the_phase_to_its_end(self):
        project = self.fresh()
        for live in project.board.steps:
            if live.template.phase == project.phase:
                self.work(self.row(live.id))

    def work(self, step: ProjectStep) -> None:
        """Do what is left of a step, by whoever may; name an accountable where there is none."""
        board = step.project.board
        if not board.step_facts(board.by_path[self.path(step)]).accountable:
            self.act(lambda: name_on_step(step, "A", self.cast.arun, by=self.cast.adele), adds={})
        for move in ("resume", "start", "submit" if step.template.approval else "complete"):
            row = self.row(step.pk)
            may = [person for person in vars(self.cast).values() if row.permits(move, person)]
            if may and row.leaves_from_here(move):
                self.move_step(row, move, self.chance.choice(may))
        self.sign(step)

    def sign(self, step: ProjectStep) -> None:
        """Let every party decide that has still to: who holds it, or whoever is accountable in its place."""
        row = self.row(step.pk)
        for view in row.sign_off.outstanding if row.leaves_from_here("approve") else ():
            people = view.people or row.project.board.people(row.live, "A")
            move = "approve" if view.people or not view.optional else "excuse"
            for person in people[:1]:
                by = next(one for one in vars(self.cast).values() if one.pk == person.id)
                self.move_step(row, move, by, note="Because", party=view.party.value)

    def write_a_section(self):
        sections = self.fresh().section_facts
        if sections:
            move, note = self.chance.choice(SECTION_MOVES), self.chance.choice(NOTES)
            self.move_section(self.chance.choice(sections).key, move, self.anybody(), note=note)

    def write_all_there_is(self):
        """Begin what nobody has begun."""
        for section in self.fresh().section_facts:
            if section.open:
                self.move_section(section.key, "draft_section", self.cast.adele)

    def test_what_is_there(self):
        """Close a SIT run that is good throughout, where the gate out of SIT asks for one."""
        project = self.fresh()
        if project.phase == "sit":
            run_sit(project, self.cast)

    def move_section(self, key: str, move: str, by: User, **details: Any) -> None:
        slug, _, part = key.partition("/")
        self.act(
            lambda: move_section(self.fresh(), slug, part, move, by=by, now=self.now, **details),
            adds={"TransitionRecord": 1},
        )

    def go_on(self):
        """Take the project on, if its gate lets it."""
        project = self.fresh()
        move = "advance" if project.next_phase() else "complete"
        self.act(lambda: perform(project, move, by=self.cast.adele, now=self.now), adds={"TransitionRecord": 1})

    def move_the_project(self):
        project, who = self.fresh(), self.anybody()
        # Cancelled, it has nothing more to say: let that be rare.
        move = self.chance.choice(
            [*PROJECT_MOVES, *["advance", "return_to", "hold", "complete"] * 5, *["advance"] * 10]
        )
        details = {"phase": self.chance.choice([*CHAIN, *project.phases * 2, "uat", ""])} if move == "return_to" else {}
        seen = self.chance.choice(SEEN)
        revision = None if seen is None else project.revision + seen
        details |= {"note": self.chance.choice(NOTES), "revision": revision}
        self.act(lambda: perform(project, move, by=who, now=self.now, **details), adds={"TransitionRecord": 1})

    def resume_the_project(self):
        self.act(
            lambda: perform(self.fresh(), "resume", by=self.cast.adele, now=self.now), adds={"TransitionRecord": 1}
        )

    def waive_a_blocker(self):
        code, subject = self.chance.choice(self.blockers() or [("step-open", "")])
        self.waive(code, subject, self.anybody(), self.chance.choice(NOTES), self.chance.randint(-2, 20))

    def waive_all_there_is(self):
        until = self.chance.randint(0, 5)
        for code, subject in self.blockers():
            self.waive(code, subject, self.cast.adele, "Because", until)

    def waive(self, code: str, subject: str, by: User, reason: str, days: int) -> None:
        details = {"code": code, "subject": subject, "reason": reason, "expires": self.today + dt.timedelta(days=days)}
        self.act(lambda: waive(self.fresh(), by=by, now=self.now, **details), adds={"Waiver": 1})

    def fill_a_seat(self):
        seat, who = self.chance.choice(list(self.fresh().seats.order_by("pk"))), self.anybody()
        person = self.chance.choice([None, self.anybody(), self.anybody()])
        self.act(lambda: fill_seat(self.fresh(), seat.pk, person, by=who), adds={})

    def name_somebody(self):
        step, letter, who = self.any_step(), self.chance.choice("RAC"), self.anybody()
        person = self.chance.choice([None, self.anybody(), self.anybody()])
        self.act(lambda: name_on_step(step, letter, person, by=who), adds={})

    def move_a_due_date(self):
        step, who = self.any_step(), self.anybody()
        due = step.due + dt.timedelta(days=self.chance.choice([-30, -1, 1, 30]))
        self.act(lambda: move_due_date(step, due, by=who, now=self.now), adds={"DateChange": 1})

    def move_the_go_live(self):
        project, who = self.fresh(), self.anybody()
        target = project.target_go_live + dt.timedelta(days=self.chance.choice([-300, -1, 1, 30]))
        self.act(lambda: move_target_go_live(project, target, by=who, now=self.now), adds={"DateChange": 1})

    def leave_or_come_back(self):
        person = getattr(self.cast, self.chance.choice(["sofia", "ivan", "dele"]))
        set_active(person, not person.is_active, by=self.cast.adele)
        self.rows = everything()  # their grants, and who runs the project, went with them

    def let_time_pass(self):
        self.now += dt.timedelta(hours=self.chance.choice([3, 24, 24 * 7]))

    # What holds, whatever they do.

    @invariant()
    def all_is_well(self):
        self.every_state_is_what_the_records_lead_to()
        self.every_passage_was_judged_and_nothing_open_was_let_by()
        self.what_is_held_up_says_why_who_and_until_when()
        self.only_what_may_be_left_out_is_left_out_and_only_what_asks_for_it_is_reviewed()
        self.every_approval_step_that_is_done_was_approved_last()
        self.the_totals_are_what_the_steps_say()
        self.a_complete_project_is_at_its_end()

    def every_state_is_what_the_records_lead_to(self):
        (project,) = self.rows["Project"]
        state = {("Project", "phase"): project["phases"][0], ("Project", "standing"): "active"}
        state |= {(pk, "status"): status for pk, status in self.birth.items()}
        # What happened to test runs is no part of this life.
        first, *moves = [
            record for record in self.rows["TransitionRecord"][self.records_before :] if record["move"] != "close_run"
        ]
        assert (first["move"], first["target"]) == ("begin", project["phases"][0])
        for record in moves:
            of = (record["object_id"] if record["machine"] in {"status", "state"} else "Project", record["machine"])
            if record["machine"] == "state":
                state.setdefault(of, "empty")
            assert record["source"] == state[of]
            assert self.is_an_edge(record, project["phases"])
            state[of] = record["target"]
        assert state == {
            ("Project", "phase"): project["phase"],
            ("Project", "standing"): project["standing"],
            **{(row["id"], "status"): row["status"] for row in self.rows["ProjectStep"]},
            **{(row["id"], "state"): row["state"] for row in self.rows["DocumentSection"]},
        }

    @property
    def records_before(self) -> int:
        """How many records the database held before this project began: those of published playbooks."""
        return next(n for n, record in enumerate(self.rows["TransitionRecord"]) if record["move"] == "begin")

    def is_an_edge(self, record: dict[str, Any], visited: list[str]) -> bool:
        source, target = record["source"], record["target"]
        if record["move"] == "advance":
            return visited.index(target) == visited.index(source) + 1
        if record["move"] == "return_to":
            return visited.index(target) < visited.index(source)
        return (source, target) in EDGES[record["move"]]

    def every_passage_was_judged_and_nothing_open_was_let_by(self):
        for record in self.rows["TransitionRecord"]:
            if (record["machine"] == "phase" and record["move"] == "advance") or record["target"] == "complete":
                assert [
                    line["code"] for line in record["facts"]["criteria"] if not line["met"] or line["blockers"]
                ] == []
                phase = record["source"] if record["move"] == "advance" else self.rows["Project"][0]["phase"]
                self.was_let_by(record, phase)

    def was_let_by(self, record: dict[str, Any], phase: str) -> None:
        """Hold the statuses of a passage against the waivers that held on its day."""
        day = business_day(record["at"])
        set_aside = {
            (waiver["code"], waiver["subject"])
            for waiver in self.rows["Waiver"]
            if waiver["at"] <= record["at"] and day <= waiver["expires"]
        }
        for template in self.templates.values():
            path = f"{self.slug}/{template.key}"
            status = record["facts"]["steps"][path]
            if CHAIN.index(template.phase) > CHAIN.index(phase) or status in ("done", "not_applicable"):
                continue
            code = "step-blocked" if status == "blocked" else "approval-missing" if template.approval else "step-open"
            assert (code, path) in set_aside, (record["source"], path, status)

    def what_is_held_up_says_why_who_and_until_when(self):
        for row in self.rows["ProjectStep"]:
            held = row["status"] in ("blocked", "waiting_on_customer")
            assert held == (row["owner_id"] is not None) == (row["until"] is not None)
            assert bool(row["reason"].strip()) == (held or row["status"] == "not_applicable")

    def only_what_may_be_left_out_is_left_out_and_only_what_asks_for_it_is_reviewed(self):
        for row in self.rows["ProjectStep"]:
            template = self.templates[row["template_id"]]
            if row["status"] == "not_applicable":
                assert template.applies == "if_applicable" or self.birth[row["id"]] == "not_applicable"
            if row["status"] == "in_review":
                assert template.approval != ""

    def every_approval_step_that_is_done_was_approved_last(self):
        last = {row["step_id"]: row["decision"] for row in self.rows["Approval"]}
        for row in self.rows["ProjectStep"]:
            if self.templates[row["template_id"]].approval and row["status"] == "done":
                assert last[row["id"]] in ("approved", "excused")

    def the_totals_are_what_the_steps_say(self):
        (project,) = self.rows["Project"]
        counted = Counter(row["status"] for row in self.rows["ProjectStep"])
        assert project["steps_total"] == len(self.rows["ProjectStep"]) - counted["not_applicable"]
        assert (project["steps_done"], project["steps_blocked"], project["steps_waiting"]) == (
            counted["done"], counted["blocked"], counted["waiting_on_customer"],
        )  # fmt: skip
        assert list(recount(Project.objects.filter(pk=project["id"]), write=False)) == []

    def a_complete_project_is_at_its_end(self):
        (project,) = self.rows["Project"]
        if project["standing"] == "complete":
            assert project["phase"] == project["phases"][-1]

    # Shorthands.

    @property
    def slug(self) -> str:
        return self.project.board.versions[0].playbook

    def path(self, step: ProjectStep) -> str:
        return f"{self.slug}/{step.template.key}"

    def blockers(self) -> list[tuple[str, str]]:
        """What stands in the way of the present gate."""
        lines = gate(self.fresh().gate_facts(self.today))
        return [(blocker.code, blocker.subject) for line in lines for blocker in line.blockers]


def live(cast: SimpleNamespace, version: Version, *, kind: str, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Life(cast, version, kind),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nobody_brings_a_small_project_where_the_chain_forbids(cast):
    version = publish(
        a_step(1, "discovery"),
        a_step(2, "discovery", needs=("discovery.step-1",)),
        a_step(3, "discovery", applies="if_applicable", needs=("discovery.step-1",)),
        a_step(4, "design", approval="technical_design_review"),
        a_step(5, "design", needs=("discovery.step-2",), raci=NOBODY),
        a_step(6, "design", applies="partner_only"),
        a_step(7, "sit", needs=("design.step-4",)),
        a_step(8, "sit", approval="sit_verification", applies="if_applicable", needs=("sit.step-7", "design.step-6")),
    )

    live(cast, version, kind="custom", examples=25, steps=30)


def test_nobody_brings_an_integration_where_the_chain_forbids(cast, playbooks):
    assert set(usual_people(cast)) >= {"PM", "SE", "INM"}

    live(cast, playbooks["integration"], kind="partner", examples=6, steps=25)
