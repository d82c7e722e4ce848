"""Signing in and out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.cast import PASSWORD

SIGN_IN = reverse("sign-in")
WRONG = "No account has this e-mail address and password. Check both and try again."


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def post(client: Client, email: str, password: str = PASSWORD, **more: str) -> object:
    return client.post(SIGN_IN, {"username": email, "password": password, **more})


@pytest.mark.parametrize("email", ["priya@example.org", "Priya@Example.ORG", " priya@example.org "])
def test_e_mail_and_password_open_the_portfolio(client: Client, cast: SimpleNamespace, email: str) -> None:
    answer = post(client, email)

    assert (answer.status_code, answer["Location"]) == (302, reverse("portfolio"))
    assert signed_in(client)


@pytest.mark.parametrize(
    ("email", "password", "errors"),
    [
        ("priya@example.org", "wrong", {"password": [WRONG]}),
        ("nobody@example.org", PASSWORD, {"password": [WRONG]}),
        ("", "", {"username": ["Enter your e-mail address."], "password": ["Enter your password."]}),
        ("priya", PASSWORD, {"username": ["This is not an e-mail address."]}),
        (
            "priya@example.org\0",
            PASSWORD,
            {"username": ["This is not an e-mail address.", "Null characters are not allowed."]},
        ),
    ],
)
def test_what_is_wrong_is_said_with_a_400(
    client: Client, cast: SimpleNamespace, email: str, password: str, errors: dict[str, list[str]]
) -> None:
    answer = post(client, email, password)

    assert (answer.status_code, answer.context_data["form"].errors) == (400, errors)
    assert not signed_in(client)


def test_an_error_is_at_its_field_and_in_the_summary(client: Client, cast: SimpleNamespace) -> None:
    page = post(client, "priya@example.org", "wrong").content.decode()

    assert f'<li><a href="#id_password">Password: {WRONG}</a></li>' in page
    assert f'<p class="error" id="id_password_error">{WRONG}</p>' in page
    assert 'aria-describedby="id_password_error"' in page
    assert 'value="priya@example.org"' in page
    assert "wrong" not in page


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(client: Client, cast: SimpleNamespace) -> None:
    wrong = post(client, "priya@example.org", "wrong").content.decode()
    unknown = post(Client(), "nobody@example.org", "wrong").content.decode()

    assert parts(wrong, "priya@example.org") == parts(unknown, "nobody@example.org")


def parts(page: str, address: str) -> str:
    """The form, without what differs anyhow."""
    form = page.partition("<form")[2].partition("</form>")[0]
    before, _, after = form.partition('name="csrfmiddlewaretoken" value="')
    return (before + after.partition('"')[2]).replace(address, "")


def test_somebody_deactivated_cannot_sign_in(client: Client, cast: SimpleNamespace) -> None:
    User.objects.filter(pk=cast.priya.pk).update(is_active=False)

    assert post(client, "priya@example.org").status_code == 400
    assert not signed_in(client)


def test_deactivation_ends_a_session_that_is_under_way(client: Client, cast: SimpleNamespace) -> None:
    post(client, "priya@example.org")
    assert client.get(reverse("playbooks")).status_code == 200

    User.objects.filter(pk=cast.priya.pk).update(is_active=False)

    answer = client.get(reverse("playbooks"))
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next=/playbooks/")


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/playbooks/", "/playbooks/"),
        ("/playbooks/integration/?phase=sit", "/playbooks/integration/?phase=sit"),
        ("https://elsewhere.example/", reverse("portfolio")),
        ("//elsewhere.example/", reverse("portfolio")),
        ("/\\elsewhere.example/", reverse("portfolio")),
        ("javascript:alert(1)", reverse("portfolio")),
    ],
)
def test_next_leads_back_on_our_own_host_alone(
    client: Client, cast: SimpleNamespace, wanted: str, leads_to: str
) -> None:
    answer = post(client, "priya@example.org", next=wanted)

    assert (answer.status_code, answer["Location"]) == (302, leads_to)


def test_a_page_asks_to_sign_in_and_the_form_carries_where_to(client: Client, db: None) -> None:
    answer = client.get("/playbooks/?q=a&b", follow=True)

    assert answer.redirect_chain == [(f"{SIGN_IN}?next=/playbooks/%3Fq%3Da%26b", 302)]
    assert '<input type="hidden" name="next" value="/playbooks/?q=a&amp;b">' in answer.content.decode()


def test_who_is_signed_in_needs_no_sign_in_page(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.priya)

    answer = client.get(SIGN_IN)

    assert (answer.status_code, answer["Location"]) == (302, reverse("portfolio"))


def test_signing_out_is_a_post(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.priya)

    assert client.get(reverse("sign-out")).status_code == 405
    assert signed_in(client)

    answer = client.post(reverse("sign-out"))
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    assert not signed_in(client)


def test_a_form_without_its_token_is_told_what_to_do(cast: SimpleNamespace) -> None:
    answer = Client(enforce_csrf_checks=True).post(SIGN_IN, {"username": "priya@example.org", "password": PASSWORD})

    assert answer.status_code == 403
    assert "<h1>This page was open for too long</h1>" in answer.content.decode()


def test_a_password_manager_knows_the_fields(client: Client, db: None) -> None:
    page = client.get(SIGN_IN).content.decode()

    assert 'type="email"' in page
    assert 'autocomplete="username"' in page
    assert 'type="password" name="password" autocomplete="current-password"' in page


def test_only_a_demo_names_its_people(client: Client, cast: SimpleNamespace, settings: SimpleNamespace) -> None:
    assert "priya@example.org" not in client.get(SIGN_IN).content.decode()

    settings.DEMO, settings.DEMO_PASSWORD = True, "open sesame"

    page = client.get(SIGN_IN).content.decode()
    assert "<code>priya@example.org</code>" in page
    assert "<code>open sesame</code>" in page


def test_a_session_ends_after_two_weeks(client: Client, cast: SimpleNamespace) -> None:
    post(client, "priya@example.org")

    assert client.session.get_expiry_age() == dt.timedelta(weeks=2).total_seconds()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 375])
def test_the_page_is_for_everybody(
    page: Page, axe: Callable[[Page], list[str]], cast: SimpleNamespace, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(SIGN_IN)
    assert axe(page) == []
    assert page.evaluate("document.activeElement.id") == "id_username"

    page.keyboard.type("priya@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector(".error-summary")
    assert axe(page) == []
    assert page.evaluate("document.activeElement.className") == "error-summary"

    page.fill("#id_password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**" + reverse("portfolio"))
