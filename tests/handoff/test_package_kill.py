"""`kill -9` while a package is built: nothing half is left, and the next worker builds it whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from handoff.package.acts import request_package
from tests.faults.machines import ROOT
from tests.handoff.package_scene import PLAYBOOKS
from tests.house.waiting import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="its worker runs on a file of its own: make test"),
]

#: A worker that stops at one place, says so in a file, and waits there to be killed. Where it does not stop, it builds.
WORKER = """
import sys, time
from pathlib import Path
import django
django.setup()
from handoff.package import build as building

def stop():
    Path(sys.argv[2]).touch()
    time.sleep(600)

if sys.argv[1] == "writing":
    real = building._teller
    def teller(package):
        tell = real(package)
        def told(part, done, parts):
            tell(part, done, parts)
            if done == 2:
                stop()
        return told
    building._teller = teller
elif sys.argv[1] == "kept":
    real = building.perform
    building.perform = lambda *args, **kwargs: stop()
elif sys.argv[1] == "stored":
    class Stopping(building.StoredFile):
        class Meta:
            proxy = True
            app_label = "handoff"
        def save(self, *args, **kwargs):
            stop()
    building.StoredFile = Stopping
from django.utils import timezone
late = timezone.now() + building.LEASE * 2 if sys.argv[1] == "next" else timezone.now()
print(building.build_due(late))
"""


@pytest.fixture
def worker(tmp_path: Path, make_project: Any, cast: Any) -> Callable[..., subprocess.Popen[str]]:
    """Copy the database with a package that waits; return what starts a worker on it."""
    project = make_project(playbooks=PLAYBOOKS)
    request_package(project, by=cast.priya)
    with (
        sqlite3.connect(connection.settings_dict["NAME"]) as ours,
        sqlite3.connect(tmp_path / "gatehouse.sqlite3") as theirs,
    ):
        ours.backup(theirs)
    told = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev", "DATABASE_URL": f"sqlite:///{tmp_path / 'gatehouse.sqlite3'}",
        "REDIS_URL": "", "VAR_DIR": str(tmp_path), "UPLOADS_URL": f"file://{tmp_path / 'uploads'}", "LOG_LEVEL": "ERROR",
    }  # fmt: skip

    def start(where: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, where, str(tmp_path / f"at-{where}")]
        return subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


def ask(folder: Path, query: str) -> list[Any]:
    kept = sqlite3.connect(folder / "gatehouse.sqlite3", timeout=20)
    try:
        return list(kept.execute(query))
    finally:
        kept.close()


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("where", ["writing", "stored", "kept"])
def test_kill_9_leaves_no_half_package(worker: Any, tmp_path: Path, where: str) -> None:
    process = worker(where)
    assert eventually(lambda: (tmp_path / f"at-{where}").exists() or process.poll() is not None, 120)
    assert process.poll() is None, process.communicate()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert ask(tmp_path, "SELECT state, file_id, sha256 FROM handoff_package") == [("building", None, "")]
    assert ask(tmp_path, "SELECT count(*) FROM projects_storedfile") == [(0,)]
    left = files(tmp_path)
    assert len(left) == (0 if where == "writing" else 1), "a file may lie there, that no row refers to"

    said, wrong = worker("next").communicate(timeout=240)
    assert said.strip() == "1", wrong
    [(state, digest)] = ask(tmp_path, "SELECT state, sha256 FROM handoff_package")
    assert state == "built"
    assert ask(tmp_path, "SELECT sha256 FROM projects_storedfile") == [(digest,)]
    [kept] = files(tmp_path)
    assert kept not in left
    done = subprocess.run(["sha256sum", kept], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == digest
