"""A project with a workbook, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from projects.models import Project
from tests.cast import MakeProject
from workbook.cases import NewCase, insert
from workbook.models import Case, Run, RunCase
from workbook.runs import record_result, start_run


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A partner integration, in Discovery; Priya runs it, Sofia tests, Bo and Pat are outside, Mallory is nowhere."""
    return make_project()


Write = Callable[..., list[Case]]


@pytest.fixture
def write(project: Project) -> Write:
    """Return a function that writes cases, `size` to a suite called `suite`, mandatory unless told."""

    def make(size: int = 2, *, suite: str = "Invoices", kind: str = "sit", **fields: Any) -> list[Case]:
        wanted = [NewCase(suite, f"Case {number}", "Before", "Do", "After", **fields) for number in range(1, size + 1)]
        return insert(project, kind, wanted)

    return make


Begin = Callable[..., Run]


@pytest.fixture
def begin(project: Project, cast: SimpleNamespace) -> Begin:
    """Return a function that starts a run and records outcomes in the order of its cases; None leaves one untested."""

    def make(*outcomes: str | None, kind: str = "sit", **fields: Any) -> Run:
        run = start_run(project, kind, build="1.0", environment="Test", by=cast.priya, **fields)
        for case, outcome in zip(run.cases.order_by("position"), outcomes, strict=False):
            if outcome:
                record_result(case, outcome, note="Because.", by=cast.priya)
        return run

    return make


def place(run: Run, position: int) -> RunCase:
    """Return the case at a place of a run."""
    found: RunCase = run.cases.get(position=position)
    return found
