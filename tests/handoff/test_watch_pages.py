"""The pages of the watch: what they show, to whom, what they refuse and how, and what they cost."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from handoff.models import AnomalyWord, PaymentDay, Projection
from handoff.watch.acts import dispose
from handoff.watch.payments import take_payments
from projects.models import Project, SheetDraft
from tests.handoff.test_watch import LIVE, NOW, an_add_on, close_steps, projected, rows

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _on_a_tuesday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def add_on(make_project, cast) -> Project:
    return an_add_on(make_project, cast)


@pytest.fixture
def dele(cast: SimpleNamespace) -> Client:
    return client_of(cast.dele)


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(name: str, project: Project, *more: Any) -> str:
    return reverse(name, args=[project.code, *more])


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def post(client: Client, address: str, status: int, **values: Any) -> str:
    answer = client.post(address, values)
    assert answer.status_code == status, (address, answer.status_code, unescape(answer.content.decode())[:2000])
    return unescape(answer.content.decode())


def sheet(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("days.csv", "\n".join(("Day,Payments,Amount,Currency", *lines)).encode())


def a_troubled_one(add_on: Project, cast: SimpleNamespace) -> None:
    projected(add_on, cast.dele)
    take_payments(add_on, rows(*[38] * 7, begin=LIVE - 7 * DAY), by=cast.dele)
    take_payments(add_on, rows(40, 0, 0, 40, 500, 40, 40, None, None, *[40] * 6), by=cast.dele)


# Reading ---------------------------------------------------------------------------------------------------------------------


def test_the_page_says_what_it_draws(add_on, dele, cast):
    a_troubled_one(add_on, cast)
    html = read(dele, at("watch", add_on))
    assert "Watched from Nov 30 on: 13 days known, and 7 days of the biller’s own history before. Last: Dec 14." in html
    assert "Payments a day, 20 of 22 days known: 0 to 500; projected 40 a day; 3 anomalies found" in html
    assert "Dec 1 to Dec 2: no payments; 40 a day were projected." in html
    assert "Dec 4: 500 payments ($75,000.00); 40 a day were projected." in html
    assert "Dec 7 to Dec 8: nothing was sent, so nobody knows what was paid." in html
    assert html.count('class="band none"') == 2  # the stretch and the key
    assert html.count('class="band gap"') == 2
    assert html.count('class="paid above"') == 2
    assert html.count('class="mark"') == 3
    assert "Sales projection" in html
    assert "style=" not in html.split("<main")[1]
    assert "The order" in html
    assert "Say what became of it. Dec 4: 500 payments" in html  # left until complete


def test_before_there_is_anything(add_on, dele):
    html = read(dele, at("watch", add_on))
    assert "No payments yet" in html
    assert "Nothing is known yet, and so nothing is found." in html
    assert "Monitor Service is not started" in html


def test_earlier_days_are_reached(add_on, dele, cast):
    take_payments(add_on, rows(*[40] * 90, begin=dt.date(2026, 9, 16)), by=cast.dele)
    html = read(dele, at("watch", add_on))
    assert "Oct 20" in html
    assert "?to=2026-10-19" in html
    assert "?to=2026-12-14" in read(dele, f"{at('watch', add_on)}?to=2026-10-19")
    for odd in ("nonsense", "1900-01-01", "9999-12-31", "2026-02-30"):
        read(dele, f"{at('watch', add_on)}?to={odd}")


def test_the_page_costs_the_same_for_few_days_and_many(add_on, dele, cast, django_assert_num_queries):
    read(dele, at("watch", add_on))
    for counts in ((40, 0), (40, 0, 40, 0, None, None, None, 500, 40, 0, 40, 0, 40, 0, 40)):
        take_payments(add_on, rows(*counts), by=cast.dele)
        with django_assert_num_queries(15):
            read(dele, at("watch", add_on))


@pytest.mark.parametrize(
    ("first", "status"), [("dele", 200), ("adele", 200), ("mallory", 404), ("bo", 404), ("tess", 200)]
)
def test_who_sees_it(add_on, cast, first, status):
    a_troubled_one(add_on, cast)
    client = client_of(getattr(cast, first))
    for name, *more in (
        ("watch",), ("watch-import",), ("watch-export",), ("watch-anomaly", "none", "2026-12-01"),
    ):  # fmt: skip
        assert client.get(at(name, add_on, *more)).status_code == status, name


def test_a_project_without_add_on_says_why_it_is_not_watched(make_project, cast):
    project = make_project()
    html = read(client_of(cast.priya), at("watch", project))
    assert "it does not run through the playbook “Add-on Post Live”" in html
    assert "<form" not in html.split("<main")[1]
    assert "Watch after go-live" not in read(client_of(cast.priya), project.get_absolute_url())
    earlier = make_project(playbooks=("integration", "addon-post-live"), biller="Harbor Water")
    assert "Watching begins after go-live" in read(client_of(cast.priya), at("watch", earlier))


def test_the_project_leads_there(add_on, dele, cast):
    a_troubled_one(add_on, cast)
    html = read(dele, add_on.get_absolute_url())
    assert "Watch after go-live" in html
    assert "Dec 4: 500 payments" in html
    assert at("watch-anomaly", add_on, "none", "2026-12-01") in html


def test_it_goes_out_as_a_sheet_that_comes_in_again(add_on, dele, cast):
    take_payments(add_on, rows(40, 41), by=cast.dele)
    answer = dele.get(at("watch-export", add_on))
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines()[1:] == [
        "2026-11-30,40,6000.00,USD,API,Dele Adeyemi", "2026-12-01,41,6150.00,USD,API,Dele Adeyemi",
    ]  # fmt: skip
    answer = dele.post(at("watch-import", add_on), {"file": SimpleUploadedFile("x.csv", text.encode())}, follow=True)
    assert "Every day says this already" in answer.content.decode()


# Writing ---------------------------------------------------------------------------------------------------------------------


def test_a_sheet_is_shown_before_it_is_imported(add_on, dele, cast):
    take_payments(add_on, rows(40), by=cast.dele)
    sent = sheet("2026-11-30,44,100,USD", "2026-12-01,5,10,", "2026-12-04,6,11.50,usd")
    answer = dele.post(at("watch-import", add_on), {"file": sent}, follow=True)
    html = unescape(answer.content.decode())
    assert "2 new" in html
    assert "1 changed" in html
    assert "Dec 2 to Dec 3" in html  # the gap
    assert "$6,000.00" in html
    assert PaymentDay.objects.count() == 1
    draft = SheetDraft.objects.get()
    look = at("watch-import-look", add_on, draft.pk)
    print_ = html.split('name="fingerprint" value="')[1].split('"')[0]
    assert "The payments changed since you looked" in post(dele, look, 409, fingerprint="0" * 32)
    assert PaymentDay.objects.count() == 1
    assert dele.post(look, {"fingerprint": print_}).status_code == 302
    assert list(PaymentDay.objects.values_list("payments", flat=True)) == [44, 5, 6]
    assert "Imported: 2 new, 1 changed." in read(dele, at("watch", add_on))
    assert dele.get(look).status_code == 404


def test_a_sheet_with_faults_names_each_row_and_imports_nothing(add_on, dele):
    sent = sheet(
        "2026-12-01,5,10,USD", "2026-12-02,5,10,EUR", "2026-12-01,6,11,USD", "2026-12-03,-1,5,USD", "2027-01-01,1,1,"
    )
    html = post(dele, at("watch-import", add_on), 400, file=sent)
    assert "4 rows cannot be imported, so nothing is." in html
    assert "Row 3: The currency “EUR” is not taken: amounts are in USD." in html
    assert "Row 4: 2026-12-01 is there twice, in rows 2 and 4." in html
    assert "Row 5: “-1”: there are no fewer payments than none." in html
    assert "Row 6: 2027-01-01 is not over yet" in html
    assert not PaymentDay.objects.exists()
    assert not SheetDraft.objects.exists()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "Choose a sheet first."),
        (
            SimpleUploadedFile("x.csv", b"Day,Payments\n2026-12-01,4"),
            "These headings are missing in the first row: Amount.",
        ),
        (SimpleUploadedFile("x.csv", b"Day,Payments,Amount\n"), "no day under them"),
        (SimpleUploadedFile("x.pdf", b"%PDF"), "Choose an .xlsx or a .csv file."),
        (SimpleUploadedFile("x.csv", b"Day,Payments,Amount\n" + b"2026-12-01,1,1\n" * 1001), "More than 1,000 rows"),
    ],
)
def test_a_sheet_that_cannot_be_read_says_why(add_on, dele, sent, words):
    assert words in post(dele, at("watch-import", add_on), 400, **({"file": sent} if sent else {}))


def test_a_day_by_hand_keeps_what_was_typed(add_on, dele, cast):
    address = at("watch-day", add_on)
    html = post(dele, address, 400, day="2026-12-01", payments="-4", amount="ten")
    assert 'value="ten"' in html
    assert 'id="id_day_payments_error"' in html
    assert "lies in the future" in post(dele, address, 409, day="2027-12-01", payments="4", amount="10")
    assert dele.post(address, {"day": "2026-12-01", "payments": "4", "amount": "10"}).status_code == 302
    html = post(dele, address, 409, day="2026-12-01", payments="5", amount="10")
    assert "says 4 payments, $10.00 already" in html
    assert 'name="seen" value="0"' in html
    assert dele.post(address, {"day": "2026-12-01", "payments": "5", "amount": "10", "seen": "0"}).status_code == 302
    assert PaymentDay.objects.get().payments == 5


def test_a_projection_is_written_and_removed(add_on, dele):
    address = at("watch-projection", add_on)
    assert "Payments a day" in post(dele, address, 400, since="2026-11-30", payments="")
    values = {"since": "2026-11-30", "payments": "0.33", "amount": "", "source": "Order 7"}
    assert dele.post(address, values).status_code == 302
    row = Projection.objects.get()
    assert "0.33" in read(dele, at("watch", add_on))
    assert "are projected already" in post(dele, address, 409, **values | {"payments": "2"})
    remove = at("watch-projection-remove", add_on, row.pk)
    assert "changed since you saw it" in post(dele, remove, 409, revision="4")
    post(dele, remove, 400)
    assert dele.post(remove, {"revision": "0"}).status_code == 302
    assert dele.post(remove, {"revision": "0"}).status_code == 404


def test_an_anomaly_is_disposed_of(add_on, dele, cast):
    a_troubled_one(add_on, cast)
    address = at("watch-anomaly", add_on, "none", "2026-12-01")
    html = read(dele, address)
    assert "Dec 1 to Dec 2: no payments; 40 a day were projected." in html
    assert 'name="last" value="2026-12-02"' in html
    assert "Choose what became of it." in post(dele, address, 400, last="2026-12-02")
    html = post(dele, address, 409, outcome="case", last="2026-12-02", note="Their gateway was off.")
    assert "Write the number of the case." in html
    assert "Their gateway was off." in html
    values = {"outcome": "case", "case_number": "CS-9", "case_link": "http://x.example/", "last": "2026-12-02"}
    assert "begins with https://" in post(dele, address, 400, **values)
    values["case_link"] = "https://cases.example/9"
    assert "changed since you saw it" in post(dele, address, 409, **values | {"last": "2026-12-01"})
    assert dele.post(address, values).status_code == 302
    html = read(dele, at("watch", add_on))
    assert 'href="https://cases.example/9"' in html
    assert ">CS-9</a>" in html
    take_payments(add_on, rows(40, 40, 40), by=cast.dele)
    assert "No longer found" in read(dele, at("watch", add_on))
    assert "no longer found" in read(dele, address)
    assert "no longer found" in post(dele, address, 409, **values)
    assert AnomalyWord.objects.count() == 1
    for gone in (("none", "2026-12-09"), ("nonsense", "2026-12-01"), ("none", "2026-12-41")):
        path = f"{at('watch', add_on)}anomalies/{gone[0]}/{gone[1]}"
        assert dele.get(path).status_code == 404, path


def test_who_reads_and_has_no_part_gets_no_form(add_on, cast):
    a_troubled_one(add_on, cast)
    cast.mallory.groups.add(Group.objects.get(name="Delivery managers"))
    client = client_of(cast.mallory)
    html = read(client, at("watch", add_on))
    assert "<form" not in html.split("<main")[1]
    assert "Not yours to import" in read(client, at("watch-import", add_on))
    post(client, at("watch-day", add_on), 403, day="2026-12-01", payments="5", amount="10")
    post(client, at("watch-import", add_on), 403, file=sheet("2026-12-01,5,10,USD"))
    post(client, at("watch-projection", add_on), 403, since="2026-12-01", payments="5")
    values = {"outcome": "explained", "note": "x", "last": "2026-12-02"}
    post(client, at("watch-anomaly", add_on, "none", "2026-12-01"), 403, **values)


def test_an_archived_project_is_read_for_ever_and_refuses_by_every_page(add_on, dele, cast):
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, *[40] * 13), by=cast.dele)
    dispose(add_on, "none", LIVE + DAY, last=LIVE + DAY, outcome="case", case_number="CS-1", by=cast.dele)
    close_steps(add_on, cast)
    assert re.search(
        r">\s*Complete and archive\s*<", read(dele, add_on.get_absolute_url())
    )  # no blockers: step 4 is closed by it
    running = Project.objects.get(pk=add_on.pk)
    assert dele.post(at("move-project", running), {"move": "complete", "revision": running.revision}).status_code == 302
    done = Project.objects.get(pk=add_on.pk)
    assert done.is_archived()
    assert [step.status for step in done.board.steps] == ["done", "not_applicable", "done", "done"]
    anomaly = at("watch-anomaly", done, "none", "2026-12-01")
    row = Projection.objects.get()
    for address in (at("watch", done), anomaly, at("watch-import", done), at("watch-export", done)):
        answer = dele.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200
        assert b'method="post"' not in body.split(b"<main")[-1], address
    assert "complete and archived" in read(dele, at("watch", done))
    post(dele, anomaly, 409, outcome="explained", note="x", last="2026-12-01")
    post(dele, at("watch-day", done), 409, day="2026-12-01", payments="5", amount="10", seen="0")
    post(dele, at("watch-projection", done), 409, since="2026-12-01", payments="5")
    post(dele, at("watch-projection-remove", done, row.pk), 409, revision="0")
    post(dele, at("watch-import", done), 409, file=sheet("2026-12-01,5,10,USD"))
    with time_machine.travel(NOW + dt.timedelta(days=800), tick=False):
        html = read(client_of(cast.dele), f"{at('watch', done)}?to=2026-12-14")
        assert "Dec 14, 2026" in html
    assert PaymentDay.objects.count() == 15
    assert Projection.objects.get().payments == Decimal(40)


def test_the_history_tells_of_it(add_on, dele, cast):
    take_payments(add_on, rows(40), by=cast.dele)
    take_payments(add_on, rows(44), by=cast.dele)
    projected(add_on, cast.dele)
    html = read(dele, f"{add_on.get_absolute_url()}history")
    assert "Payments of a day" in html
    assert f"2026-11-30, {add_on.code} Ashby Gas" in html
    assert "Projection" in html
