"""That the work by hand is the same work: its rows are those on the product's pages, and what it writes holds together."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.inside import Insider
from benchmarks.scene import Scene
from benchmarks.scripts import Reading
from projects.models import Project
from projects.recount import recount

CODE = re.compile(r'<div class="small soft"><span class="code">([A-Z]+-\d+)</span>')
STEP = re.compile(r'<tr id="step-(\d+)"')
WORK = re.compile(r'<a class="title" href="/projects/([A-Z]+-\d+)/steps/[^/]+/([^/]+)/"')


def check(scene: Scene) -> None:
    """Compare, on the copy that is measured.

    Raises:
        RuntimeError: a page shows other rows than the SQL finds, or SQL left totals that its rows do not add up to.
    """
    hand, today = scene.hand, scene.today
    for person, many in ((scene.priya, True), (scene.nils, False)):
        rows = hand.rows("portfolio_rows", person.pk, hand.view)
        _compare("the portfolio", CODE.findall(_page(scene, person, "/projects/")), [row[1] for row in rows])
        for show in (50, 500):
            rows = hand.rows(f"work_rows_of_{'many' if many else 'few'}", person.pk, today, show)
            page = _page(scene, person, f"/my-work?show={show}")
            _compare("my work", WORK.findall(page), [(row[5], row[15]) for row in rows])
    project = scene.projects[0]
    shown = sorted(map(int, STEP.findall(_page(scene, scene.priya, project.get_absolute_url()))))
    _compare("a project", shown, sorted(row[0] for row in hand.rows("project_steps", project.pk)))
    _check_writes(scene)


def _check_writes(scene: Scene) -> None:
    hand, step = scene.hand, scene.steps[-1]
    for _ in range(4):
        hand.move(scene.priya.pk, step.project.code, step.live.path, scene.today)
    hand.start(scene.priya.pk, scene.system)
    started = Project.objects.order_by("-pk")[0]
    counted = [(p.steps.count(), p.seats.count(), p.grants.count(), p.pins.count()) for p in (scene.sample, started)]
    _compare("a start", counted[0], counted[1])
    _compare("the totals", list(recount(Project.objects.filter(pk__in=[step.project_id, started.pk]), write=False)), [])


def _page(scene: Scene, person: Any, path: str) -> str:
    text: str = Insider().ask(Reading(scene.sessions[person.pk], [path])).content.decode()
    return text


def _compare(what: str, product: object, by_hand: object) -> None:
    if product != by_hand:
        raise RuntimeError(f"By hand {what} is not what the product has:\n{by_hand}\nbeside\n{product}")
