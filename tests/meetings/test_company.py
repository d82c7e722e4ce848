"""The company's series: what ships, loading it twice, files that are none; and the admin of series."""

from __future__ import annotations

import datetime as dt
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from meetings.company import SeriesRefused, load_company_series, shipped
from meetings.models import Occurrence, Series
from meetings.planned import planned
from meetings.single import edit_meeting
from projects.models import Notice
from tests.meetings.planning import NOW, TUESDAY, at, tdr

pytestmark = pytest.mark.django_db

LINK = "https://meet.example/sekret"


@pytest.fixture(autouse=True)
def _on_friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series(cast: SimpleNamespace) -> Series:
    return tdr(cast.adele, host=cast.ingrid, attendees=[cast.sofia])


def test_what_ships_is_what_the_sources_say(db):
    call_command("load_series", verbosity=0)
    monday, later = at(2026, 11, 23), at(2026, 11, 30)
    week = planned(Series.objects.all(), monday, later)
    assert [(one.series.kind, f"{one.starts:%a %H:%M}–{one.ends:%H:%M}") for one in week] == [
        ("go_live", "Mon 09:00–10:00"), ("triage", "Tue 10:00–11:00"), ("tdr", "Tue 13:00–14:30"),
        ("tsm_review", "Wed 11:00–12:00"), ("triage", "Thu 10:00–11:00"),
    ]  # fmt: skip
    review = Series.objects.get(kind="tdr")
    closes = review.occurrences.model(series=review, day=TUESDAY).starts - dt.timedelta(hours=review.cutoff_hours)
    assert (f"{closes:%a %H:%M}", review.capacity) == ("Fri 17:00", 6)
    assert {one.join_link for one in Series.objects.all()} == {""}


def test_loading_twice_changes_nothing_and_brings_back_nothing(db):
    call_command("load_series", verbosity=0)
    Series.objects.filter(kind="tdr").update(title="Design review")
    call_command("load_series", verbosity=0)
    assert Series.objects.count() == 4
    assert Series.objects.get(kind="tdr").title == "Design review"


def test_no_link_and_no_host_is_in_the_file(db):
    assert {key for one in yaml.safe_load(shipped().read_text()) for key in one} == {
        "kind", "title", "rule", "starts_at", "minutes", "capacity", "cutoff_hours",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no YAML"),
        ("kind: tdr", "no list of series"),
        ("- kind: tdr", "Series 1 is no series"),
        (
            "- {kind: discovery, title: x, rule: FREQ=DAILY, starts_at: '09:00', minutes: 30}",
            "no kind of the company's",
        ),
        ("- {kind: tdr, title: x, rule: FREQ=HOURLY, starts_at: '09:00', minutes: 30}", "begins with FREQ="),
        ("- {kind: tdr, title: x, rule: FREQ=DAILY, starts_at: '9 am', minutes: 30}", "Series 1 is no series"),
        (
            "- {kind: tdr, title: x, rule: FREQ=DAILY, starts_at: '09:00', minutes: 30, join_link: 'https://x.example'}",
            "not taken",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(db, text, words):
    with pytest.raises(SeriesRefused, match=words):
        load_company_series(text)
    assert not Series.objects.exists()


def test_a_file_that_is_not_there(db, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_series", tmp_path / "none.yaml")


# The admin -------------------------------------------------------------------------------------------------------------------


def admin_client(cast: Any) -> Client:
    client = Client()
    client.force_login(cast.adele)
    return client


def form_of(series: Series | None = None, **changes: Any) -> dict[str, Any]:
    plain = {
        "kind": "tdr", "title": "Technical Design Review", "rule": "FREQ=WEEKLY;BYDAY=TU", "starts_on": "2026-11-03",
        "starts_at": "13:00", "minutes": 90, "zone_name": "America/New_York", "host": "", "place": "", "join_link": "",
        "capacity": "", "cutoff_hours": "",
    }  # fmt: skip
    if series is not None:
        plain["host"] = series.host_id or ""
    return plain | changes


def seen(client: Client, address: str) -> str:
    return client.get(address).context["adminform"].form.initial["seen"]


def test_a_series_is_planned_and_changed_in_the_admin_by_the_services(cast):
    client = admin_client(cast)
    answer = client.post(reverse("admin:meetings_series_add"), form_of(join_link=LINK, host=cast.ingrid.pk))
    assert answer.status_code == 302
    series = Series.objects.get()
    assert (series.made_by, series.join_link, series.host) == (cast.adele, LINK, cast.ingrid)
    assert list(Notice.objects.values_list("person__name", flat=True)) == ["Ingrid Berg"]
    address = reverse("admin:meetings_series_change", args=[series.pk])
    html = unescape(client.get(address).content.decode())
    assert "Tue Nov 24, 13:00–14:30 ET" in html
    body = form_of(series, starts_at="15:00", join_link=LINK, seen=seen(client, address))
    assert client.post(address, body).status_code == 302
    changed = Series.objects.get()
    assert (changed.starts_at, changed.sequence, changed.revision, changed.join_link) == (dt.time(15), 1, 1, LINK)
    assert Series.history.filter(id=series.pk).first().history_user == cast.adele


def test_the_preview_marks_a_holiday(cast):
    series = tdr(cast.adele, rule="FREQ=WEEKLY;BYDAY=TH")
    html = unescape(admin_client(cast).get(reverse("admin:meetings_series_change", args=[series.pk])).content.decode())
    assert "Thu Nov 26, 13:00–14:30 ET – Thanksgiving Day: decide on its page" in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "would never be held"),
        ({"rule": "FREQ=HOURLY"}, "begins with FREQ="),
        ({"rule": ""}, "A series keeps to a rule"),
        ({"zone_name": "Mars/Olympus"}, "is not a time zone"),
        ({"join_link": "http://meet.example"}, "Enter a valid URL"),
        ({"host": "987654"}, "not one of the available choices"),
    ],
)
def test_what_the_services_refuse_is_said_at_its_field(cast, series, changes, words):
    client, address = admin_client(cast), reverse("admin:meetings_series_change", args=[series.pk])
    answer = client.post(address, form_of(series, seen=seen(client, address)) | changes)
    assert answer.status_code == 400
    assert words in unescape(answer.content.decode())
    assert Series.objects.get().revision == 0


def test_meetings_that_a_rule_loses_are_named_before_they_are_cancelled(cast, series):
    edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=60)
    client, address = admin_client(cast), reverse("admin:meetings_series_change", args=[series.pk])
    body = form_of(series, rule="FREQ=WEEKLY;BYDAY=WE", seen=seen(client, address))
    answer = client.post(address, body)
    assert "Technical Design Review, Nov 24, 2026 would be cancelled" in unescape(answer.content.decode())
    assert Occurrence.objects.get().state == "planned"
    assert client.post(address, body | {"cancel_anyway": "on"}).status_code == 302
    assert Occurrence.objects.get().state == "cancelled"


def test_two_admins(cast, series):
    client, address = admin_client(cast), reverse("admin:meetings_series_change", args=[series.pk])
    before = seen(client, address)
    assert client.post(address, form_of(series, minutes=60, seen=before)).status_code == 302
    answer = client.post(address, form_of(series, minutes=30, seen=before))
    assert answer.status_code == 409
    assert "Stored meanwhile: “60”" in unescape(answer.content.decode())


def test_a_series_is_not_deleted_in_the_admin_and_says_why(cast, series):
    client = admin_client(cast)
    for method in (client.get, client.post):
        answer = method(reverse("admin:meetings_series_delete", args=[series.pk]), {"post": "yes"}, follow=True)
        assert "A series is ended, not deleted" in unescape(answer.content.decode())
    everything = {"action": "delete_selected", "_selected_action": series.pk, "post": "yes"}
    client.post(reverse("admin:meetings_series_changelist"), everything)
    assert Series.objects.exists()


def test_the_link_is_for_administrators_to_set_and_in_no_history(cast, series):
    client = Client()
    client.force_login(cast.priya)
    address = reverse("admin:meetings_series_change", args=[series.pk])
    assert client.get(address).status_code in {302, 403}
    admin = admin_client(cast)
    admin.post(address, form_of(series, join_link=LINK, seen=seen(admin, address)))
    assert Series.objects.get().join_link == LINK
    assert LINK not in str(list(Series.history.values()))
    assert LINK not in str(list(Notice.objects.values()))
