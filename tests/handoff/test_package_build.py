"""Building packages: whole or not at all, by one worker, over again after a crash, and what is in them."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from handoff.models import Package
from handoff.package import build as building
from handoff.package.acts import request_package
from handoff.package.archive import MANIFEST, SUMS
from handoff.package.build import LEASE, MOST_ATTEMPTS, build, build_due
from projects.documents import add_version
from projects.models import Notice, Project, StoredFile
from projects.models.file import uploads
from records.raid import raise_item
from tests.handoff.package_scene import PLAYBOOKS, built, complete, fewer_topics, opened
from transitions.blockers import Archived, MoveRefused, NotPermitted


@pytest.fixture
def project(make_project):
    return make_project(playbooks=PLAYBOOKS, mrr=Decimal("3000"))


@pytest.fixture
def few(monkeypatch):
    fewer_topics(monkeypatch)


def test_a_package_holds_every_topic_as_pdf_and_xlsx_with_its_sums(project, cast):
    package = built(project, cast.priya)
    assert (package.state, package.number, package.leased_until, package.writing) == ("built", 1, None, "")
    packed = opened(package)
    names = set(packed.namelist())
    slugs = "project schedule raid-log sit-results uat-results notes decisions team open-items scope-plan".split()  # noqa: SIM905
    assert {f"{slug}.{ending}" for slug in slugs for ending in ("pdf", "xlsx")} <= names
    assert {"package.pdf", "overview.pdf", MANIFEST, SUMS} <= names
    manifest = json.loads(packed.read(MANIFEST))
    assert manifest == package.manifest
    assert (manifest["project"], manifest["package"], manifest["by"]) == (project.code, 1, "Priya Nair")
    assert {one["name"] for one in manifest["files"]} == names - {MANIFEST, SUMS}
    assert packed.read("package.pdf").startswith(b"%PDF-")


def test_the_sums_are_those_of_sha256sum(project, cast, tmp_path):
    import subprocess

    opened(built(project, cast.priya)).extractall(tmp_path)
    done = subprocess.run(["sha256sum", "-c", SUMS], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_on_record_is_in_it(project, few, cast):
    raise_item(project, "risk", by=cast.priya, title="=Late samples <b>& more</b> Ж 日 ő", probability=3, impact=3)
    book = openpyxl.load_workbook(io.BytesIO(opened(built(project, cast.priya)).read("raid-log.xlsx")))
    values = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert "=Late samples <b>& more</b> Ж 日 ő" in values


@pytest.mark.parametrize("who", ["tess", "sofia", "bo", "mallory"])
def test_who_does_not_run_the_project_asks_for_none(project, few, cast, who):
    with pytest.raises(NotPermitted):
        request_package(project, by=getattr(cast, who))
    assert not Package.objects.exists()


def test_one_is_built_at_a_time(project, few, cast):
    request_package(project, by=cast.priya)
    with pytest.raises(MoveRefused, match="Package 1 is being built already"):
        request_package(project, by=cast.priya)


def test_nobody_builds_what_another_is_at_until_the_lease_is_over(project, few, cast):
    package = request_package(project, by=cast.priya)
    now = timezone.now()
    Package.objects.filter(pk=package.pk).update(leased_until=now + LEASE)
    assert not build(package.pk, now=now)
    assert build_due(now) == 0
    assert build_due(now + LEASE) == 1


def test_a_worker_that_was_outrun_keeps_nothing(project, few, cast, monkeypatch):
    package = request_package(project, by=cast.priya)
    real = building.write_archive

    def slow(*args, **kwargs):
        written = real(*args, **kwargs)
        Package.objects.filter(pk=package.pk).update(attempt=7)  # another has taken it up
        return written

    monkeypatch.setattr(building, "write_archive", slow)
    assert not build(package.pk)
    assert not StoredFile.objects.exists()
    assert Package.objects.get().state == "building"


def test_what_a_dead_worker_left_is_removed(project, few, cast):
    package = request_package(project, by=cast.priya)
    left = uploads().save(f"{project.pk}/left-behind", ContentFile(b"half"))
    Package.objects.filter(pk=package.pk).update(
        writing=left, attempt=1, leased_until=timezone.now() - dt.timedelta(minutes=1)
    )
    assert build_due() == 1
    assert not uploads().exists(left)
    assert StoredFile.objects.count() == 1


def test_what_kills_its_worker_each_time_is_given_up(project, few, cast):
    package = request_package(project, by=cast.priya)
    Package.objects.filter(pk=package.pk).update(attempt=MOST_ATTEMPTS)
    assert not build(package.pk)
    fresh = Package.objects.get()
    assert fresh.state == "failed"
    assert "stopped 5 times" in fresh.note
    assert request_package(project, by=cast.priya).number == 2


def test_too_large_a_package_fails_with_its_reason(project, few, cast, monkeypatch):
    monkeypatch.setattr(building, "LARGEST", 1000)
    package = request_package(project, by=cast.priya)
    assert not build(package.pk)
    fresh = Package.objects.get(pk=package.pk)
    assert fresh.state == "failed"
    assert "larger than" in fresh.note
    assert not StoredFile.objects.exists()
    assert Notice.objects.filter(person=cast.priya, kind="decided").count() == 1


def test_a_project_that_is_complete_takes_none(project, few, cast):
    package = request_package(project, by=cast.priya)
    complete(project)
    assert build_due() == 0
    assert not build(package.pk)
    with pytest.raises(Archived):
        request_package(Project.objects.get(), by=cast.priya)


def test_client_services_hears_that_it_waits(project, few, cast):
    package = built(project, cast.priya)
    heard = Notice.objects.filter(kind="approval_asked", occasion=f"package:{package.pk}:built")
    assert {notice.person for notice in heard} == {cast.tess, cast.cora}


def test_a_scope_plan_that_is_a_file_goes_with_it_as_it_is(project, cast):
    upload = SimpleUploadedFile("Plan.txt", b"scope", "text/plain")
    add_version(
        project, "solution-design-document", section="", by=cast.priya, upload=upload, link="", label="", seen=0
    )
    packed = opened(built(project, cast.priya))
    assert packed.read("files/solution-design-document-v1-Plan.txt") == b"scope"


def test_a_file_that_is_gone_from_the_storage_is_named(project, cast):
    upload = SimpleUploadedFile("Plan.txt", b"scope", "text/plain")
    add_version(
        project, "solution-design-document", section="", by=cast.priya, upload=upload, link="", label="", seen=0
    )
    row = StoredFile.objects.get()
    uploads().delete(row.file.name)
    package = request_package(project, by=cast.priya)
    assert not build(package.pk)
    assert "not where uploads are kept" in Package.objects.get().note


@pytest.mark.django_db(transaction=True)
def test_all_of_it_is_read_at_one_instant(project, few, cast):
    with building._one_instant():
        assert connection.in_atomic_block
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                assert cursor.fetchone() == ("repeatable read",)
    asked = request_package(project, by=cast.priya)
    build(asked.pk)  # where there is a broker its bell has rung by now, and this finds it built
    assert Package.objects.get(pk=asked.pk).state == "built"
