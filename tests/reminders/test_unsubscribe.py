"""The way out of a mail: one POST, no sign-in; a GET changes nothing; what is forged or old is told kindly."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client

from accounts.mail import Message, as_email
from accounts.middleware import without_secrets
from projects.notice_kinds import NoticeKind, Route
from reminders.kinds import DEFAULTS
from reminders.models import Preference
from reminders.preferences import ALWAYS, choose, wants_of
from reminders.unsubscribe import DIGEST, VALID, address_of

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def stranger() -> Client:
    """A mail program: not signed in, no cookies, no token of ours."""
    return Client(enforce_csrf_checks=True)


def path(person, what) -> str:
    return "/" + address_of(person, what).partition("://")[2].partition("/")[2]


def kept() -> dict[str, str]:
    return dict(Preference.objects.values_list("kind", "route"))


def test_looking_changes_nothing_and_one_click_ends_it(stranger, cast):
    address = path(cast.sofia, NoticeKind.MENTIONED)
    for _ in range(3):
        for method in (stranger.get, stranger.head):
            assert method(address).status_code == 200
    page = stranger.get(address).content.decode()
    assert "mails of the kind “Mentioned” to s…@example.org" in page
    assert "sofia" not in page.lower()
    assert kept() == {}

    for _ in range(2):
        assert stranger.post(address, ONE_CLICK).status_code == 200
        assert kept() == {"mentioned": "app"}
    assert "These mails are off" in stranger.get(address).content.decode()
    assert wants_of(cast.arun).routes == DEFAULTS


def test_the_digest_ends_for_all_that_came_with_it_and_is_taken_back(stranger, cast):
    choose(cast.sofia, {NoticeKind.OVERDUE: Route.NOW, NoticeKind.MENTIONED: Route.DIGEST}, by=cast.sofia)
    before = wants_of(cast.sofia).routes
    address = path(cast.sofia, DIGEST)
    page = stranger.post(address).content.decode()
    after = wants_of(cast.sofia).routes
    assert Route.DIGEST not in {after[kind] for kind in NoticeKind if kind not in ALWAYS}
    assert (after[NoticeKind.MENTIONED], after[NoticeKind.OVERDUE]) == (Route.APP, Route.NOW)

    # Undone, save what was chosen anew meanwhile.
    choose(cast.sofia, {NoticeKind.SEAT_EMPTY: Route.OFF}, by=cast.sofia)
    (undo,) = re.findall(r'name="undo" value="([^"]+)"', page)
    for _ in range(2):
        assert "come again" in stranger.post(address, {"undo": undo}).content.decode()
        assert wants_of(cast.sofia).routes == {**before, NoticeKind.SEAT_EMPTY: Route.OFF}


def test_undoing_is_for_the_way_that_it_was_given_for(stranger, cast):
    address, other = path(cast.sofia, NoticeKind.MENTIONED), path(cast.arun, NoticeKind.MENTIONED)
    (undo,) = re.findall(r'name="undo" value="([^"]+)"', stranger.post(address).content.decode())
    for where, what in ((other, undo), (address, undo + "x"), (address, "made up"), (address, address.split("/")[-1])):
        assert stranger.post(where, {"undo": what}).status_code == 410
    assert kept() == {"mentioned": "app"}


@pytest.mark.parametrize("harm", ["made-up", "cut", "other-person", "of-a-sign-off", "gone-person"])
def test_what_we_did_not_sign_or_no_longer_holds_is_told_kindly(stranger, cast, harm):
    from django.core import signing

    address = path(cast.sofia, NoticeKind.MENTIONED)
    token = address.rpartition("/")[2]
    if harm == "gone-person":
        type(cast.sofia).objects.filter(pk=cast.sofia.pk).update(is_active=False)
    bad = {
        "made-up": "nothing", "cut": token[:-3], "gone-person": token,
        "other-person": signing.dumps([cast.arun.pk, "mentioned"]),  # signed by us, for something else
        "of-a-sign-off": signing.dumps([cast.sofia.pk, "approval_asked"], salt="reminders.unsubscribe"),
    }[harm]  # fmt: skip
    for method in (stranger.get, stranger.post):
        answer = method(f"/unsubscribe/{bad}")
        assert answer.status_code == 410
        assert "no longer good" in answer.content.decode()
    assert kept() == {}


def test_an_old_mail_s_way_out_works_for_a_year_and_then_says_that_it_is_over(stranger, cast):
    with time_machine.travel("2026-01-05T12:00+00:00", tick=False) as clock:
        address = path(cast.sofia, NoticeKind.MENTIONED)
        clock.shift(60)
        assert path(cast.sofia, NoticeKind.MENTIONED) == address  # the same mail sent again says the same
        clock.shift(VALID.total_seconds() - 61)
        assert stranger.get(address).status_code == 200
        clock.shift(24 * 3600)
        assert stranger.get(address).status_code == 410


@pytest.mark.parametrize("kind", ALWAYS)
def test_there_is_no_way_out_of_sign_offs(cast, kind):
    assert address_of(cast.sofia, kind) == ""


def test_a_mail_carries_it_in_its_head_and_in_its_body(cast):
    address = address_of(cast.sofia, DIGEST)
    mail = as_email(Message("S", "H", ["P"], unsubscribe=address), cast.sofia.email)
    assert mail.extra_headers["List-Unsubscribe"] == f"<{address}>"
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in mail.body


def test_the_log_does_not_say_the_token(cast):
    assert without_secrets(path(cast.sofia, DIGEST)) == "/unsubscribe/…"
