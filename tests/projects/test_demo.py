"""The demo portfolio: lived through the gates, the same however often it is asked for."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from projects.models import Biller, BillerMrr, CoreSystemProduct, LiveCustomer, Project, ProjectPlaybook
from transitions.models import TransitionRecord
from transitions.phase import Phase


@pytest.mark.django_db
def test_the_demo_shows_every_phase_and_comes_once() -> None:
    call_command("load_playbooks", stdout=StringIO())
    call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    projects, records = Project.objects.count(), TransitionRecord.objects.count()

    assert set(Project.objects.values_list("phase", flat=True)) == {phase.value for phase in Phase}
    # One project has taken the playbook that was published since; the others are offered it.
    assert ProjectPlaybook.objects.filter(version__playbook__slug="integration", version__number=2).count() == 1
    assert ProjectPlaybook.objects.filter(version__playbook__slug="integration", version__number=1).count() > 1

    call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    assert (Project.objects.count(), TransitionRecord.objects.count()) == (projects, records)


@pytest.mark.django_db
def test_the_demo_has_a_registry_and_it_comes_once() -> None:
    call_command("load_playbooks", stdout=StringIO())
    call_command("load_core_systems", stdout=StringIO())
    for _ in range(2):
        call_command("seed_demo", "--projects", "3", stdout=StringIO(), stderr=StringIO())
        assert (Biller.objects.count(), BillerMrr.objects.count(), LiveCustomer.objects.count()) == (12, 9, 9)
        assert CoreSystemProduct.objects.count() == 7 + 7
    assert set(Biller.objects.values_list("state", flat=True)) == {"OH", "PA", "CA", "WA", "OR", "NY"}
