"""The phased go-live's part of the demo: answers, a phase linked to the one before, and five cases under way."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from accounts.models import User
from handoff.models import CriterionCode, ProductionCase
from handoff.phased.cases import add_case, escalate_case, hold_review, note_case
from handoff.phased.linking import answer_criterion, link_phases
from handoff.phased.switching import set_phased, tasks_of
from history.context import named
from playbook.models import Version
from projects.demo import sitter
from projects.health import Health
from projects.models import IntegrationKind, Project
from projects.schedule import ONE_DAY, add_working_days
from projects.start import Start, draft, start_project
from projects.updates import post_update
from records.raid_rights import people_of
from transitions.clock import business_day
from transitions.moves import perform
from transitions.phase import Phase
from workbook.vocabulary import Severity

NAMESPACE = uuid.UUID("a6c5a0de-1f0b-4c0e-9d1f-2f6f7f0a7c55")
#: number, title, severity, days ago, the note (and whether it is for the client)
CASES = (
    ("00012841", "AutoPay enrolment fails for accounts with two owners", Severity.CRITICAL, 6,
     "Reproduced in production. The fix is in test and goes out with the release of Thursday.", True),
    ("00012790", "Paid invoices stay open until the next morning", Severity.MAJOR, 12,
     "The posting job runs once a day. Asked the core system’s vendor whether it can run hourly.", False),
    ("00012803", "Agents see an old balance after a reversal", Severity.MAJOR, 9, "", False),
    ("00012866", "Spanish text is missing in the payment reminder", Severity.MINOR, 2,
     "The text is with the client for approval.", True),
    ("00012715", "Logo is blurred in the e-mail", Severity.COSMETIC, 20, "Replaced by a larger picture.", True),
)  # fmt: skip


@named
def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Let a project on an existing integration that stays in Release be a phased one: with a next phase, and with cases."""
    if leaving or phase != Phase.RELEASE or project.integration_kind != IntegrationKind.EXISTING:
        return
    manager = project.board.manager()
    if manager is None or not tasks_of(project) or ProductionCase.objects.filter(project=project).exists():
        return
    by = User.objects.get(pk=manager.id)
    if not project.phased_go_live:
        set_phased(project, True, reason="The commercial lines go live in a second phase.", by=by, now=now)
    _answers(project, by, now)
    _next_phase(project, people, by, now)
    _cases(project, people, by, now)


def _answers(project: Project, by: User, now: dt.datetime) -> None:
    note = "AutoPay and the commercial lines come in the second phase."
    answer_criterion(project, CriterionCode.REVENUE, answer=True, note=note, by=by, now=now)


def _next_phase(project: Project, people: Mapping[str, User], by: User, now: dt.datetime) -> None:
    """Start the second phase as a project of its own, and link it."""
    version = Version.objects.latest_published().get(playbook__slug="transition-to-cs")
    kind, kickoff = IntegrationKind.EXISTING, add_working_days(now.date(), 5)
    made = draft([version.pk], integration_kind=kind, phased_go_live=False, kickoff=kickoff)
    seats = {(role.code, role.name): person for role in made.roles if (person := sitter(people, role))}
    following = start_project(
        Start(
            biller_name=project.biller.name, biller_code=project.biller.code, vertical=project.biller.vertical,
            integration_kind=kind, version_ids=(version.pk,), kickoff=kickoff, mrr=project.mrr, people=seats,
            target_go_live=max(add_working_days(made.planned_end or kickoff, 3), kickoff),
        ),
        by=by, now=now,
    )  # fmt: skip
    link_phases(project, following, by=by)
    post_update(
        following, health=Health.ON_TRACK, text="The second phase is planned; it begins when the first has settled.",
        visible_to_customer=False, by=by, now=now, key=uuid.uuid5(NAMESPACE, following.code),
    )  # fmt: skip


def _cases(project: Project, people: Mapping[str, User], by: User, now: dt.datetime) -> None:
    seated = {person.id for person in people_of(project)}
    tess = people["TSM"]
    owner = tess if tess.pk in seated else None
    writer = owner or by
    today = business_day(now)
    made = []
    for number, title, severity, days, note, told in CASES:
        case = add_case(
            project, by=writer, now=now, external_id=number, title=title, severity=severity, opened_on=today - days * ONE_DAY,
            link=f"https://cases.example.org/{number}", owner=owner, owner_name="" if owner else "Support desk",
        )  # fmt: skip
        if note:
            note_case(case, note, for_customer=told, by=writer, now=now)
        made.append(case)
    reason = "No enrolment works for joint accounts; the client’s campaign begins on Monday."
    escalate_case(made[0], 1, reason=reason, by=writer, now=now)
    hold_review(project, today - 7 * ONE_DAY, note="Gone through with the client’s team.", by=writer, now=now)
    perform(made[4], "close_case", by=writer, note="The client has seen it and agrees.", now=now)
