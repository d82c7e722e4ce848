"""The demo's packages: accepted by those that went live, one that waits and one that came back."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest

from handoff.models import Package, PackageGap
from playbook.models import Version
from projects.demo import live_through, plans, seed_people
from tests.handoff.package_scene import fewer_topics, opened


@pytest.mark.parametrize(
    ("index", "state", "gaps"), [(3, "returned", 2), (4, "built", 0), (8, "accepted", 0), (6, None, 0)]
)
def test_packages_of_the_demo(playbooks, monkeypatch, index, state, gaps):
    fewer_topics(monkeypatch)
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in Version.objects.select_related("playbook")}
    project = live_through(list(plans(12))[index], people, versions, dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))
    found = list(Package.objects.filter(project=project).values_list("state", flat=True))
    assert (found, PackageGap.objects.filter(project=project).count()) == ([state] if state else [], gaps)


def test_what_a_life_leaves_behind_is_in_the_package(playbooks):
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in Version.objects.select_related("playbook")}
    now = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
    project = live_through(list(plans(12))[3], people, versions, now)
    packed = opened(Package.objects.select_related("file").get(project=project))

    def rows(name: str, sheet: int = 0) -> list[tuple[object, ...]]:
        return list(
            openpyxl.load_workbook(io.BytesIO(packed.read(name))).worksheets[sheet].iter_rows(values_only=True)
        )[1:]

    assert {row[-1] for row in rows("decisions.xlsx")} == {"Match"}
    assert {"Biller", "Core system"} <= {row[2] for row in rows("decisions.xlsx")}
    assert len(rows("schedule.xlsx")) == len(project.board.steps)
    assert [row[0] for row in rows("sit-results.xlsx")] == ["SIT run 2", "SIT run 1"]
    assert {row[7] for row in rows("sit-results.xlsx", 1)} == {"Passed", "Waived"}
    assert rows("uat-results.xlsx")[0][8] == "Approved by Bo Halvorsen"
    assert ("bo@example.org" in {row[4] for row in rows("team.xlsx", 1)}) is True
    assert rows("notes.xlsx")
    assert rows("raid-log.xlsx")
    assert rows("open-items.xlsx")
    assert rows("scope-plan.xlsx", 1)
