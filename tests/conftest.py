"""What every test may ask for. The cast of people is in `tests/cast.py`."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from xdist.scheduler import LoadGroupScheduling

from playbook.catalog import forget

pytest_plugins = ["tests.cast"]

# Playwright's synchronous interface runs an event loop in this thread; Django would refuse queries beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "house")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: Milliseconds until something that has not come is missing: two cores are shared with the rest of the suite.
PATIENCE = 30_000
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No page of ours asks anybody else for anything; one that did would fail here.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


#: Tests that share a port, a clock, a broker or the server's connections, by how their names begin, and what they share. Those
#: of a group run one after another, on one process: PostgreSQL takes a hundred connections by default, and not twice fifty.
SHARING = {
    "tests/house/test_serve.py": "serve",
    "tests/faults/test_embedded.py": "serve",
    "tests/faults/test_queue.py": "faults",
    "tests/house/test_services.py": "services",
    "tests/projects/test_concurrency.py::test_of_fifty": "connections",
}


class OneAfterAnother(LoadGroupScheduling):
    """Spreads tests over the processes, those of a group on one.

    The marks of pytest-xdist 3.8 do not reach the scheduler with pytest 9: it writes them into `_nodeid`, which is read no more.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((shared for start, shared in SHARING.items() if nodeid.startswith(start)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAfterAnother:
    """Let pytest-xdist spread the tests so."""
    return OneAfterAnother(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, with a reason, what this machine cannot run."""
    left_out = {
        "browser": not CHROMIUM and "Chromium is not installed",
        "postgres": connection.vendor != "postgresql" and "needs PostgreSQL: make test-services",
        "services": not settings.WITH_BROKER and "needs Redis: make test-services",
    }
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        for name, reason in left_out.items():
            if reason and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's test database in a file, as the real one is.

    One in memory is shared by all threads over a single connection, so that two requests to a live server would run in
    each other's transactions.
    """
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the folder that all processes of this run of the suite see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    request: Any,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> None:
    """Keep a copy of the test database as it is before the first test, for `migrated`."""
    made = shared_folder(tmp_path_factory, worker_id) / "migrated.sqlite3"
    if connection.vendor != "sqlite" or request.config.getoption("nomigrations", default=False):
        return
    part = made.with_suffix(f".{worker_id}")
    with django_db_blocker.unblock(), closing(sqlite3.connect(part)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    part.rename(made)


@pytest.fixture(scope="session")
def migrated(root: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A migrated SQLite database, to be copied by a test that starts processes of its own.

    Migrating costs most of a minute: it is done once for all processes of the suite. On SQLite the one that comes first
    has done it already (`django_db_setup`).
    """
    made = shared_folder(tmp_path_factory, worker_id) / "migrated.sqlite3"
    folder = made.parent
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            part = folder / "migrated.part"
            told = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
            told |= {"DJANGO_SETTINGS_MODULE": "config.settings.dev", "DATABASE_URL": f"sqlite:///{part}"}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            done = subprocess.run(command, cwd=root, env=told, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            with closing(sqlite3.connect(part)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            part.rename(made)
    return made


@pytest.fixture(scope="session", autouse=True)
def own_cache_keys(testrun_uid: str, worker_id: str) -> str:
    """Keep this process's keys in Redis apart from those of other processes and earlier runs; return their prefix."""
    prefix = f"test-{testrun_uid}-{worker_id}"
    for alias in settings.CACHES:
        settings.CACHES[alias]["KEY_PREFIX"] = prefix
        caches[alias].key_prefix = prefix
    return prefix


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget published versions between tests: a rolled-back one's id comes round again."""
    yield
    forget()


@pytest.fixture(autouse=True)
def nothing_tried(own_cache_keys: str) -> Iterator[None]:
    """Forget between tests how often something was tried. A table of limits is emptied with the rest; Redis is not."""
    yield
    if settings.WITH_BROKER:
        kept = caches["default"]._cache.get_client(None, write=True)
        for key in kept.scan_iter(match=f"{own_cache_keys}:*allauth:*"):
            kept.delete(key)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for each process of the suite."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """A page of a new visitor to the live server; the test fails if the page throws or breaks the security policy."""
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    faults: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # An answer of 4xx is written there too, and refusals are what many tests ask for.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            faults.append(message.text)

    opened.on("console", listen)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Return a function that lists what axe-core finds wrong on a page: `rule: where`, one line for each place."""
    checker = Axe()

    def violations(page: Page) -> list[str]:
        page.wait_for_load_state()  # a click returns when the next page has only begun
        found: list[dict[str, Any]] = checker.run(page).response["violations"]
        return [f"{rule['id']}: {' '.join(map(str, node['target']))}" for rule in found for node in rule["nodes"]]

    return violations


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return Path(settings.BASE_DIR)
