"""Building a package off the request: taken up under a lease, read at one instant, written, and kept whole or not at all.

A worker that dies leaves a row that is still being built and, at worst, a file of the storage that no row refers to, whose name
the row knows. Whoever takes the package up after the lease removes that file and begins again.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import structlog
from django.core.files import File
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from handoff.models import Package
from handoff.package.archive import TooLarge, Written, write_archive
from handoff.package.contents import Contents, read_contents
from projects.models import Project, StoredFile
from projects.models.file import uploads
from transitions.blockers import MoveRefused
from transitions.moves import perform
from transitions.package import PackageState
from transitions.standing import Standing

logger = structlog.get_logger(__name__)

#: How long a worker is taken to be at it after it last said so. It says so at every part.
LEASE = dt.timedelta(minutes=5)
#: So often is a package taken up by somebody; what kills its worker every time is not tried for ever.
MOST_ATTEMPTS = 5
#: The largest package that is kept, in bytes; uploads have a limit of their own.
LARGEST = 512 * 1024 * 1024
#: So many packages are built in one turn of the sweep.
AT_ONCE = 5
ZIP = "application/zip"
MISSING = "A file of the scope plan is not where uploads are kept. An administrator has to put it back."


class Outrun(Exception):  # noqa: N818 - no fault: the work was taken up by somebody else, or is not wanted any more
    """The lease ran out and another worker has the package."""


class Unbuildable(Exception):  # noqa: N818 - an answer: the package has failed, with these words
    """It cannot be built, and trying again would not help."""


def build_due(now: dt.datetime | None = None) -> int:
    """Build what waits and nobody is at, oldest first, a few at a time; return how many were built."""
    waiting = Package.objects.filter(_free(now or timezone.now())).exclude(project__standing=Standing.COMPLETE)
    ids = list(waiting.order_by("requested_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(build(pk, now=now) for pk in ids)


def build(pk: int, *, now: dt.datetime | None = None) -> bool:
    """Build one package if nobody else is at it; return whether it was built here.

    Where it cannot be built (too large, taken up too often) it has failed, and says why.
    """
    package = _take_up(pk, now or timezone.now())
    if package is None:
        return False
    try:
        _remove_orphan(package)
        if package.attempt > MOST_ATTEMPTS:
            raise Unbuildable(
                f"The worker stopped {MOST_ATTEMPTS} times while it built this. Ask an administrator to look."
            )
        contents = read_at_one_instant(package.project, now or timezone.now())
        with tempfile.TemporaryFile() as out:
            written = write_archive(
                contents, out, number=package.number, by=package.requested_by.name, tell=_teller(package), most=LARGEST
            )
            _keep(package, out, written, now)
    except Outrun:
        return False
    except FileNotFoundError:
        _fail(package, MISSING, now)
        return False
    except (Unbuildable, TooLarge) as refused:
        _fail(package, str(refused), now)
        return False
    except MoveRefused as refused:  # the project was completed meanwhile
        logger.warning("package_not_kept", package=pk, why=str(refused))
        return False
    return True


def _free(now: dt.datetime) -> Q:
    return Q(state=PackageState.BUILDING) & (Q(leased_until=None) | Q(leased_until__lte=now))


def _take_up(pk: int, now: dt.datetime) -> Package | None:
    """Take a package up under a lease; None where somebody else is at it, or it is not to be built any more."""
    rows = Package.objects.filter(_free(now), pk=pk).exclude(project__standing=Standing.COMPLETE)
    if not rows.update(leased_until=now + LEASE, attempt=F("attempt") + 1, part="Reading", done=0):
        return None
    found: Package = Package.objects.select_related("project", "requested_by").get(pk=pk)
    return found


def _ours(package: Package) -> Any:
    return Package.objects.filter(pk=package.pk, state=PackageState.BUILDING, attempt=package.attempt)


def _teller(package: Package) -> Any:
    """Return what is called before each part: it says how far the building is, and that somebody is at it."""

    def tell(part: str, done: int, parts: int) -> None:
        until = timezone.now() + LEASE
        if not _ours(package).update(part=part[:80], done=done, parts=parts, leased_until=until):
            raise Outrun

    return tell


@contextmanager
def _one_instant() -> Iterator[None]:
    """Read as of one instant: a snapshot of PostgreSQL's, or the one that every transaction of SQLite has.

    Within a transaction that is open already (the demo, a test) nothing else is promised than that one gives.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def read_at_one_instant(project: Project, now: dt.datetime) -> Contents:
    """Return what a package of a project holds, all of it as of one instant; nothing is locked while it is read."""
    with _one_instant():
        fresh = Project.objects.select_related("biller", "core_system__vendor").get(pk=project.pk)
        return read_contents(fresh, now)


def _keep(package: Package, out: IO[bytes], written: Written, now: dt.datetime | None) -> None:
    """Store the file, then refer to it and finish, in one transaction."""
    storage, name = uploads(), f"{package.project_id}/{uuid.uuid4().hex}"
    # The name is written down before there is a file of that name: whoever comes after a crash knows what to remove.
    if not _ours(package).update(writing=name, part="Keeping", leased_until=timezone.now() + LEASE):
        raise Outrun
    out.seek(0)
    kept = storage.save(name, File(out))
    try:
        with transaction.atomic():
            project = package.project.locked()
            if not _ours(package).exists():
                raise Outrun
            row = StoredFile(
                project=project, name=f"{project.code.lower()}_package_{package.number}.zip", content_type=ZIP,
                size=written.size, sha256=written.sha256, by=package.requested_by, at=now or timezone.now(),
            )  # fmt: skip
            row.file.name = kept
            row.save()
            package.built_as = (row, written.manifest)
            perform(package, "finish_package", by=None, now=now)
    except (Outrun, MoveRefused):
        storage.delete(kept)
        raise


def _remove_orphan(package: Package) -> None:
    """Remove the file that a worker stored and did not live to refer to."""
    if package.writing and not StoredFile.objects.filter(file=package.writing).exists():
        uploads().delete(package.writing)


def _fail(package: Package, why: str, now: dt.datetime | None) -> None:
    with transaction.atomic():
        package.project.locked()
        if _ours(package).exists():
            perform(package, "fail_package", by=None, note=why, now=now)
