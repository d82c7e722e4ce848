"""What the tests of signing in share."""

from __future__ import annotations

import re
import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.cast import PASSWORD

SIGN_IN = reverse("sign-in")
ASK, ENTER = reverse("account_request_login_code"), reverse("account_confirm_login_code")
FACTOR = reverse("mfa_authenticate")


def signed_in_as(client: Client) -> int | None:
    """The id of who is signed in, if anybody is."""
    found = client.session.get("_auth_user_id")
    return int(found) if found else None


def methods(client: Client) -> list[str]:
    """How the person of this session showed who they are."""
    return [record["method"] for record in client.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])]


def by_password(client: Client, email: str, password: str = PASSWORD, **more: str) -> object:
    return client.post(SIGN_IN, {"username": email, "password": password, **more})


def code_of_mail(number: int = -1) -> str:
    """The sign-in code of the latest mail."""
    return re.search(r"asked for it: (\S+)", mail.outbox[number].body).group(1)  # type: ignore[union-attr]


def link_of_mail(number: int = -1) -> str:
    """The path of the link of the latest mail."""
    return re.search(r"https?://[^/\s]+(/\S+)", mail.outbox[number].body).group(1)  # type: ignore[union-attr]


def bare(page: bytes) -> str:
    """A page without the tokens of its forms, which differ each time."""
    return re.sub(r"\b\w{64}\b", "…", page.decode())


def add_app(person: User) -> str:
    """Give somebody an authenticator app; return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def app_code(secret: str, later: int = 0) -> str:
    """The code that an authenticator app shows now, or `later` times thirty seconds from now: each is good once."""
    return f"{hotp_value(secret, int(time.time()) // 30 + later):06}"
