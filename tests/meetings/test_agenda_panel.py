"""What a project's page says of its reviews and its presentation."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from meetings.agenda_panel import project_panel
from projects.models import Project
from tests.meetings.agendas import BEFORE, NOW, TUESDAY, in_design, make_go_live, make_tdr, ready, review_version

pytestmark = pytest.mark.django_db


def lines(project: Project, who) -> list[tuple[str, str, str]]:
    panel = project_panel(Project.objects.get(pk=project.pk), who, NOW.date())
    return [(line.label, line.when, line.note) for line in panel.values["lines"]] if panel else []


@pytest.fixture(autouse=True)
def on_that_thursday():
    with time_machine.travel(NOW, tick=False):
        yield


def test_it_says_when_the_project_presents_and_is_reviewed(cast, client):
    version = review_version()
    first = ready(cast, version, code="AAA", target_go_live=dt.date(2026, 12, 8))
    second = ready(cast, version, code="BBB", target_go_live=dt.date(2027, 1, 19))
    third = in_design(cast, version, code="CCC", target_go_live=dt.date(2026, 11, 20))
    assert lines(first, cast.priya) == []
    make_tdr(capacity=1)
    make_go_live()
    assert lines(first, cast.priya) == [("Presents", "Mon Dec 7", ""), ("TDR", "Tue Nov 24", "")]
    assert lines(second, cast.priya) == [
        ("Presents", "Mon Jan 18", "on a holiday: Martin Luther King Jr. Day"),
        ("TDR", "Tue Dec 1", "waits: capacity"),
    ]
    assert lines(third, cast.priya) == [
        ("Presented", "Mon Nov 16", ""),
        ("TDR", "not ready yet", "waits: 1 step open"),
    ]
    client.force_login(cast.priya)
    page = client.get(reverse("project", args=[first.code])).content.decode()
    assert "Reviews and presentation" in page
    assert (TUESDAY.isoformat() in page, BEFORE in page) == (True, True)


def test_it_costs_two_queries_and_six_more_while_the_project_is_ready(cast):
    version = review_version()
    make_tdr()
    make_go_live()
    for project, most in ((in_design(cast, version, code="CCC"), 2), (ready(cast, version, code="AAA"), 8)):
        fresh = Project.objects.get(pk=project.pk)
        fresh.board.steps  # noqa: B018 - the page has read it
        project_panel(fresh, cast.priya, NOW.date())
        with CaptureQueriesContext(connection) as caught:
            project_panel(fresh, cast.priya, NOW.date())
        assert len(caught.captured_queries) == most
