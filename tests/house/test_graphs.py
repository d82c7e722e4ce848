"""The machines as they are drawn in the docs are the machines as they run."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

MACHINES = [
    "handoff.Package.state",
    "handoff.ProductionCase.state",
    "handoff.SupportPeriod.state",
    "meetings.MeetingAction.state",
    "meetings.Occurrence.state",
    "playbook.Version.status",
    "projects.DocumentSection.state",
    "projects.Project.phase",
    "projects.Project.standing",
    "projects.ProjectStep.status",
    "records.RaidItem.state",
    "workbook.Defect.state",
    "workbook.Run.state",
]
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="graphviz (dot) is not installed")


def titles(svg: str) -> list[str]:
    """The names of nodes and edges in a picture, in any order."""
    return sorted(re.findall(r"<title>([^%].*?)</title>", svg))


def test_every_machine_is_drawn(root: Path) -> None:
    assert sorted(path.stem for path in (root / "docs/graphs").glob("*.dot")) == MACHINES


@pytest.mark.parametrize("machine", MACHINES)
def test_a_graph_is_of_today_s_machine(machine: str, root: Path) -> None:
    """If not: `make graphs`. Lines may stand in any order, since the command keeps them in sets."""
    now = io.StringIO()
    call_command("graph_transitions", machine, stdout=now)
    drawn = (root / "docs/graphs" / f"{machine}.dot").read_text()

    assert sorted(drawn.split("\n")) == sorted(now.getvalue().split("\n"))


@needs_dot
@pytest.mark.parametrize("machine", MACHINES)
def test_a_picture_is_of_its_graph(machine: str, root: Path) -> None:
    path = root / "docs/graphs" / machine
    redrawn = subprocess.run(["dot", "-Tsvg", f"{path}.dot"], check=True, capture_output=True, text=True).stdout

    assert titles(Path(f"{path}.svg").read_text()) == titles(redrawn)
