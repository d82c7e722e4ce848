"""How often a thing may be tried, and that it is counted for all processes together."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory

from accounts.adapter import AccountAdapter
from accounts.security import mark_of
from tests.accounts.ways import ASK, ENTER, FACTOR, add_app, by_password, signed_in_as

TRIES = """
import django; django.setup()
from django.test import Client, RequestFactory
print([Client().post("/sign-in", {"username": "priya@example.org", "password": "wrong"}).status_code for _ in range(3)])
"""


def test_five_wrong_passwords_for_an_address_are_the_last_for_a_while(client: Client, cast: SimpleNamespace) -> None:
    statuses = [by_password(client, "priya@example.org", "wrong").status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]
    answer = by_password(client, "priya@example.org")
    assert (answer.status_code, answer["Retry-After"], signed_in_as(client)) == (429, "300", None)
    assert "Wait 5 minutes, then try again." in answer.content.decode()
    assert by_password(client, "ivan@example.org").status_code == 302


def test_an_address_that_nobody_has_runs_into_the_same_limit(client: Client, cast: SimpleNamespace) -> None:
    assert [by_password(client, "nobody@example.org", "x").status_code for _ in range(6)] == [400] * 5 + [429]


def test_a_closed_account_cannot_be_tried_for_free(client: Client, cast: SimpleNamespace) -> None:
    cast.cora.is_active = False
    cast.cora.save()

    assert [by_password(client, "cora@example.org").status_code for _ in range(6)] == [400] * 5 + [429]


def test_codes_of_an_app_cannot_be_tried_through(client: Client, cast: SimpleNamespace) -> None:
    add_app(cast.priya)
    by_password(client, "priya@example.org")

    assert [client.post(FACTOR, {"code": f"{n:06}"}).status_code for n in range(6)] == [400] * 5 + [429]


def test_codes_by_e_mail_are_few(client: Client, cast: SimpleNamespace) -> None:
    assert [Client().post(ASK, {"email": "sofia@example.org"}).status_code for _ in range(4)] == [302] * 3 + [429]
    assert len(mail.outbox) == 3
    client.post(ASK, {"email": "ivan@example.org"})
    assert client.post(ENTER, {"code": "X"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_another_process_counts_along(cast: SimpleNamespace, own_cache_keys: str) -> None:
    name = connection.settings_dict
    address = f"sqlite:///{name['NAME']}"
    if connection.vendor == "postgresql":
        secret = f":{name['PASSWORD']}" if name["PASSWORD"] else ""
        address = f"postgres://{name['USER']}{secret}@{name['HOST']}:{name['PORT']}/{name['NAME']}"
    there = subprocess.run(
        [sys.executable, "-c", TRIES],
        env=os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": address, "CACHE_PREFIX": own_cache_keys
        },
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert there.stdout == "[400, 400, 400]\n", there.stderr

    assert [by_password(Client(), "priya@example.org", "wrong").status_code for _ in range(3)] == [400, 400, 429]


def test_what_went_wrong_is_logged_without_addresses(
    client: Client, cast: SimpleNamespace, security_log: list[dict[str, object]]
) -> None:
    for _ in range(6):
        by_password(client, "priya@example.org", "wrong")

    failed = {
        "event": "sign_in_failed", "log_level": "warning", "ip": "127.0.0.1", "who": mark_of("Priya@example.org"),
        "method": "password",
    }  # fmt: skip
    assert [line for line in security_log if line["event"] == "sign_in_failed"] == [failed] * 5
    assert [line["event"] for line in security_log][-1] == "rate_limit_hit"
    assert "priya" not in str(security_log).lower()


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        ({"REMOTE_ADDR": "10.0.0.7"}, "10.0.0.7"),
        ({"REMOTE_ADDR": ""}, "192.0.2.0"),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}, "10.0.0.7"),
    ],
)
def test_a_limit_is_counted_by_the_address_that_a_client_cannot_choose(
    rf: RequestFactory, sent: dict[str, str], counted: str
) -> None:
    assert AccountAdapter().get_client_ip(rf.get("/", **sent)) == counted


@pytest.mark.parametrize(("forwarded", "counted"), [("6.6.6.6, 1.2.3.4", "1.2.3.4"), ("1.2.3.4:5678", "192.0.2.0")])
def test_behind_a_proxy_its_own_word_counts_alone(
    rf: RequestFactory, settings: SimpleNamespace, forwarded: str, counted: str
) -> None:
    settings.BEHIND_PROXY = True

    assert AccountAdapter().get_client_ip(rf.get("/", HTTP_X_FORWARDED_FOR=forwarded)) == counted
