"""E-mailed links: what a GET shows and leaves alone, what a POST does, and what a link that is no longer good is worth."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.links import Minted, mint
from accounts.middleware import without_secrets
from accounts.models import EmailedLink, User
from accounts.sessions import signed_in_by
from tests.accounts.ways import FACTOR, add_app, app_code, bare, by_password, link_of_mail, methods, signed_in_as

LEADS_TO = "/my-work"
CODE = reverse("link-code")


def path_of(minted: Minted) -> str:
    return minted.address.removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def link(cast: SimpleNamespace) -> Minted:
    """A fresh invitation of Bo's."""
    return mint(cast.bo, purpose="invitation", leads_to=LEADS_TO)


def test_a_scanner_may_follow_a_link_as_often_as_it_likes(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    for method in (client.get, client.head, client.get):
        assert method(path_of(link)).status_code == 200

    assert EmailedLink.objects.get().used_at is None
    assert signed_in_as(client) is None


def test_the_page_says_whom_it_is_for_and_no_more(client: Client, link: Minted) -> None:
    answer = client.get(path_of(link))
    page = answer.content.decode()

    assert "<h1>A link for Bo Halvorsen</h1>" in page
    assert "You are invited to Gatehouse. The button signs you in." in page
    assert "bo@example.org" not in page
    assert LEADS_TO not in page
    assert "no-store" in answer["Cache-Control"]


def test_the_button_signs_in_and_the_session_says_how(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    answer = client.post(path_of(link))

    assert (answer.status_code, answer["Location"]) == (302, LEADS_TO)
    assert signed_in_as(client) == cast.bo.pk
    assert signed_in_by(client.get(LEADS_TO).wsgi_request) == "emailed_link"


def test_the_button_works_once(
    client: Client, cast: SimpleNamespace, link: Minted, security_log: list[dict[str, object]]
) -> None:
    client.post(path_of(link))
    other = Client()

    again = other.post(path_of(link))

    assert again.status_code == 410
    assert "It was used already: each link works once." in again.content.decode()
    assert (other.get(path_of(link)).status_code, signed_in_as(other)) == (410, None)
    assert [line["event"] for line in security_log] == ["link_replayed"]


def test_who_came_in_by_it_is_led_on_from_a_used_link(client: Client, link: Minted) -> None:
    client.post(path_of(link))

    answer = client.get(path_of(link))

    assert answer.status_code == 410
    assert f'<a href="{LEADS_TO}">' in answer.content.decode()


def test_a_second_link_of_the_same_occasion_is_used_up_with_the_first(cast: SimpleNamespace, link: Minted) -> None:
    second = mint(cast.bo, purpose="invitation", leads_to=LEADS_TO)
    other = mint(cast.bo, purpose="sign-off", leads_to="/sign-offs/1")
    Client().post(path_of(link))

    assert Client().post(path_of(second)).status_code == 410
    assert Client().post(path_of(other)).status_code == 302


@pytest.mark.parametrize("path", ["/link/forged", "/link/" + "A" * 43, "/link/forged/again"])
def test_a_forged_link_is_as_absent_as_anything(
    client: Client, cast: SimpleNamespace, path: str, security_log: list[dict[str, object]]
) -> None:
    method = client.post if path.endswith("again") else client.get
    answer = method(path)

    assert (answer.status_code, bare(answer.content)) == (404, bare(method("/nothing-here").content))
    assert [line["event"] for line in security_log] == ["link_forged"]


def test_an_expired_link_offers_another_which_leads_to_the_same(
    client: Client, cast: SimpleNamespace, link: Minted, commits: Any
) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=15)):
        page = client.get(path_of(link))
        assert page.status_code == 410
        assert "Send me a new one" in page.content.decode()
        assert client.post(path_of(link)).status_code == 410

        with commits(execute=True):
            assert client.post(f"{path_of(link)}/again").status_code == 200
        assert mail.outbox[0].to == ["bo@example.org"]
        answer = client.post(link_of_mail())

    assert (answer["Location"], signed_in_as(client)) == (LEADS_TO, cast.bo.pk)


def test_a_new_link_is_mailed_a_few_times_an_hour_and_nobody_sees_when_not(
    cast: SimpleNamespace, link: Minted, commits: Any
) -> None:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=15)
    answers = []

    def again() -> None:
        with commits(execute=True):
            answer = Client().post(f"{path_of(link)}/again")
        answers.append((answer.status_code, bare(answer.content)))

    for minutes in range(0, 10, 2):
        with time_machine.travel(now + dt.timedelta(minutes=minutes)):
            again()
    User.objects.filter(pk=cast.bo.pk).update(is_active=False)
    with time_machine.travel(now + dt.timedelta(hours=2)):
        again()

    assert set(answers) == {(200, answers[0][1])}
    assert len(mail.outbox) == 3


def test_a_link_of_somebody_deactivated_is_worth_nothing(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    User.objects.filter(pk=cast.bo.pk).update(is_active=False)

    assert client.get(path_of(link)).status_code == 410
    assert client.post(path_of(link)).status_code == 410
    assert signed_in_as(client) is None


def test_a_second_factor_is_asked_for_all_the_same(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    secret = add_app(cast.bo)

    assert client.post(path_of(link))["Location"] == FACTOR
    assert signed_in_as(client) is None
    assert client.post(FACTOR, {"code": app_code(secret)})["Location"] == LEADS_TO
    assert (signed_in_as(client), methods(client)) == (cast.bo.pk, ["emailed_link", "mfa"])


def test_whoever_else_was_signed_in_is_signed_out(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    by_password(client, "priya@example.org")

    client.post(path_of(link))

    assert (signed_in_as(client), methods(client)) == (cast.bo.pk, ["emailed_link"])


def test_who_is_signed_in_already_is_led_on(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    by_password(client, "bo@example.org")

    assert client.post(path_of(link))["Location"] == LEADS_TO
    assert methods(client) == ["password", "emailed_link"]


def test_the_button_needs_the_token_of_its_form(cast: SimpleNamespace, link: Minted) -> None:
    assert Client(enforce_csrf_checks=True).post(path_of(link)).status_code == 403
    assert EmailedLink.objects.get().used_at is None


@pytest.mark.parametrize(
    "leads_to", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "", "x"]
)
def test_no_link_is_made_that_leads_elsewhere(cast: SimpleNamespace, leads_to: str) -> None:
    with pytest.raises(ValueError, match="is no path of this site"):
        mint(cast.bo, purpose="invitation", leads_to=leads_to)


# -- The code beside the link ---------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}"])
def test_the_code_does_what_the_link_does(client: Client, cast: SimpleNamespace, link: Minted, typed: str) -> None:
    code = typed.format(link.code, link.code[:4], link.code[4:])

    answer = client.post(CODE, {"email": "Bo@example.org", "code": code})

    assert (answer.status_code, answer["Location"]) == (302, LEADS_TO)
    assert (signed_in_as(client), methods(client)) == (cast.bo.pk, ["emailed_link"])
    assert Client().post(CODE, {"email": "bo@example.org", "code": link.code}).status_code == 400
    assert Client().post(path_of(link)).status_code == 410


@pytest.mark.parametrize("email", ["bo@example.org", "nobody@example.org", "cora@example.org"])
def test_a_wrong_code_gets_one_answer_whoever_it_was(client: Client, link: Minted, email: str) -> None:
    answer = client.post(CODE, {"email": email, "code": "00000000" if link.code != "00000000" else "1"})

    assert answer.status_code == 400
    refusal = "No open link has this e-mail address and code. Check both, or ask for a new mail."
    assert f'<p class="error" id="id_code_error">{refusal}</p>' in answer.content.decode()


def test_codes_cannot_be_tried_through(client: Client, cast: SimpleNamespace, link: Minted) -> None:
    wrong = "11111111" if link.code != "11111111" else "22222222"

    statuses = [client.post(CODE, {"email": "bo@example.org", "code": wrong}).status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        # The limit is over; the five wrong ones have burnt the code, though not the link.
        assert client.post(CODE, {"email": "bo@example.org", "code": link.code}).status_code == 400
        assert client.post(path_of(link)).status_code == 302


def test_links_cannot_be_tried_through(client: Client, db: None) -> None:
    assert [client.get(f"/link/{n}").status_code for n in range(61)] == [404] * 60 + [429]


# -- The log --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/link/abcDEF_-123", "/link/…"),
        ("/link/abcDEF_-123/again?x=1", "/link/…/again?x=1"),
        ("/link", "/link"),
        ("/account/password/reset/key/1-abc-def/", "/account/password/reset/key/…/"),
        ("/account/sso/oidc/back/?code=secret&state=x", "/account/sso/oidc/back/?…"),
        ("/projects/?q=link", "/projects/?q=link"),
    ],
)
def test_the_log_of_requests_keeps_secrets(path: str, logged: str) -> None:
    assert without_secrets(path) == logged
