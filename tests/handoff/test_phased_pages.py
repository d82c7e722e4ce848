"""The pages of a phased go-live: words, status, who sees them, forms that are refused, and what the lists cost."""

from __future__ import annotations

import datetime as dt
import json
import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.middleware import without_secrets
from handoff.models import CaseReview, IntakeKey, PhasedAnswer, PhaseLink, ProductionCase
from handoff.phased.cases import add_case, escalate_case, note_case
from handoff.phased.keys import LARGEST_BODY, make_key, reset_key
from handoff.phased.linking import link_phases
from projects.models import Project, ProjectStep, Seat
from projects.team import fill_seat
from tests.cast import MakeProject
from tests.own_cache import empty_cache
from tests.permissions import parts_phased
from transitions.moves import perform

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
BOOKS = ("transition-to-cs",)


@pytest.fixture(autouse=True)
def _now():
    empty_cache()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(playbooks=BOOKS, kind="existing")


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(b"".join(answer).decode())


def send(client: Client, address: str, status: int, **data: Any) -> str:
    answer = client.post(address, data)
    assert answer.status_code == status, (address, answer.status_code, answer.content.decode()[-2000:])
    return unescape(answer.content.decode())


def case_of(project: Project, by: Any, number: int = 1, **said: Any) -> ProductionCase:
    values = {
        "external_id": f"C-{number}",
        "title": f"Case {number}",
        "severity": 2,
        "opened_on": dt.date(2026, 11, 11),
    }
    return add_case(project, by=by, **{**values, **said})


def test_who_is_outside_or_on_nothing_sees_none_of_the_pages_and_client_services_reads_them(project, cast):
    case = case_of(project, cast.priya)
    paths = [
        "phased/",
        "phased/switch",
        "cases/",
        "cases/new",
        "cases/import",
        "cases/review",
        "keys/",
        f"cases/{case.pk}/",
    ]
    for person, status in ((cast.bo, 404), (cast.mallory, 404), (cast.tess, 200)):
        client = client_of(person)
        assert {client.get(f"/projects/{project.code}/{path}").status_code for path in paths} == {status}
    for pk in (case.pk + 99, 2**70):
        read(client_of(cast.priya), f"/projects/{project.code}/cases/{pk}/", 404)
    assert client_of(cast.bo).get(f"/programs/{project.biller.code}/").status_code == 404


def test_the_criteria_are_answered_and_refused_on_their_page(project, cast):
    client, base = client_of(cast.priya), f"/projects/{project.code}/phased/"
    page = read(client, base)
    assert "None of the 5 criteria holds, and 4 are not answered." in page
    assert "Not treated as phased" in page
    wrong = send(client, f"{base}answer", 400, criterion="revenue", answer="yes", note="")
    assert "What is known: This field is required." in wrong
    send(client, f"{base}answer", 400, criterion="nothing", answer="yes", note="x")
    send(client, f"{base}answer", 302, criterion="revenue", answer="yes", note="AutoPay in March.")
    page = read(client, base)
    assert "1 of 5 holds: New revenue in future phases." in page
    assert "The criteria say otherwise than the project’s mark" in page
    send(client_of(cast.tess), f"{base}answer", 403, criterion="revenue", answer="no", note="x")
    assert PhasedAnswer.objects.count() == 1


def test_the_switch_is_seen_before_it_is_made(project, cast):
    client, base = client_of(cast.priya), f"/projects/{project.code}/phased/"
    page = read(client, f"{base}switch?on=1")
    assert "Steps that become live: 9" in page
    assert "Escalate production issues" in page
    assert "Nobody" not in send(client, f"{base}switch", 400, on="1", reason="", revision=project.revision)
    stale = send(client, f"{base}switch", 409, on="1", reason="More comes.", revision=99)
    assert "changed since you saw it" in stale
    assert "More comes." in stale
    send(client_of(cast.tess), f"{base}switch", 403, on="1", reason="x", revision=project.revision)
    send(client, f"{base}switch", 302, on="1", reason="More comes.", revision=project.revision)
    assert Project.objects.get(pk=project.pk).phased_go_live
    assert "Treated as phased" in read(client, base)
    panel = read(client, f"/projects/{project.code}/")
    assert "No production case is open." in panel
    assert "The project is treated as phased all the same." in panel
    again = send(client, f"{base}switch", 409, on="1", reason="x", revision=Project.objects.get(pk=project.pk).revision)
    assert "already" in again


def test_phases_are_linked_and_unlinked_on_the_page_and_shown_as_a_program(project, make_project, cast):
    second = make_project(playbooks=BOOKS, kind="existing")
    third = make_project(playbooks=BOOKS, kind="existing")
    client, base = client_of(cast.priya), f"/projects/{project.code}/phased/"
    send(client, f"{base}link", 400, side="next", other="999999")
    assert "itself" not in send(client, f"{base}link", 400, side="next", other=project.pk)
    send(client, f"{base}link", 302, side="next", other=second.pk)
    assert "has a next phase already" in send(client, f"{base}link", 409, side="next", other=third.pk)
    perform(Project.objects.get(pk=second.pk), "cancel", by=cast.priya, note="x")
    page = read(client, base)
    assert "is cancelled: this criterion no longer holds." in page
    case_of(project, cast.priya)
    program = read(client, f"/programs/{project.biller.code}/")
    assert [code in program for code in (project.code, second.code, third.code)] == [True] * 3
    assert f"Cancelled: {project.code} has no next phase any more." in program
    for seat in Seat.objects.filter(project=third, person=cast.tess):
        fill_seat(third, seat.pk, None, by=cast.priya)
    link = PhaseLink.objects.get()
    send(client_of(cast.tess), f"{base}unlink", 403, link=link.pk)
    send(client, f"{base}unlink", 302, link=link.pk)
    assert "not linked any more" in send(client, f"{base}unlink", 409, link=link.pk)
    mallory = read(client_of(cast.mallory), f"/programs/{project.biller.code}/")
    assert "No project that you may open" in mallory
    assert "And 3 projects that you may not open." in mallory
    assert [code in mallory for code in (project.code, second.code, third.code)] == [False] * 3


def test_a_case_lives_through_its_pages(project, cast):
    client, base = client_of(cast.tess), f"/projects/{project.code}/cases/"
    assert "No production cases" in read(client, base)
    said = {"external_id": "C-1", "title": "AutoPay fails", "severity": "1", "opened_on": "2026-11-20", "link": "", "owner": "",
            "owner_name": "Support desk"}  # fmt: skip
    kept = send(client, f"{base}new", 400, **{**said, "link": "http://x.example.org"})
    assert "beginning with https://" in kept
    assert 'value="Support desk"' in kept
    send(client, f"{base}new", 302, **said)
    assert "in the list already" in send(client, f"{base}new", 400, **said)
    case = ProductionCase.objects.get()
    address = case.get_absolute_url()
    send(client, address, 302, **{**said, "severity": "2", "revision": 0})
    conflict = send(client, address, 409, **{**said, "severity": "3", "revision": 0})
    assert "Changed meanwhile" in conflict
    assert "This field is required" in send(client, f"{address}note", 400, text="")
    send(client, f"{address}note", 302, text="Reproduced.")
    send(client, f"{address}escalate", 400, level="2", reason="", revision=1)
    send(client, f"{address}escalate", 409, level="2", reason="Nobody can pay.", revision=0)
    send(client, f"{address}escalate", 302, level="2", reason="Nobody can pay.", revision=1)
    assert "needs a reason" in send(client, f"{address}move", 409, move="close_case", note="", revision=2)
    send(client, f"{address}move", 400, move="explode", note="", revision=2)
    page = read(client, address)
    for words in ("Reproduced.", "Nobody can pay.", "Escalated, level 2", "Support desk"):
        assert words in page
    send(client, f"{address}move", 302, move="close_case", note="Fixed.", revision=2)
    assert "No case is open" in read(client, base)
    assert "AutoPay fails" in read(client, f"{base}?show=closed")
    assert "is no part of the list" in read(client, f"{base}?show=else", 400)
    assert "C-1,AutoPay fails,2,2026-11-20" in read(client, f"{base}?show=all&format=csv")
    assert client.get(f"{base}?show=all&format=xlsx").status_code == 200
    history = read(client_of(cast.priya), reverse("project-history", args=[project.code]))
    assert "Production case" in history
    dele = client_of(cast.adele)
    assert dele.get(address).status_code == 200


def test_a_sheet_is_looked_at_then_imported(project, cast):
    client, base = client_of(cast.tess), f"/projects/{project.code}/cases/"
    sheet = "ID,Title,Severity,Opened\nC-1,Late,2,2026-11-20\n"
    wrong = SimpleUploadedFile("cases.csv", (sheet + "C-1,Twice,9,2026-11-20\n").encode())
    page = send(client, f"{base}import", 400, file=wrong)
    assert "1 row cannot be imported, so nothing is." in page
    assert "C-1 is in row 2 already." in page
    shape = SimpleUploadedFile("cases.csv", b"Invoice,Amount\n1,2\n")
    assert "These headings are missing" in send(client, f"{base}import", 400, file=shape)
    answer = client.post(f"{base}import", {"file": SimpleUploadedFile("cases.csv", sheet.encode())})
    assert answer.status_code == 302
    look = read(client, answer["Location"])
    mark = re.search(r'name="fingerprint" value="(\w+)"', look)
    assert mark
    send(client, answer["Location"], 302, fingerprint=mark[1])
    assert ProductionCase.objects.get().title == "Late"
    read(client, answer["Location"], 404)
    assert client_of(cast.priya).get(f"{base}import/empty").status_code == 200


def test_the_review_is_printed_for_the_client_and_noted(project, cast):
    case = case_of(project, cast.tess, owner=cast.tess)
    note_case(case, "Between us.", by=cast.tess)
    escalate_case(case, 1, reason="A secret reason.", by=cast.tess)
    client, address = client_of(cast.priya), f"/projects/{project.code}/cases/review"
    ours = read(client, address)
    assert ("Between us." in ours, "Tess Moreau" in ours, "The first review" in ours) == (True, True, True)
    theirs = read(client, f"{address}?version=client")
    assert "Case 1" in theirs
    assert [word in theirs for word in ("Between us.", "Tess Moreau", "secret", "Review held")] == [False] * 4
    assert "still to come" in send(client, address, 400, held_on="2026-12-24", note="kept text")
    send(client, address, 302, held_on="2026-11-23", note="Gone through.")
    assert CaseReview.objects.get().note == "Gone through."
    assert "post-live.production-case-review" in read(client, address)


def test_the_lists_cost_the_same_for_few_rows_and_many(project, make_project, cast):
    for other in (make_project(playbooks=BOOKS, kind="existing"), make_project(playbooks=BOOKS, kind="existing")):
        link_phases(
            Project.objects.filter(biller=project.biller, phase_after=None).exclude(pk=other.pk).first(),
            other,
            by=cast.priya,
        )
    note_case(case_of(project, cast.tess, owner=cast.tess), "x", by=cast.tess)
    client, base = client_of(cast.priya), f"/projects/{project.code}/cases/"

    def costs() -> list[int]:
        found = []
        for address in (base, f"{base}review", f"{base}?show=all&format=csv"):
            read(client, address)
            with CaptureQueriesContext(
                connection,
            ) as told:
                read(client, address)
            found.append(len(told))
        return found

    few = costs()
    for number in range(2, 20):
        note_case(case_of(project, cast.tess, number, owner=cast.ivan if number % 2 else cast.tess), "x", by=cast.tess)
    assert costs() == few


# Machines ------------------------------------------------------------------------------------------------------------------


def post(address: str, body: Any, kind: str = "application/json") -> Any:
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return Client(enforce_csrf_checks=True).post(address, data, content_type=kind)


ROW = {"id": "C-1", "title": "Late", "severity": 2, "opened": "2026-11-20"}


def test_a_machine_sends_with_its_key_and_hears_what_became_of_it(project, cast):
    client, base = client_of(cast.priya), f"/projects/{project.code}/keys/"
    send(client_of(cast.tess), base, 403, intake="cases")
    send(client, base, 400, intake="nothing")
    page = send(client, base, 200, intake="cases")
    address = re.search(r'value="https?://[^/]+(/intake/[\w-]{43})"', page)
    assert address
    path = address[1]
    token = path.rpartition("/")[2]
    assert token not in read(client, base)
    assert not IntakeKey.objects.filter(token_hash__contains=token).exists()
    assert without_secrets(path) == "/intake/…"
    assert "There is a key for this." in send(client, base, 409, intake="cases")

    answer = post(path, {"rows": [ROW]})
    assert (answer.status_code, answer.json()) == (200, {"made": 1, "changed": 0, "same": 0})
    csv = "Case Number,Subject,Priority,Opened\nC-1,Late,1,2026-11-20\nC-2,New,3,2026-11-20\n"
    assert post(path, csv, "text/csv").json() == {"made": 1, "changed": 1, "same": 0}
    assert IntakeKey.objects.get().last_used_at == NOW
    bad = post(path, {"rows": [{**ROW, "id": "C-3"}, {**ROW, "severity": 9}]})
    assert (bad.status_code, bad.json()) == (400, {"errors": {"2": ["severity: “9” is no severity: 1 to 4."]}})
    assert ProductionCase.objects.count() == 2

    for body, status in (
        ("{", 400), ("[]", 400), ({"rows": []}, 400), ({"rows": [1]}, 400), ({"rows": [ROW] * 2001}, 400),
        ('{"rows": [{"id": "\\ud800"}]}', 400), ("[" * 100_000, 400), (b"\xff", 400), ("x" * (LARGEST_BODY + 1), 413),
    ):  # fmt: skip
        assert post(path, body).status_code == status, str(body)[:40]
    assert post(path, "a,a\n1,2\n", "text/csv").status_code == 400
    assert post(path, "<x/>", "application/xml").status_code == 415
    assert Client().get(path).status_code == 405
    assert post("/intake/" + "A" * 43, {"rows": [ROW]}).status_code == 404

    key = IntakeKey.objects.get()
    fresh = reset_key(key, by=cast.priya).address
    new_path = fresh[fresh.index("/intake/") :]
    assert [post(one, {"rows": [ROW]}).status_code for one in (path, new_path)] == [404, 200]
    send(client, f"{base}{key.pk}/revoke", 302)
    assert post(new_path, {"rows": [ROW]}).status_code == 404
    send(client, f"{base}{key.pk}/revoke", 404)


def test_a_key_dies_with_the_seat_of_whoever_made_it(project, cast):
    minted = make_key(project, "cases", by=cast.priya)
    path = minted.address[minted.address.index("/intake/") :]
    for seat in Seat.objects.filter(project=project, person=cast.priya):
        fill_seat(project, seat.pk, cast.sofia, by=cast.adele)
    assert post(path, {"rows": [ROW]}).status_code == 404
    assert not ProductionCase.objects.exists()


def test_a_key_is_used_so_often_and_no_more(project, cast):
    minted = make_key(project, "cases", by=cast.priya)
    path = minted.address[minted.address.index("/intake/") :]
    answers = [post(path, "{").status_code for _ in range(61)]
    assert answers == [400] * 60 + [429]


def test_what_the_table_of_permissions_sends_is_taken(project, make_project, cast):
    foreign = make_project(playbooks=BOOKS, kind="existing", biller="Halden Water", code="HLD", people={})
    parts, site = parts_phased.phased_parts(project, foreign, cast), SimpleNamespace(own=project, foreign=foreign)
    client, answers = client_of(cast.priya), {}
    for name, body in parts_phased.BODIES.items():
        with transaction.atomic():
            given = {part: values[0] for part, values in parts.get(name, {}).items()}
            address = reverse(name, kwargs={"code": project.code, **given})
            answers[name] = client.post(address, body(site, "own")).status_code
            transaction.set_rollback(True)
    assert answers == dict.fromkeys(answers, 302)


def test_an_archived_project_keeps_its_cases_as_they_are(make_project, cast):
    project = make_project(kind="add_on", playbooks=("addon-post-live",))
    case, minted = case_of(project, cast.dele), make_key(project, "cases", by=cast.dele)
    for step in ProjectStep.objects.filter(project=project).order_by("template__number"):
        perform(step, "start", by=cast.dele)
        perform(step, "complete", by=cast.dele)
    perform(project, "complete", by=cast.dele)
    client, address = client_of(cast.dele), case.get_absolute_url()
    assert "complete and archived" in read(client, address)
    for path, data in (
        ("move", {"move": "close_case", "note": "x", "revision": 0}), ("note", {"text": "x"}),
        ("escalate", {"level": "1", "reason": "x", "revision": 0}),
    ):  # fmt: skip
        assert "complete and archived" in send(client, f"{address}{path}", 409, **data)
    base = f"/projects/{project.code}/"
    send(client, f"{base}cases/review", 409, held_on="2026-11-02", note="")
    send(client, f"{base}phased/answer", 409, criterion="revenue", answer="yes", note="x")
    send(client, f"{base}keys/{minted.key.pk}/revoke", 409)
    answer = post(minted.address[minted.address.index("/intake/") :], {"rows": [ROW]})
    assert (answer.status_code, "complete and archived" in answer.json()["errors"]["0"][0]) == (409, True)
    assert ProductionCase.objects.count() == 1
