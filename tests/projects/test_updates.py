"""Status updates: who posts them, what is refused, that they stay, and what follows from one everywhere else."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from io import StringIO

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from projects.demo import seed, seed_people
from projects.health import disagree, is_stale
from projects.models import Project, ProjectStep, StatusUpdate
from projects.models.archive import DecisionIsFinal
from projects.recount import recount
from projects.signals import signal_of
from projects.updates import post_update
from tests.cast import MakeProject, finish, move
from transitions.blockers import Archived, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 13, 55, tzinfo=dt.UTC)
TODAY, FRIDAY, LATER = dt.date(2026, 11, 23), dt.date(2026, 11, 20), dt.date(2026, 12, 7)
KEY = uuid.UUID("4f5b3a1e-0000-4000-8000-000000000001")


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(kickoff=FRIDAY, target=dt.date(2027, 6, 1))


def say(project: Project, health: str = "on_track", *, by, **given) -> StatusUpdate:
    return post_update(project, health=health, by=by, key=given.pop("key", None) or uuid.uuid4(), **given)


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


# The service.


def test_an_update_is_kept_and_the_project_says_the_same(project, cast):
    made = say(project, "at_risk", by=cast.priya, reason=" Late files ", text=" One\nTwo ", visible_to_customer=True)
    row = StatusUpdate.objects.get()
    assert (row, row.project, row.by, row.at) == (made, project, cast.priya, NOW)
    assert (row.health, row.reason, row.text, row.visible_to_customer) == ("at_risk", "Late files", "One\nTwo", True)
    assert (fresh(project).health, fresh(project).health_at) == (project.health, project.health_at) == ("at_risk", NOW)
    assert fresh(project).revision == project.revision


@pytest.mark.parametrize(("who", "may"), [("priya", True), ("ivan", True), ("adele", True), ("sofia", False),
                                          ("ingrid", False), ("mallory", False), ("bo", False), ("pat", False)])  # fmt: skip
def test_who_runs_the_project_posts(project, cast, who, may):
    if may:
        say(project, by=getattr(cast, who))
    else:
        with pytest.raises(NotPermitted):
            say(project, by=getattr(cast, who))
    assert StatusUpdate.objects.count() == fresh(project).updates.count() == int(may)
    assert fresh(project).health == ("on_track" if may else "")


def test_nobody_outside_or_gone_posts_whatever_they_hold(project, cast):
    cast.priya.is_active = False
    cast.priya.save()
    with pytest.raises(NotPermitted):
        say(project, by=cast.priya)
    cast.ivan.side = "customer"
    with pytest.raises(NotPermitted):
        say(project, by=cast.ivan)


@pytest.mark.parametrize("health", ["at_risk", "off_track", "on_hold"])
def test_below_on_track_there_is_a_reason_by_any_door(project, cast, health):
    for reason in ("", "  \n"):
        with pytest.raises(ValidationError) as refused:
            say(project, health, by=cast.priya, reason=reason)
        assert list(refused.value.message_dict) == ["reason"]
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusUpdate.objects.create(project=project, health=health, by=cast.priya, key=KEY)
    assert fresh(project).health == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"health": "fine"}, "health"),
        ({"health": ""}, "health"),
        ({"reason": "x" * 501}, "reason"),
        ({"text": "x" * 4001}, "text"),
        ({"visible_to_customer": True}, "text"),
    ],
)
def test_what_is_not_possible_is_refused(project, cast, given, field):
    with pytest.raises(ValidationError) as refused:
        post_update(project, by=cast.priya, key=KEY, **{"health": "on_track", **given})
    assert list(refused.value.message_dict) == [field]
    assert StatusUpdate.objects.count() == 0


def test_an_update_is_final(project, cast):
    row = say(project, by=cast.priya, text="So it is")
    row.text = "So it was not"
    for change in (
        row.save,
        row.delete,
        StatusUpdate.objects.all().delete,
        lambda: StatusUpdate.objects.update(text="x"),
        lambda: project.updates.update(text="x"),
        lambda: StatusUpdate.objects.bulk_update([row], ["text"]),
    ):
        with pytest.raises(DecisionIsFinal), transaction.atomic():
            change()
    assert StatusUpdate.objects.get().text == "So it is"


@pytest.mark.postgres
def test_the_database_keeps_it_too(project, cast):
    say(project, by=cast.priya, text="So it is")
    for statement in ("UPDATE projects_statusupdate SET text = 'x'", "DELETE FROM projects_statusupdate"):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            connection.cursor().execute(statement)


def test_a_form_posted_twice_is_one_update(project, cast):
    first = say(project, "at_risk", by=cast.priya, reason="Late", key=KEY, seen=0)
    again = say(project, "at_risk", by=cast.priya, reason="Late", key=KEY, seen=0)
    assert (again, StatusUpdate.objects.count()) == (first, 1)
    with pytest.raises(StaleRow) as refused:  # the form was gone back to, and changed
        say(project, "off_track", by=cast.priya, reason="Later", key=KEY, seen=0)
    assert refused.value.row == first
    assert StatusUpdate.objects.count() == 1


def test_who_did_not_see_the_last_one_is_told_of_it(project, cast):
    by_ivan = say(project, by=cast.ivan, text="All well")
    with pytest.raises(StaleRow) as refused:
        say(project, "at_risk", by=cast.priya, reason="Late", seen=0)
    assert refused.value.row == by_ivan
    assert say(project, "at_risk", by=cast.priya, reason="Late", seen=by_ivan.pk).health == "at_risk"
    assert fresh(project).health == "at_risk"


def test_one_that_is_told_late_is_kept_and_is_no_news(project, cast):
    say(project, "at_risk", by=cast.priya, reason="Late")
    say(project, by=cast.priya, now=NOW - dt.timedelta(days=3))
    assert (fresh(project).health, fresh(project).health_at) == ("at_risk", NOW)
    assert list(recount(Project.objects.all(), write=False)) == []


def test_an_archived_project_takes_none(make_project, cast):
    project = make_project(kickoff=FRIDAY, kind="add_on", playbooks=("addon-post-live",))
    say(project, by=cast.dele, text="Going well")
    for key in ("monitor-service", "address-functionality", "transition-to-cs", "mark-complete"):
        finish(project, f"post-live.{key}", worker=cast.dele, decider=cast.dele)
    perform(fresh(project), "complete", by=cast.dele)
    with pytest.raises(Archived):
        say(project, "complete", by=cast.dele)
    with pytest.raises(Archived), transaction.atomic():
        StatusUpdate.objects.create(project=project, health="on_track", by=cast.dele, key=KEY)
    assert fresh(project).health == "on_track"


# What follows from one.


def test_recount_holds_the_project_against_its_last_update(project, cast):
    say(project, by=cast.priya)
    Project.objects.update(health="off_track", health_at=None)
    ((row, differences),) = recount(Project.objects.all(), write=False)
    assert (row, differences) == (project, {"health": ("off_track", "on_track"), "health_at": (None, NOW)})
    assert len(list(recount(Project.objects.all(), write=True))) == 1
    assert (fresh(project).health, fresh(project).health_at) == ("on_track", NOW)
    assert list(recount(Project.objects.all(), write=False)) == []


def test_history_tells_of_it_and_of_nothing_beside_it(project, cast, client):
    before = Project.history.count()
    say(project, "at_risk", by=cast.priya, reason="The files are late")
    assert Project.history.count() == before
    client.force_login(cast.ivan)
    body = client.get(f"{reverse('project-history', args=[project.code])}?what=update").content.decode()
    for words in ("Status update", "posted: at risk", "The files are late", "Priya Nair", "/projects/MRW-1/updates/"):
        assert words in body


def test_the_status_as_data_has_health_and_signal(project, cast):
    move(project, "discovery.invoicing", "start", cast.sofia)
    say(project, "at_risk", by=cast.priya, reason="Late")
    ProjectStep.objects.filter(due__lt=TODAY).update(due=LATER)
    out = StringIO()
    call_command("project_status", "MRW-1", "--format", "json", stdout=out)
    status = json.loads(out.getvalue())
    assert (status["health"], status["health_at"]) == ("at_risk", NOW.isoformat())
    assert status["signal"] == {"health": "on_track", "disagrees": True, "reasons": []}
    perform(fresh(project), "hold", by=cast.priya, note="Budget")
    out = StringIO()
    call_command("project_status", "MRW-1", "--format", "json", stdout=out)
    assert json.loads(out.getvalue())["signal"] is None


def test_the_demo_has_updates_that_are_stale_and_some_that_disagree(playbooks):
    people = seed_people("every-gate-opens")
    assert seed(12, people, NOW, each=lambda: None) == 12
    projects = list(Project.objects.all())
    assert {1 <= project.updates.count() <= 6 for project in projects} == {True}
    assert any(is_stale(business_day(p.health_at), TODAY) for p in projects if p.health_at)
    assert any(disagree(project.health, signal_of(project, TODAY)) for project in projects)
    assert {project.health for project in projects} >= {"on_track", "at_risk", "off_track"}
    assert list(recount(Project.objects.all(), write=False)) == []
    assert StatusUpdate.objects.filter(at__gt=NOW).count() == 0
