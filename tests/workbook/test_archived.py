"""A project that is complete: its workbook is read for ever, and changes by no door."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project
from tests.cast import finish_phase
from transitions.blockers import Archived
from transitions.moves import perform
from workbook.cases import NewCase, add_case, add_suite, insert, move_case, rename_suite, set_criteria, set_retired
from workbook.defects import NewDefect, change_defect, record_case
from workbook.models import Case, Defect, Result, Run, Suite
from workbook.runs import record_result, start_run
from workbook.starter import take_starter_set


@pytest.fixture
def complete(make_project, cast) -> Project:
    project = make_project(playbooks=("addon-post-live",), kind="add_on", biller="Ashby Gas", by=cast.adele)
    insert(project, "sit", [NewCase("Invoices", "One"), NewCase("Invoices", "Two")])
    run = start_run(project, "sit", build="1.0", environment="Test", by=cast.adele)
    record_case(run.cases.first(), "failed", note="x", defect=NewDefect("No invoice", 1), by=cast.adele)
    finish_phase(project, cast)
    return perform(Project.objects.get(pk=project.pk), "complete", by=cast.adele).row


def test_every_service_refuses(complete, cast):
    by, suite, case, run, defect = (
        cast.adele,
        Suite.objects.get(),
        Case.objects.first(),
        Run.objects.get(),
        Defect.objects.get(),
    )
    acts = [
        lambda: add_suite(complete, "sit", "Balances", by=by),
        lambda: rename_suite(suite, "Balances", by=by),
        lambda: add_case(suite, title="x", by=by),
        lambda: move_case(case, up=False, by=by),
        lambda: set_retired(case, True, by=by),
        lambda: set_criteria(complete, "sit", share_passed=90, revision=0, by=by),
        lambda: take_starter_set(complete, "sit", by=by),
        lambda: start_run(complete, "uat", build="1", environment="x", by=by),
        lambda: record_result(run.cases.last(), "passed", by=by),
        lambda: change_defect(defect, title="x", severity=4, link="", revision=0, by=by),
        lambda: perform(run, "close_run", by=by),
        lambda: perform(defect, "close_defect", note="x", by=by),
        lambda: Case.objects.filter(pk=case.pk).update(title="x"),
        lambda: Result(project=complete, run=run, run_case=run.cases.last(), outcome="passed", by=by).save(),
    ]
    for act in acts:
        with pytest.raises(Archived):
            act()


def test_its_pages_are_read_and_refuse(complete, cast):
    client = Client()
    client.force_login(cast.adele)
    run = Run.objects.get()
    here = reverse("run", args=[complete.code, run.pk])
    for address in (
        reverse("workbook", args=[complete.code]),
        here,
        f"{here}cases/2",
        reverse("case", args=[complete.code, 1]),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert "data-record" not in page.content.decode()
    assert client.post(f"{here}cases/2", {"outcome": "passed", "seen": 0}).status_code == 409
    assert client.post(f"{here}move", {"move": "close_run", "revision": 0}).status_code == 409
