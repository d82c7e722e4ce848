"""What a browser is told before anybody signs in."""

from __future__ import annotations

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
