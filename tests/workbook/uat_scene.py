"""A project whose customers test: Bo signs for the biller, Pat sits with the core system, Ingrid answers for SIT. Nothing here is
a test."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from projects.models import Project
from tests.projects.signing import SEATS
from tests.transitions.made_up import a_step, publish, started
from transitions.moves import perform
from workbook.models import Case, Result, Run, RunCase, Suite
from workbook.runs import record_result, start_run
from workbook.vocabulary import Kind

#: The smallest picture there is.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)
TITLES = ("Open a bill", "Pay by card", "See the payment", "Download a receipt")
_codes = itertools.count()


def picture(name: str = "screen.png", content: bytes = PNG) -> SimpleUploadedFile:
    """An upload as a browser sends it."""
    return SimpleUploadedFile(name, content, "image/png")


def write_cases(project: Project, kind: str, count: int, title: str = "Payments") -> None:
    """Put `count` cases into one suite of a project."""
    suite = Suite(project=project, kind=kind, title=f"{title} {kind}")
    suite.save()
    first = project.cases.count()
    Case.objects.bulk_create(
        [
            Case(
                project=project, suite=suite, number=first + place, position=place,
                title=TITLES[place - 1] if place <= len(TITLES) else f"Case number {place}",
                preconditions="A customer with one open bill.\nThe test card.",
                steps="1. Sign in\n2. Open the bill\n3) Press Pay", expected="The bill is paid.", mandatory=place != 2,
            )
            for place in range(1, count + 1)
        ]
    )  # fmt: skip


@dataclass
class Uat:
    """The project and its open run, read afresh."""

    cast: SimpleNamespace
    project: Project
    run_id: int

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return Run.objects.select_related("project").get(pk=self.run_id)

    def case(self, position: int) -> RunCase:
        """The case at a position of the run."""
        return RunCase.objects.select_related("run", "project", "case").get(run=self.run_id, position=position)

    def record(self, position: int, outcome: str, by: User, note: str = "", **more: Any) -> Result:
        """Record what a case came to."""
        return record_result(self.case(position), outcome, by=by, note=note, **more)

    def all_pass(self, by: User) -> None:
        """Let every case pass."""
        for case in self.run.cases.all():
            record_result(case, "passed", by=by)

    def close(self) -> Run:
        """Close the run."""
        return perform(self.run, "close_run", by=self.cast.priya).row

    def url(self, name: str = "uat-run", *more: Any) -> str:
        """The address of one of the run's pages."""
        return reverse(name, args=[self.project.code, self.run.number, *more])


def a_project(cast: SimpleNamespace, **people: User | None) -> Project:
    """A project in Design with a step of SIT that is verified, and the people of the customer in their seats."""
    steps = (
        a_step(1, documents=("sit-workbook",)),
        a_step(2, "sit", approval="sit_verification", documents=("sit-workbook",)),
    )
    seats: dict[str, Any] = {
        "PM": cast.priya, "IM": cast.ivan, "SE": cast.sofia, "INM": cast.ingrid, "B": cast.bo, "CIS": cast.pat, **people,
    }  # fmt: skip
    code = "MRW" if not Project.objects.exists() else "ABCDEFGHIJ"[next(_codes) % 10] + "UT"
    return started(
        cast, publish(*steps, roles=SEATS), people={role: who for role, who in seats.items() if who},
        biller_code=code, biller_name=f"Marrow County Tax {code}" if code != "MRW" else "Marrow County Tax",
    )  # fmt: skip


def a_run(
    cast: SimpleNamespace, count: int = 4, *, project: Project | None = None, due: dt.date | None = None, **people: Any
) -> Uat:
    """A project with an open UAT run of `count` cases."""
    project = project or a_project(cast, **people)
    write_cases(project, Kind.UAT, count)
    run = start_run(project, Kind.UAT, build="2026.11", environment="Staging", by=cast.priya, due=due)
    return Uat(cast, project, run.pk)


def client_of(person: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(person)
    return client
