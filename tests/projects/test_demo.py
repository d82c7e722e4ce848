"""The demo portfolio: lived through the gates, the same however often it is asked for."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from projects.models import Project
from transitions.models import TransitionRecord
from transitions.phase import Phase


@pytest.mark.django_db
def test_the_demo_shows_every_phase_and_comes_once() -> None:
    call_command("load_playbooks", stdout=StringIO())
    call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    projects, records = Project.objects.count(), TransitionRecord.objects.count()

    assert set(Project.objects.values_list("phase", flat=True)) == {phase.value for phase in Phase}

    call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    assert (Project.objects.count(), TransitionRecord.objects.count()) == (projects, records)
