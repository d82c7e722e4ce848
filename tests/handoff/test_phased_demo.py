"""The demo's phased go-live: a project in Release with its tasks, answers, cases, and a next phase."""

from __future__ import annotations

import datetime as dt

import pytest

from handoff.models import PhaseLink, ProductionCase
from handoff.phased.page import judged
from handoff.phased.switching import tasks_of
from playbook.models import Version
from projects.demo import live_through, plans, seed_people
from projects.models import Project
from projects.recount import recount

pytestmark = pytest.mark.django_db


def test_a_project_in_release_is_phased_with_cases_and_a_next_phase(playbooks):
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in Version.objects.select_related("playbook")}
    project = live_through(list(plans(12))[4], people, versions, dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))
    project = Project.objects.get(pk=project.pk)
    assert project.phased_go_live
    assert {step.status for step in tasks_of(project)} == {"not_started"}
    cases = ProductionCase.objects.filter(project=project)
    assert (cases.count(), cases.filter(escalated__gt=0).count(), cases.filter(state="closed").count()) == (5, 1, 1)
    assert PhaseLink.objects.get().follows == project
    _, verdict = judged(project, people["PM"], dt.date(2026, 11, 23))
    assert (verdict.phased, verdict.telling) == (True, True)
    assert list(recount(Project.objects.all(), write=False)) == []
