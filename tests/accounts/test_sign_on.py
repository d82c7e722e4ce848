"""Single sign-on with a provider of OpenID Connect: one that runs here, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config import env
from tests.accounts.ways import FACTOR, SIGN_IN, add_app, app_code, by_password, methods, signed_in_as

START, BACK = reverse("openid_connect_login", args=["oidc"]), reverse("openid_connect_callback", args=["oidc"])


class Provider(ThreadingHTTPServer):
    """A provider that knows one person: whoever `claims` says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.claims: dict[str, object] = {}
        self.asked: dict[str, list[str]] = {}


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        if self.path == "/.well-known/openid-configuration":
            at = self.server.address
            self.say({
                "issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
                "userinfo_endpoint": f"{at}/userinfo", "jwks_uri": f"{at}/keys",
            })  # fmt: skip
        else:
            self.say(self.server.claims)

    def do_POST(self) -> None:
        self.server.asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.say({"access_token": "t", "token_type": "Bearer", "expires_in": 60})

    def say(self, what: dict[str, object]) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def provider(settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(env, "OIDC_SERVER_URL", server.address + "/")
    monkeypatch.setattr(env, "OIDC_NAME", "Example ID")
    monkeypatch.setattr(env, "OIDC_CLIENT_ID", "gatehouse")
    monkeypatch.setattr(env, "OIDC_CLIENT_SECRET", "s3cret")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": env.sign_on()}}
    yield server
    server.shutdown()
    server.server_close()


def come_back(client: Client, provider: Provider, start: str = START, **claims: object) -> object:
    """Go to the provider as a browser would, and come back as who `claims` says."""
    provider.claims = {"sub": "1", "email": "sofia@example.org", "email_verified": True, "name": "S"} | claims
    away = urlsplit(client.get(start)["Location"])
    query = parse_qs(away.query)
    assert (f"{away.scheme}://{away.netloc}{away.path}", query["client_id"]) == (
        f"{provider.address}/authorize",
        ["gatehouse"],
    )
    assert query["code_challenge_method"] == ["S256"]
    return client.get(BACK, {"code": "c", "state": query["state"][0]})


def test_the_button_comes_first_and_only_where_there_is_a_provider(
    client: Client, db: None, provider: Provider, settings: SimpleNamespace
) -> None:
    page = client.get(SIGN_IN, {"next": "/playbooks/"}).content.decode()
    assert page.index(
        f'<a class="button" href="{START}?next=%2Fplaybooks%2F">Sign in with Example ID</a>'
    ) < page.index("<h1>")

    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": []}}
    assert START not in client.get(SIGN_IN).content.decode()
    assert client.get(START).status_code == 404


def test_who_has_an_account_comes_in_and_keeps_their_password(
    client: Client, cast: SimpleNamespace, provider: Provider
) -> None:
    answer = come_back(client, provider, f"{START}?next=/playbooks/", email="Sofia@Example.org")

    assert (answer.status_code, answer["Location"]) == (302, "/playbooks/")
    assert (signed_in_as(client), methods(client)) == (cast.sofia.pk, ["socialaccount"])
    assert provider.asked["redirect_uri"] == [f"http://testserver{BACK}"]
    assert "code_verifier" in provider.asked
    assert by_password(Client(), "sofia@example.org").status_code == 302


def test_a_provider_that_sends_the_word_true_is_understood(
    client: Client, cast: SimpleNamespace, provider: Provider
) -> None:
    come_back(client, provider, email_verified="true")

    assert signed_in_as(client) == cast.sofia.pk


def test_who_came_once_is_known_by_the_provider_s_own_mark(cast: SimpleNamespace, provider: Provider) -> None:
    come_back(Client(), provider)
    again = Client()

    come_back(again, provider, email="sofia.new@example.org")

    assert signed_in_as(again) == cast.sofia.pk
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@example.org"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email": "cora@example.org"},
        {"email": ""},
    ],
)
def test_nobody_else_comes_in_and_nobody_is_made(
    client: Client, cast: SimpleNamespace, provider: Provider, claims: dict[str, object],
    security_log: list[dict[str, object]],
) -> None:  # fmt: skip
    User.objects.filter(pk=cast.cora.pk).update(is_active=False)
    before = User.objects.count()

    answer = come_back(client, provider, **claims)

    assert answer.status_code == 403
    assert "<h1>There is no way in with this</h1>" in answer.content.decode()
    assert (signed_in_as(client), User.objects.count()) == (None, before)
    assert [line["event"] for line in security_log] == ["sign_in_failed"]


def test_a_second_factor_is_asked_for_all_the_same(client: Client, cast: SimpleNamespace, provider: Provider) -> None:
    secret = add_app(cast.sofia)

    assert come_back(client, provider, f"{START}?next=/playbooks/")["Location"] == FACTOR
    assert signed_in_as(client) is None
    assert client.post(FACTOR, {"code": app_code(secret)})["Location"] == "/playbooks/"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_way_back_leads_to_no_other_host(
    client: Client, cast: SimpleNamespace, provider: Provider, wanted: str
) -> None:
    assert come_back(client, provider, f"{START}?next={wanted}")["Location"] == reverse("portfolio")


def test_nobody_ties_an_account_of_theirs_to_that_of_another(
    client: Client, cast: SimpleNamespace, provider: Provider
) -> None:
    client.force_login(cast.adele)

    answer = come_back(client, provider, f"{START}?process=connect", sub="mallory", email="mallory@example.net")

    assert answer.status_code == 403
    assert SocialAccount.objects.count() == 0


@pytest.mark.parametrize("query", [{}, {"code": "c", "state": "forged"}, {"error": "access_denied", "state": "x"}])
def test_a_way_back_that_nobody_went_out_by_gets_a_kind_page(
    client: Client, cast: SimpleNamespace, provider: Provider, query: dict[str, str]
) -> None:
    answer = client.get(BACK, query)

    assert (answer.status_code, signed_in_as(client)) == (401, None)
    assert "<h1>Single sign-on did not work</h1>" in answer.content.decode()


def test_a_provider_that_is_away_gets_a_kind_page(client: Client, cast: SimpleNamespace, provider: Provider) -> None:
    provider.shutdown()
    provider.server_close()

    answer = client.get(START)

    assert answer.status_code == 503
    assert "<h1>Single sign-on did not work</h1>" in answer.content.decode()
