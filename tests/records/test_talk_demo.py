"""What is said in the demo: three to six comments on a project, some for both sides, one decision, one mention that is heard."""

from __future__ import annotations

import datetime as dt

import pytest

from projects.models import Notice
from records.models import Comment, Mention
from records.talk_demo import talk

pytestmark = pytest.mark.django_db

TEN = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)


def test_a_demo_project_is_talked_about(make_project, cast):
    project = make_project()
    talk(project, "discovery", {}, TEN, True)
    talk(project, "discovery", {}, TEN + dt.timedelta(days=3), False)
    rows = Comment.objects.filter(project=project)
    assert 3 <= rows.count() <= 6
    assert 0 < rows.filter(visible=True).count() < rows.count()
    assert rows.exclude(decided_at=None).count() == 1
    assert rows.filter(by_side="customer").count() == 1
    assert list(Mention.objects.values_list("person", flat=True)) == [cast.priya.pk]
    assert Notice.objects.filter(person=cast.priya, kind="mentioned", by=cast.sofia).exists()


def test_a_project_that_nobody_runs_stays_silent(make_project, cast):
    talk(make_project(people={}, by=cast.adele), "discovery", {}, TEN, False)
    assert not Comment.objects.exists()
