"""Codes by e-mail, second factors, passwords forgotten and changed: what each does, and what none of them tells."""

from __future__ import annotations

import smtplib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import allauth
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.letters import WORDS
from accounts.models import User
from tests.accounts.ways import (
    ASK,
    ENTER,
    FACTOR,
    SIGN_IN,
    add_app,
    app_code,
    bare,
    by_password,
    code_of_mail,
    link_of_mail,
    methods,
    signed_in_as,
)  # fmt: skip
from tests.cast import PASSWORD

RESET = reverse("account_reset_password")
WRONG_CODE = "This is not the code. Check it and try again."
PLAYBOOKS = "/playbooks/?kind=addon"


class BrokenPost(BaseEmailBackend):
    """A mail server that does not answer."""

    def send_messages(self, email_messages: object) -> int:
        raise smtplib.SMTPConnectError(421, "no")


def errors(answer: object) -> dict[str, list[str]]:
    return dict(answer.context_data["form"].errors)  # type: ignore[attr-defined]


# -- A code by e-mail -----------------------------------------------------------------------------


def test_a_code_by_e_mail_leads_to_where_somebody_was_going(client: Client, cast: SimpleNamespace) -> None:
    page = client.get(f"{ASK}?next={PLAYBOOKS}").content.decode()
    assert f'<input type="hidden" name="next" value="{PLAYBOOKS}">' in page

    asked = client.post(ASK, {"email": "Sofia@Example.ORG", "next": PLAYBOOKS})
    entered = client.post(asked["Location"], {"code": code_of_mail(), "next": PLAYBOOKS})

    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["sofia@example.org"], "Your sign-in code")
    assert [kind for _, kind in mail.outbox[0].alternatives] == ["text/html"]
    assert (entered.status_code, entered["Location"]) == (302, PLAYBOOKS)
    assert (signed_in_as(client), methods(client)) == (cast.sofia.pk, ["code"])


def test_a_wrong_code_is_a_400_and_three_of_them_end_it(client: Client, cast: SimpleNamespace) -> None:
    client.post(ASK, {"email": "sofia@example.org"})
    right = code_of_mail()

    for _ in range(2):
        answer = client.post(ENTER, {"code": "WRONG-1"})
        assert (answer.status_code, errors(answer)) == (400, {"code": [WRONG_CODE]})
    assert client.post(ENTER, {"code": "WRONG-1"})["Location"] == ASK
    assert client.post(ENTER, {"code": right})["Location"] == ASK
    assert signed_in_as(client) is None


def test_whoever_asked_for_a_code_may_still_choose_another_way(client: Client, cast: SimpleNamespace) -> None:
    client.post(ASK, {"email": "sofia@example.org"})

    assert client.get(SIGN_IN).status_code == 200
    by_password(client, "priya@example.org")

    assert (signed_in_as(client), methods(client)) == (cast.priya.pk, ["password"])


# -- Nobody learns who has an account -------------------------------------------------------------


@pytest.mark.parametrize("path", [ASK, RESET])
@pytest.mark.parametrize("other", ["nobody@example.org", "cora@example.org"])
def test_a_request_tells_nobody_who_has_an_account(cast: SimpleNamespace, path: str, other: str) -> None:
    User.objects.filter(pk=cast.cora.pk).update(is_active=False)
    answers = []
    for address in ("sofia@example.org", other):
        client = Client()
        answer = client.post(path, {"email": address}, follow=True)
        answers.append((answer.redirect_chain, answer.status_code, bare(answer.content).replace(address, "")))

    assert answers[0] == answers[1]
    # Both wait for a mail server, and both get a mail: so neither the time nor a fault of it tells them apart.
    assert [message.to for message in mail.outbox] == [["sofia@example.org"], [other]]
    assert mail.outbox[1].subject == "No account has this address"


@pytest.mark.parametrize("path", [ASK, RESET])
@pytest.mark.parametrize("address", ["sofia@example.org", "nobody@example.org"])
def test_a_mail_server_that_is_down_gets_a_kind_page(
    client: Client, cast: SimpleNamespace, settings: SimpleNamespace, path: str, address: str
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenPost"

    answer = client.post(path, {"email": address})

    assert answer.status_code == 503
    assert "<h1>We cannot send mail just now</h1>" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["priya@example.org", "nobody@example.org", "cora@example.org", "invited@example.org"]
)
def test_every_failed_password_costs_the_same_work(
    client: Client, cast: SimpleNamespace, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(pk=cast.cora.pk).update(is_active=False)
    User.objects.create_user("invited@example.org", "Not Yet", None)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: (hashed.append(args[1]), encode(*args))[1])

    assert by_password(client, address, "wrong").status_code == 400
    assert len(hashed) == 1


def test_the_right_password_of_a_closed_account_gets_the_words_of_a_wrong_one(
    client: Client, cast: SimpleNamespace
) -> None:
    User.objects.filter(pk=cast.cora.pk).update(is_active=False)

    closed = by_password(client, "cora@example.org")
    wrong = by_password(Client(), "priya@example.org", "wrong")

    assert (closed.status_code, errors(closed)) == (400, errors(wrong))


# -- The second factor ----------------------------------------------------------------------------


def test_an_app_is_asked_after_the_password_and_the_way_is_kept(client: Client, cast: SimpleNamespace) -> None:
    secret = add_app(cast.priya)

    answer = by_password(client, "priya@example.org", next=PLAYBOOKS)
    assert (answer["Location"], signed_in_as(client)) == (FACTOR, None)
    assert client.get("/playbooks/")["Location"].startswith(SIGN_IN)
    wrong = client.post(FACTOR, {"code": "000000"})
    assert (wrong.status_code, errors(wrong)) == (400, {"code": [WRONG_CODE]})

    answer = client.post(FACTOR, {"code": app_code(secret)})
    assert answer["Location"] == PLAYBOOKS
    assert (signed_in_as(client), methods(client)) == (cast.priya.pk, ["password", "mfa"])


def test_an_app_is_asked_after_a_code_by_e_mail_too(client: Client, cast: SimpleNamespace) -> None:
    secret = add_app(cast.priya)
    client.post(ASK, {"email": "priya@example.org"})

    assert client.post(ENTER, {"code": code_of_mail(), "next": PLAYBOOKS})["Location"] == FACTOR
    assert client.post(FACTOR, {"code": app_code(secret)})["Location"] == PLAYBOOKS


def test_a_code_of_the_app_is_good_once(cast: SimpleNamespace) -> None:
    secret = add_app(cast.priya)
    code = app_code(secret)
    statuses = []
    for _ in range(2):
        client = Client()
        by_password(client, "priya@example.org")
        statuses.append(client.post(FACTOR, {"code": code}).status_code)

    assert statuses == [302, 400]


def test_a_recovery_code_is_good_once(cast: SimpleNamespace) -> None:
    add_app(cast.priya)
    code = RecoveryCodes.activate(cast.priya).generate_codes()[0]
    statuses = []
    for _ in range(2):
        client = Client()
        by_password(client, "priya@example.org")
        statuses.append(client.post(FACTOR, {"code": code}).status_code)

    assert statuses == [302, 400]


def test_an_app_is_set_up_on_the_account_s_page_and_told_by_mail(
    client: Client, cast: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    by_password(client, "priya@example.org")
    add = reverse("mfa_activate_totp")
    confirm = client.get(add)["Location"]
    assert confirm.startswith(reverse("account_reauthenticate"))
    assert client.post(confirm, {"password": "wrong"}).status_code == 400
    assert client.post(confirm, {"password": PASSWORD})["Location"] == add
    secret = client.get(add).context["form"].secret

    assert client.post(add, {"code": "000000"}).status_code == 400
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(add, {"code": app_code(secret)}).status_code == 302

    assert set(Authenticator.objects.filter(user=cast.priya).values_list("type", flat=True)) == {
        "totp",
        "recovery_codes",
    }
    assert mail.outbox[0].subject == "An authenticator app was added"


# -- Passwords ------------------------------------------------------------------------------------


def test_a_forgotten_password_is_chosen_anew_by_a_link(client: Client, cast: SimpleNamespace) -> None:
    client.post(RESET, {"email": "priya@example.org"})
    page = client.get(link_of_mail(), follow=True)
    fresh = "a lantern over four rivers"

    weak = client.post(page.redirect_chain[-1][0], {"password1": "12345", "password2": "12345"})
    assert weak.status_code == 400
    done = client.post(page.redirect_chain[-1][0], {"password1": fresh, "password2": fresh})

    assert done.status_code == 302
    assert signed_in_as(client) is None  # the mailbox alone gets nobody past their second factor
    assert by_password(client, "priya@example.org", fresh).status_code == 302
    assert by_password(Client(), "priya@example.org").status_code == 400
    assert [message.subject for message in mail.outbox] == ["Choose a new password", "Your password was changed"]


def test_the_link_of_a_mail_has_our_address_whatever_the_request_called_us(
    client: Client, cast: SimpleNamespace
) -> None:
    client.post(RESET, {"email": "priya@example.org"}, headers={"host": "evil.example"})

    assert "evil.example" not in mail.outbox[0].body
    assert "http://127.0.0.1:8000/account/password/reset/key/" in mail.outbox[0].body


def test_a_new_password_ends_the_sessions_elsewhere(cast: SimpleNamespace) -> None:
    here, elsewhere = Client(), Client()
    by_password(here, "priya@example.org")
    by_password(elsewhere, "priya@example.org")
    fresh = "a lantern over four rivers"

    answer = here.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    )

    assert (answer.status_code, answer["Location"]) == (302, reverse("account"))
    assert here.get("/playbooks/").status_code == 200
    assert elsewhere.get("/playbooks/")["Location"] == f"{SIGN_IN}?next=/playbooks/"


def test_sessions_elsewhere_can_be_ended(cast: SimpleNamespace) -> None:
    here, elsewhere = Client(), Client()
    by_password(elsewhere, "priya@example.org")
    by_password(here, "priya@example.org")
    page = reverse("usersessions_list")

    assert here.get(page).content.decode().count("127.0.0.1") == 2
    assert here.post(page).status_code == 302

    assert here.get("/playbooks/").status_code == 200
    assert elsewhere.get("/playbooks/").status_code == 302


# -- Where to -------------------------------------------------------------------------------------

EVIL = [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "/\t/evil.example",
]


@pytest.mark.parametrize("wanted", EVIL)
def test_no_way_in_leads_to_another_host(cast: SimpleNamespace, wanted: str) -> None:
    secret = add_app(cast.ivan)
    code, factor = Client(), Client()
    code.post(ASK, {"email": "sofia@example.org", "next": wanted})
    by_password(factor, "ivan@example.org", next=wanted)
    out = Client()

    assert code.post(ENTER, {"code": code_of_mail(), "next": wanted})["Location"] == reverse("portfolio")
    assert factor.post(FACTOR, {"code": app_code(secret), "next": wanted})["Location"] == reverse("portfolio")
    assert out.get(reverse("admin:login"), {"next": wanted})["Location"] == f"{SIGN_IN}?next=%2Fadmin%2F"
    assert "evil" not in Client().get(SIGN_IN, {"next": wanted}).content.decode()
    assert code.post(reverse("sign-out"), {"next": wanted})["Location"] == SIGN_IN


def test_the_admin_is_entered_by_the_same_door(client: Client, cast: SimpleNamespace) -> None:
    secret = add_app(cast.adele)

    assert client.get("/admin/", follow=True).redirect_chain[-1] == (f"{SIGN_IN}?next=%2Fadmin%2F", 302)
    assert client.get("/admin/login/?next=/admin/accounts/user/")["Location"] == (
        f"{SIGN_IN}?next=%2Fadmin%2Faccounts%2Fuser%2F"
    )
    assert client.post("/admin/login/", {"username": "adele@example.org", "password": PASSWORD}).status_code == 302
    assert signed_in_as(client) is None

    by_password(client, "adele@example.org", next="/admin/")
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.post(FACTOR, {"code": app_code(secret)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_who_may_not_open_the_admin_is_told_so(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.priya)

    assert client.get("/admin/", follow=True).status_code == 403


# -- What there is --------------------------------------------------------------------------------


def test_nobody_signs_up(client: Client, cast: SimpleNamespace) -> None:
    before = User.objects.count()
    fields = {
        "email": "new@example.org",
        "password1": "a lantern over four rivers",
        "password2": "a lantern over four rivers",
    }

    assert client.post(reverse("account_signup"), fields)["Location"] == SIGN_IN
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert {name for name in names if "signup" in name} == {"account_signup"}
    assert {"account_email", "socialaccount_connections"} & names == set()
    assert User.objects.count() == before


#: Pages that need no session, and what they answer without one.
OPEN = {
    "sign-in": 200, "account_login": 200, "account_signup": 302, "account_reset_password": 200,
    "account_reset_password_done": 200, "account_reset_password_from_key_done": 200, "account_request_login_code": 200,
    "account_confirm_login_code": 302, "mfa_authenticate": 302, "mfa_login_webauthn": 302, "link-code": 200,
    "sign-out": 405, "account_logout": 405,
}  # fmt: skip
CLOSED = [
    "account", "account_reauthenticate", "account_change_password", "account_set_password", "usersessions_list", "mfa_index",
    "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn", "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn", "people", "invite-person",
]  # fmt: skip


@pytest.mark.parametrize(("name", "status"), OPEN.items())
def test_a_way_in_is_open_to_all(client: Client, db: None, name: str, status: int) -> None:
    answer = client.get(reverse(name))

    assert answer.status_code == status
    assert not answer.headers.get("Location", "").startswith(f"{SIGN_IN}?next")


@pytest.mark.parametrize("name", CLOSED)
def test_an_account_is_for_who_is_signed_in(client: Client, db: None, name: str) -> None:
    answer = client.get(reverse(name))

    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next={reverse(name)}")


def test_every_mail_that_allauth_can_send_here_has_our_words() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    there = {
        str(path.relative_to(templates)).removesuffix("_message.txt")
        for path in templates.glob("*/email/*_message.txt")
    }
    # Signing up, changing one's own address, and taking single sign-on away: none of these is here.
    never = {
        "account/email/account_already_exists", "account/email/base", "account/email/email_changed",
        "account/email/email_confirm", "account/email/email_confirmation", "account/email/email_confirmation_signup",
        "account/email/email_deleted", "account/email/password_reset_code", "socialaccount/email/account_disconnected",
    }  # fmt: skip

    assert there - never == set(WORDS)
