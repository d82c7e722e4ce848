"""What a browser is told before anybody signs in."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse


@pytest.fixture
def response(client: Client, db: None) -> HttpResponse:
    answer = client.get(reverse("sign-in"))
    assert answer.status_code == 200
    return answer


def test_the_security_policy_takes_nothing_from_elsewhere_and_nothing_inline(response: HttpResponse) -> None:
    policy = {
        name: set(sources)
        for name, *sources in (part.split() for part in response["Content-Security-Policy"].split(";") if part.strip())
    }

    assert policy == {
        "default-src": {"'none'"},
        "script-src": {"'self'"},
        "style-src": {"'self'"},
        "img-src": {"'self'", "data:"},
        "font-src": {"'self'"},
        "connect-src": {"'self'"},
        "form-action": {"'self'"},
        "frame-ancestors": {"'none'"},
        "base-uri": {"'none'"},
        "manifest-src": {"'self'"},
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_a_page_says(header: str, value: str, response: HttpResponse) -> None:
    assert response[header] == value


def test_health_is_open_to_all_and_kept_by_nobody(client: Client, db: None) -> None:
    answer = client.get("/health")

    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"ok", "text/plain")
    assert "no-store" in answer["Cache-Control"]


# -- In production --------------------------------------------------------------------------------

#: What a visitor gets from production's settings: the sign-in page, and the answer to the right password.
VISIT = """
import json, sys
from django.conf import settings
settings.STATIC_ROOT = sys.argv[1]
import django; django.setup()
from django.core.management import call_command
from django.test import Client
call_command("collectstatic", verbosity=0, interactive=False)
from accounts.models import User
User.objects.create_user("priya@example.org", "Priya Nair", "correct horse battery staple")
client = Client(headers={"host": "gatehouse.example.org"})
plain = client.get("/sign-in")
page = client.get("/sign-in", secure=True)
entered = client.post(
    "/sign-in", {"username": "priya@example.org", "password": "correct horse battery staple"}, secure=True
)
cookies = {name: {key: morsel[key] for key in ("secure", "httponly", "samesite")} for name, morsel in client.cookies.items()}
print(json.dumps({
    "plain": [plain.status_code, plain["Location"]], "page": [page.status_code, dict(page.headers)],
    "entered": [entered.status_code, entered["Location"]], "cookies": cookies, "site": settings.SITE_URL,
}))
"""


@pytest.fixture(scope="session")
def visit(root: Path, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("production")
    shutil.copy(migrated, folder / "production.sqlite3")
    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(folder / "static")],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings.prod",
            "SECRET_KEY": secrets.token_urlsafe(60),
            "ALLOWED_HOSTS": "gatehouse.example.org",
            "DATABASE_URL": f"sqlite:///{folder / 'production.sqlite3'}",
            "LOG_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_production_speaks_tls_alone(visit: Any) -> None:
    assert visit["plain"] == [301, "https://gatehouse.example.org/sign-in"]
    assert visit["entered"] == [302, "/projects/"]
    assert visit["site"] == "https://gatehouse.example.org"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_a_page_of_production_says(visit: Any, header: str, value: str) -> None:
    status, headers = visit["page"]

    assert (status, headers[header]) == (200, value)


def test_production_s_policy_has_nothing_unsafe(visit: Any) -> None:
    policy = visit["page"][1]["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    } <= {part.strip() for part in policy.split(";")}


def test_production_s_cookies_stay_on_tls_and_out_of_scripts(visit: Any) -> None:
    kept = {"secure": True, "httponly": True, "samesite": "Lax"}

    assert visit["cookies"] == {"csrftoken": kept, "sessionid": kept}
