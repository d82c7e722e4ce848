"""Accepting and returning packages, gaps, what readiness says, and the pages."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.urls import reverse

from handoff.marks import Ready, marks_of
from handoff.models import GapSettlement, Package, PackageGap
from handoff.package.acts import request_package, settle_gap
from handoff.package.archive import verify
from handoff.package.ready import Facts, judge, package_marks
from projects.models import Notice
from projects.models.archive import DecisionIsFinal
from projects.models.file import uploads
from tests.handoff.package_scene import PLAYBOOKS, built, complete, fewer_topics, fresh
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.moves import perform


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    fewer_topics(monkeypatch)


@pytest.fixture
def project(make_project):
    return make_project(playbooks=PLAYBOOKS, mrr=Decimal("3000"))


@pytest.fixture
def package(project, cast) -> Package:
    return built(project, cast.priya)


def give_back(package: Package, by, *gaps) -> Package:
    return perform(package, "return_package", by=by, note="Not yet.", gaps=list(gaps) or [("The contacts", None)]).row


# Deciding.


@pytest.mark.parametrize("who", ["tess", "cora"])
def test_client_services_accepts(package, cast, who):
    row = perform(package, "accept_package", by=getattr(cast, who), note="Good.").row
    assert (row.state, row.decided_by, row.note) == ("accepted", getattr(cast, who), "Good.")
    assert Notice.objects.filter(person=cast.priya, kind="decided", occasion=f"package:{row.pk}:accepted").exists()


@pytest.mark.parametrize("who", ["priya", "ivan", "sofia", "bo", "pat", "mallory"])
@pytest.mark.parametrize(("move", "details"), [("accept_package", {}), ("return_package", {"gaps": [("x", None)]})])
def test_nobody_else_does(package, cast, who, move, details):
    with pytest.raises(NotPermitted):
        perform(package, move, by=getattr(cast, who), **details)
    assert fresh(package).state == "built"


def test_client_services_without_a_seat_accept_too(make_project, cast):
    people = {"PM": cast.priya, "IM": cast.ivan}
    package = built(make_project(playbooks=PLAYBOOKS, people=people), cast.priya)
    assert perform(package, "accept_package", by=cast.tess).row.state == "accepted"


@pytest.mark.parametrize("move", ["finish_package", "fail_package"])
def test_what_the_worker_does_nobody_does(package, cast, move):
    with pytest.raises(NotPermitted):
        perform(package, move, by=cast.adele, note="x")


def test_a_changed_file_is_not_accepted(package, cast):
    _spoil(package)
    with pytest.raises(MoveRefused, match="not the one that was built"):
        perform(package, "accept_package", by=cast.tess)


def test_an_older_package_is_not_decided_on(package, project, cast):
    request_package(project, by=cast.priya)
    with pytest.raises(MoveRefused, match="Package 2 is newer"):
        perform(package, "accept_package", by=cast.tess)


def test_gaps_are_kept_told_and_settled_once(package, cast):
    row = give_back(package, cast.cora, ("The contacts", cast.ivan), ("The schedule", None))
    first, second = row.gaps.order_by("pk")
    assert (first.text, first.owner, first.named_by, second.owner) == ("The contacts", cast.ivan, cast.cora, None)
    assert Notice.objects.filter(person=cast.ivan, kind="owned", occasion=f"gap:{first.pk}").exists()
    settle_gap(first, " They are in. ", by=cast.priya)
    assert GapSettlement.objects.get().note == "They are in."
    with pytest.raises(StaleRow, match="Priya Nair settled this gap already"):
        settle_gap(first, "Again", by=cast.priya)
    for row in (first, GapSettlement.objects.get()):
        with pytest.raises(DecisionIsFinal):
            row.save()


@pytest.mark.parametrize("gaps", [[], [("", None)], [("x" * 301, None)], [("x", None)] * 21])
def test_impossible_gaps_are_refused(package, cast, gaps):
    with pytest.raises(MoveRefused):
        perform(package, "return_package", by=cast.cora, gaps=gaps)
    assert not PackageGap.objects.exists()


@pytest.mark.parametrize("who", ["tess", "cora", "sofia", "bo", "mallory"])
def test_who_runs_the_project_settles(package, cast, who):
    give_back(package, cast.cora)
    with pytest.raises(NotPermitted):
        settle_gap(PackageGap.objects.get(), "Done", by=getattr(cast, who))


@pytest.mark.parametrize("note", ["", "   ", "x" * 1001])
def test_settling_says_how(package, cast, note):
    give_back(package, cast.cora)
    with pytest.raises(ValidationError):
        settle_gap(PackageGap.objects.get(), note, by=cast.priya)


def test_in_a_complete_project_nothing_moves(package, project, cast):
    give_back(package, cast.cora)
    complete(project)
    with pytest.raises(Archived):
        settle_gap(PackageGap.objects.get(), "Done", by=cast.priya)
    with pytest.raises(Archived):
        request_package(project, by=cast.priya)


# Readiness.


@pytest.mark.parametrize(
    ("number", "state", "gaps", "owners", "words"),
    [
        (0, "", (), ["Priya"], "None built"),
        (1, "building", (), ["Priya"], "Package 1 is being built"),
        (2, "built", (), ["Cora"], "Package 2 waits"),
        (2, "accepted", (), [], "Package 2 accepted"),
        (2, "accepted", ((7, "Contacts", ""),), ["Priya"], "Package 2 accepted, 1 gap open"),
        (
            2,
            "returned",
            ((7, "A", "Ivan"), (8, "B", "")),
            ["Priya", "Ivan", "Priya"],
            "Package 2 returned, 2 gaps open",
        ),
    ],
)
def test_what_stands_in_the_way(number, state, gaps, owners, words):
    mark = judge(Facts("/p/", number, state, gaps, "Priya", "Cora"))
    assert (mark.words, [blocker.owner for blocker in mark.blockers]) == (words, owners)
    assert {blocker.code for blocker in mark.blockers} <= {"package-not-accepted"}
    assert len({blocker.subject for blocker in mark.blockers}) == len(owners)


def test_readiness_follows_the_rows(project, cast):
    def mark():
        return marks_of([project], business_day())[project.pk][Ready.PACKAGE]

    assert not mark().met
    package = built(project, cast.priya)
    assert [blocker.owner for blocker in mark().blockers] == ["Cora Lindqvist"]
    give_back(package, cast.cora)
    assert [blocker.subject for blocker in mark().blockers] == ["package-1", f"gap-{PackageGap.objects.get().pk}"]
    settle_gap(PackageGap.objects.get(), "Done", by=cast.priya)
    assert perform(built(project, cast.priya), "accept_package", by=cast.tess)
    assert mark().met


def test_a_project_that_does_not_come_to_client_services_is_not_asked(make_project, cast):
    project = make_project()
    assert marks_of([project], business_day()) == {project.pk: {}}


def test_marks_cost_the_same_for_many(project, make_project, cast, django_assert_num_queries):
    others = [make_project(playbooks=PLAYBOOKS, biller=f"Other {letter}", code=letter * 3) for letter in "XYZ"]
    built(others[0], cast.priya)
    for projects in ([project], [project, *others]):
        with django_assert_num_queries(3):
            package_marks(projects, business_day())


# Pages.


def page(client, project, name="package", *args):
    return client.get(reverse(name, args=[project.code, *args]))


def post(client, project, name, *args, **data):
    return client.post(reverse(name, args=[project.code, *args]), data)


def test_from_asking_to_accepting_on_the_page(client, project, cast):
    client.force_login(cast.priya)
    assert "No package yet" in page(client, project).content.decode()
    assert post(client, project, "build-package").status_code == 302
    assert "It waits for the worker" in page(client, project).content.decode()
    refused = post(client, project, "build-package")
    assert (refused.status_code, "is being built already" in refused.content.decode()) == (409, True)
    waiting = page(client, project, "package-progress", 1)
    assert ("HX-Refresh" in waiting, "hx-trigger" in waiting.content.decode()) == (False, True)
    from handoff.package.build import build_due

    assert build_due() == 1
    assert page(client, project, "package-progress", 1)["HX-Refresh"] == "true"
    assert "waits for somebody of Client Services" in page(client, project).content.decode()
    assert post(client, project, "accept-package", 1, revision=1).status_code == 403
    client.force_login(cast.tess)
    assert "Accept package 1" in page(client, project).content.decode()
    stale = post(client, project, "accept-package", 1, revision=0, note="I typed this")
    assert stale.status_code == 409
    assert "I typed this" in stale.content.decode()
    assert post(client, project, "accept-package", 1, revision=1).status_code == 302
    assert "Accepted by Tess Moreau" in page(client, project).content.decode()


def test_who_is_late_finds_what_they_typed(client, package, project, cast):
    perform(package, "accept_package", by=cast.tess)
    client.force_login(cast.cora)
    late = {"back-revision": 1, "back-gap_1": "The contacts of the bank", "back-note": "Sorry"}
    answer = post(client, project, "return-package", 1, **late)
    assert answer.status_code == 409
    assert "The contacts of the bank" in answer.content.decode()
    assert post(client, project, "accept-package", 1, revision=1).status_code == 409


def test_returning_on_the_page_keeps_what_was_typed(client, package, project, cast):
    client.force_login(cast.cora)
    empty = post(client, project, "return-package", 1, **{"back-revision": 1, "back-note": "Hm, not quite"})
    assert empty.status_code == 400
    assert "Name what is missing" in empty.content.decode()
    assert "Hm, not quite" in empty.content.decode()
    unnamed = post(client, project, "return-package", 1, **{"back-revision": 1, "back-owner_2": cast.ivan.pk})
    assert "Say what is missing, or take the name away" in unnamed.content.decode()
    foreign = {"back-revision": 1, "back-gap_1": "x", "back-owner_1": cast.mallory.pk}
    assert post(client, project, "return-package", 1, **foreign).status_code == 400
    good = {"back-revision": 1, "back-gap_1": "Contacts <b>", "back-owner_1": cast.ivan.pk, "back-gap_4": "Dates"}
    assert post(client, project, "return-package", 1, **good).status_code == 302
    client.force_login(cast.priya)
    shown = page(client, project).content.decode()
    assert "Contacts &lt;b&gt;" in shown
    gap = PackageGap.objects.get(text="Dates")
    assert post(client, project, "settle-gap", gap.pk, note="").status_code == 400
    assert post(client, project, "settle-gap", gap.pk, note="In").status_code == 302
    again = post(client, project, "settle-gap", gap.pk, note="Twice typed")
    assert (again.status_code, "Twice typed" in again.content.decode()) == (409, True)


@pytest.mark.parametrize("who", ["bo", "pat", "mallory"])
def test_others_find_no_page(client, package, project, cast, who):
    client.force_login(getattr(cast, who))
    for name, args in (
        ("package", []),
        ("package-file", [1]),
        ("package-progress", [1]),
        ("overview-slide", []),
        ("export-project", []),
    ):
        assert page(client, project, name, *args).status_code == 404, name
    assert post(client, project, "accept-package", 1, revision=1).status_code == 404


def test_client_services_without_a_seat_find_the_page(client, make_project, cast):
    project = make_project(playbooks=PLAYBOOKS, people={"PM": cast.priya, "IM": cast.ivan})
    built(project, cast.priya)
    client.force_login(cast.tess)
    assert "Accept package 1" in page(client, project).content.decode()
    assert post(client, project, "accept-package", 1, revision=1).status_code == 302


def test_a_package_is_handed_out_while_it_is_what_was_built(client, package, project, cast):
    client.force_login(cast.tess)
    sent = page(client, project, "package-file", 1)
    content = b"".join(sent.streaming_content)
    assert (sent.status_code, sent["Content-Type"]) == (200, "application/zip")
    assert verify(io.BytesIO(content))[0] == []
    assert "attachment" in sent["Content-Disposition"]
    _spoil(package)
    refused = page(client, project, "package-file", 1)
    assert refused.status_code == 409
    assert "is not the one that was built" in refused.content.decode()
    uploads().delete(package.file.file.name)
    assert "is not where it was kept" in page(client, project, "package-file", 1).content.decode()
    uploads().save(package.file.file.name, ContentFile(content))  # as a restore does
    assert page(client, project, "package-file", 1).status_code == 200
    assert page(client, project, "package-file", 2).status_code == 404


def test_a_complete_project_exports_whole_and_writes_nothing(client, project, cast):
    client.force_login(cast.priya)
    assert page(client, project, "export-project").status_code == 404
    complete(project)
    assert "Export the project" in page(client, project).content.decode()
    sent = page(client, project, "export-project")
    content = b"".join(sent.streaming_content)
    faults, manifest = verify(io.BytesIO(content))
    assert (faults, manifest["package"], Package.objects.count()) == ([], None, 0)
    assert "raid-log.xlsx" in zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_the_slide_and_the_panels(client, make_project, cast):
    project = make_project(playbooks=("integration", "new-integration-participation", "transition-to-cs"))
    client.force_login(cast.priya)
    assert page(client, project, "overview-slide").content.startswith(b"%PDF-")
    shown = page(client, project, "project").content.decode()
    assert "New integration" in shown
    assert "0 of 3 held" in shown
    assert "BDR open, TDR open" in shown
    assert "Build the package" in shown


def test_the_page_costs_the_same_for_many(client, project, cast, django_assert_max_num_queries):
    client.force_login(cast.priya)
    give_back(built(project, cast.priya), cast.cora)
    page(client, project)
    with django_assert_max_num_queries(30) as few:
        page(client, project)
    for _ in range(3):
        give_back(built(project, cast.priya), cast.cora, ("A", cast.ivan), ("B", None))
    settle_gap(PackageGap.objects.all()[0], "Done", by=cast.priya)
    with django_assert_max_num_queries(30) as many:
        page(client, project)
    assert len(few) == len(many)


def test_the_history_tells_of_it(client, package, project, cast):
    perform(package, "accept_package", by=cast.tess)
    client.force_login(cast.priya)
    shown = client.get(f"{project.get_absolute_url()}history").content.decode()
    assert "accepted for Client Services" in shown


def _spoil(package: Package) -> None:
    name = package.file.file.name
    uploads().delete(name)
    uploads().save(name, ContentFile(b"changed"))
