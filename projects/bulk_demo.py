"""Running projects brought in in bulk: for the demo's thousand, and as a pattern for taking over a spreadsheet's.

Everything is computed from the published versions and written in a few statements for each batch of projects. The records say
that the rows were brought in: no gate here has judged them.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from playbook.catalog import StepTemplate
from playbook.models import Step, Version
from projects.board import A, LiveStep, count
from projects.demo import HOLD_UPS, NAMESPACE, Plan, sitter
from projects.models import (
    Approval,
    Biller,
    CoreSystem,
    Decision,
    Project,
    ProjectGrant,
    ProjectPlaybook,
    ProjectStep,
    Seat,
)
from projects.people import Person
from projects.schedule import add_working_days, working_day_on_or_after
from projects.start import StartDraft, draft, seats_of
from projects.team import grants_due
from raci.grants import set_grants_of_new
from transitions.moves import bring_in
from transitions.phase import PHASE_ORDER
from transitions.step import StepStatus

BATCH = 100


def bring_in_projects(
    wanted: Sequence[Plan], people: dict[str, User], now: dt.datetime, *, each: Callable[[int], object]
) -> int:
    """Make those of the plans that are not there yet, a hundred at a time; return how many were made."""
    versions = {v.playbook.slug: v for v in Version.objects.latest_published().select_related("playbook")}
    systems = {
        name: CoreSystem.objects.get_or_create(name=name)[0] for name in {plan.core_system for plan in wanted} if name
    }
    made = 0
    for first in range(0, len(wanted), BATCH):
        plans = wanted[first : first + BATCH]
        keys = [_key(plan) for plan in plans]
        there = set(Project.objects.filter(start_key__in=keys).values_list("start_key", flat=True))
        missing = [plan for plan in plans if _key(plan) not in there]
        if missing:
            _Batch(missing, people, versions, systems, now).write()
        made += len(missing)
        each(len(plans))
    return made


def _key(plan: Plan) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, str(plan.index))


class _Batch:
    """A hundred projects on their way into the database."""

    def __init__(
        self,
        plans: Sequence[Plan],
        people: dict[str, User],
        versions: dict[str, Version],
        systems: dict[str, CoreSystem],
        now: dt.datetime,
    ) -> None:
        self.plans, self.people, self.versions, self.systems, self.now = plans, people, versions, systems, now
        self.drafts = [self._draft(plan) for plan in plans]
        # Given to the rows, so that the record of each does not read its step's title by itself.
        self.templates = Step.objects.in_bulk({step.id for made, _ in self.drafts for step in made.steps})

    def _draft(self, plan: Plan) -> tuple[StartDraft, dt.date]:
        ids = [self.versions[slug].pk for slug in plan.playbooks]
        today = self.now.date()
        shape = draft(ids, integration_kind=plan.kind, phased_go_live=False, kickoff=today)
        here = [shape.due[step.path] for step in shape.steps_in if step.phase == plan.phase] or [today]
        reached = min(here) + (max(here) - min(here)) * plan.share
        kickoff = working_day_on_or_after(today - (reached - today) - dt.timedelta(days=plan.late_days))
        return draft(ids, integration_kind=plan.kind, phased_go_live=False, kickoff=kickoff), kickoff

    @transaction.atomic
    def write(self) -> None:
        """Write the whole batch, or nothing."""
        billers = Biller.objects.bulk_create(
            [
                Biller(name=f"{plan.name} #{plan.index}", code=_letters(plan.index), vertical=plan.vertical)
                for plan in self.plans
            ]
        )
        statuses = [self._statuses(plan, made) for plan, (made, _) in zip(self.plans, self.drafts, strict=True)]
        projects = [
            self._project(plan, made, kickoff, biller, states)
            for plan, (made, kickoff), biller, states in zip(self.plans, self.drafts, billers, statuses, strict=True)
        ]
        by = self.people["Adele"]
        note = "Brought in by seed_demo."
        bring_in(
            projects, Project.objects.bulk_create, states=[{"phase": plan.phase} for plan in self.plans],
            by=by, note=note, at=[project.phase_since for project in projects],
        )  # fmt: skip
        self._pins_and_seats(projects, statuses)
        rows, states = self._steps(projects, statuses)
        bring_in(
            rows, lambda new: ProjectStep.objects.bulk_create(new, batch_size=1000), states=states,
            by=by, note=note, at=[row.status_since or self.now for row in rows],
        )  # fmt: skip
        self._approvals(rows)

    def _statuses(self, plan: Plan, made: StartDraft) -> dict[int, str]:
        """Everything in the phases passed is done; of the present one a share, in the order of its needs; one is held up."""
        chance = random.Random(plan.index)  # noqa: S311 - a demo wants the same dice every time
        here = PHASE_ORDER[plan.phase]
        states: dict[int, str] = {}
        present: list[StepTemplate] = []
        for step in made.steps:
            if step.id in made.left_out:
                states[step.id] = StepStatus.NOT_APPLICABLE
            elif step.phase_rank < here:
                states[step.id] = StepStatus.DONE
            elif step.phase_rank == here:
                present.append(step)
        present.sort(key=lambda step: made.due[step.path])
        done = round(len(present) * plan.share)
        for index, step in enumerate(present):
            states[step.id] = StepStatus.DONE if index < done else StepStatus.NOT_STARTED
        if done < len(present):
            states[present[done].id] = chance.choice(
                (StepStatus.IN_PROGRESS, StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER)
            )
        return states

    def _project(
        self, plan: Plan, made: StartDraft, kickoff: dt.date, biller: Biller, states: dict[int, str]
    ) -> Project:
        target = add_working_days(made.planned_end or kickoff, 3)
        live = [
            LiveStep(0, step, states.get(step.id, StepStatus.NOT_STARTED), made.due[step.path], None, "", None, None, 0)
            for step in made.steps
        ]
        totals = count(live, plan.phase)
        since = dt.datetime.combine(kickoff, dt.time(14), dt.UTC)
        return Project(
            code=f"{biller.code}-1", number=1, biller=biller, core_system=self.systems.get(plan.core_system), name=biller.name,
            integration_kind=plan.kind, phases=list(made.phases), kickoff=kickoff, target_go_live=target, baseline_go_live=target,
            actual_go_live=target if plan.phase == "post_live" else None, mrr=Decimal(1000 + plan.index * 37 % 24000),
            manager=self._manager(made), started_by=self.people["PM"], started_at=since, start_key=_key(plan), phase_since=since,
            **{name: getattr(totals, name) for name in totals.__slots__},
        )  # fmt: skip

    def _manager(self, made: StartDraft) -> User | None:
        return next((self.people[role.code] for role in made.roles if role.manages and role.code in self.people), None)

    def _live(self, plan: Plan, made: StartDraft, known: Mapping[int, str]) -> list[LiveStep]:
        """The steps as they will be, with whoever is named on them."""
        ingrid = Person(self.people["INM"].pk, self.people["INM"].name)
        return [
            LiveStep(
                0, step, status, made.due[step.path], None, "", None, None, 0,
                named_accountable=ingrid if self._is_named(plan, step, status) else None,
            )
            for step in made.steps
            for status in [known.get(step.id, StepStatus.NOT_STARTED)]
        ]  # fmt: skip

    def _is_named(self, plan: Plan, step: StepTemplate, status: str) -> bool:
        """Whether Ingrid is accountable by name: where the playbook names nobody, in the phases reached."""
        explained = {StepStatus.NOT_APPLICABLE, StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER}
        return status not in explained and step.phase_rank <= PHASE_ORDER[plan.phase] and not step.letters.get(A)

    def _pins_and_seats(self, projects: Sequence[Project], statuses: Sequence[Mapping[int, str]]) -> None:
        ProjectPlaybook.objects.bulk_create(
            [
                ProjectPlaybook(project=project, version_id=version.id)
                for project, (made, _) in zip(projects, self.drafts, strict=True)
                for version in made.versions
            ]
        )
        seats, wanted = [], {}
        for project, plan, (made, _), known in zip(projects, self.plans, self.drafts, statuses, strict=True):
            people: dict[int, User] = {}
            for version in made.versions:
                for role in version.roles.values():
                    person = sitter(self.people, role)
                    seats.append(Seat(project=project, role_id=role.id, person=person))
                    if person:
                        people[role.id] = person
            wanted[project.pk] = grants_due(self._live(plan, made, known), seats_of(made.versions, people))
        Seat.objects.bulk_create(seats, batch_size=1000)
        set_grants_of_new(ProjectGrant, Project, wanted)

    def _steps(
        self, projects: Sequence[Project], statuses: Sequence[dict[int, str]]
    ) -> tuple[list[ProjectStep], list[dict[str, str]]]:
        rows, states = [], []
        for project, plan, (made, _), known in zip(projects, self.plans, self.drafts, statuses, strict=True):
            for step in made.steps:
                status = known.get(step.id, StepStatus.NOT_STARTED)
                due = made.due[step.path]
                row = ProjectStep(project=project, template=self.templates[step.id], due=due, baseline_due=due)
                row.status_since = dt.datetime.combine(min(due, self.now.date()), dt.time(15), dt.UTC)
                if status == StepStatus.NOT_APPLICABLE:
                    row.reason = made.left_out[step.id].why
                elif status in {StepStatus.BLOCKED, StepStatus.WAITING_ON_CUSTOMER}:
                    row.reason = HOLD_UPS[project.pk % len(HOLD_UPS)]
                    row.owner, row.until = (
                        self.people["B"],
                        working_day_on_or_after(self.now.date() + dt.timedelta(days=4)),
                    )
                elif self._is_named(plan, step, status):
                    row.accountable = self.people["INM"]
                rows.append(row)
                states.append({"status": str(status)})
        return rows, states

    def _approvals(self, rows: Sequence[ProjectStep]) -> None:
        asked = {
            step.id for made, _ in self.drafts for step in made.steps if step.approval
        }  # fmt: skip
        Approval.objects.bulk_create(
            [
                Approval(
                    project=row.project,
                    step=row,
                    decision=Decision.APPROVED,
                    by=self.people["INM"],
                    at=row.status_since or self.now,
                )
                for row in rows
                if row.template_id in asked and row.status == StepStatus.DONE
            ],
            batch_size=1000,
        )


def _letters(index: int) -> str:
    """Return five letters that no other demo biller has: 0 → ZAAAA."""
    letters = ""
    for _ in range(4):
        index, rest = divmod(index, 26)
        letters = chr(65 + rest) + letters
    return f"Z{letters}"
