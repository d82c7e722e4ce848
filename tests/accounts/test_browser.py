"""The ways in, in a real browser: what scripts do, what the security policy allows, and that everybody can use the pages."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.links import mint
from tests.accounts.ways import ASK, FACTOR, SIGN_IN, add_app, app_code, code_of_mail
from tests.browser.looks import sideways
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MY_WORK = reverse("my-work")


def by_password(page: Page, email: str, then: str = MY_WORK) -> None:
    page.goto(f"{SIGN_IN}?next={then}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto(MY_WORK)
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"**{SIGN_IN}")


def confirm(page: Page) -> None:
    """Say once more who one is, before the account is changed."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_by_password_by_code_and_with_an_app(page: Page, cast: SimpleNamespace) -> None:
    by_password(page, "sofia@example.org")
    page.wait_for_url(f"**{MY_WORK}")
    sign_out(page)

    page.goto(f"{SIGN_IN}?next={MY_WORK}")
    page.get_by_role("link", name="E-mail me a code").click()
    page.get_by_label("Email").fill("sofia@example.org")
    page.get_by_role("button", name="Mail me a code").click()
    page.get_by_label("Code").fill(code_of_mail())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{MY_WORK}")

    page.locator(".me summary").click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Add an authenticator app").click()
    confirm(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.get_by_label("Authenticator code").fill(app_code(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.locator("h1")).to_have_text("Recovery Codes")
    sign_out(page)

    by_password(page, "sofia@example.org")
    page.wait_for_url(f"**{FACTOR}")
    page.get_by_label("Code").fill(app_code(secret, later=1))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{MY_WORK}")


def give_key(page: Page) -> None:
    """Put a security key into the machine: one that keeps passkeys and knows its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_and_signs_in_alone(page: Page, cast: SimpleNamespace) -> None:
    give_key(page)
    by_password(page, "sofia@example.org", reverse("account"))
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator("h1")).to_have_text("Recovery Codes")
    assert Authenticator.objects.filter(user=cast.sofia, type="webauthn").count() == 1
    sign_out(page)

    page.goto(f"{SIGN_IN}?next={MY_WORK}")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**{MY_WORK}")


def test_a_passkey_that_is_not_there_is_said_in_words(page: Page, cast: SimpleNamespace) -> None:
    give_key(page)
    page.goto(SIGN_IN)

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.locator("#passkey-trouble")).to_have_text("The passkey was not used. Try again, or choose another way.")


def test_an_invitation_is_one_button(page: Page, cast: SimpleNamespace) -> None:
    minted = mint(cast.mallory, purpose="invitation", leads_to=MY_WORK)

    page.goto(minted.address.removeprefix("http://127.0.0.1:8000"))
    page.get_by_role("button", name="Go on").click()

    page.wait_for_url(f"**{MY_WORK}")


def pages(cast: SimpleNamespace) -> tuple[list[str], list[str]]:
    """The pages that need nobody, and those of an account."""
    fresh, old = (mint(cast.bo, purpose="invitation", leads_to="/") for _ in range(2))
    cast.bo.emailed_links.filter(pk=cast.bo.emailed_links.first().pk).update(expires_at=cast.bo.joined_at)
    outside = [
        SIGN_IN, ASK, reverse("account_reset_password"), reverse("account_reset_password_done"), reverse("link-code"),
        *(link.address.removeprefix("http://127.0.0.1:8000") for link in (fresh, old)),
    ]  # fmt: skip
    inside = [
        reverse(name)
        for name in (
            "account", "account_change_password", "mfa_index", "mfa_list_webauthn", "usersessions_list", "people",
            "invite-person", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes",
        )
    ]  # fmt: skip
    return outside, inside


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (375, "dark")])
def test_every_page_is_for_everybody(
    page: Page, axe: Callable[[Page], list[str]], cast: SimpleNamespace, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    outside, inside = pages(cast)
    found: dict[str, object] = {}

    def look(path: str) -> None:
        page.goto(path)
        found[page.url] = (
            axe(page),
            sideways(page),
            page.locator("h1").count(),
        )

    for path in outside:
        look(path)
    page.goto(ASK)
    page.get_by_label("Email").fill("priya@example.org")
    page.get_by_role("button", name="Mail me a code").click()
    look(reverse("account_confirm_login_code"))
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".error-summary")).to_be_visible()
    found["a wrong code"] = (axe(page), False, page.locator("h1").count())
    secret = add_app(cast.priya)
    by_password(page, "priya@example.org")
    look(FACTOR)
    page.get_by_label("Code").fill(app_code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{MY_WORK}")
    look(reverse("mfa_add_webauthn"))
    confirm(page)
    for path in inside:
        look(path)

    assert {path: seen for path, seen in found.items() if seen != ([], False, 1)} == {}
