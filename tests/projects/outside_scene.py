"""A project on which people outside have seats, with something unmistakable in every place that is not for them. Nothing here
is a test."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

from django.core.files.uploadedfile import SimpleUploadedFile

from playbook.data import ChangeData, PlaybookData, RoleData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.services import publish_version, write_draft
from projects.dates import move_due_date, move_target_go_live
from projects.documents import add_version, move_section
from projects.models import Project, ProjectStep
from projects.outside import show_to_customer
from projects.waivers import waive
from raci.letters import Raci
from tests.cast import move, step_of, usual_people
from tests.transitions.made_up import a_step, started
from transitions.clock import business_day
from transitions.moves import perform

SOON = dt.date(2030, 1, 2)
ROLES = (
    RoleData("PM", "Project Manager", "sekret-team", "internal", manages=True),
    RoleData("IM", "Implementations Manager", "sekret-team", "internal", manages=True),
    RoleData("SE", "sekret-role", "sekret-team", "internal"),
    RoleData("INM", "Integrations Manager", "sekret-team", "internal"),
    RoleData("B", "Biller", "Customer", "customer"),
    RoleData("CS", "Core System", "Vendor", "partner"),
)
OURS, TOLD = Raci(R=("SE",), A=("INM",)), Raci(R=("SE",), A=("INM",), I=("B",))
THEIRS, PARTNERS = Raci(R=("B",), A=("INM",)), Raci(R=("CS",), A=("INM",))
INSIDE = {
    "raci_source": "sekret-cell", "guidance": "sekret-guidance", "documents": ("sekret-document", "inner-page"),
    "meeting": "sekret-meeting", "open_questions": ("sekret-step-question",), "category": "sekret-category",
}  # fmt: skip

#: What is inside, and shows on no page, in no header and no file that somebody outside can get.
SECRETS = (
    *("sekret-inside-title", "sekret-role", "sekret-team", "sekret-cell", "sekret-guidance", "sekret-document"),
    *("sekret-meeting", "sekret-step-question", "sekret-category", "sekret-playbook", "sekret-open-question"),
    *(
        "sekret-author",
        "sekret-change",
        "sekret-blocked",
        "sekret-waiver",
        "sekret-note",
        "sekret-decision",
        "sekret-not-applicable",
    ),
    *("sekret-file-name", "sekret-file-content", "sekret-skipped", "sekret-label"),
    *("sekret-date-reason", "sekret-go-live-reason", "sekret-hold", "sekret-foreign", "987654", "987,654"),
)


@dataclass
class Scene:
    """The project, and one of others."""

    project: Project
    foreign: Project
    cast: SimpleNamespace

    def step(self, key: str) -> ProjectStep:
        """The step `design.<key>`, read afresh."""
        return step_of(self.project, f"design.{key}")

    def address(self, key: str) -> str:
        """The address of the step `design.<key>`."""
        return self.project.step_url(f"made-up/design.{key}")

    @property
    def address_of(self) -> str:
        """The project's address."""
        return self.project.get_absolute_url()

    @property
    def fresh(self) -> Project:
        """The project, read afresh."""
        return Project.objects.get(pk=self.project.pk)


def playbook(more: int = 0) -> Version:
    """A playbook in which the biller works a step, decides one and hears of others; most of it is not theirs.

    With `more` steps of which the biller hears.
    """
    steps = [
        ("shared", "Review the sample bills", TOLD, {}),
        ("inside", "sekret-inside-title", OURS, {}),
        ("theirs", "Send the sample files", THEIRS, {}),
        ("after", "Test the sample files", THEIRS, {"needs": ("design.inside",)}),
        ("decide", "Sign the design", Raci(R=("SE",), A=("B",)), {"approval": "business_design_review"}),
        ("marked", "Read the summary", OURS, {}),
        ("held", "Connect the bank", TOLD, {}),
        ("waiting", "Name a technical contact", OURS, {}),
        ("partner", "Open the test region", PARTNERS, {}),
        ("left-out", "Budget billing", TOLD, {"applies": "if_applicable"}),
        ("signed", "Agree the scope", TOLD, {"approval": "business_design_review"}),
    ]
    made = [
        a_step(number, **INSIDE, **changes, key=f"design.{key}", title=title, raci=raci)
        for number, (key, title, raci, changes) in enumerate(steps, 1)
    ]
    made.append(a_step(len(made) + 1, "sit", **INSIDE, key="sit.theirs", title="Run your own tests", raci=THEIRS))
    made += [a_step(number, **INSIDE, raci=TOLD) for number in range(len(made) + 1, len(made) + 1 + more)]
    row, _ = Playbook.objects.get_or_create(slug="made-up", defaults={"title": "sekret-playbook"})
    data = PlaybookData(
        "made-up", "sekret-playbook", roles=ROLES, steps=tuple(made), open_questions=("sekret-open-question",),
        changes=(ChangeData("1.0", "2024-03-29", "sekret-author", "sekret-change"),),
    )  # fmt: skip
    version = write_draft(data, playbook=row)
    return publish_version(version, by=None, note="", confirmed=warning_ids(lint(version.as_data()))).row


def a_scene(cast: SimpleNamespace, more: int = 0, code: str = "MRW") -> Scene:
    """Make both projects and let things happen to them; with `more` steps of which the biller hears."""
    version = playbook(more)
    people = {**usual_people(cast), "CS": cast.pat}
    project = started(cast, version, people=people, mrr=Decimal("987654.32"), biller_code=code)
    ours = {role: person for role, person in people.items() if role not in {"B", "CS"}}
    foreign = started(
        cast, version, people=ours, biller_name="sekret-foreign", biller_code="FRN" if code == "MRW" else f"F{code[:2]}"
    )
    scene = Scene(project, foreign, cast)
    perform(project, "hold", by=cast.priya, note="sekret-hold")
    perform(scene.fresh, "resume", by=cast.priya)
    held_up = {"owner": cast.bo, "until": SOON}
    move(project, "design.held", "block", cast.sofia, note="sekret-blocked", **held_up)
    move(project, "design.waiting", "wait", cast.sofia, note="Who answers technical questions?", **held_up)
    move(project, "design.left-out", "mark_not_applicable", cast.sofia, note="sekret-not-applicable")
    move(project, "design.inside", "start", cast.sofia, note="sekret-note")
    for key in ("signed", "decide"):
        move(project, f"design.{key}", "start", cast.sofia, note="sekret-note")
        move(project, f"design.{key}", "submit", cast.sofia, note="sekret-note")
    move(project, "design.signed", "approve", cast.ingrid, note="sekret-decision")
    upload = SimpleUploadedFile("sekret-file-name.txt", b"sekret-file-content")
    add_version(project, "inner-page", by=cast.priya, upload=upload, label="sekret-label")
    move_section(project, "sekret-document", "", "skip_section", by=cast.priya, note="sekret-skipped")
    waive(
        scene.fresh, code="step-blocked", subject="made-up/design.held", by=cast.priya, reason="sekret-waiver",
        expires=business_day() + dt.timedelta(days=30),
    )  # fmt: skip
    move_due_date(scene.step("theirs"), SOON, by=cast.priya, reason="sekret-date-reason")
    move_target_go_live(scene.fresh, SOON, by=cast.priya, reason="sekret-go-live-reason")
    note = "Put ten bills into the shared folder.\nAny month will do."
    show_to_customer(scene.step("theirs"), visible=False, note=note, by=cast.priya)
    show_to_customer(scene.step("marked"), visible=True, note="", by=cast.sofia)
    scene.project = scene.fresh
    return scene
