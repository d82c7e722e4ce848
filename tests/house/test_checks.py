"""What Django can check of itself, in the settings that production has."""

from __future__ import annotations

import ast
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command


def production(*arguments: str, root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` with production's settings and no more of the environment than it is given."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=kept | {"DJANGO_SETTINGS_MODULE": "config.settings.prod"} | environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def key() -> str:
    return secrets.token_urlsafe(60)


def test_production_passes_every_deployment_check(root: Path, key: str) -> None:
    done = production(
        *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        root=root,
        SECRET_KEY=key,
        ALLOWED_HOSTS="gatehouse.example.org",
    )

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr


def test_production_does_not_start_without_a_secret(root: Path) -> None:
    done = production("manage.py", "check", root=root)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: Set SECRET_KEY: production has no default."
    )


def test_production_reads_mail_hosts_and_tls_from_the_environment(root: Path, key: str) -> None:
    done = production(
        "-c",
        "from django.conf import settings as s; print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER,"
        " s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_TLS, s.ALLOWED_HOSTS, s.SECURE_PROXY_SSL_HEADER, s.DEBUG)",
        root=root,
        SECRET_KEY=key,
        DEBUG="true",
        EMAIL_URL="smtp+tls://post:p%40ss@mail.example.org:587",
        ALLOWED_HOSTS="a.example.org,b.example.org",
        BEHIND_TLS_PROXY="true",
    )

    assert done.stdout == (
        "mail.example.org 587 post p@ss True ['a.example.org', 'b.example.org']"
        " ('HTTP_X_FORWARDED_PROTO', 'https') False\n"
    ), done.stderr


SITES = [
    ({"ALLOWED_HOSTS": "a.example.org,b.example.org"}, "https://a.example.org"),
    ({"ALLOWED_HOSTS": ".example.org"}, "https://example.org"),
    ({"ALLOWED_HOSTS": "a.example.org", "SITE_URL": "https://tracker.example.org/"}, "https://tracker.example.org"),
]


@pytest.mark.parametrize(("environment", "site"), SITES)
def test_links_of_mails_have_the_address_that_production_is_reached_by(
    root: Path, key: str, environment: dict[str, str], site: str
) -> None:
    done = production(
        "-c", "from django.conf import settings; print(settings.SITE_URL)", root=root, SECRET_KEY=key, **environment
    )

    assert done.stdout == f"{site}\n", done.stderr


def test_single_sign_on_is_set_up_by_the_environment_alone(root: Path, key: str) -> None:
    done = production(
        "-c",
        "from django.conf import settings; print(settings.SOCIALACCOUNT_PROVIDERS)",
        root=root,
        SECRET_KEY=key,
        OIDC_NAME="Example ID",
        OIDC_SERVER_URL="https://id.example.org/realms/staff/",
        OIDC_CLIENT_ID="gatehouse",
        OIDC_CLIENT_SECRET="s3cret",
    )

    assert ast.literal_eval(done.stdout) == {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": "Example ID",
                    "client_id": "gatehouse",
                    "secret": "s3cret",
                    "settings": {"server_url": "https://id.example.org/realms/staff", "oauth_pkce_enabled": True},
                }
            ]
        }
    }


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
