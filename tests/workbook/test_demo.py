"""The demo's testing: half done in SIT, closed good past it."""

from __future__ import annotations

import datetime as dt

import pytest

from playbook.models import Version
from projects.demo import live_through, plans, seed_people
from workbook.models import Defect, Run
from workbook.page import run_page
from workbook.sign_off import uat_signed


@pytest.mark.parametrize(("index", "open_runs", "closed"), [(1, 1, 0), (10, 0, 2)])
def test_projects_in_sit_are_half_done_and_those_past_it_were_good(playbooks, index, open_runs, closed):
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in Version.objects.select_related("playbook")}
    project = live_through(list(plans(12))[index], people, versions, dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))
    runs = Run.objects.filter(project=project)
    assert (runs.filter(state="open").count(), runs.filter(state="closed").count()) == (open_runs, closed)
    told = run_page(runs.order_by("-number").first(), project, dt.date(2026, 11, 23))
    if closed:
        assert told.verdict.met
        assert told.counts["waived"] == 1
    else:
        assert (told.counts["untested"] > 10, told.counts["failed"], told.verdict.met) == (True, 3, False)
        assert Defect.objects.filter(state="open", severity=1).count() == 1


@pytest.mark.parametrize(("index", "state"), [(15, "open"), (3, "closed")])
def test_the_biller_tests_before_go_live_and_signs_what_is_through(playbooks, index, state):
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in Version.objects.select_related("playbook")}

    project = live_through(list(plans(18))[index], people, versions, dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))

    run = Run.objects.get(project=project, kind="uat")
    tested, signed = run.results.filter(by=people["B"]).count(), uat_signed(project)
    assert run.state == state
    if state == "closed":
        assert (tested, signed.run, signed.by, signed.recomputes) == (run.cases.count(), run, people["B"], True)
    else:
        assert (0 < tested < run.cases.count(), signed) == (True, None)
        assert Defect.objects.get(result__run=run).severity == 3
