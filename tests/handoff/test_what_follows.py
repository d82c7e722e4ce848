"""Nobody moves a go-live or changes a biller without having seen what follows: for decided tiers, and the presentation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from projects.models import Biller, Project
from projects.registry import seen_of
from tests.handoff.scene import before_go_live, decide_tier
from tests.meetings.agendas import make_go_live

NOW = dt.datetime(2027, 1, 20, 15, tzinfo=dt.UTC)
#: A Tuesday: the project presents on the Monday before. LATER is of the same week, MOVED of the next.
TARGET, LATER, MOVED = dt.date(2027, 3, 2), dt.date(2027, 3, 4), dt.date(2027, 3, 9)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def january() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: Any) -> Project:
    made: Project = before_go_live(make_project, target=TARGET)
    return made


@pytest.fixture
def move(project: Project, cast: SimpleNamespace, client: Client) -> Callable[..., tuple[int, str]]:
    """Send the form of the go-live as somebody; return the status and the page's words."""

    def send(day: dt.date, who: str = "priya", **more: Any) -> tuple[int, str]:
        client.force_login(getattr(cast, who))
        revision = Project.objects.get(pk=project.pk).revision
        asked = {"target_go_live": day.isoformat(), "reason": "The bank is late", "revision": revision, **more}
        answer = client.post(reverse("move-go-live", args=[project.code]), asked)
        return answer.status_code, unescape(answer.content.decode())

    return send


def target_of(project: Project) -> dt.date:
    return Project.objects.get(pk=project.pk).target_go_live


def test_what_follows_for_the_tier_is_shown_before_anything_moves(project, cast, move):
    decide_tier(project, cast)
    status, page = move(MOVED)
    assert (status, target_of(project)) == (200, TARGET)
    assert "Nothing has moved yet." in page
    assert "Tier of support" in page
    assert "Mar 9" in page
    assert 'name="shown" value="2027-03-09"' in page
    assert "The bank is late" in page

    status, page = move(LATER, shown="2027-03-09")  # another date than the one whose consequences were seen
    assert (status, target_of(project)) == (200, TARGET)

    assert (move(MOVED, shown="2027-03-09")[0], target_of(project)) == (302, MOVED)


def test_the_presentation_moves_with_it_and_is_told_where_it_is_another_monday(project, cast, move):
    make_go_live(host=cast.cora)
    assert (move(LATER)[0], target_of(project)) == (302, LATER)
    status, page = move(MOVED)
    assert (status, target_of(project)) == (200, LATER)
    assert "Now on Mon Mar 1; with the new go-live on Mon Mar 8." in page
    assert "Tier of support" not in page
    assert (move(MOVED, shown="2027-03-09")[0], target_of(project)) == (302, MOVED)


def test_where_nothing_follows_it_moves_at_once(project, move):
    assert (move(MOVED)[0], target_of(project)) == (302, MOVED)


@pytest.mark.parametrize(
    ("who", "day", "status", "words"),
    [("priya", dt.date(2020, 1, 1), 400, "cannot be before the kickoff"), ("tess", MOVED, 403, "does not run")],
)
def test_what_would_be_refused_is_refused_without_showing(project, cast, move, who, day, status, words):
    decide_tier(project, cast)
    answered, page = move(day, who)
    assert (answered, target_of(project)) == (status, TARGET)
    assert words in page
    assert "Nothing has moved yet." not in page


def test_a_date_shown_that_is_none_is_asked_again(project, cast, move):
    decide_tier(project, cast)
    status, _ = move(MOVED, shown="whenever")
    assert (status, target_of(project)) == (400, TARGET)


# A biller


@pytest.fixture
def edit(project: Project, cast: SimpleNamespace, client: Client) -> Callable[..., tuple[int, str]]:
    """Send the form of the biller as Adele, who keeps the registry; return the status and the page's words."""

    def send(**more: str) -> tuple[int, str]:
        client.force_login(cast.adele)
        biller = Biller.objects.get(pk=project.biller_id)
        asked = {
            "name": biller.name,
            "vertical": biller.vertical,
            "state": biller.state,
            "seen": seen_of(biller),
            **more,
        }
        answer = client.post(reverse("edit-biller", args=[biller.code]), asked)
        return answer.status_code, unescape(answer.content.decode())

    return send


def vertical_of(project: Project) -> str:
    return Biller.objects.get(pk=project.biller_id).vertical


def test_what_another_vertical_means_for_decided_tiers_is_shown_before_it_is_saved(project, cast, edit):
    decide_tier(project, cast)
    status, page = edit(vertical="utility")
    assert (status, vertical_of(project)) == (200, "tax")
    assert "Nothing has changed yet." in page
    assert f"Tier of {project.code}" in page
    shown = re.search(r'name="shown" value="([^"]*)"', page)
    assert shown is not None

    status, page = edit(vertical="insurance", shown=shown[1])  # not what was shown
    assert (status, vertical_of(project)) == (200, "tax")

    assert (edit(vertical="utility", shown=shown[1])[0], vertical_of(project)) == (302, "utility")


def test_a_biller_of_whom_no_tier_is_decided_is_changed_at_once(project, edit):
    assert (edit(vertical="utility")[0], vertical_of(project)) == (302, "utility")


def test_another_name_is_saved_at_once(project, cast, edit):
    decide_tier(project, cast)
    assert edit(name="Marrow County")[0] == 302
    assert Biller.objects.get(pk=project.biller_id).name == "Marrow County"
