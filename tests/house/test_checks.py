"""What Django can check of itself, in the settings that production has."""

from __future__ import annotations

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


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
