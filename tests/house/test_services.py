"""A real Redis and a real worker: what the rest of the suite, whose tasks run at once, does not go through."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from config.celery import app
from config.tasks import ping
from playbook.models import Version
from projects.models import IntegrationKind, Project, Vertical
from projects.start import Start, start_project
from projects.tasks import recount_projects
from tests.house.waiting import eventually

pytestmark = pytest.mark.services


def url_of_the_test_database() -> str:
    """DATABASE_URL of the database that this process tests in."""
    entry = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{entry['NAME']}"
    who = quote(entry["USER"]) + (f":{quote(entry['PASSWORD'])}" if entry["PASSWORD"] else "")
    return f"postgres://{who}@{entry['HOST']}:{entry['PORT'] or 5432}/{entry['NAME']}"


@pytest.fixture
def queue(root: Path, tmp_path: Path, own_cache_keys: str, transactional_db: None) -> Iterator[str]:
    """The name of a queue that a worker process of this test reads; tasks sent in the test go through the broker."""
    name = f"test-{uuid.uuid4().hex}"
    output = tmp_path / "worker"
    with output.open("w") as said:
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--queues", name),
                *("--hostname", f"{name}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=root,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "DATABASE_URL": url_of_the_test_database(),
                "CACHE_PREFIX": own_cache_keys,
            },
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    app.conf.task_always_eager = False
    try:
        yield name
    finally:
        app.conf.task_always_eager = True
        worker.terminate()
        ended = worker.wait(timeout=30)
        print(output.read_text())  # shown by pytest where the test failed
        # A worker that was still on its way up has no handler yet, and ends of the signal itself.
        assert ended in (0, -signal.SIGTERM)


def test_the_cache_is_redis(own_cache_keys: str) -> None:
    cache.set("who", "Priya", timeout=60)

    assert type(caches["default"]).__name__ == "RedisCache"
    server: Any = redis.Redis.from_url(str(settings.CACHES["default"]["LOCATION"]))
    assert 0 < server.ttl(f"{own_cache_keys}:1:who") <= 60


def test_a_worker_takes_a_task_off_the_broker(queue: str) -> None:
    ping.apply_async(args=["to-the-worker"], queue=queue)

    assert eventually(lambda: cache.get("ping:to-the-worker") == "pong")


def test_a_worker_puts_totals_right_in_the_database(queue: str) -> None:
    call_command("load_playbooks", verbosity=0)
    priya = User.objects.create_user("priya@example.org", "Priya Nair")
    integration = Version.objects.latest_published().get(playbook__slug="integration")
    project = start_project(
        Start(
            biller_name="Maple Ridge Water",
            biller_code="MRW",
            vertical=Vertical.UTILITY,
            integration_kind=IntegrationKind.PARTNER,
            version_ids=(integration.pk,),
            kickoff=dt.date(2026, 11, 23),
            target_go_live=dt.date(2027, 5, 24),
        ),
        by=priya,
    )
    Project.objects.filter(pk=project.pk).update(steps_done=7)

    recount_projects.apply_async(queue=queue)

    assert eventually(lambda: Project.objects.get(pk=project.pk).steps_done == 0)


@pytest.mark.postgres
def test_the_database_is_postgresql(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (version,) = cursor.fetchone()

    assert int(version) >= 140000
