"""Two thousand cases cost the queries of twenty, and no page draws them all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Project
from transitions.clock import business_day
from workbook.gate import sit_criteria
from workbook.models import Result, Run
from workbook.page import project_panel
from workbook.runs import start_run

SIZES = (20, 2000)
#: What each page costs, whatever the number of cases; session, person, project and board are five or so of these.
COSTS = {
    "workbook": 12, "suite": 12, "run": 11, "run, failed": 11, "case of a run": 15, "start": 10, "results": 13, "export": 4,
}  # fmt: skip


@pytest.fixture
def filled(project, cast, write):
    """A function that fills the project to a size and starts a run, of which nine in ten are recorded, each twice."""

    def fill(size: int) -> Run:
        per = size // 10
        for number in range(10):
            write(per, suite=f"Suite {number}")
        run = start_run(project, "sit", build="1.0", environment="Test", by=cast.priya)
        now = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
        cases = list(run.cases.all())
        for outcome in ("failed", "passed"):
            Result.objects.bulk_create(
                [
                    Result(project=project, run=run, run_case=case, outcome=outcome, note="x", by=cast.priya, at=now)
                    for place, case in enumerate(cases)
                    if place % 10 and (outcome == "failed" or place % 10 > 1)
                ],
                batch_size=1000,
            )
        return run

    return fill


@pytest.mark.parametrize("size", SIZES)
def test_queries_do_not_grow_with_the_cases(project, cast, filled, size):
    run = filled(size)
    client = Client()
    client.force_login(cast.priya)
    book = reverse("workbook", args=[project.code])
    suite = run.cases.first().case.suite_id
    here = reverse("run", args=[project.code, run.pk])
    pages = {
        "workbook": book, "suite": f"{book}?suite={suite}", "run": here, "run, failed": f"{here}?outcome=failed",
        "case of a run": f"{here}cases/3", "start": reverse("start-run", args=[project.code, "sit"]),
        "results": f"{here}results.xlsx", "export": reverse("export-cases", args=[project.code, "sit", "xlsx"]),
    }  # fmt: skip
    client.get(book)  # versions are read once for the process
    found, drawn = {}, {}
    for name, address in pages.items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = client.get(address)
        assert response.status_code == 200
        found[name] = len(queries)
        drawn[name] = (len(response.content), response.content.count(b"<form"))
    assert found == COSTS
    assert all(
        size < 200_000 and forms < 12 for name, (size, forms) in drawn.items() if name not in {"results", "export"}
    )


@pytest.mark.parametrize("size", SIZES)
def test_the_gate_costs_three_queries_and_the_panel_three(project, cast, filled, size, django_assert_num_queries):
    filled(size)
    fresh = Project.objects.get(pk=project.pk)
    facts = replace(fresh.gate_facts(business_day()), phase="sit")
    list(sit_criteria(facts))
    with django_assert_num_queries(3):
        criteria = list(sit_criteria(facts))
    assert [len(c.blockers) for c in criteria] == [1, min(size // 10, 26), min(size // 10, 26), 0]
    with django_assert_num_queries(3):
        panel = project_panel(fresh, cast.priya, business_day())
    assert panel.values["runs"][0].verdict.tally.total == size
